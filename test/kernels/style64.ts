// StyleGAN's operations in double precision, from their definitions.
import type { Demodulation } from "../../src/kernels/conv/demodulate.ts";
import type { Pair } from "../../src/kernels/conv/window.ts";
import { type Graph, padded, type Value } from "../../src/runtime/graph.ts";
import { at, type Extents, each, type Linear, type Map64, noise, noiseMap, zeros } from "./reference.ts";

/**
 * x with zeros between its pixels and around, correlated with [taps][taps], and of that every so
 * many. `taps` are said where they are not as many down as across.
 */
export function fir64(
  x: Map64,
  kernel: ArrayLike<number>,
  [height, width]: readonly [number, number],
  { up, down, before }: { readonly up: Pair; readonly down: Pair; readonly before: Pair },
  taps: Pair = Math.sqrt(kernel.length),
): Linear {
  const two = (pair: Pair): readonly [number, number] => (typeof pair === "number" ? [pair, pair] : pair);
  const [[tapsDown, tapsAcross], [stepDown, stepAcross], [top, left]] = [two(taps), two(down), two(before)];
  const y = zeros([x.n, height, width, x.channels]);
  const terms = "terms" in x ? (x as Linear).terms : x.data.map(Math.abs);
  const pixel = (at: number, up: number, extent: number): number =>
    at >= 0 && at % up === 0 && at / up < extent ? at / up : -1;
  each(y, (i, row, column, c, to) => {
    for (let ky = 0; ky < tapsDown; ky += 1) {
      const from = pixel(row * stepDown + ky - top, two(up)[0], x.height);
      for (let kx = 0; from >= 0 && kx < tapsAcross; kx += 1) {
        const across = pixel(column * stepAcross + kx - left, two(up)[1], x.width);
        if (across < 0) continue;
        const index = at(x, i, from, across, c);
        y.data[to]! += kernel[ky * tapsAcross + kx]! * x.data[index]!;
        y.terms[to]! += Math.abs(kernel[ky * tapsAcross + kx]!) * terms[index]!;
      }
    }
  });
  return y;
}

/** The transposed convolution of stride 2: weight [out][in][3][3]. */
export function transposed64(x: Map64, weight: ArrayLike<number>, scale: ArrayLike<number>): Linear {
  const y = zeros([x.n, 2 * x.height + 1, 2 * x.width + 1, scale.length]);
  each(x, (i, row, column, c, from) => {
    for (let o = 0; o < scale.length; o += 1) {
      for (let tap = 0; tap < 9; tap += 1) {
        const to = at(y, i, 2 * row + Math.floor(tap / 3), 2 * column + (tap % 3), o);
        const term = x.data[from]! * weight[(o * x.channels + c) * 9 + tap]! * scale[o]!;
        y.data[to]! += term;
        y.terms[to]! += Math.abs(term);
      }
    }
  });
  return y;
}

/** What a demodulation is made of: noise and strength come together. */
export interface Numbers64 {
  /** [n][c] */
  readonly d?: Map64 | undefined;
  readonly bias: Float32Array;
  readonly noise?: Float32Array | undefined;
  readonly strength?: Float32Array | undefined;
  readonly leaky: boolean;
  readonly bound?: number | undefined;
}

/** Random ones for a result of these extents; factors d are from 0.5 to 2. */
export function numbersOf(
  [n, height, width, channels]: Extents,
  {
    d = true,
    noisy = true,
    leaky = true,
    bound,
  }: { readonly d?: boolean; readonly noisy?: boolean; readonly leaky?: boolean; readonly bound?: number },
): Numbers64 {
  const factors = noiseMap(31, [n, 1, 1, channels]);
  return {
    d: d ? { ...factors, data: factors.data.map((v) => Math.fround(1.25 + 0.75 * v)) } : undefined,
    bias: noise(32, channels),
    noise: noisy ? noise(33, height * width) : undefined,
    strength: noisy ? noise(34, channels) : undefined,
    leaky,
    bound,
  };
}

/** clamp(leaky(x d + bias + noise strength)) */
export function demodulate64(x: Linear, { d, bias, noise: map, strength, leaky, bound }: Numbers64): Linear {
  const y = zeros([x.n, x.height, x.width, x.channels]);
  each(y, (i, row, column, c, index) => {
    const factor = d ? d.data[i * x.channels + c]! : 1;
    const added = map ? map[row * x.width + column]! * strength![c]! : 0;
    let v = x.data[index]! * factor + bias[c]! + added;
    if (leaky && v < 0) v *= 0.2;
    if (bound !== undefined) v = Math.min(bound, Math.max(-bound, v));
    y.data[index] = v;
    y.terms[index] = x.terms[index]! * Math.abs(factor) + Math.abs(bias[c]!) + Math.abs(added);
  });
  return y;
}

/** They as a graph's values; d is given beside them. */
export function given(graph: Graph, { bias, noise: map, strength, leaky, bound }: Numbers64, d?: Value): Demodulation {
  const vector = (label: string, data: Float32Array, length = padded(data.length)) =>
    graph.parameter(label, [length], [], () => {
      const stored = new Float32Array(length);
      stored.set(data);
      return stored;
    });
  return {
    d,
    bias: vector("bias", bias),
    noise: map && { map: vector("noise", map, map.length), strength: vector("strength", strength!) },
    leaky,
    bound,
  };
}

/**
 * (x − mean) / √(variance + ε); a rounded mean, or x, moves a result by its share of the deviation.
 */
export function instancenorm64(x: Map64, epsilon: number): Linear {
  const y = zeros([x.n, x.height, x.width, x.channels]);
  const pixels = x.height * x.width;
  for (let i = 0; i < x.n; i += 1) {
    for (let c = 0; c < x.channels; c += 1) {
      const places = Array.from({ length: pixels }, (_, p) => (i * pixels + p) * x.channels + c);
      const mean = places.reduce((sum, place) => sum + x.data[place]!, 0) / pixels;
      const variance = places.reduce((sum, place) => sum + (x.data[place]! - mean) ** 2, 0) / pixels;
      const size = places.reduce((sum, place) => sum + Math.abs(x.data[place]!), 0) / pixels;
      for (const place of places) {
        y.data[place] = (x.data[place]! - mean) / Math.sqrt(variance + epsilon);
        y.terms[place] = (Math.abs(x.data[place]!) + size) / Math.sqrt(variance + epsilon);
      }
    }
  }
  return y;
}
