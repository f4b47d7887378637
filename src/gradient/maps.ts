import { SPREAD } from "../kernels/conv/pyramid.ts";
import { windowParams } from "../kernels/conv/window.ts";
import averageBack from "../kernels/generated/average-back.wgsl.ts";
import clampBack from "../kernels/generated/clamp-back.wgsl.ts";
import pictureBack from "../kernels/generated/picture-back.wgsl.ts";
import pixelnormBack from "../kernels/generated/pixelnorm-back.wgsl.ts";
import poolMaxBack from "../kernels/generated/pool-max-back.wgsl.ts";
import prroiBack from "../kernels/generated/prroi-back.wgsl.ts";
import resizeBack from "../kernels/generated/resize-back.wgsl.ts";
import spreadBack from "../kernels/generated/spread-back.wgsl.ts";
import { lanes } from "../kernels/lanes.ts";
import { croppedTo, PICTURE } from "../kernels/maps/picture.ts";
import { CLAMP, PIXELNORM } from "../kernels/maps/pointwise.ts";
import { POOL_MAX, type Pooling, windowOf } from "../kernels/maps/pool.ts";
import { AVERAGE, binsOf, CONCAT, MAXPOOL, PRROI, RESIZE, type Sampling } from "../kernels/maps/resample.ts";
import { elements, type Graph, type Value } from "../runtime/graph.ts";
import { beforeActivation } from "./activation.ts";
import { type Rules, rule } from "./rule.ts";

/** The gradient by x, yet to be written. */
const like = (graph: Graph, x: Value): Value => graph.value(`${x.label}.gradient`, x.shape, "f32", x.channels);

/** Extents of a map x and of what was made of it, as kernels name them. */
function extents(x: Value, y: Value) {
  const [, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const [, outHeight = 1, outWidth = 1] = y.shape;
  return { vectors: stored / 4, inHeight, inWidth, outHeight, outWidth };
}

/**
 * The gradient by x of a resize whose result, or the slice of it from `outFirst` on, is x's
 * channels from `inFirst` on.
 */
function resizeGradient(
  graph: Graph,
  dy: Value,
  x: Value,
  slices: {
    readonly inFirst?: number;
    readonly channels: number;
    readonly outFirst?: number;
    readonly sampling?: Sampling;
    readonly addend: Value | undefined;
  },
): Value {
  const { inFirst = 0, channels, outFirst = 0, sampling = "centre", addend } = slices;
  const dx = like(graph, x);
  const total = elements(x.shape) / 4;
  graph.step(
    resizeBack,
    { dy, addend: addend ?? dy, dx },
    {
      ...extents(x, dy),
      vectors: Math.ceil(channels / 4),
      inVectors: x.shape.at(-1)! / 4,
      inFirst: inFirst / 4,
      outVectors: dy.shape.at(-1)! / 4,
      outFirst: outFirst / 4,
      total,
    },
    lanes(total),
    { choices: { ADD: addend !== undefined, CORNER: sampling === "corner" } },
  );
  return dx;
}

/** The gradient by x of max pooling; `held` is x as its numbers are still there. */
function maxPoolGradient(
  graph: Graph,
  { x, held, dy }: { readonly x: Value; readonly held: Value; readonly dy: Value },
  pooling: Pooling,
): Value {
  const dx = like(graph, x);
  const total = elements(x.shape) / 4;
  const params = { ...extents(x, dy), ...windowParams(windowOf(x, pooling)), total };
  graph.step(poolMaxBack, { x: held, dy, dx }, params, lanes(total));
  return dx;
}

export const MAPS: Rules = [
  rule(PIXELNORM, ({ graph, inputs: [x], dy, held }) => {
    const dx = like(graph, x!);
    const vectors = x!.shape.at(-1)! / 4;
    const pixels = elements(x!.shape) / (4 * vectors);
    graph.step(pixelnormBack, { x: held(x!), dy, dx }, { pixels, vectors, channels: x!.channels }, lanes(pixels));
    return [dx];
  }),
  rule(CLAMP, ({ graph, inputs: [x], dy, held, attributes: { bound } }) => {
    const dx = like(graph, x!);
    const total = elements(x!.shape) / 4;
    graph.step(clampBack, { x: held(x!), dy, dx }, { bound, total }, lanes(total));
    return [dx];
  }),
  rule(PICTURE, ({ graph, inputs: [x], dy, held, attributes: { range, crop } }) => {
    const dx = like(graph, x!);
    const total = elements(x!.shape) / 4;
    const choices = { UNIT: range === "0..1" };
    graph.step(pictureBack, { x: held(x!), dy, dx }, { ...croppedTo(x!, crop), total }, lanes(total), { choices });
    return [dx];
  }),
  rule(RESIZE, ({ graph, inputs: [x], output, dy, attributes: { sampling, first }, wants, take }) => [
    wants(0)
      ? resizeGradient(graph, dy, x!, { inFirst: first, channels: output.channels, sampling, addend: take(0) })
      : undefined,
    wants(1) ? dy : undefined,
  ]),
  rule(CONCAT, ({ graph, inputs, dy, wants, take }) => {
    let outFirst = 0;
    return inputs.map((part, index) => {
      const from = outFirst;
      outFirst += part!.channels;
      if (!wants(index)) return undefined;
      return resizeGradient(graph, dy, part!, { channels: part!.channels, outFirst: from, addend: take(index) });
    });
  }),
  rule(AVERAGE, ({ graph, inputs: [x], dy, attributes: { pixels } }) => {
    const dx = like(graph, x!);
    const total = elements(x!.shape) / 4;
    const bgr = pixels?.order === "BGR";
    const factors = pixels ? pixels.deviation.map((deviation) => pixels.range / 2 / deviation) : [1, 1, 1];
    // By dx's channels, which are RGB.
    const [factor0 = 1, factor1 = 1, factor2 = 1] = bgr ? factors.toReversed() : factors;
    graph.step(
      averageBack,
      { dy, dx },
      { ...extents(x!, dy), total, factor0, factor1, factor2, factor3: 1 },
      lanes(total),
      { choices: { BGR: bgr } },
    );
    return [dx];
  }),
  rule(MAXPOOL, ({ graph, inputs: [x], dy, held }) => {
    return [maxPoolGradient(graph, { x: x!, held: held(x!), dy }, { size: 3, stride: 2, pad: 1 })];
  }),
  rule(POOL_MAX, ({ graph, inputs: [x], attributes, dy, held }) => {
    return [maxPoolGradient(graph, { x: x!, held: held(x!), dy }, attributes)];
  }),
  rule(PRROI, ({ graph, inputs: [x], dy }) => {
    const dx = like(graph, x!);
    const [, extent = 1] = x!.shape;
    const [, size = 1] = dy.shape;
    const total = elements(x!.shape) / 4;
    const bins = binsOf(graph, extent, size);
    graph.step(prroiBack, { dy, bins, dx }, { vectors: x!.shape.at(-1)! / 4, extent, size, total }, lanes(total));
    return [dx];
  }),
  rule(SPREAD, (visit) => {
    const { graph, inputs, wants, attributes } = visit;
    const dz = beforeActivation(visit, attributes.activation);
    if (!wants(0)) return [undefined, dz];
    const [t] = inputs as readonly [Value];
    const dt = like(graph, t);
    const total = elements(t.shape) / 4;
    graph.step(spreadBack, { dy: dz, dt }, { ...extents(t, dz), vectors: dz.shape.at(-1)! / 4, total }, lanes(total));
    return [dt, wants(1) ? dz : undefined];
  }),
];
