import { WeightsError } from "../../errors.ts";
import { constant, type Filter, type Learned } from "../../kernels/conv/filter.ts";
import { transposedWeight } from "../../kernels/conv/transposed.ts";
import { simplified } from "../../kernels/conv/window.ts";
import { need } from "../recording.ts";
import type { State } from "../state.ts";

// Tests: test/networks/operations/convolutions.test.ts

/** PyTorch's BatchNorm2d default. */
const EPSILON = 1e-5;

/**
 * A batch norm's running statistics: PyTorch's `name.weight`, `.bias`, `.running_mean` and
 * `.running_var`, or the names of each. Without weight or bias it has none.
 */
export interface Norm {
  readonly name?: string;
  readonly weight?: string;
  readonly bias?: string;
  readonly mean?: string;
  readonly variance?: string;
  readonly eps?: number;
}

/** The tensors that a step names for a filter. */
export interface FilterNames {
  readonly weight: string;
  readonly bias?: string | null;
  readonly norm?: Norm;
}

/** What a batch norm multiplies by and adds. */
export function normOf(
  state: State,
  { name, weight, bias, mean, variance, eps = EPSILON }: Norm,
  channels: number,
): { readonly label: string; readonly scale: Learned; readonly shift: Learned } {
  const own = (given: string | undefined, suffix: string): string | undefined =>
    given ?? (name !== undefined && state.has(`${name}.${suffix}`) ? `${name}.${suffix}` : undefined);
  const names = {
    mean: mean ?? `${name}.running_mean`,
    variance: variance ?? `${name}.running_var`,
    weight: own(weight, "weight"),
    bias: own(bias, "bias"),
  };
  for (const tensor of Object.values(names)) if (tensor !== undefined) need(state, tensor, [channels]);
  const present = (...wanted: readonly (string | undefined)[]) => wanted.filter((tensor) => tensor !== undefined);
  /** The numbers of each by its place among the sources. */
  const factor = (variance: Float32Array, gamma: Float32Array | undefined, c: number): number =>
    (gamma?.[c] ?? 1) / Math.sqrt(variance[c]! + eps);
  return {
    label: `${names.mean} ${names.variance} ${names.weight ?? ""} ${names.bias ?? ""} ${eps}`,
    scale: {
      sources: present(names.variance, names.weight),
      of: ([spread, gamma]) => Float64Array.from(spread!, (_, c) => factor(spread!, gamma, c)),
    },
    shift: {
      sources: present(names.mean, names.variance, names.weight, names.bias),
      of: (sources) => {
        const [centre, spread, ...rest] = sources as readonly [Float32Array, Float32Array, ...Float32Array[]];
        const gamma = names.weight === undefined ? undefined : rest[0];
        const beta = names.bias === undefined ? undefined : rest.at(-1);
        return Float64Array.from(centre, (m, c) => (beta?.[c] ?? 0) - m * factor(spread, gamma, c));
      },
    },
  };
}

export interface FilterKind {
  /** Channels of the map that is filtered. */
  readonly inChannels: number;
  readonly groups: number;
  /**
   * "matrix" is [out][in], "table" [in][out], "filter" [out][in / groups][height][width],
   * "transposed" [in][out / groups][height][width].
   */
  readonly layout: "matrix" | "table" | "filter" | "transposed";
}

/**
 * A filter of the tensors that a step names, a batch norm behind it folded in.
 * @throws WeightsError when one is missing or of another shape.
 */
export function namedFilter(
  state: State,
  { weight, bias, norm }: FilterNames,
  { inChannels, groups, layout }: FilterKind,
): Filter {
  const { outChannels, kernel } = extentsOf(state, weight, { inChannels, groups, layout });
  const turned = layout === "table" || layout === "transposed";
  if (bias) need(state, bias, [outChannels]);
  const extents = { inChannels, outChannels, kernel: simplified(kernel) };
  const weights: Learned = {
    sources: [weight],
    of: ([numbers]) => (turned ? transposedWeight(numbers!, extents, groups) : numbers!),
  };
  const label = bias ? `${weight} ${bias}` : weight;
  const plain: Learned = bias ? { sources: [bias], of: ([b]) => b! } : constant(0, outChannels);
  if (!norm) return { label, ...extents, weight: weights, scale: constant(1, outChannels), bias: plain };
  const { label: normed, scale, shift } = normOf(state, norm, outChannels);
  const [first, second] = [scale.sources.length, scale.sources.length + shift.sources.length];
  return {
    label: `${label} ${normed}`,
    ...extents,
    weight: weights,
    scale,
    bias: {
      sources: [...scale.sources, ...shift.sources, ...plain.sources],
      of: (sources) => {
        const factors = scale.of(sources.slice(0, first));
        const addends = shift.of(sources.slice(first, second));
        const own = plain.of(sources.slice(second));
        return Float64Array.from(addends, (addend, c) => addend + own[c]! * factors[c]!);
      },
    },
  };
}

/** Channels that a weight leads to, and its taps. */
function extentsOf(state: State, weight: string, { inChannels, groups, layout }: FilterKind) {
  const found = state.get(weight)?.shape;
  const flat = layout === "matrix" || layout === "table";
  if (found && found.length !== (flat ? 2 : 4)) {
    throw new WeightsError(
      "weights-shape",
      `"${weight}" is [${found}] and no ${flat ? "matrix" : "filter"}.`,
      "Check that the file belongs to this network.",
    );
  }
  const turned = layout === "table" || layout === "transposed";
  const channels = turned ? [inChannels, undefined] : [undefined, inChannels / groups];
  const expected = flat ? channels : [...channels, undefined, undefined];
  const [first = 1, second = 1, height = 1, width = 1] = need(state, weight, expected);
  return { outChannels: turned ? second * groups : first, kernel: [height, width] as const };
}
