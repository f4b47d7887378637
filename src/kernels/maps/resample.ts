import { ShapeError } from "../../errors.ts";
import { elements, type Graph, type OperationKind, padded, type Value } from "../../runtime/graph.ts";
import averageKernel from "../generated/average.wgsl.ts";
import maxpoolKernel from "../generated/maxpool.wgsl.ts";
import preprocessKernel from "../generated/preprocess.wgsl.ts";
import prroiKernel from "../generated/prroi.wgsl.ts";
import resizeKernel from "../generated/resize.wgsl.ts";
import { lanes } from "../lanes.ts";

/**
 * Where a resize samples: at half-pixel centres (PyTorch's align_corners=False), or at top left
 * corners (TensorFlow 1).
 */
export type Sampling = "centre" | "corner";

interface Slices {
  /** Channels of x that are taken: from `inFirst` on, `channels` of them; all unless given. */
  readonly inFirst?: number;
  readonly channels?: number;
  /** y's channel that the first of them becomes. */
  readonly outFirst?: number;
  readonly addend?: Value;
  readonly sampling?: Sampling;
}

/**
 * A bilinear resize of the first input's channels from `first` on, and the second input, if there
 * is one, added to it.
 */
export const RESIZE: OperationKind<{ readonly sampling: Sampling; readonly first: number }> = { name: "resize" };
/** The inputs resized and side by side. */
export const CONCAT: OperationKind<undefined> = { name: "concat" };
/** Adaptive average pooling; of pixels they are also written as a network wants them. */
export const AVERAGE: OperationKind<{ readonly pixels?: Pixels }> = { name: "average" };
export const MAXPOOL: OperationKind<undefined> = { name: "maxpool" };
/** Precise RoI pooling to the output's extents. */
export const PRROI: OperationKind<undefined> = { name: "prroi" };

function resizeStep(graph: Graph, x: Value, y: Value, slices: Slices = {}): void {
  const { inFirst = 0, channels = x.channels, outFirst = 0, addend, sampling = "centre" } = slices;
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const [, outHeight = 1, outWidth = 1, outStored = 4] = y.shape;
  const vectors = padded(channels) / 4;
  const total = n * outHeight * outWidth * vectors;
  graph.step(
    resizeKernel,
    { x, addend: addend ?? x, y },
    {
      vectors,
      inHeight,
      inWidth,
      outHeight,
      outWidth,
      inVectors: stored / 4,
      inFirst: inFirst / 4,
      outVectors: outStored / 4,
      outFirst: outFirst / 4,
      total,
    },
    lanes(total),
    { choices: { ADD: addend !== undefined, CORNER: sampling === "corner" } },
  );
}

/** Bilinear resize of x [n, h, w, c] to [n, height, width, c]. */
export function resize(graph: Graph, x: Value, height: number, width: number, sampling: Sampling = "centre"): Value {
  const y = graph.map(`${x.label}.resized`, x.shape[0]!, height, width, x.channels);
  resizeStep(graph, x, y, { sampling });
  graph.record(RESIZE, [x], y, { sampling, first: 0 });
  return y;
}

/** addend + resize(x): the top-down step of a feature pyramid. */
export function resizeAdd(graph: Graph, x: Value, addend: Value, sampling: Sampling = "centre"): Value {
  if (x.channels !== addend.channels || x.shape[0] !== addend.shape[0]) {
    throw new ShapeError(
      `Cannot add "${x.label}" [${x.shape}] to "${addend.label}" [${addend.shape}].`,
      "Give maps of as many images and channels.",
    );
  }
  const y = graph.value(`${addend.label}.sum`, addend.shape, "f32", addend.channels);
  resizeStep(graph, x, y, { addend, sampling });
  graph.record(RESIZE, [x, addend], y, { sampling, first: 0 });
  return y;
}

const wholeVectors = (what: string, channels: number): void => {
  if (channels % 4 !== 0) {
    throw new ShapeError(
      `${what} ${channels} channels; only multiples of four can be put side by side or taken apart.`,
      "Pad them to a multiple of four.",
    );
  }
};

/**
 * The parts [n, h, w, c] side by side in channels, each resized to height × width (bilinear, at
 * half-pixel centres): [n, height, width, Σ c].
 * @throws ShapeError for a part whose channels are no multiple of four.
 */
export function concat(graph: Graph, label: string, parts: readonly Value[], height: number, width: number): Value {
  let channels = 0;
  for (const part of parts) {
    wholeVectors(`"${part.label}" has`, part.channels);
    channels += part.channels;
  }
  const y = graph.map(label, parts[0]!.shape[0]!, height, width, channels);
  let outFirst = 0;
  for (const part of parts) {
    resizeStep(graph, part, y, { outFirst });
    outFirst += part.channels;
  }
  graph.record(CONCAT, parts, y, undefined);
  return y;
}

/**
 * Channels `first`…`first + channels − 1` of x [n, h, w, c], both multiples of four.
 * @throws ShapeError for others, and for channels that x has not.
 */
