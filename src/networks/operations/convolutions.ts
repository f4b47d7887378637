import { ShapeError } from "../../errors.ts";
import { ACTIVATIONS, type Activation } from "../../kernels/conv/activation.ts";
import { conv } from "../../kernels/conv/conv.ts";
import { depthwise } from "../../kernels/conv/depthwise.ts";
import type { Filter } from "../../kernels/conv/filter.ts";
import { grouped } from "../../kernels/conv/grouped.ts";
import { convTranspose } from "../../kernels/conv/transposed.ts";
import { extentsOf, reshape, stack } from "../../kernels/maps/layout.ts";
import { scale } from "../../kernels/maps/scale.ts";
import { upsample as doubled } from "../../kernels/maps/separable.ts";
import type { Graph, Value } from "../../runtime/graph.ts";
import { filterOf } from "../filters.ts";
import type { State } from "../state.ts";
import {
  COUNT,
  type Field,
  NUMBER,
  oneOf,
  operation,
  optional,
  POSITIVE,
  PREFIX,
  RESULT,
  TENSOR,
  YES,
} from "./field.ts";
import { type FilterNames, type Norm, namedFilter, normOf } from "./filter.ts";

export const ACTIVATION = oneOf<Activation>(ACTIVATIONS);

type Pads = number | "same" | readonly [number, number, number, number];
const list = (value: unknown, count: number, least: number): boolean =>
  Array.isArray(value) && value.length === count && value.every((entry) => Number.isInteger(entry) && entry >= least);
/** One number for rows and columns, or one for each. */
const pair = (field: Field<number>, least: number): Field<number | readonly [number, number]> => ({
  described: `${field.described}, or [down, across]`,
  holds: (value): value is number | readonly [number, number] => field.holds(value) || list(value, 2, least),
});
export const STEPS = pair(POSITIVE, 1);
const PADDING: Field<Pads> = {
  described: `${COUNT.described}, [top, left, bottom, right], or same`,
  holds: (value): value is Pads => value === "same" || COUNT.holds(value) || list(value, 4, 0),
};
export const CUTS: Field<Exclude<Pads, "same">> = {
  described: `${COUNT.described}, or [top, left, bottom, right]`,
  holds: (value): value is Exclude<Pads, "same"> => COUNT.holds(value) || list(value, 4, -65536),
};
/** A tensor's name, or null for none. */
const BIAS: Field<string | null> = {
  described: `${TENSOR.described}, or null`,
  holds: (value): value is string | null => value === null || TENSOR.holds(value),
};

const NORM_FIELDS = {
  name: optional(PREFIX),
  mean: optional(TENSOR),
  variance: optional(TENSOR),
  weight: optional(TENSOR),
  bias: optional(TENSOR),
  eps: optional(NUMBER),
};
const isNorm = (value: unknown): value is Norm =>
  typeof value === "object" &&
  value !== null &&
  Object.entries(value).every(
    ([name, entry]) => Object.hasOwn(NORM_FIELDS, name) && NORM_FIELDS[name as keyof typeof NORM_FIELDS].holds(entry),
  ) &&
  whole(value);
const NORM: Field<Norm> = { described: "the fields of a batchNorm", holds: isNorm };

/** Whether a batch norm says where its statistics are. */
const whole = ({ name, mean, variance }: Norm): boolean =>
  name !== undefined || (mean !== undefined && variance !== undefined);

/** The filter of a step of its one of `filter` and `weight`. */
function filterFor(
  state: State,
  to: string,
  { filter, weight, bias, norm }: Partial<FilterNames> & { readonly filter?: string },
  groups: number,
  inChannels: number,
): Filter {
  if ((filter === undefined) === (weight === undefined)) {
    throw new ShapeError(
      `"${to}" has ${filter === undefined ? "no" : "two"} weights.`,
      "Give it a filter or a weight.",
    );
  }
  if (filter !== undefined && !norm) return filterOf(state, filter, undefined, { groups });
  const own = filter !== undefined && state.has(`${filter}.bias`) ? `${filter}.bias` : (bias ?? null);
  const names = { weight: weight ?? `${filter}.weight`, bias: own, ...(norm && { norm }) };
  return namedFilter(state, names, { inChannels, groups, layout: "filter" });
}

/** x, or what it is upsampled to where the convolution cannot do that itself. */
function upsampled(graph: Graph, x: Value, { kernel }: Filter, plain: boolean) {
  return plain && kernel === 3 ? { x, upsample: true } : { x: doubled(graph, x), upsample: false };
}

