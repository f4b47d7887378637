import type { LayerInfo } from "../networks/network.ts";
import type { ReceptiveFields } from "../networks/receptive-fields.ts";
import type { Device } from "../runtime/device.ts";
import type { Extent, Graph, Value } from "../runtime/graph.ts";
import type { Tensor } from "../runtime/tensor.ts";
import type { Dissection, Label } from "./result.ts";

/**
 * Which images: all that are looked at, or those that levels are chosen on and those that are
 * scored then.
 */
export type ImageSet = "whole" | "training" | "test";

/**
 * What is dissected: a network on a device, and where its inputs come from. A generator with rows
 * of z is one, a classifier with photographs another.
 */
export interface Subject {
  /** What reports call it. */
  readonly name: string;
  /** The device that it computes on; the segmenter must be on the same. */
  readonly device: Device;
  /** Height of its images in pixels, as they are looked at. */
  readonly height: number;
  /** Width in pixels. */
  readonly width: number;
  /** The longer of the two. */
  readonly resolution: number;
  /** Height and width of what layers cover, before it is cropped. */
  readonly uncropped: Extent;
  /** All layers, in the order in which they are computed. */
  readonly layers: readonly LayerInfo[];
  /** The layers that can be dissected. */
  readonly hiddenLayers: readonly LayerInfo[];
  /** @throws UsageError listing the known layers. */
  layer(name: string): LayerInfo;
  /** What results say of it. */
  readonly model: Dissection["model"];
  /**
   * Where the cells of a layer look, in an image as it is looked at; absent where its images are
   * made of them. @throws UsageError where that is not known.
   */
  fields?(layer: string): ReceptiveFields;
  /**
   * Whether too few zeros are around its maps for their cells to tile the image, as in an AlexNet.
   */
  readonly unpadded?: boolean;
  /** Images of a set, where there are not as many as one likes. */
  images?(set: ImageSet): number;
  /** What they are called, where they have names, in their order. */
  names?(set: ImageSet): readonly string[];
  /** Appends all of its network, for so many images: what it makes or is given. */
  append(
    graph: Graph,
    batch: number,
  ): {
    /** RGB [n, h, w, 3] in [−1, 1]. */
    readonly image?: Value;
    /** What the network makes before it is a picture, [n, h, w, c]. */
    readonly raw?: Value;
  };
  /** Makes ready to bring images of a set, batch by batch. */
  open(options: OpenOptions): Promise<Batches>;
}

export interface OpenOptions {
  readonly set: ImageSet;
  readonly size: number;
  /** Of what is drawn. */
  readonly seed: number;
  /** Images at a time. */
  readonly batch: number;
  readonly layers: readonly string[];
  /** Whether `bytes` will be asked for. */
  readonly bytes: boolean;
  /** Whether `raw` is needed. */
  readonly raw: boolean;
  readonly signal: AbortSignal | undefined;
}

/** The images of a set, and what the network makes of them. */
export interface Batches {
  /** `[batch, height, width, 4]`: RGB nominally in [−1, 1], and a zero. */
  readonly image: Tensor<"f32">;
  /** `[batch, h, w, c]`: what the network made before it was a picture. */
  readonly raw: Tensor<"f32"> | undefined;
  /**
   * Brings images `first`…`first + count − 1`, with `image` into the tensors too; gives the layers,
   * [batch, h, w, units], and which images of the source they are.
   */
  bring(first: number, count: number, image: boolean): Promise<Brought>;
  /** RGB bytes of the images brought last, one after the other; submitted at once. */
  bytes(count: number): Promise<readonly Uint8Array[]>;
  dispose(): void;
}

export interface Brought {
  readonly layers: ReadonlyMap<string, Tensor<"f32">>;
  readonly numbers: readonly number[];
}

/** What names what is in images: a segmenter, or masks that lie beside them. */
export interface Labeller {
  /** What reports call it. */
  readonly name: string;
  /** The device that it computes on: the subject's. */
  readonly device: Device;
  /** By number; index 0 is none. */
  readonly labels: readonly Label[];
  /** In the order in which labels name them. */
  readonly categories: readonly string[];
  /** Which of a generator's outputs it is given: its pictures, or the numbers that they are of. */
  readonly reads: "image" | "raw";
  /** Labels a pixel can have at once. */
  readonly channels: number;
  /** Appends what it computes, where it computes something. */
  append?(graph: Graph, image: Value, extent: Extent): Value;
  /** Compiles it onto an image tensor, for label maps of this extent. */
  compile(image: Tensor<"f32">, extent: Extent, signal?: AbortSignal): Promise<LabelPlan>;
}

export interface LabelPlan {
  /** Labels the images that the tensor holds, which are these of the source. */
  run(numbers: readonly number[]): void | Promise<void>;
  /** [n, maps, height, width]; 0 is none. */
  readonly labels: Tensor<"u32">;
  dispose(): void;
}
