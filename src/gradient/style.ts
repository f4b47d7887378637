import { conv } from "../kernels/conv/conv.ts";
import { bindingsOf, choicesOf, DEMODULATE, type Demodulation } from "../kernels/conv/demodulate.ts";
import { UPCONV } from "../kernels/conv/upconv.ts";
import { both } from "../kernels/conv/window.ts";
import demodulateBack from "../kernels/generated/demodulate-back.wgsl.ts";
import demodulateSum from "../kernels/generated/demodulate-sum.wgsl.ts";
import instancenormBack from "../kernels/generated/instancenorm-back.wgsl.ts";
import inverseRootBack from "../kernels/generated/inverse-root-back.wgsl.ts";
import modulateSum from "../kernels/generated/modulate-sum.wgsl.ts";
import sumKernel from "../kernels/generated/sum.wgsl.ts";
import truncateBack from "../kernels/generated/truncate-back.wgsl.ts";
import { lanes } from "../kernels/lanes.ts";
import { FIR, type Fir, type FirMove, fir, reversedFir } from "../kernels/maps/fir.ts";
import { INSTANCENORM, partOf, pixelSums } from "../kernels/maps/instancenorm.ts";
import { INVERSE_ROOT, MODULATE, modulate, TRUNCATE } from "../kernels/maps/modulate.ts";
import { elements, type Graph, type Value } from "../runtime/graph.ts";
import { swapped } from "./conv.ts";
import { type Rules, rule, type Visit } from "./rule.ts";

// What StyleGANs are made of besides convolutions.

/**
 * Parts of sums over the pixels of [n, pixels, c], [parts, n, c], and their sum in the shape of
 * `like`.
 */
function overPixels(
  graph: Graph,
  like: Value,
  pixels: number,
  append: (parts: Value, params: { readonly size: number; readonly total: number }) => void,
): Value {
  const size = partOf(pixels);
  const count = Math.ceil(pixels / size);
  const parts = graph.value(`${like.label}.parts`, [count, ...like.shape]);
  append(parts, { size, total: elements(parts.shape) / 4 });
  return sumOf(graph, parts, count, like);
}

/** The sum of as many parts, one behind the other. */
function sumOf(graph: Graph, parts: Value, count: number, like: Value): Value {
  const y = graph.value(`${like.label}.gradient`, like.shape, "f32", like.channels);
  const total = elements(y.shape) / 4;
  graph.step(sumKernel, { x: parts, y }, { parts: count, total }, lanes(total));
  return y;
}

function modulateBack({ graph, inputs, dy, held, wants }: Visit<unknown>): (Value | undefined)[] {
  const [x, s] = inputs as readonly [Value, Value];
  const [images = 1, height = 1, width = 1, stored = 4] = x.shape;
  const [n = 1] = dy.shape;
  const pixels = height * width;
  const byMap = () => {
    const each = modulate(graph, dy, held(s));
    return images === n ? each : sumOf(graph, each, n, x);
  };
  const byFactors = () =>
    overPixels(graph, s, pixels, (parts, of) => {
      const params = { vectors: stored / 4, pixels, copied: images === n ? 1 : 0, images: n, ...of };
      graph.step(modulateSum, { x: held(x), dy, parts }, params, lanes(of.total));
    });
  return [
    wants(0) ? byMap() : undefined,
    wants(1) ? byFactors() : undefined,
    wants(2) ? pixelSums(graph, dy) : undefined,
  ];
}

/** The gradient by the sums that were demodulated, and by d. */
function demodulateGradients(
  { graph, output, dy, held, wants }: Visit<unknown>,
  demodulation: Demodulation,
): readonly [Value, Value | undefined] {
  const [n = 1, height = 1, width = 1, stored = 4] = output.shape;
  const extents = { vectors: stored / 4, pixels: height * width };
  const { SCALED, NOISE, LEAKY, CLAMPED } = choicesOf(demodulation);
  const y = held(output);
  const d = demodulation.d && held(demodulation.d);
  const bound = bindingsOf({ ...demodulation, d });
  const dx = graph.value(`${output.label}.sums.gradient`, dy.shape, "f32", dy.channels);
  const total = elements(dy.shape) / 4;
  graph.step(
    demodulateBack,
    { y, d: bound.d, dy, dx },
    { ...extents, bound: demodulation.bound ?? 0, total },
    lanes(total),
    { choices: { SCALED, LEAKY, CLAMPED } },
  );
  if (!d || !wants(1)) return [dx, undefined];
  const byFactors = overPixels(graph, d, extents.pixels, (parts, of) => {
    graph.step(demodulateSum, { y, ...bound, dx, parts }, { ...extents, images: n, ...of }, lanes(of.total), {
      choices: { NOISE, LEAKY },
    });
  });
  return [dx, byFactors];
}

