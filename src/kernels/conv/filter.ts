import { type Graph, padded, type Sources, type Value } from "../../runtime/graph.ts";
import { area, type Pair } from "./window.ts";

// Tests: test/kernels/conv/conv.test.ts, test/kernels/conv/float16.test.ts,
// test/kernels/conv/transposed.test.ts

/** Numbers computed from checkpoint tensors. */
export interface Learned {
  /** Names of the checkpoint tensors that it needs. */
  readonly sources: readonly string[];
  /** The numbers, of those tensors in the order of `sources`. */
  readonly of: (sources: Sources) => ArrayLike<number>;
}

/** `[channels]`, all of them `factor`: 1 for weights that nothing scales. */
export const constant = (factor: number, channels: number): Learned => ({
  sources: [],
  of: () => new Float64Array(channels).fill(factor),
});

/** A convolution's learned part. */
export interface Filter {
  /** Its name in the graph: the same label stands for the same numbers everywhere. */
  readonly label: string;
  /** Channels of what it is applied to, without padding. */
  readonly inChannels: number;
  /** Channels of its result, without padding. */
  readonly outChannels: number;
  /** Taps down and across. */
  readonly kernel: Pair;
  /** [out][in][height][width]; in groups, [out][in / groups][height][width] */
  readonly weight: Learned;
  /**
   * `[out]`: multiplies the weight; an equalised learning rate's constant or a folded batch norm.
   */
  readonly scale: Learned;
  /** [out] */
  readonly bias: Learned;
}

/** A filter's bias [out], padded to whole vec4s. */
export const biasOf = (graph: Graph, { label, outChannels, bias }: Filter): Value =>
  graph.parameter(`${label}.bias`, [padded(outChannels)], bias.sources, (sources) => {
    const values = new Float32Array(padded(outChannels));
    values.set(bias.of(sources));
    return values;
  });

/** The filter's weights as `pack` lays them out, scaled. */
export const packed =
  (filter: Filter, pack: (weight: ArrayLike<number>, scale: ArrayLike<number>, extents: Extents) => Float32Array) =>
  (sources: Sources): Float32Array => {
    const split = filter.weight.sources.length;
    return pack(filter.weight.of(sources.slice(0, split)), filter.scale.of(sources.slice(split)), filter);
  };

type Extents = Pick<Filter, "inChannels" | "outChannels" | "kernel">;

/** [out][in][k][k] → [tap][in][out], channels padded with zeros. */
export function packTaps(
  weight: ArrayLike<number>,
  scale: ArrayLike<number>,
  { inChannels, outChannels, kernel }: Extents,
): Float32Array {
  const taps = area(kernel);
  const rows = padded(inChannels);
  const columns = padded(outChannels);
  const packed = new Float32Array(taps * rows * columns);
  for (let o = 0; o < outChannels; o += 1) {
    const factor = scale[o]!;
    for (let i = 0; i < inChannels; i += 1) {
      const from = (o * inChannels + i) * taps;
      for (let t = 0; t < taps; t += 1) packed[(t * rows + i) * columns + o] = weight[from + t]! * factor;
    }
  }
  return packed;
}

/** [channel][1][k][k] → [tap][channel], channels padded with zeros. */
export function packChannels(
  weight: ArrayLike<number>,
  scale: ArrayLike<number>,
  { outChannels, kernel }: Extents,
): Float32Array {
  const taps = area(kernel);
  const columns = padded(outChannels);
  const packed = new Float32Array(taps * columns);
  for (let c = 0; c < outChannels; c += 1) {
    for (let t = 0; t < taps; t += 1) packed[t * columns + c] = weight[c * taps + t]! * scale[c]!;
  }
  return packed;
}

/**
 * Which of a 3-tap kernel's rows (or columns) fall on the same input pixel: [output parity][tap of
 * the 2-tap kernel].
 */
const MERGED = [
  [[0], [1, 2]],
  [[0, 1], [2]],
] as const;

/**
 * Nearest ×2 upsampling makes neighbouring taps read the same input pixel, so each output parity
 * sees a 2×2 kernel of summed taps: even rows add taps {0} and {1,2}, odd rows {0,1} and {2}
 * (tkarras/progressive_growing_of_gans does the same as a transposed convolution). 4 instead of 9
 * multiply-adds per output.
 */
