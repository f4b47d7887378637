// Tests: test/networks/operations.test.ts, test/networks/operation-list.test.ts

import { ShapeError } from "../errors.ts";
import { ACTIVATIONS, type Activation } from "../kernels/conv/activation.ts";
import { conv } from "../kernels/conv/conv.ts";
import { depthwise } from "../kernels/conv/depthwise.ts";
import { average, maxpool, resize, resizeAdd, type Sampling } from "../kernels/maps/resample.ts";
import type { Value } from "../runtime/graph.ts";
import { filterOf } from "./filters.ts";
import {
  COUNT,
  type Field,
  oneOf,
  operation,
  optional,
  POSITIVE,
  PREFIX,
  RESULT,
  type Step,
  type Surroundings,
} from "./operations/field.ts";
import { LAYOUT } from "./operations/layout.ts";
import { POINTWISE } from "./operations/pointwise.ts";

const PADDING: Field<number | "same"> = {
  described: `${COUNT.described}, or same`,
  holds: (value): value is number | "same" => value === "same" || COUNT.holds(value),
};
const ACTIVATION = oneOf<Activation>(ACTIVATIONS);
/** Where pixels are sampled when a map is resized. */
export const SAMPLING = oneOf<Sampling>({ centre: true, corner: true });

/**
 * What the operations of a list are called, what their fields hold and how they are appended to a
 * graph.
 */
export const OPERATIONS = {
  /**
   * `filter.weight` is [out][in][k][k], `filter.bias` [out] where it is there; `add` is added
   * before the activation.
   */
  conv: operation(
    {
      x: RESULT,
      filter: PREFIX,
      stride: optional(POSITIVE),
      dilation: optional(POSITIVE),
      pad: optional(PADDING),
      activation: optional(ACTIVATION),
      add: optional(RESULT),
    },
    ({ x, filter, stride = 1, dilation = 1, pad = 0, activation = "none", add }, { graph, state, of }) => {
      const residual = add === undefined ? {} : { residual: of(add) };
      return conv(graph, of(x), filterOf(state, filter), { stride, dilation, pad, activation, ...residual });
    },
  ),
  /** `filter.weight` is [c][1][k][k]. */
  depthwise: operation(
    {
      x: RESULT,
      filter: PREFIX,
      stride: optional(POSITIVE),
      dilation: optional(POSITIVE),
      pad: optional(PADDING),
      activation: optional(ACTIVATION),
    },
    ({ x, filter, stride = 1, dilation = 1, pad = 0, activation = "none" }, { graph, state, of }) => {
      const inChannels = of(x).channels;
      return depthwise(graph, of(x), { ...filterOf(state, filter), inChannels }, { stride, dilation, pad, activation });
    },
  ),
  /** Bilinear, to the extents of `like`; `add` is added and has the same. */
  resize: operation(
    { x: RESULT, like: RESULT, sampling: optional(SAMPLING), add: optional(RESULT) },
    ({ x, to, like, sampling = "centre", add }, { graph, of }) => {
      const [, height = 1, width = 1] = of(like).shape;
      if (add === undefined) return resize(graph, of(x), height, width, sampling);
      if (of(add).shape[1] !== height || of(add).shape[2] !== width) {
        throw new ShapeError(
          `"${to}" is resized like "${like}", which "${add}" does not fit.`,
          "Give both the same size.",
        );
      }
      return resizeAdd(graph, of(x), of(add), sampling);
    },
  ),
  /** Average pooling without overlap. */
  average: operation({ x: RESULT, size: POSITIVE }, ({ x, to, size }, { graph, of }) => {
    const [, height = 1, width = 1] = of(x).shape;
    if (height % size !== 0 || width % size !== 0) {
      throw new ShapeError(
        `"${to}" averages ${size}×${size} pixels, which do not divide ${height}×${width}.`,
        "Give a size that divides it.",
      );
    }
    return average(graph, of(x), height / size, width / size);
  }),
  /** Max pooling 3×3, stride 2, padding 1. */
  maxpool: operation({ x: RESULT }, ({ x }, { graph, of }) => maxpool(graph, of(x))),
  ...LAYOUT,
  ...POINTWISE,
};

type Operations = typeof OPERATIONS;
type OperationName = keyof Operations;

/**
 * One step of a network written down as data: `x` and others name earlier results ("input" is the
 * image), `to` its own.
 */
export type Operation = {
  readonly [Name in OperationName]: { readonly op: Name } & Step<Operations[Name]["fields"]>;
}[OperationName];

/** The fields of the operation of this name. */
export const fieldsOf = (op: unknown): Readonly<Record<string, Field>> | undefined =>
  typeof op === "string" && Object.hasOwn(OPERATIONS, op) ? OPERATIONS[op as OperationName].fields : undefined;

/**
 * Appends one operation: its result [n, h, w, c].
 * @throws ShapeError, WeightsError when it does not fit.
 */
export const append = (step: Operation, around: Surroundings): Value =>
  (OPERATIONS[step.op].append as (step: Operation, around: Surroundings) => Value)(step, around);