/** The gradient of a filter's result by its input. */
function firBack(graph: Graph, dy: Value, x: Value, filter: Fir, { up, down, before }: FirMove, addend?: Value): Value {
  const [, height = 1, width = 1] = x.shape;
  const [[tapsDown, tapsAcross], [top, left]] = [both(filter.taps), both(before)];
  const back = { up: down, down: up, before: [tapsDown - 1 - top, tapsAcross - 1 - left] as const, addend };
  return fir(graph, dy, reversedFir(filter), [height, width], back);
}

export const STYLE: Rules = [
  rule(MODULATE, modulateBack),
  rule(INSTANCENORM, ({ graph, output, dy, held, attributes: { epsilon, squares } }) => {
    const [n = 1, height = 1, width = 1, stored = 4] = dy.shape;
    const extents = { vectors: stored / 4, pixels: height * width };
    const y = held(output);
    const like = { ...dy, shape: [n, 1, 1, stored] };
    const products = overPixels(graph, like, extents.pixels, (parts, of) => {
      graph.step(modulateSum, { x: y, dy, parts }, { ...extents, copied: 1, images: n, ...of }, lanes(of.total));
    });
    const dx = graph.value(`${output.label}.gradient`, dy.shape, "f32", dy.channels);
    const total = elements(dy.shape) / 4;
    const sums = pixelSums(graph, dy);
    const values = { y, squares, dy, sums, products, dx };
    graph.step(instancenormBack, values, { ...extents, epsilon, total }, lanes(total));
    return [dx];
  }),
  rule(INVERSE_ROOT, ({ graph, output, dy, held, attributes: { gain } }) => {
    const dx = graph.value(`${output.label}.gradient`, dy.shape, "f32", dy.channels);
    const total = elements(dy.shape) / 4;
    graph.step(inverseRootBack, { y: held(output), dy, dx }, { gain, total }, lanes(total));
    return [dx];
  }),
  rule(
    TRUNCATE,
    ({ graph, inputs, dy, held }) => {
      const [w, psi] = inputs as readonly [Value, Value];
      const dw = graph.value(`${w.label}.gradient`, w.shape, "f32", w.channels);
      const [, rows = 1, , stored = 4] = dy.shape;
      const total = elements(w.shape) / 4;
      graph.step(truncateBack, { psi: held(psi), dy, dw }, { vectors: stored / 4, rows, total }, lanes(total));
      return [dw];
    },
    1,
  ),
  rule(FIR, ({ graph, inputs: [x], dy, attributes: { filter, move }, wants, take }) => [
    wants(0) ? firBack(graph, dy, x!, filter, move, take(0)) : undefined,
    wants(1) ? dy : undefined,
  ]),
  rule(DEMODULATE, (visit) => [...demodulateGradients(visit, visit.attributes)]),
  rule(UPCONV, (visit) => {
    const { graph, output, attributes, wants, take } = visit;
    const [sums, byFactors] = demodulateGradients(visit, attributes.demodulation);
    if (!wants(0)) return [undefined, byFactors];
    const [n = 1, height = 1, width = 1] = output.shape;
    // The map that the transposed convolution made, of which only the extents are needed.
    const map = { ...sums, shape: [n, height + 1, width + 1, sums.shape.at(-1)!] };
    const dt = firBack(graph, sums, map, attributes.fir, { up: 1, down: 1, before: 1 });
    const addend = take(0);
    const options = { stride: 2, ...(addend && { residual: addend }) };
    return [conv(graph, dt, swapped(attributes.filter), options), byFactors];
  }),
];
