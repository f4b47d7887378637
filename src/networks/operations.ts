// Tests: test/networks/operations.test.ts, test/networks/operation-list.test.ts

import { ShapeError } from "../errors.ts";
import { average, maxpool, resize, resizeAdd, type Sampling } from "../kernels/maps/resample.ts";
import { unary } from "../kernels/maps/unary.ts";
import type { Value } from "../runtime/graph.ts";
import { CONVOLUTIONS } from "./operations/convolutions.ts";
import {
  type Field,
  oneOf,
  operation,
  optional,
  POSITIVE,
  RESULT,
  type Step,
  type Surroundings,
} from "./operations/field.ts";
import { LAYOUT } from "./operations/layout.ts";
import { POINTWISE } from "./operations/pointwise.ts";

/** Where pixels are sampled when a map is resized. */
export const SAMPLING = oneOf<Sampling>({ centre: true, corner: true });

const NAME: Field<string> = {
  described: "a name",
  holds: (value): value is string => typeof value === "string" && value !== "",
};
const LAST = oneOf({ none: true, relu: true, tanh: true, sigmoid: true });

/**
 * What the operations of a list are called, what their fields hold and how they are appended to a
 * graph.
 */
export const OPERATIONS = {
  ...CONVOLUTIONS,
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
  /**
   * What was made so far is a layer, to be retained or edited; its result is what edits make of it.
   */
  layer: operation({ x: RESULT, name: NAME }, ({ x }, { of }) => of(x)),
  /** What is applied last. */
  output: operation({ x: RESULT, fn: optional(LAST) }, ({ x, fn = "none" }, { graph, of }) =>
    fn === "none" ? of(x) : unary(graph, of(x), fn),
  ),
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
