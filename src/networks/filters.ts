// Tests: test/networks/network.test.ts, test/networks/segmenters/recognise.test.ts

import { WeightsError } from "../errors.ts";
import { constant, type Filter, type Learned } from "../kernels/conv/filter.ts";
import { type Graph, padded, type Value } from "../runtime/graph.ts";
import { type Expected, need } from "./recording.ts";
import type { State } from "./state.ts";

/** PyTorch's BatchNorm2d default. */
const EPSILON = 1e-5;

/** What a network knows of a filter that its file must hold; the rest is as the file says. */
export interface FilterShape {
  /** Channels that a filter sees: those of its input, 1 for a depthwise one. */
  readonly into?: number;
  /** Edge of the square kernel. */
  readonly kernel?: number;
  /** Whether a bias must be there. */
  readonly bias?: boolean;
}

/**
 * A convolution's filter by the names PyTorch gives it: `key.weight` [out][in][k][k] and `key.bias`
 * where it is there; with `norm` the batch norm that follows, folded into both.
 * @throws WeightsError when a tensor is missing or of another shape, or the filter is not square.
 */
export function filterOf(
  state: State,
  key: string,
  norm?: string,
  { into, kernel: edge, bias: must }: FilterShape = {},
): Filter {
  const found = state.get(`${key}.weight`)?.shape;
  if (edge === undefined && (found?.length !== 4 || found[2] !== found[3])) {
    throw new WeightsError(
      "weights-shape",
      `"${key}.weight" ${found ? `is [${found}] and no square filter` : "is missing"}.`,
      "Check that the file belongs to this kind of network.",
    );
  }
  // Of a weight that is missing its norm or bias tells the width.
  const width = found ? undefined : state.get(norm ? `${norm}.weight` : `${key}.bias`)?.shape[0];
  const shape = need(state, `${key}.weight`, [width, into, edge, edge]);
  const [outChannels = 0, inChannels = 0, kernel = 1] = shape;
  const beside = norm ? ["weight", "bias", "running_mean", "running_var"].map((name) => `${norm}.${name}`) : [];
  const biased = must || state.has(`${key}.bias`);
  for (const name of [...beside, ...(biased ? [`${key}.bias`] : [])]) need(state, name, [outChannels]);
  const weight = { sources: [`${key}.weight`], of: ([w]: readonly Float32Array[]) => w! };
  const common = { label: key, inChannels, outChannels, kernel, weight };
  if (!norm) {
    const bias = biased
      ? { sources: [`${key}.bias`], of: ([b]: readonly Float32Array[]) => b! }
      : constant(0, outChannels);
    return { ...common, scale: constant(1, outChannels), bias };
  }
  return {
    ...common,
    scale: {
      sources: [`${norm}.weight`, `${norm}.running_var`],
      of: ([gamma, variance]) => Float64Array.from(gamma!, (g, o) => g / Math.sqrt(variance![o]! + EPSILON)),
    },
    bias: {
      sources: [...beside, ...(biased ? [`${key}.bias`] : [])],
      of: ([gamma, beta, mean, variance, own]) =>
        Float64Array.from(
          beta!,
          (b, o) => b + (((own?.[o] ?? 0) - mean![o]!) * gamma![o]!) / Math.sqrt(variance![o]! + EPSILON),
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