/** What multiplies by weights. */
export const CONVOLUTIONS = {
  /**
   * `weight` is [out][in / groups][height][width]; `filter` names it as PyTorch does, with its
   * bias. `norm` is a batch norm behind it, `add` is added before the activation; with `upsample`
   * each pixel becomes 2×2 first.
   */
  conv: operation(
    {
      x: RESULT,
      filter: optional(PREFIX),
      weight: optional(TENSOR),
      bias: optional(BIAS),
      norm: optional(NORM),
      stride: optional(STEPS),
      dilation: optional(STEPS),
      pad: optional(PADDING),
      groups: optional(POSITIVE),
      upsample: optional(YES),
      activation: optional(ACTIVATION),
      add: optional(RESULT),
    },
    (step, { graph, state, of }) => {
      const { x, to, stride = 1, dilation = 1, pad = 0, groups = 1, activation = "none", add } = step;
      const filter = filterFor(state, to, step, groups, of(x).channels);
      const window = { stride, dilation, pad, activation, ...(add === undefined ? {} : { residual: of(add) }) };
      if (groups > 1) {
        const map = step.upsample ? doubled(graph, of(x)) : of(x);
        return grouped(graph, map, filter, { ...window, groups });
      }
      if (!step.upsample) return conv(graph, of(x), filter, window);
      const { x: map, upsample } = upsampled(graph, of(x), filter, stride === 1 && dilation === 1 && pad === 1);
      return conv(graph, map, filter, { ...window, upsample });
    },
  ),
  /** `weight` is [in][out / groups][height][width]; `pad` is cut off the result. */
  convTranspose: operation(
    {
      x: RESULT,
      weight: TENSOR,
      bias: optional(BIAS),
      norm: optional(NORM),
      stride: optional(STEPS),
      dilation: optional(STEPS),
      pad: optional(CUTS),
      groups: optional(POSITIVE),
      outputPad: optional(pair(COUNT, 0)),
      activation: optional(ACTIVATION),
    },
    (step, { graph, state, of }) => {
      const { x, stride = 1, dilation = 1, pad = 0, groups = 1, outputPad = 0, activation = "none" } = step;
      const kind = { inChannels: of(x).channels, groups, layout: "transposed" } as const;
      const window = { stride, dilation, pad, groups, outputPad, activation };
      return convTranspose(graph, of(x), namedFilter(state, step, kind), window);
    },
  ),
  /** `filter.weight` is [c][1][k][k]. */
  depthwise: operation(
    {
      x: RESULT,
      filter: PREFIX,
      stride: optional(STEPS),
      dilation: optional(STEPS),
      pad: optional(PADDING),
      activation: optional(ACTIVATION),
    },
    ({ x, filter, stride = 1, dilation = 1, pad = 0, activation = "none" }, { graph, state, of }) => {
      const inChannels = of(x).channels;
      return depthwise(graph, of(x), { ...filterOf(state, filter), inChannels }, { stride, dilation, pad, activation });
    },
  ),
  /** All of x's numbers, row by row of channel by channel, times `weight` [out][in]. */
  linear: operation(
    { x: RESULT, weight: TENSOR, bias: optional(BIAS), norm: optional(NORM), activation: optional(ACTIVATION) },
    ({ x, activation = "none", ...names }, { graph, state, of }) => {
      const inChannels = extentsOf(of(x)).reduce((product, extent) => product * extent, 1);
      const filter = namedFilter(state, names, { inChannels, groups: 1, layout: "matrix" });
      return conv(graph, reshape(graph, of(x), [inChannels, 1, 1]), filter, { activation });
    },
  ),
  /** (x − mean) / √(variance + eps) · weight + bias, with the file's numbers for each channel. */
  batchNorm: operation({ x: RESULT, ...NORM_FIELDS }, ({ x, to, ...norm }, { graph, state, of }) => {
    if (!whole(norm)) {
      throw new ShapeError(`"${to}" has no statistics.`, "Give its name, or its mean and variance.");
    }
    const { label, scale: by, shift } = normOf(state, norm, of(x).channels);
    return scale(graph, of(x), label, by, shift);
  }),
  /** The row of `table` [classes][size] that x, a one among zeros, stands for. */
  embedding: operation({ x: RESULT, table: TENSOR }, ({ x, table }, { graph, state, of }) =>
    embedding(graph, state, of(x), table),
  ),
  /** x and the row of the class beside it, the one that `order` names first first. */
  concatEmbedding: operation(
    { x: RESULT, table: TENSOR, order: optional(oneOf({ "z,label": true, "label,z": true })) },
    ({ x, to, table, order = "z,label" }, { graph, state, of }) => {
      const row = embedding(graph, state, of("label"), table);
      return stack(graph, to, order === "z,label" ? [of(x), row] : [row, of(x)], "c");
    },
  ),
};

function embedding(graph: Graph, state: State, label: Value, table: string): Value {
  const filter = namedFilter(state, { weight: table }, { inChannels: label.channels, groups: 1, layout: "table" });
  return conv(graph, label, filter);
}
