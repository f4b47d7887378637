import { WeightsError } from "../errors.ts";
import { constant, type Filter } from "../kernels/filter.ts";
import type { State } from "./state.ts";

/** PyTorch's BatchNorm2d default. */
const EPSILON = 1e-5;

/**
 * A convolution's filter by the names PyTorch gives it: `key.weight` [out][in][k][k] and `key.bias` where it is there; with
 * `norm` the batch norm that follows, folded into both.
 * @throws WeightsError when the weight is missing or is no square filter.
 */
export function filterOf(state: State, key: string, norm?: string): Filter {
  const shape = state.get(`${key}.weight`)?.shape;
  if (shape?.length !== 4 || shape[2] !== shape[3]) {
    throw new WeightsError(
      "weights-shape",
      `"${key}.weight" ${shape ? `is [${shape}] and no square filter` : "is missing"}.`,
      "Check that the file belongs to this kind of network.",
    );
  }
  const [outChannels = 0, inChannels = 0, kernel = 1] = shape;
  const beside = norm ? ["weight", "bias", "running_mean", "running_var"].map((name) => `${norm}.${name}`) : [];
  for (const name of [...beside, ...(state.has(`${key}.bias`) ? [`${key}.bias`] : [])]) {
    const found = state.get(name)?.shape;
    if (found?.length === 1 && found[0] === outChannels) continue;
    throw new WeightsError(
      "weights-shape",
      `"${name}" ${found ? `is [${found}], not [${outChannels}]` : "is missing"}.`,
      "Check that the file belongs to this kind of network and is complete.",
    );
  }
  const weight = { sources: [`${key}.weight`], of: ([w]: readonly Float32Array[]) => w! };
  const biased = state.has(`${key}.bias`);
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

/** What a network's tensors must be, as its description is walked: every key with its shape. */
export class Expected {
  readonly shapes = new Map<string, readonly number[]>();
  readonly #state: State;

  constructor(state: State) {
    this.#state = state;
  }

  /** A batch norm's four tensors. */
  norm(key: string, channels: number): void {
    for (const name of ["weight", "bias", "running_mean", "running_var"]) this.shapes.set(`${key}.${name}`, [channels]);
  }

  /** A convolution [out][into / groups][kernel][kernel] as wide as the file says, and its norm; returns how wide. */
  conv(key: string, into: number, kernel: number, norm?: string): number {
    const channels = this.#state.get(`${key}.weight`)?.shape[0] ?? 0;
    this.shapes.set(`${key}.weight`, [channels, into, kernel, kernel]);
    if (norm) this.norm(norm, channels);
    return channels;
  }

  /** A convolution with a bias. */
  biased(key: string, into: number, kernel: number): number {
    const channels = this.conv(key, into, kernel);
    this.shapes.set(`${key}.bias`, [channels]);
    return channels;
  }
}
