// Every operation in double precision, from its definition, and what is needed to run the kernels
// beside it.

import type { Padding, Pair } from "../../src/kernels/conv/window.ts";
import type { Sampling } from "../../src/kernels/maps/resample.ts";
import { classify, softmaxSum } from "../../src/kernels/readout/classify.ts";
import type { Device } from "../../src/runtime/device.ts";
import { elements, Graph, padded, type Storage, type Target, type Tuned, type Value } from "../../src/runtime/graph.ts";
import { Plan } from "../../src/runtime/plan.ts";
import { encodeFloat16 } from "../../src/weights/float16.ts";

/** Half the distance from 1 to the next f32: the rounding error of one operation. */
export const EPSILON = 2 ** -24;
/**
 * What a linear kernel may err, in units of ε·Σ|terms|. Right ones measure below 4; weights
 * silently rounded to f16, 240.
 */
export const TOLERANCE = 16;

/** A feature map [n, height, width, channels] in double precision, without padding. */
export interface Map64 {
  readonly n: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Float64Array;
}

/** The result of a linear operation, and for each element the sum of its terms' absolute values. */
export interface Linear extends Map64 {
  readonly terms: Float64Array;
}

export type Extents = readonly [n: number, height: number, width: number, channels: number];

/** A map of zeros. */
export function zeros([n, height, width, channels]: Extents): Linear {
  const size = n * height * width * channels;
  return { n, height, width, channels, data: new Float64Array(size), terms: new Float64Array(size) };
}

/** Where element (image, row, column, channel) lies. */
export const at = (map: Map64, i: number, y: number, x: number, c: number): number =>
  ((i * map.height + y) * map.width + x) * map.channels + c;

/** The same pseudo-random numbers from the same seed: mulberry32, in [0, 1). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Numbers in [−1, 1) that f32 holds exactly. */
export function noise(seed: number, length: number): Float32Array<ArrayBuffer> {
  const next = random(seed);
  return Float32Array.from({ length }, () => 2 * next() - 1);
}

export function noiseMap(seed: number, [n, height, width, channels]: Extents): Map64 {
  return { n, height, width, channels, data: Float64Array.from(noise(seed, n * height * width * channels)) };
}

/** A map like `x` with other numbers, which f32 holds exactly. */
export const mapLike = (x: Map64, of: (value: number, index: number) => number): Map64 => ({
  ...x,
  data: x.data.map((value, index) => Math.fround(of(value, index))),
});

/** One image of a batch. */
export function imageOf(map: Map64, image: number): Map64 {
  const size = map.height * map.width * map.channels;
  return { ...map, n: 1, data: map.data.slice(image * size, (image + 1) * size) };
}

/** As the GPU holds it: f32, channels padded with zeros to whole vec4s. */
export function pack(map: Map64): Float32Array<ArrayBuffer> {
  const stored = padded(map.channels);
  const packed = new Float32Array(map.n * map.height * map.width * stored);
  map.data.forEach((value, index) => {
    packed[Math.floor(index / map.channels) * stored + (index % map.channels)] = value;
  });
  return packed;
}

/** The meaningful channels of a stored map. @throws when the padding is not zero. */
export function unpack(stored: Float32Array, channels: number): Float32Array<ArrayBuffer> {
  const width = padded(channels);
  const values = new Float32Array((stored.length / width) * channels);
  stored.forEach((value, index) => {
    const channel = index % width;
    if (channel < channels) values[Math.floor(index / width) * channels + channel] = value;
    else if (value !== 0) throw new Error(`Padding channel ${channel} holds ${value}.`);
  });
  return values;
}

/** The largest error in units of ε·Σ|terms|; infinite where something is missing or no number. */
export function worstUnit(actual: ArrayLike<number>, { data, terms }: Linear): number {
  if (actual.length !== data.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let index = 0; index < data.length; index += 1) {
    const error = Math.abs(actual[index]! - data[index]!);
    const unit = error === 0 ? 0 : error / (EPSILON * terms[index]!);
    if (!(unit <= worst)) worst = Number.isNaN(unit) ? Number.POSITIVE_INFINITY : unit;
  }
  return worst;
}

