import { CONV, type ConvOptions, conv } from "../kernels/conv/conv.ts";
import { DEPTHWISE, depthwise } from "../kernels/conv/depthwise.ts";
import { constant, type Filter, type Learned } from "../kernels/conv/filter.ts";
import { GROUPED, grouped } from "../kernels/conv/grouped.ts";
import { CHUNK_BYTES } from "../kernels/conv/product.ts";
import { CONV_TRANSPOSE, type ConvTransposeOptions, convTranspose } from "../kernels/conv/transposed.ts";
import { area, axesOf, simplified, type Window } from "../kernels/conv/window.ts";
import stretchKernel from "../kernels/generated/stretch.wgsl.ts";
import tapsBack from "../kernels/generated/taps-back.wgsl.ts";
import { lanes } from "../kernels/lanes.ts";
import { elements, type Graph, padded, type Value } from "../runtime/graph.ts";
import { beforeActivation } from "./activation.ts";
import { type Rules, rule } from "./rule.ts";
import { weightGradient } from "./weights.ts";

// The gradient of a convolution by what it convolves is a convolution with the taps the other way
// round, and inputs and outputs exchanged. So it is run by `conv` itself: with Winograd, the tiles
// and the tuning that are there already. Where the two axes or the sides differ, and in groups, it
// is the transposed convolution, whose gradient is the convolution.

/**
 * From so many input channels on, gathering is faster: measured on SwiftShader at 64 and 128, by
 * 1.2 to 2.8.
 */
const GATHER_CHANNELS = 32;

/** A filter of as many taps down as across. */
interface Square extends Filter {
  readonly kernel: number;
}

function squareOf(filter: Filter): Square | undefined {
  const kernel = simplified(filter.kernel);
  return typeof kernel === "number" ? { ...filter, kernel } : undefined;
}

/** A window that moves down as across, with as many zeros on all sides. */
interface Evenly {
  readonly stride: number;
  readonly dilation: number;
  readonly pad: number | "same";
}

function evenlyOf(window: Window): Evenly | undefined {
  const stride = simplified(window.stride ?? 1);
  const dilation = simplified(window.dilation ?? 1);
  const pad = simplified(window.pad ?? 0);
  if (typeof stride !== "number" || typeof dilation !== "number" || typeof pad === "object") return undefined;
  return { stride, dilation, pad };
}

/** How a filter with inputs and outputs exchanged is made of a filter's weights. */
interface Exchange {
  readonly name: string;
  readonly kernel: number;
  readonly inChannels: number;
  /** What each of its taps is a sum of: the filter's taps. */
  readonly sums: readonly (readonly number[])[];
  /**
   * Where in its weights [out][in][k][k] the tap t lies that leads from the filter's output o to
   * its input i.
   */
  readonly place: (i: number, o: number, t: number) => number;
}

/** The taps the other way round. */
const reversing = ({ kernel, outChannels }: Square): Exchange => {
  const taps = kernel ** 2;
  return {
    name: "exchanged",
    kernel,
    inChannels: outChannels,
    sums: Array.from({ length: taps }, (_, tap) => [taps - 1 - tap]),
    place: (i, o, t) => (i * outChannels + o) * taps + t,
  };
};

/**
 * Which taps of a 3-tap kernel reach a pixel that nearest ×2 upsampling made two of, from each of
 * the four outputs around.
 */
const REACHING = [[2], [1, 2], [0, 1], [0]] as const;

/**
 * After upsampling, one of 4×4 taps and stride 2: 16 multiply-adds for each input instead of the 36
 * that reach it.
 */
const merging = ({ outChannels }: Filter): Exchange => ({
  name: "merged",
  kernel: 4,
  inChannels: outChannels,
  sums: REACHING.flatMap((ys) => REACHING.map((xs) => ys.flatMap((y) => xs.map((x) => 3 * y + x)))),
  place: (i, o, t) => (i * outChannels + o) * 16 + t,
});

/** Or, of what taps-back.wgsl sums up, one of 1×1 taps: 9 multiply-adds. */
const gathering = ({ outChannels }: Filter): Exchange => ({
  name: "gathered",
  kernel: 1,
  inChannels: 9 * padded(outChannels),
  sums: Array.from({ length: 9 }, (_, tap) => [tap]),
  place: (i, o, t) => (i * 9 + t) * padded(outChannels) + o,
});

/** A filter with inputs and outputs exchanged. */
function exchanged(filter: Filter, { name, kernel, inChannels, sums, place }: Exchange): Filter {
  const { label, inChannels: inputs, outChannels: outputs, weight, scale } = filter;
  const split = weight.sources.length;
  const taps = area(filter.kernel);
  return {
    label: `${label}.${name}`,
    inChannels,
    outChannels: inputs,
    kernel,
    weight: {
      sources: [...weight.sources, ...scale.sources],
      of: (sources) => {
        const w = weight.of(sources.slice(0, split));
        const s = scale.of(sources.slice(split));
        const values = new Float64Array(inputs * inChannels * kernel ** 2);
        for (let i = 0; i < inputs; i += 1) {
          for (let o = 0; o < outputs; o += 1) {
            const from = (o * inputs + i) * taps;
            sums.forEach((sum, t) => {
              values[place(i, o, t)] = s[o]! * sum.reduce((total, tap) => total + w[from + tap]!, 0);
            });
          }
        }
        return values;
      },
    },
    scale: constant(1, inputs),
    bias: constant(0, inputs),
  };
}