export function slice(graph: Graph, x: Value, first: number, channels: number): Value {
  wholeVectors(`A slice of "${x.label}" begins after`, first);
  wholeVectors(`A slice of "${x.label}" takes`, channels);
  if (first < 0 || channels < 1 || first + channels > x.channels) {
    throw new ShapeError(
      `"${x.label}" has ${x.channels} channels, not ${channels} from ${first} on.`,
      "Take channels that it has.",
    );
  }
  const [n = 1, height = 1, width = 1] = x.shape;
  const y = graph.map(`${x.label}.${first}`, n, height, width, channels);
  resizeStep(graph, x, y, { inFirst: first, channels });
  graph.record(RESIZE, [x], y, { sampling: "centre", first });
  return y;
}

/**
 * Adaptive average pooling of x [n, h, w, c] to height × width: the mean over the pixels that an
 * output pixel touches.
 */
export function average(graph: Graph, x: Value, height: number, width: number): Value {
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const y = graph.map(`${x.label}.average${height}`, n, height, width, x.channels);
  const total = elements(y.shape) / 4;
  graph.step(
    averageKernel,
    { x, y },
    { vectors: stored / 4, inHeight, inWidth, outHeight: height, outWidth: width, total },
    lanes(total),
  );
  graph.record(AVERAGE, [x], y, {});
  return y;
}

/** Max pooling 3×3, stride 2, padding 1: x [n, h, w, c] to [n, ⌈h / 2⌉, ⌈w / 2⌉, c]. */
export function maxpool(graph: Graph, x: Value): Value {
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const outHeight = Math.floor((inHeight - 1) / 2) + 1;
  const outWidth = Math.floor((inWidth - 1) / 2) + 1;
  const y = graph.map(`${x.label}.pooled`, n, outHeight, outWidth, x.channels);
  const total = elements(y.shape) / 4;
  graph.step(
    maxpoolKernel,
    { x, y },
    { vectors: stored / 4, inHeight, inWidth, outHeight, outWidth, total },
    lanes(total),
  );
  graph.record(MAXPOOL, [x], y, undefined);
  return y;
}

/**
 * The matrix W [size, extent] of precise RoI pooling of a whole map: W[p,i] is the mean over bin p
 * of the hat function around pixel i (spec §2.2). Rows at the far border sum to less than one:
 * outside the map the interpolant is zero.
 */
export function prroiBins(extent: number, size: number): Float32Array {
  const bin = extent / size;
  // Integral of max(0, 1 − |t|) from −∞ to t.
  const integral = (t: number): number => {
    const u = Math.min(1, Math.max(-1, t));
    return u < 0 ? (u + 1) ** 2 / 2 : 1 - (1 - u) ** 2 / 2;
  };
  return Float32Array.from({ length: size * extent }, (_, at) => {
    const p = Math.floor(at / extent);
    const i = at % extent;
    return (integral((p + 1) * bin - i) - integral(p * bin - i)) / bin;
  });
}

/** The bins of precise RoI pooling on the GPU. */
export const binsOf = (graph: Graph, extent: number, size: number): Value =>
  graph.parameter(`prroi.${extent}.${size}`, [size, extent], [], () => prroiBins(extent, size));

/** Precise RoI pooling of the whole square map x [n, e, e, c] to size × size. */
export function prroi(graph: Graph, x: Value, size: number): Value {
  const [n = 1, extent = 1, width = 1, stored = 4] = x.shape;
  if (extent !== width)
    throw new ShapeError(
      `"${x.label}" is ${extent}×${width}; only square maps are pooled.`,
      "Give a map that is as wide as it is high.",
    );
  const bins = binsOf(graph, extent, size);
  const y = graph.map(`${x.label}.prroi${size}`, n, size, size, x.channels);
  const total = elements(y.shape) / 4;
  graph.step(prroiKernel, { x, bins, y }, { vectors: stored / 4, extent, size, total }, lanes(total));
  graph.record(PRROI, [x], y, undefined);
  return y;
}

/**
 * How a network wants its pixels: (v − mean) / deviation in `order`, of v = (x + 1) / 2 · range for
 * x in [−1, 1].
 */
export interface Pixels {
  readonly order: "RGB" | "BGR";
  readonly range: number;
  /** In the network's order. */
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
}

/**
 * An RGB image [n, h, w, 3] in [−1, 1] as a network's input [n, height, width, 3], resized by
 * adaptive average pooling.
 */
export function preprocess(graph: Graph, x: Value, height: number, width: number, pixels: Pixels): Value {
  if (x.channels !== 3)
    throw new ShapeError(
      `A segmenter takes RGB images; "${x.label}" is [${x.shape}].`,
      "Give a map of three channels.",
    );
  const [n = 1, inHeight = 1, inWidth = 1] = x.shape;
  const y = graph.map(`${x.label}.input${height}`, n, height, width, 3);
  const total = n * height * width;
  const { order, range, mean, deviation } = pixels;
  graph.step(
    preprocessKernel,
    { x, y },
    {
      inHeight,
      inWidth,
      outHeight: height,
      outWidth: width,
      total,
      range,
      mean0: mean[0],
      mean1: mean[1],
      mean2: mean[2],
      deviation0: deviation[0],
      deviation1: deviation[1],
      deviation2: deviation[2],
    },
    lanes(total),
    { choices: { BGR: order === "BGR" } },
  );
  graph.record(AVERAGE, [x], y, { pixels });
  return y;
}