export function packPhases(
  weight: ArrayLike<number>,
  scale: ArrayLike<number>,
  { inChannels, outChannels }: Extents,
): Float32Array {
  const rows = padded(inChannels);
  const columns = padded(outChannels);
  const packed = new Float32Array(16 * rows * columns);
  for (let phase = 0; phase < 4; phase += 1) {
    for (let tap = 0; tap < 4; tap += 1) {
      const ys = MERGED[phase >> 1]![tap >> 1]!;
      const xs = MERGED[phase & 1]![tap & 1]!;
      for (let o = 0; o < outChannels; o += 1) {
        for (let i = 0; i < inChannels; i += 1) {
          let sum = 0;
          for (const ky of ys) for (const kx of xs) sum += weight[((o * inChannels + i) * 3 + ky) * 3 + kx]!;
          packed[((phase * 4 + tap) * rows + i) * columns + o] = sum * scale[o]!;
        }
      }
    }
  }
  return packed;
}

/** [out][in][k][k] → [in][tap][out]: all taps of an input channel side by side. */
export function packColumns(
  weight: ArrayLike<number>,
  scale: ArrayLike<number>,
  { inChannels, outChannels, kernel }: Extents,
): Float32Array {
  const taps = area(kernel);
  const columns = padded(outChannels);
  const packed = new Float32Array(padded(inChannels) * taps * columns);
  for (let o = 0; o < outChannels; o += 1) {
    for (let i = 0; i < inChannels; i += 1) {
      for (let t = 0; t < taps; t += 1) {
        packed[(i * taps + t) * columns + o] = weight[(o * inChannels + i) * taps + t]! * scale[o]!;
      }
    }
  }
  return packed;
}

/**
 * G of F(2×2, 3×3) and F(4×4, 3×3): U = G g Gᵀ (Lavin & Gray, CVPR 2016, §4.1); the larger with
 * ncnn's points 0, ±√½, ±√2, ∞.
 */
const G = {
  2: [
    [1, 0, 0],
    [0.5, 0.5, 0.5],
    [0.5, -0.5, 0.5],
    [0, 0, 1],
  ],
  4: [
    [1, 0, 0],
    [-2 / 3, -Math.SQRT2 / 3, -1 / 3],
    [-2 / 3, Math.SQRT2 / 3, -1 / 3],
    [1 / 6, Math.SQRT2 / 6, 1 / 3],
    [1 / 6, -Math.SQRT2 / 6, 1 / 3],
    [0, 0, 1],
  ],
} as const;

/**
 * [out][in][3][3] → [(outputs + 2)²][in][out], transformed for Winograd's F(outputs×outputs, 3×3)
 * in double precision.
 */
export const packWinograd =
  (outputs: 2 | 4) =>
  (weight: ArrayLike<number>, scale: ArrayLike<number>, { inChannels, outChannels }: Extents): Float32Array => {
    const size = outputs + 2;
    const rows = padded(inChannels);
    const columns = padded(outChannels);
    const packed = new Float32Array(size * size * rows * columns);
    const plane = rows * columns;
    // Flat, and by plain loops: a network's filters are millions of products, which iterators make
    // ten times as slow.
    const g = Float64Array.from(G[outputs].flat());
    const half = new Float64Array(3 * size); // G g
    for (let i = 0; i < inChannels; i += 1) {
      for (let o = 0; o < outChannels; o += 1) {
        const factor = scale[o]!;
        const from = (o * inChannels + i) * 9;
        for (let r = 0; r < 3 * size; r += 3) {
          for (let k = from; k < from + 3; k += 1) {
            half[r + k - from] = g[r]! * weight[k]! + g[r + 1]! * weight[k + 3]! + g[r + 2]! * weight[k + 6]!;
          }
        }
        let at = i * columns + o;
        for (let r = 0; r < 3 * size; r += 3) {
          for (let s = 0; s < 3 * size; s += 3) {
            const u = g[s]! * half[r]! + g[s + 1]! * half[r + 1]! + g[s + 2]! * half[r + 2]!;
            packed[at] = u * factor;
            at += plane;
          }
        }
      }
    }
    return packed;
  };