/** The largest |actual − expected|; infinite where something is missing or no number. */
export function worstError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let index = 0; index < expected.length; index += 1) {
    const error = Math.abs(actual[index]! - expected[index]!);
    if (!(error <= worst)) worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
  }
  return worst;
}

/** The bits of f32 numbers, for comparisons that tell −0 from 0. */
export const bitsOf = (values: Float32Array<ArrayBuffer>): Uint32Array =>
  new Uint32Array(values.buffer, values.byteOffset, values.length);

/** A graph under construction with the contents of its inputs. */
export class Bench {
  readonly graph: Graph;
  readonly #device: Device;
  readonly #inputs: (readonly [Value, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>])[] = [];

  constructor(device: Device, target: Target = device.target, storage?: Storage, tuned?: Tuned) {
    this.#device = device;
    this.graph = new Graph(target, storage, tuned);
  }

  /** An input with these contents. */
  map(map: Map64, label = "x"): Value {
    const value = this.graph.map(label, map.n, map.height, map.width, map.channels);
    this.give(value, pack(map));
    return value;
  }

  give(value: Value, data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): void {
    if (data.length !== elements(value.shape)) throw new Error(`${data.length} elements for [${value.shape}].`);
    this.#inputs.push([value, data]);
  }

  /** What the graph computes for each of these values, as stored. */
  async run<const V extends readonly Value[]>(
    ...outputs: V
  ): Promise<{ -readonly [K in keyof V]: Float32Array<ArrayBuffer> }> {
    const plan = await Plan.compile(this.#device, this.graph, { keep: outputs });
    try {
      for (const [value, data] of this.#inputs) plan.tensor<"f32">(value).write(data as Float32Array<ArrayBuffer>);
      for (const { value, pack, half } of this.graph.parameters) {
        const packed = pack([]) as Float32Array<ArrayBuffer>;
        if (!half) plan.tensor(value).write(packed);
        else plan.tensor<"u32">(value).write(halves(packed, elements(value.shape)));
      }
      plan.run();
      const read: Float32Array<ArrayBuffer>[] = [];
      for (const value of outputs) read.push(await plan.tensor(value).read());
      return read as { -readonly [K in keyof V]: Float32Array<ArrayBuffer> };
    } finally {
      plan.dispose();
    }
  }
}

/** Numbers as float16, two to a word. */
function halves(numbers: Float32Array, words: number): Uint32Array<ArrayBuffer> {
  const packed = new Uint32Array(words);
  new Uint16Array(packed.buffer).set(encodeFloat16(numbers));
  return packed;
}

const two = (pair: Pair): readonly [number, number] => (typeof pair === "number" ? [pair, pair] : pair);

/** What is applied to a convolution's sum. */
export function activated64(sum: number, activation: Conv64["activation"]): number {
  if (activation === "relu") return Math.max(sum, 0);
  if (activation === "relu6") return Math.min(Math.max(sum, 0), 6);
  return activation === "leaky" && sum < 0 ? 0.2 * sum : sum;
}

export interface Conv64 {
  /** [out][in][k][k] */
  readonly weight: ArrayLike<number>;
  readonly scale: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
  readonly kernel: Pair;
  readonly stride?: Pair;
  readonly dilation?: Pair;
  /**
   * [top, left, bottom, right], or TensorFlow's SAME: ⌈extent / stride⌉ outputs, the odd zero at
   * the bottom or right.
   */
  readonly pad?: Padding | "same";
  /** Each channel by a filter of its own: weight is [c][1][k][k]. */
  readonly depthwise?: boolean;
  /** Groups of channels: weight is [out][in / groups][k][k]. */
  readonly groups?: number;
  readonly residual?: Map64 | undefined;
  readonly activation?: "none" | "leaky" | "relu" | "relu6";
}

/** activation(conv(x) + bias + residual), with zero padding. */
export function conv64(x: Map64, filter: Conv64): Linear {
  const { weight, scale, bias, stride = 1, pad = 0, residual, activation = "none" } = filter;
  const { dilation = 1, depthwise = false, groups = depthwise ? bias.length : 1 } = filter;
  const [kernelHeight, kernelWidth] = two(filter.kernel);
  const [top, left, bottom, right] = typeof pad === "number" ? [pad, pad, pad, pad] : pad === "same" ? [] : pad;
  const axes = (
    [
      [x.height, top, bottom],
      [x.width, left, right],
    ] as const
  ).map(([extent, first, last], axis) => {
    const [step, apart] = [two(stride)[axis]!, two(dilation)[axis]!];
    const reach = (two(filter.kernel)[axis]! - 1) * apart + 1;
    if (first !== undefined) {
      return { step, apart, before: first, out: Math.floor((extent + first + last! - reach) / step) + 1 };
    }
    const out = Math.ceil(extent / step);
    return { step, apart, before: Math.floor(Math.max(0, (out - 1) * step + reach - extent) / 2), out };
  });
  const [down, across] = axes as [(typeof axes)[0], (typeof axes)[0]];
  const [height, width] = [down.out, across.out];
  const [inGroup, outGroup] = [x.channels / groups, bias.length / groups];
  const y = zeros([x.n, height, width, bias.length]);
  for (let i = 0; i < x.n; i += 1) {
    for (let row = 0; row < height; row += 1) {
      for (let column = 0; column < width; column += 1) {
        for (let o = 0; o < bias.length; o += 1) {
          const to = at(y, i, row, column, o);
          let sum = bias[o]!;
          let terms = Math.abs(sum);
          for (let ky = 0; ky < kernelHeight; ky += 1) {
            const p = row * down.step + ky * down.apart - down.before;
            if (p < 0 || p >= x.height) continue;
            for (let kx = 0; kx < kernelWidth; kx += 1) {
              const q = column * across.step + kx * across.apart - across.before;
              if (q < 0 || q >= x.width) continue;
              for (let k = 0; k < inGroup; k += 1) {
                const w = weight[((o * inGroup + k) * kernelHeight + ky) * kernelWidth + kx]! * scale[o]!;
                const term = x.data[at(x, i, p, q, Math.floor(o / outGroup) * inGroup + k)]! * w;
                sum += term;
                terms += Math.abs(term);
              }
            }
          }
          if (residual) {
            sum += residual.data[to]!;
            terms += Math.abs(residual.data[to]!);
          }
          y.data[to] = activated64(sum, activation);
          y.terms[to] = terms;
        }
      }
    }
  }
  return y;
}

export interface ConvTranspose64 extends Pick<Conv64, "scale" | "bias" | "kernel" | "stride" | "dilation" | "groups"> {
  /** [out][in / groups][k][k] */
  readonly weight: ArrayLike<number>;
  readonly pad?: Padding;
  readonly outputPad?: Pair;
  readonly activation?: Conv64["activation"];
}

/**
 * activation(transposed convolution of x + bias): pixel p times tap k falls on p · stride + k ·
 * dilation − pad.
 */
export function convTranspose64(x: Map64, filter: ConvTranspose64): Linear {
  const { weight, scale, bias, kernel, stride = 1, dilation = 1, pad = 0, outputPad = 0, groups = 1 } = filter;
  const [top, left, bottom, right] = typeof pad === "number" ? [pad, pad, pad, pad] : pad;
  const [kernelHeight, kernelWidth] = two(kernel);
  const [[down, across], [downward, sideways]] = [two(stride), two(dilation)];
  const height = (x.height - 1) * down + (kernelHeight - 1) * downward + 1 - top - bottom + two(outputPad)[0];
  const width = (x.width - 1) * across + (kernelWidth - 1) * sideways + 1 - left - right + two(outputPad)[1];
  const y = zeros([x.n, height, width, bias.length]);
  const [inGroup, outGroup] = [x.channels / groups, bias.length / groups];
  each(x, (i, row, column, c, from) => {
    const group = Math.floor(c / inGroup);
    for (let ky = 0; ky < kernelHeight; ky += 1) {
      for (let kx = 0; kx < kernelWidth; kx += 1) {
        const [p, q] = [row * down + ky * downward - top, column * across + kx * sideways - left];
        if (p < 0 || q < 0 || p >= height || q >= width) continue;
        for (let o = group * outGroup; o < (group + 1) * outGroup; o += 1) {
          const w = weight[((o * inGroup + (c % inGroup)) * kernelHeight + ky) * kernelWidth + kx]! * scale[o]!;
          const to = at(y, i, p, q, o);
          y.data[to]! += x.data[from]! * w;
          y.terms[to]! += Math.abs(x.data[from]! * w);
        }
      }
    }
  });
  each(y, (_i, _row, _column, o, to) => {
    y.terms[to]! += Math.abs(bias[o]!);
    y.data[to] = activated64(y.data[to]! + bias[o]!, filter.activation);
  });
  return y;
}

/** Nearest-neighbour upsampling ×2. */
export function double64(x: Map64): Map64 {
  const y = zeros([x.n, 2 * x.height, 2 * x.width, x.channels]);
  each(y, (i, row, column, c, to) => {
    y.data[to] = x.data[at(x, i, row >> 1, column >> 1, c)]!;
  });
  return y;
}

/** Calls `visit` for every element of a map, in the order of memory. */
export function each(
  map: Map64,
  visit: (i: number, row: number, column: number, c: number, index: number) => void,
): void {
  for (let index = 0; index < map.data.length; index += 1) {
    const pixel = Math.floor(index / map.channels);
    const row = Math.floor(pixel / map.width);
    visit(Math.floor(row / map.height), row % map.height, pixel % map.width, index % map.channels, index);
  }
}

/**
 * Bilinear resize with half-pixel centres: target t stands at (t + ½)·source/target − ½, clamped to
 * the map, between the two pixels around it (spec §3.4); at corners, TensorFlow 1's, at
 * t·source/target. The weights are differences of coordinates, whose rounding counts among the
 * terms.
 */
export function resize64(x: Map64, height: number, width: number, sampling: Sampling = "centre"): Linear {
  const y = zeros([x.n, height, width, x.channels]);
  const tapsOf = (t: number, from: number, to: number) => {
    const stands = sampling === "corner" ? (t * from) / to : ((t + 0.5) * from) / to - 0.5;
    const source = Math.min(from - 1, Math.max(0, stands));
    const low = Math.floor(source);
    return [
      { pixel: low, weight: 1 - (source - low), terms: 1 + source },
      { pixel: Math.min(low + 1, from - 1), weight: source - low, terms: 1 + source },
    ];
  };
  const rows = Array.from({ length: height }, (_, row) => tapsOf(row, x.height, height));
  const columns = Array.from({ length: width }, (_, column) => tapsOf(column, x.width, width));
  each(y, (i, row, column, c, to) => {
    for (const down of rows[row]!) {
      for (const across of columns[column]!) {
        const v = x.data[at(x, i, down.pixel, across.pixel, c)]!;
        y.data[to]! += down.weight * across.weight * v;
        y.terms[to]! += Math.abs(v) * (down.weight * across.terms + down.terms * across.weight);
      }
    }
  });
  return y;
}

/**
 * PyTorch's adaptive average pooling to size × size: the mean over [⌊p·h/size⌋, ⌈(p + 1)·h/size⌉).
 */
export function adaptive64(x: Map64, size: number): Linear {
  const y = zeros([x.n, size, size, x.channels]);
  each(y, (i, row, column, c, to) => {
    const top = Math.floor((row * x.height) / size);
    const bottom = Math.ceil(((row + 1) * x.height) / size);
    const left = Math.floor((column * x.width) / size);
    const right = Math.ceil(((column + 1) * x.width) / size);
    const count = (bottom - top) * (right - left);
    for (let py = top; py < bottom; py += 1) {
      for (let px = left; px < right; px += 1) {
        const term = x.data[at(x, i, py, px, c)]! / count;
        y.data[to]! += term;
        y.terms[to]! += Math.abs(term);
      }
    }
  });
  return y;
}

/** Max pooling 3×3, stride 2, padding 1 (padding never wins). */
export function maxpool64(x: Map64): Map64 {
  const y = zeros([x.n, Math.floor((x.height - 1) / 2) + 1, Math.floor((x.width - 1) / 2) + 1, x.channels]);
  each(y, (i, row, column, c, to) => {
    let most = Number.NEGATIVE_INFINITY;
    for (let py = 2 * row - 1; py <= 2 * row + 1; py += 1) {
      for (let px = 2 * column - 1; px <= 2 * column + 1; px += 1) {
        const inside = py >= 0 && px >= 0 && py < x.height && px < x.width;
        if (inside) most = Math.max(most, x.data[at(x, i, py, px, c)]!);
      }
    }
    y.data[to] = most;
  });
  return y;
}

/** x / sqrt(mean over channels of x² + 1e-8). */
export function pixelnorm64(x: Map64): Map64 {
  const y = zeros([x.n, x.height, x.width, x.channels]);
  each(y, (i, row, column, c, to) => {
    let squares = 0;
    for (let k = 0; k < x.channels; k += 1) squares += x.data[at(x, i, row, column, k)]! ** 2;
    y.data[to] = x.data[at(x, i, row, column, c)]! / Math.sqrt(squares / x.channels + 1e-8);
  });
  return y;
}

/** Softmax over channels. */
export function softmax64(x: Map64): Map64 {
  const y = zeros([x.n, x.height, x.width, x.channels]);
  each(y, (i, row, column, c, to) => {
    let most = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < x.channels; k += 1) most = Math.max(most, x.data[at(x, i, row, column, k)]!);
    let sum = 0;
    for (let k = 0; k < x.channels; k += 1) sum += Math.exp(x.data[at(x, i, row, column, k)]! - most);
    y.data[to] = Math.exp(x.data[at(x, i, row, column, c)]! - most) / sum;
  });
  return y;
}

/**
 * Precise RoI pooling of the whole map: the integral of the bilinear interpolant over each bin by
 * the midpoint rule, over the bin's area.
 */
export function prroi64(x: Map64, size: number, points = 4096): Linear {
  const bins = prroiBins64(x.height, size, points);
  const y = zeros([x.n, size, size, x.channels]);
  each(y, (i, p, q, c, to) => {
    for (let row = 0; row < x.height; row += 1) {
      for (let column = 0; column < x.width; column += 1) {
        const term = bins[p * x.height + row]! * bins[q * x.width + column]! * x.data[at(x, i, row, column, c)]!;
        y.data[to]! += term;
        y.terms[to]! += Math.abs(term);
      }
    }
  });
  return y;
}

/**
 * [size][extent]: the mean of the hat function around each pixel over each bin, by the midpoint
 * rule.
 */
export function prroiBins64(extent: number, size: number, points = 4096): Float64Array {
  const bins = new Float64Array(size * extent);
  for (let p = 0; p < size; p += 1) {
    for (let k = 0; k < points; k += 1) {
      const t = ((p + (k + 0.5) / points) * extent) / size;
      for (let i = 0; i < extent; i += 1) bins[p * extent + i]! += Math.max(0, 1 - Math.abs(t - i)) / points;
    }
  }
  return bins;
}

/**
 * The channel of the largest of x [n, h, w, c] at every pixel of its resize: one label map [n, 1,
 * height, width].
 */
export function argmax(graph: Graph, x: Value, height: number, width: number): Value {
  const labels = graph.value(`${x.label}.argmax`, [x.shape[0]!, 1, height, width], "u32");
  const ranges = [{ first: 0, count: x.channels }];
  classify(graph, x, labels, { map: 0, ranges, names: Array.from({ length: x.channels }, (_, index) => index) });
  return labels;
}

/** The sum of the softmaxes over all channels of several maps' resizes. */
export const softmaxes = (graph: Graph, maps: readonly Value[], height: number, width: number): Value =>
  softmaxSum(graph, maps, [{ first: 0, count: maps[0]!.channels }], [height, width]);
