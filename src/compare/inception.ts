import { UsageError } from "../errors.ts";
import { binary } from "../kernels/maps/binary.ts";
import { average, resize } from "../kernels/maps/resample.ts";
import { type Axis, separable, type Tap } from "../kernels/maps/separable.ts";
import { unary } from "../kernels/maps/unary.ts";
import { Weights } from "../models/weights.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { INCEPTION_EDGE, inception } from "../networks/encoders/inception.ts";
import type { State } from "../networks/state.ts";
import type { Device } from "../runtime/device.ts";
import type { Graph, Value } from "../runtime/graph.ts";
import type { FeatureNetwork } from "./features.ts";

/**
 * How images become Inception's input: "pytorch-fid" resizes bilinearly without antialiasing,
 * "clean-fid" bicubically with it, as Pillow does (Parmar et al. 2022). FIDs of the two differ.
 */
export type InceptionPreprocessing = "pytorch-fid" | "clean-fid";

/** Which of Inception's features, on which device. */
export interface InceptionFeaturesOptions {
  /** The device that it computes on; images must be on the same. */
  readonly device: Device;
  /**
   * A layer by its name, or pytorch-fid's by its numbers: "64", "192", "768", "2048"; the last
   * unless given.
   */
  readonly layer?: string;
  /** "pytorch-fid" unless given. */
  readonly preprocessing?: InceptionPreprocessing;
  /** SHA-256 of its weights' file, to tell features of other weights apart. */
  readonly sha256?: string;
}

/** pytorch-fid's names of its layers: how many numbers they have. */
const BY_LENGTH: Readonly<Record<string, string>> = {
  64: "maxpool1",
  192: "maxpool2",
  768: "Mixed_6e",
  2048: "Mixed_7c",
};

/** Inception's features, which belong to the caller. */
export interface InceptionFeatures extends FeatureNetwork {
  /** Frees its memory on the device. */
  dispose(): void;
}

const NAMES: NamesOf<InceptionFeaturesOptions> = { device: "device", layer: true, preprocessing: true, sha256: true };

/**
 * Features of the Inception v3 that FIDs are computed with. Only for it images are rounded to bytes
 * first, as other programs read them from files.
 * @throws WeightsError for other weights, UsageError for other layers.
 */
export function inceptionFeatures(state: State, options: InceptionFeaturesOptions): InceptionFeatures {
  checkNames("inceptionFeatures", options, NAMES);
  const { device, layer = "2048", preprocessing = "pytorch-fid", sha256 } = options;
  const network = inception(state);
  const name = BY_LENGTH[layer] ?? layer;
  const found = network.layers.find((known) => known.name === name);
  if (!found) {
    const names = network.layers.map((known) => known.name).join(", ");
    throw new UsageError(`Inception has no layer "${layer}".`, `Its layers are ${names}; or 64, 192, 768, 2048.`);
  }
  if (preprocessing !== "pytorch-fid" && preprocessing !== "clean-fid") {
    throw new UsageError(`There is no preprocessing "${preprocessing}".`, 'It is "pytorch-fid" or "clean-fid".');
  }
  const weights = new Weights(device, network.state);
  return {
    device,
    kind: {
      network: "Inception v3",
      ...(sha256 !== undefined && { sha256 }),
      tensor: name,
      preprocessing,
      d: found.channels,
    },
    append: (graph, image) =>
      graph.owned(weights, () => {
        const bytes = rounded(graph, image);
        const x = preprocessing === "clean-fid" ? bicubic(graph, bytes) : bilinear(graph, bytes);
        const inputs = new Map([["image", x]]);
        const { layers } = network.append(graph, image.shape[0]!, { inputs, until: name });
        return average(graph, layers.get(name)!, 1, 1);
      }),
    bind: (graph, signal) => weights.bind(graph, { signal }),
    dispose: () => weights.dispose(),
  };
}

/** RGB in [−1, 1] as whole numbers from 0 to 255. */
function rounded(graph: Graph, image: Value): Value {
  const scaled = binary(graph, "mul", binary(graph, "add", image, 1), 127.5);
  return unary(graph, binary(graph, "add", unary(graph, scaled, "clip", 0, 255), 0.5), "floor");
}

/** torch.nn.functional.interpolate, bilinear, align_corners false, of numbers in [−1, 1]. */
function bilinear(graph: Graph, bytes: Value): Value {
  const x = resize(graph, bytes, INCEPTION_EDGE, INCEPTION_EDGE);
  return binary(graph, "sub", binary(graph, "div", x, 127.5), 1);
}

/** Pillow's bicubic resize of single channels of floats, cut off at 0 and 255. */
function bicubic(graph: Graph, bytes: Value): Value {
  const [, height = 1, width = 1] = bytes.shape;
  const x = separable(graph, bytes, bicubicAxis(height), bicubicAxis(width));
  return binary(graph, "div", binary(graph, "sub", unary(graph, x, "clip", 0, 255), 128), 128);
}

/**
 * Pillow's weights (src/libImaging/Resample.c): a cubic of a = −½, wider where it makes smaller.
 */
function bicubicAxis(inputs: number): Axis {
  const scale = inputs / INCEPTION_EDGE;
  const wider = Math.max(scale, 1);
  const taps = Array.from({ length: INCEPTION_EDGE }, (_, i): Tap[] => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - 2 * wider + 0.5));
    const end = Math.min(inputs, Math.trunc(centre + 2 * wider + 0.5));
    const shares = Array.from({ length: end - first }, (_, k) => cubic((first + k - centre + 0.5) / wider));
    const sum = shares.reduce((total, share) => total + share, 0);
    return shares.map((share, k): Tap => [first + k, share / sum]);
  });
  return { inputs, taps };
}

function cubic(distance: number): number {
  const a = -0.5;
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}
