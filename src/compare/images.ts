// Tests: test/compare/measure.test.ts

import { UsageError } from "../errors.ts";
import { type Edit, editableBy } from "../models/edits.ts";
import type { Generator } from "../models/generator.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { LayerInfo } from "../networks/network.ts";
import type { Device } from "../runtime/device.ts";
import { Tensor } from "../runtime/tensor.ts";
import { fitted, type Picture } from "./fitted.ts";

/** A set of images, that can be brought onto the GPU batch by batch. */
export interface Images {
  /** The device that they are brought onto. */
  readonly device: Device;
  /** Images at the most: photographs that cannot be read are found out on the way. */
  readonly size: number;
  /** Rows of each. */
  readonly height: number;
  /** Columns of each. */
  readonly width: number;
  /** A layer of the generator whose units are to be known in each image. */
  readonly layer?: LayerInfo;
  /** Makes ready to bring so many at a time. @throws UsageError for `raw` of photographs. */
  open(options: {
    /** Images at a time. */
    readonly batch: number;
    /** Whether `OpenImages.raw` is needed. */
    readonly raw: boolean;
    /** Stops it: what was asked rejects with the signal's reason. */
    readonly signal: AbortSignal | undefined;
  }): Promise<OpenImages>;
}

/** Images on the device, a batch at a time. */
export interface OpenImages {
  /**
   * The images of the current batch, [batch, height, width, 4]: RGB nominally in [−1, 1], and zero.
   */
  readonly image: Tensor<"f32">;
  /**
   * What the images are made of, [batch, h, w, c], where a generator made them and `raw` was asked
   * for.
   */
  readonly raw: Tensor<"f32"> | undefined;
  /** What that layer is in them, before any edit, [batch, h, w, c]. */
  readonly maps?: Tensor<"f32">;
  /**
   * Brings images `first`…`first + count − 1`, which takes effect before anything submitted later;
   * says how many there are of them.
   */
  bring(first: number, count: number): Promise<number>;
  /** Frees its memory on the device. */
  dispose(): void;
}

/** Which images of a generator. */
export interface GeneratedImagesOptions {
  /** How many images. */
  readonly size: number;
  /** Seed of the images' z; 1 unless given. */
  readonly seed?: number;
  /** Made in every image; none unless given. */
  readonly edits?: readonly Edit[];
  /** A layer whose units' largest activation in each image is measured too. */
  readonly layer?: string;
}

const GENERATED_NAMES: NamesOf<GeneratedImagesOptions> = { size: "needed", seed: true, edits: "list", layer: true };

/**
 * The first images of a seed, edited or not. They stay as the generator makes them, neither clamped
 * nor rounded.
 * @throws UsageError for a size that is none, or a layer that there is not.
 */
export function generatedImages(generator: Generator, options: GeneratedImagesOptions): Images {
  checkNames("generatedImages", options, GENERATED_NAMES);
  const { size, seed = 1, edits = [], layer } = options;
  if (!Number.isInteger(size) || size < 1) {
    throw new UsageError(`A size of ${size} images makes no sense.`, "Use a whole number from 1.");
  }
  const { device, height, width, rowSize } = generator;
  return {
    device,
    size,
    height,
    width,
    ...(layer !== undefined && { layer: generator.layer(layer) }),
    async open({ batch, raw, signal }) {
      const retain = layer === undefined ? [] : [layer];
      const plan = await generator.compile({ batch, editable: editableBy(edits), retain, raw, signal });
      plan.setEdits(edits);
      const rows = generator.sample({ size, seed });
      return {
        image: plan.image!,
        raw: plan.raw,
        ...(layer !== undefined && { maps: plan.layers.get(layer)! }),
        async bring(first, count) {
          plan.run(rows.subarray(first * rowSize, (first + count) * rowSize));
          return count;
        },
        dispose: () => plan.dispose(),
      };
    },
  };
}

/** Photographs, and the size that they are brought to. */
export interface PhotographsOptions {
  /** Images at the most; those that cannot be read are found out on the way. */
  readonly size: number;
  /** Rows that they are brought to. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
  /** RGB bytes of image i; undefined behind the last. */
  readonly read: (image: number) => Picture | undefined | Promise<Picture | undefined>;
}

const PHOTOGRAPHS_NAMES: NamesOf<PhotographsOptions> = {
  size: "needed",
  height: "needed",
  width: "needed",
  read: "needed",
};

/**
 * Photographs, of which those of another size are brought to this one: the middle of them in its
 * proportions, averaged where they are larger and interpolated where they are smaller.
 */
export function photographs(device: Device, options: PhotographsOptions): Images {
  checkNames("photographs", options, PHOTOGRAPHS_NAMES);
  const { size, height, width, read } = options;
  return {
    device,
    size,
    height,
    width,
    async open({ batch, raw, signal }) {
      if (raw) {
        throw new UsageError("A generator's own labels say nothing of photographs.", "Give a segmenter for both.");
      }
      const pixels = 4 * height * width;
      const image = await device.allocating("photographs", () =>
        Tensor.create(device, "photographs", [batch, height, width, 4], "f32"),
      );
      const numbers = new Float32Array(batch * pixels);
      return {
        image,
        raw: undefined,
        async bring(first, count) {
          let found = 0;
          for (; found < count; found += 1) {
            signal?.throwIfAborted();
            const picture = await read(first + found);
            if (!picture) break;
            fitted(picture, height, width, numbers.subarray(found * pixels, (found + 1) * pixels));
          }
          if (found > 0) image.write(numbers);
          return found;
        },
        dispose: () => image.dispose(),
      };
    },
  };
}
