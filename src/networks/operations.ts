// Tests: test/networks/operations.test.ts, test/networks/operation-list.test.ts

import { unary } from "../kernels/maps/unary.ts";
import type { Value } from "../runtime/graph.ts";
import { ARITHMETIC } from "./operations/arithmetic.ts";
import { CONVOLUTIONS } from "./operations/convolutions.ts";
import { type Field, oneOf, operation, optional, RESULT, type Step, type Surroundings } from "./operations/field.ts";
import { LAYOUT } from "./operations/layout.ts";
import { POINTWISE } from "./operations/pointwise.ts";
import { RESAMPLING } from "./operations/resampling.ts";

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
  ...RESAMPLING,
  ...LAYOUT,
  /**
   * What was made so far is a layer, to be retained or edited; its result is what edits make of it.
   */
  layer: operation({ x: RESULT, name: NAME }, ({ x }, { of }) => of(x)),
  /** What is applied last. */
  output: operation({ x: RESULT, fn: optional(LAST) }, ({ x, fn = "none" }, { graph, of }) =>
    fn === "none" ? of(x) : unary(graph, of(x), fn),
  ),
  ...ARITHMETIC,
  ...POINTWISE,
};

type Operations = typeof OPERATIONS;
type OperationName = keyof Operations;

/**
 * One step of a network written down as data: `x` and others name earlier results ("input" is the
 * image), `to` its own.
 */
export type Operation = {
  readonly [Name in OperationName]: {
    /** Which operation it is. */
    readonly op: Name;
  } & Step<Operations[Name]["fields"]>;
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