/** A depthwise filter with its taps the other way round. */
function reversed(filter: Filter): Filter {
  const { label, outChannels, kernel, weight } = filter;
  const taps = area(kernel);
  const turned: Learned = {
    sources: weight.sources,
    of: (sources) => {
      const w = weight.of(sources);
      return Float64Array.from(w, (_, at) => w[at - (at % taps) + taps - 1 - (at % taps)]!);
    },
  };
  return { ...filter, label: `${label}.reversed`, weight: turned, bias: constant(0, outChannels) };
}

/**
 * Zeros between the pixels of dz, and around: pixel i of an axis goes to i · stride + before, of
 * `extent`.
 */
function stretch(
  graph: Graph,
  dz: Value,
  stride: number,
  [vertical, horizontal]: readonly [Place, Place],
  addend?: Value,
): Value {
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = dz.shape;
  const [outHeight, outWidth] = [vertical.extent, horizontal.extent];
  const y = graph.map(`${dz.label}.stretched`, n, outHeight, outWidth, dz.channels);
  const total = elements(y.shape) / 4;
  const extents = { inHeight, inWidth, outHeight, outWidth };
  graph.step(
    stretchKernel,
    { x: dz, addend: addend ?? dz, y },
    { vectors: stored / 4, ...extents, stride, top: vertical.before, left: horizontal.before, total },
    lanes(total),
    { choices: { ADD: addend !== undefined } },
  );
  return y;
}

interface Place {
  readonly before: number;
  readonly extent: number;
}

/** dz as a convolution of stride 1 and padding `pad` must find it, to make the gradient by x. */
function spaced(
  graph: Graph,
  dz: Value,
  x: Value,
  kernel: number,
  options: Evenly,
): { readonly map: Value; readonly pad: number } {
  const { stride, dilation } = options;
  const reach = (kernel - 1) * dilation;
  const [, height = 1, width = 1] = x.shape;
  const axes = axesOf([height, width], kernel, options).map(({ extent, out, before }) => {
    return { extent, before, after: (out - 1) * stride + reach + 1 - extent - before };
  });
  // Padding is the same on all sides, so the largest is made up for by it, and smaller ones by
  // zeros in the map.
  const most = Math.max(...axes.flatMap(({ before, after }) => [before, after]));
  const pad = reach - most;
  const places = axes.map(({ extent, before }) => ({ before: most - before, extent: extent + reach - 2 * pad }));
  const [vertical, horizontal] = places as [Place, Place];
  const fits = vertical.extent === dz.shape[1] && horizontal.extent === dz.shape[2];
  return { map: fits ? dz : stretch(graph, dz, stride, [vertical, horizontal]), pad };
}

/** The gradient by x of the convolution of its upsampling. */
function upsampledBack(graph: Graph, dz: Value, x: Value, filter: Square, addend: ConvOptions): Value {
  const [n = 1, height = 1, width = 1] = x.shape;
  const vectors = padded(filter.outChannels) / 4;
  const total = n * height * width * 9 * vectors;
  // Of few inputs the products would save less than gathering costs; and what is gathered is nine
  // times as large as x.
  if (filter.inChannels < GATHER_CHANNELS || 16 * total > CHUNK_BYTES) {
    return conv(graph, dz, exchanged(filter, merging(filter)), { stride: 2, pad: 1, ...addend });
  }
  const t = graph.map(`${filter.label}.gathered`, n, height, width, 36 * vectors);
  graph.step(tapsBack, { dy: dz, t }, { height, width, vectors, total }, lanes(total));
  return conv(graph, t, exchanged(filter, gathering(filter)), addend);
}

/** The gradient of a convolution by x, plus what `take` gives: that by other uses of x. */
function convBack(
  graph: Graph,
  dz: Value,
  x: Value,
  filter: Filter,
  options: ConvOptions,
  take: () => Value | undefined,
): Value {
  const square = squareOf(filter);
  const evenly = evenlyOf(options);
  if (!square || !evenly) return transposedBack(graph, dz, x, filter, options);
  const { stride, dilation, pad } = evenly;
  const addend = take();
  const residual = addend ? { residual: addend } : {};
  if (options.upsample) return upsampledBack(graph, dz, x, square, residual);
  const back = exchanged(square, reversing(square));
  if (square.kernel === 1 && stride > 1 && pad === 0) {
    // Products first, zeros after.
    const [, height = 1, width = 1] = x.shape;
    const places = [height, width].map((extent) => ({ before: 0, extent })) as [Place, Place];
    return stretch(graph, conv(graph, dz, back), stride, places, addend);
  }
  const { map, pad: around } = spaced(graph, dz, x, square.kernel, evenly);
  return conv(graph, map, back, { dilation, pad: around, ...residual });
}

