import { CONV, type ConvOptions, conv, span } from "../kernels/conv/conv.ts";
import { DEPTHWISE, depthwise } from "../kernels/conv/depthwise.ts";
import { constant, type Filter, type Learned } from "../kernels/conv/filter.ts";
import { CHUNK_BYTES } from "../kernels/conv/product.ts";
import stretchKernel from "../kernels/generated/stretch.wgsl.ts";
import tapsBack from "../kernels/generated/taps-back.wgsl.ts";
import { lanes } from "../kernels/lanes.ts";
import { elements, type Graph, padded, type Value } from "../runtime/graph.ts";
import { beforeActivation } from "./activation.ts";
import { type Rules, rule } from "./rule.ts";

// The gradient of a convolution by what it convolves is a convolution with the taps the other way
// round, and inputs and outputs exchanged. So it is run by `conv` itself: with Winograd, the tiles
// and the tuning that are there already.

/**
 * From so many input channels on, gathering is faster: measured on SwiftShader at 64 and 128, by
 * 1.2 to 2.8.
 */
const GATHER_CHANNELS = 32;

/** How a filter with inputs and outputs exchanged is made of a filter's weights. */
export interface Exchange {
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
const reversing = ({ kernel, outChannels }: Filter): Exchange => {
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
export function exchanged(filter: Filter, { name, kernel, inChannels, sums, place }: Exchange): Filter {
  const { label, inChannels: inputs, outChannels: outputs, weight, scale } = filter;
  const split = weight.sources.length;
  const taps = filter.kernel ** 2;
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
  const taps = kernel ** 2;
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
  options: Pick<ConvOptions, "stride" | "dilation" | "pad">,
): { readonly map: Value; readonly pad: number } {
  const { stride = 1, dilation = 1 } = options;
  const reach = (kernel - 1) * dilation;
  const [, height = 1, width = 1] = x.shape;
  const axes = [height, width].map((extent) => {
    const { out, before } = span(extent, kernel, options);
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
function upsampledBack(graph: Graph, dz: Value, x: Value, filter: Filter, addend: ConvOptions): Value {
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

/**
 * The gradient of a convolution by x, plus `addend`: the gradient that other uses of x have given.
 */
function convBack(graph: Graph, dz: Value, x: Value, filter: Filter, options: ConvOptions, addend?: Value): Value {
  const { stride = 1, dilation = 1, pad = 0, upsample = false } = options;
  const residual = addend ? { residual: addend } : {};
  if (upsample) return upsampledBack(graph, dz, x, filter, residual);
  const back = exchanged(filter, reversing(filter));
  if (filter.kernel === 1 && stride > 1 && pad === 0) {
    // Products first, zeros after.
    const [, height = 1, width = 1] = x.shape;
    const places = [height, width].map((extent) => ({ before: 0, extent })) as [Place, Place];
    return stretch(graph, conv(graph, dz, back), stride, places, addend);
  }
  const { map, pad: around } = spaced(graph, dz, x, filter.kernel, options);
  return conv(graph, map, back, { dilation, pad: around, ...residual });
}

export const CONVOLUTIONS: Rules = [
  rule(CONV, (visit) => {
    const { graph, inputs, attributes, wants, take } = visit;
    const { filter, options } = attributes;
    const dz = beforeActivation(visit, options.activation);
    return [
      wants(0) ? convBack(graph, dz, inputs[0]!, filter, options, take(0)) : undefined,
      wants(1) ? dz : undefined,
    ];
  }),
  rule(DEPTHWISE, (visit) => {
    const { filter, options } = visit.attributes;
    const dz = beforeActivation(visit, options.activation);
    const { map, pad } = spaced(visit.graph, dz, visit.inputs[0]!, filter.kernel, options);
    return [depthwise(visit.graph, map, reversed(filter), { dilation: options.dilation ?? 1, pad })];
  }),
];
