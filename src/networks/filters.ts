// Tests: test/networks/network.test.ts, test/networks/segmenters/recognise.test.ts

import { WeightsError } from "../errors.ts";
import { constant, type Filter, type Learned } from "../kernels/conv/filter.ts";
import { both, type Pair, simplified } from "../kernels/conv/window.ts";
import { type Graph, padded, type Value } from "../runtime/graph.ts";
import { type Expected, need } from "./recording.ts";
import type { State } from "./state.ts";

/** PyTorch's BatchNorm2d default. */
const EPSILON = 1e-5;

/** What a network knows of a filter that its file must hold; the rest is as the file says. */
export interface FilterShape {
  /** Channels that a filter sees: those of its input, or of one group. */
  readonly into?: number;
  /** Groups of channels, which the file does not tell; 1 unless given. */
  readonly groups?: number;
  /** Taps of the kernel, down and across. */
  readonly kernel?: Pair;
  /** Whether a bias must be there. */
  readonly bias?: boolean;
  /** What is added to the norm's variance; 1e-5, PyTorch's default, unless given. */
  readonly epsilon?: number;
}

/**
 * A convolution's filter by the names PyTorch gives it: `key.weight` [out][in][height][width] and
 * `key.bias` where it is there; with `norm` the batch norm that follows, folded into both.
 * @throws WeightsError when a tensor is missing or of another shape.
 */
export function filterOf(
  state: State,
  key: string,
  norm?: string,
  { into, groups = 1, kernel: taps, bias, epsilon = EPSILON }: FilterShape = {},
): Filter {
  const found = checkWeight(state, key, taps);
  const width = found ? undefined : widthBeside(state, key, norm);
  const edges = taps === undefined ? [undefined, undefined] : both(taps);
  const [outChannels = 0, inGroup = 0, ...kernel] = need(state, `${key}.weight`, [width, into, ...edges]);
  return {
    label: key,
    inChannels: inGroup * groups,
    outChannels,
    kernel: simplified(kernel as [number, number]),
    weight: { sources: [`${key}.weight`], of: ([w]) => w! },
    ...scaleAndBias(state, key, norm, outChannels, bias, epsilon),
  };
}

/** Of a weight that is missing its norm or bias tells the width, if one is there. */
export const widthBeside = (state: State, key: string, norm: string | undefined): number | undefined =>
  state.get(norm ? `${norm}.weight` : `${key}.bias`)?.shape[0];

/**
 * The shape of a filter's weight, if it is there.
 * @throws WeightsError when nothing tells the filter's taps.
 */
export function checkWeight(state: State, key: string, taps?: Pair): readonly number[] | undefined {
  const found = state.get(`${key}.weight`)?.shape;
  if (taps !== undefined || found?.length === 4) return found;
  throw new WeightsError(
    "weights-shape",
    `"${key}.weight" ${found ? `is [${found}] and no filter` : "is missing"}.`,
    "Check that the file belongs to this kind of network.",
  );
}

/** What a filter's sums are multiplied by, and what is added, with the batch norm that follows. */
export function scaleAndBias(
  state: State,
  key: string,
  norm: string | undefined,
  outChannels: number,
  must = false,
  epsilon = EPSILON,
): Pick<Filter, "scale" | "bias"> {
  const beside = norm ? ["weight", "bias", "running_mean", "running_var"].map((name) => `${norm}.${name}`) : [];
  const biased = must || state.has(`${key}.bias`);
  for (const name of [...beside, ...(biased ? [`${key}.bias`] : [])]) need(state, name, [outChannels]);
  if (!norm) {
    const bias = biased
      ? { sources: [`${key}.bias`], of: ([b]: readonly Float32Array[]) => b! }
      : constant(0, outChannels);
    return { scale: constant(1, outChannels), bias };
  }
  return {
    scale: {
      sources: [`${norm}.weight`, `${norm}.running_var`],
      of: ([gamma, variance]) => Float64Array.from(gamma!, (g, o) => g / Math.sqrt(variance![o]! + epsilon)),
    },
    bias: {
      sources: [...beside, ...(biased ? [`${key}.bias`] : [])],
      of: ([gamma, beta, mean, variance, own]) =>
        Float64Array.from(
          beta!,
          (b, o) => b + (((own?.[o] ?? 0) - mean![o]!) * gamma![o]!) / Math.sqrt(variance![o]! + epsilon),
        ),
    },
  };
}

/**
 * One tensor's numbers as they are in the file.
 * @param shape What the network expects; `undefined` where the file decides.
 * @throws WeightsError when it is missing or of another shape.
 */
export function learned(state: State, key: string, shape: Expected): Learned {
  need(state, key, shape);
  return { sources: [key], of: ([numbers]) => numbers! };
}

/** A vector of a network on the device, its numbers padded with zeros to whole vec4s. */
export const vectorOf = (graph: Graph, label: string, { sources, of }: Learned, length: number): Value =>
  graph.parameter(label, [padded(length)], sources, (found) => {
    const values = new Float32Array(padded(length));
    values.set(of(found));
    return values;
  });