/** Inputs and outputs exchanged, the taps as they are: [out][in / groups] to [in][out / groups]. */
export function swapped(filter: Filter, groups = 1): Filter {
  const { label, inChannels, outChannels, kernel, weight, scale } = filter;
  const split = weight.sources.length;
  const [inGroup, outGroup] = [inChannels / groups, outChannels / groups];
  const taps = area(kernel);
  return {
    label: `${label}.swapped`,
    inChannels: outChannels,
    outChannels: inChannels,
    kernel,
    weight: {
      sources: [...weight.sources, ...scale.sources],
      of: (sources) => {
        const w = weight.of(sources.slice(0, split));
        const s = scale.of(sources.slice(split));
        const values = new Float64Array(outChannels * inGroup * taps);
        for (let o = 0; o < outChannels; o += 1) {
          const first = Math.floor(o / outGroup) * inGroup;
          for (let i = 0; i < inGroup; i += 1) {
            const from = (o * inGroup + i) * taps;
            const to = ((first + i) * outGroup + (o % outGroup)) * taps;
            for (let t = 0; t < taps; t += 1) values[to + t] = s[o]! * w[from + t]!;
          }
        }
        return values;
      },
    },
    scale: constant(1, inChannels),
    bias: constant(0, inChannels),
  };
}

/** The gradient by x of any convolution: the transposed one, of x's extents. */
function transposedBack(
  graph: Graph,
  dz: Value,
  x: Value,
  filter: Filter,
  { stride = 1, dilation = 1, pad = 0, groups = 1 }: Window & { readonly groups?: number },
): Value {
  const [down, across] = axesOf([x.shape[1]!, x.shape[2]!], filter.kernel, { stride, dilation, pad });
  const [bottom, right] = [down, across].map(
    (axis) => (axis.out - 1) * axis.stride + axis.reach - axis.before - axis.extent,
  ) as [number, number];
  const cut = [down.before, across.before, bottom, right] as const;
  return convTranspose(graph, dz, swapped(filter, groups), { stride, dilation, pad: cut, groups });
}

/** The gradient by x of a transposed convolution: the convolution, of x's extents. */
function transposeBack(
  graph: Graph,
  dz: Value,
  x: Value,
  filter: Filter,
  { stride = 1, dilation = 1, pad = 0, groups = 1 }: ConvTransposeOptions,
): Value {
  const [down, across] = axesOf([dz.shape[1]!, dz.shape[2]!], filter.kernel, { stride, dilation, pad });
  const [bottom, right] = [down, across].map(
    (axis, at) => (x.shape[at + 1]! - 1) * axis.stride + axis.reach - axis.before - axis.extent,
  ) as [number, number];
  const around = [down.before, across.before, bottom, right] as const;
  return grouped(graph, dz, swapped(filter, groups), { stride, dilation, pad: around, groups });
}

export const CONVOLUTIONS: Rules = [
  rule(CONV, (visit) => {
    const { graph, inputs, attributes, wants, take, held, weights } = visit;
    const { filter, options } = attributes;
    const dz = beforeActivation(visit, options.activation);
    weights?.({ filter, gradient: weightGradient(graph, held(inputs[0]!), dz, filter, options) });
    return [
      wants(0) ? convBack(graph, dz, inputs[0]!, filter, options, () => take(0)) : undefined,
      wants(1) ? dz : undefined,
    ];
  }),
  rule(DEPTHWISE, (visit) => {
    const { graph, inputs, attributes } = visit;
    const { filter, options } = attributes;
    const dz = beforeActivation(visit, options.activation);
    const square = squareOf(filter);
    const evenly = evenlyOf(options);
    if (!square || !evenly) {
      return [transposedBack(graph, dz, inputs[0]!, filter, { ...options, groups: filter.outChannels })];
    }
    const { map, pad } = spaced(graph, dz, inputs[0]!, square.kernel, evenly);
    return [depthwise(graph, map, reversed(filter), { dilation: evenly.dilation, pad })];
  }),
  rule(GROUPED, (visit) => {
    const { graph, inputs, attributes, wants } = visit;
    const { filter, options } = attributes;
    const dz = beforeActivation(visit, options.activation);
    return [wants(0) ? transposedBack(graph, dz, inputs[0]!, filter, options) : undefined, wants(1) ? dz : undefined];
  }),
  rule(CONV_TRANSPOSE, (visit) => {
    const { filter, options } = visit.attributes;
    const dz = beforeActivation(visit, options.activation);
    return [transposeBack(visit.graph, dz, visit.inputs[0]!, filter, options)];
  }),
];
