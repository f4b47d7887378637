import type { Graph, OperationKind, Value } from "../runtime/graph.ts";
import type { WeightGradient } from "./weights.ts";

// Tests: test/gradient/gradient.test.ts

/** One operation on the way back, as its rule sees it. */
export interface Visit<A> {
  readonly graph: Graph;
  readonly attributes: A;
  /** Shapes and labels; what they hold is asked of `held`. */
  readonly inputs: readonly (Value | undefined)[];
  readonly output: Value;
  /** The gradient by the output, in its shape; zero in padding channels. */
  readonly dy: Value;
  /** A value that a backward step reads: itself, or computed again where that was asked for. */
  held(value: Value): Value;
  /** Whether anybody wants the gradient by this input. */
  wants(input: number): boolean;
  /**
   * The gradient by this input that other uses of it have given so far. It is removed from the sum,
   * so a rule that takes it must add it to what it returns: convolutions do, which saves a pass.
   */
  take(input: number): Value | undefined;
  /** Takes a convolution's gradient by its weights, where that was asked for. */
  readonly weights?: ((of: WeightGradient) => void) | undefined;
}

/**
 * Appends an operation's gradient: by each input that is wanted, in its shape, with zeros in
 * padding channels.
 */
export type Rule<A> = (visit: Visit<A>) => readonly (Value | undefined)[];

/**
 * Rules by the kinds of operations, and of how many of an operation's inputs, the first ones, they
 * know the gradient.
 */
export type Rules = readonly (readonly [
  OperationKind<unknown>,
  { readonly of: Rule<unknown>; readonly known: number },
])[];

/**
 * A kind with its rule, which is typed by the kind's attributes; any operation of the kind has
 * them.
 */
export const rule = <A>(kind: OperationKind<A>, of: Rule<A>, known = Number.POSITIVE_INFINITY): Rules[number] => [
  kind,
  { of: of as Rule<unknown>, known },
];
