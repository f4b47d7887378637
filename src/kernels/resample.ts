import { ShapeError } from "../errors.ts";
import { elements, type Graph, type Value } from "../runtime/graph.ts";
import maxpoolKernel from "./maxpool.wgsl.ts";
import { lanes } from "./pointwise.ts";
import preprocessKernel from "./preprocess.wgsl.ts";
import prroiKernel from "./prroi.wgsl.ts";
import resizeKernel from "./resize.wgsl.ts";

function resizeStep(graph: Graph, x: Value, y: Value, first: number, addend?: Value): void {
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const [, outHeight = 1, outWidth = 1, outStored = 4] = y.shape;
  const total = (n * outHeight * outWidth * stored) / 4;
  graph.step(
    resizeKernel,
    { x, addend: addend ?? x, y },
    { vectors: stored / 4, inHeight, inWidth, outHeight, outWidth, outVectors: outStored / 4, first, total },
    lanes(total),
    { choices: { ADD: addend !== undefined } },
  );
}

/** Bilinear resize of x [n, h, w, c] to height × width, half-pixel centres (PyTorch's align_corners=False). */
export function resize(graph: Graph, x: Value, height: number, width: number): Value {
  const y = graph.map(`${x.label}.resized`, x.shape[0]!, height, width, x.channels);
  resizeStep(graph, x, y, 0);
  return y;
}

/** addend + resize(x): the top-down step of a feature pyramid. */
export function resizeAdd(graph: Graph, x: Value, addend: Value): Value {
  if (x.channels !== addend.channels) throw new ShapeError(`Cannot add "${x.label}" to "${addend.label}".`);
  const y = graph.value(`${addend.label}.sum`, addend.shape, "f32", addend.channels);
  resizeStep(graph, x, y, 0, addend);
  return y;
}

/** The parts side by side in channels, each resized to height × width. */
export function concat(graph: Graph, label: string, parts: readonly Value[], height: number, width: number): Value {
  let channels = 0;
  for (const part of parts) {
    if (part.channels % 4 !== 0) {
      throw new ShapeError(
        `"${part.label}" has ${part.channels} channels; only multiples of four can be concatenated.`,
      );
    }
    channels += part.channels;
  }
  const y = graph.map(label, parts[0]!.shape[0]!, height, width, channels);
  let first = 0;
  for (const part of parts) {
    resizeStep(graph, part, y, first);
    first += part.channels / 4;
  }
  return y;
}

/** Max pooling 3×3, stride 2, padding 1. */
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
  return y;
}

/**
 * The matrix W [size, extent] of precise RoI pooling of a whole map: W[p,i] is the mean over bin p of the hat function
 * around pixel i (spec §2.2). Rows at the far border sum to less than one: outside the map the interpolant is zero.
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

/** Precise RoI pooling of the whole square map x [n, e, e, c] to size × size. */
export function prroi(graph: Graph, x: Value, size: number): Value {
  const [n = 1, extent = 1, width = 1, stored = 4] = x.shape;
  if (extent !== width) throw new ShapeError(`"${x.label}" is ${extent}×${width}; only square maps are pooled.`);
  const bins = graph.parameter(`prroi.${extent}.${size}`, [size, extent], [], () => prroiBins(extent, size));
  const y = graph.map(`${x.label}.prroi${size}`, n, size, size, x.channels);
  const total = elements(y.shape) / 4;
  graph.step(prroiKernel, { x, bins, y }, { vectors: stored / 4, extent, size, total }, lanes(total));
  return y;
}

/** A generator's image [n, h, w, 3] as a segmenter's input [n, size, size, 3]: BGR bytes minus `mean` (also BGR). */
export function preprocess(graph: Graph, x: Value, size: number, mean: readonly [number, number, number]): Value {
  if (x.channels !== 3) throw new ShapeError(`A segmenter takes RGB images; "${x.label}" is [${x.shape}].`);
  const [n = 1, inHeight = 1, inWidth = 1] = x.shape;
  const y = graph.map(`${x.label}.input${size}`, n, size, size, 3);
  const total = n * size * size;
  graph.step(
    preprocessKernel,
    { x, y },
    { inHeight, inWidth, outHeight: size, outWidth: size, total, blue: mean[0], green: mean[1], red: mean[2] },
    lanes(total),
  );
  return y;
}
