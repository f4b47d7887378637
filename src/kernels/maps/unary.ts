import { elements, type Graph, type OperationKind, type Value } from "../../runtime/graph.ts";
import unaryKernel from "../generated/unary.wgsl.ts";
import { lanes } from "../lanes.ts";

/** Functions of one number, and the kernels' constant FN. `a` and `b` are their parameters. */
export const UNARY_FUNCTIONS = {
  relu: 1,
  /** a x below 0. */
  leakyRelu: 2,
  tanh: 3,
  sigmoid: 4,
  silu: 5,
  softplus: 6,
  softsign: 7,
  gelu: 8,
  geluTanh: 9,
  /** a x + b between 0 and 1. */
  hardSigmoid: 10,
  hardSwish: 11,
  mish: 12,
  /** b x, below 0 b a (exp x − 1): SELU with b. */
  elu: 13,
  /** a (exp(x / a) − 1) below 0. */
  celu: 14,
  /** Between a and b. */
  clip: 15,
  /** 0 up to a. */
  thresholdedRelu: 16,
  abs: 17,
  neg: 18,
  sqrt: 19,
  exp: 20,
  log: 21,
  erf: 22,
  reciprocal: 23,
  sign: 24,
  floor: 25,
  ceil: 26,
  /** Halves to even. */
  round: 27,
} as const;

/** Name of a function of one number. */
export type UnaryFunction = keyof typeof UNARY_FUNCTIONS;

/** A function and its parameters. */
export interface Unary {
  readonly fn: UnaryFunction;
  readonly a: number;
  readonly b: number;
}

export const UNARY: OperationKind<Unary> = { name: "unary" };

/**
 * y = fn(x), element by element. Of some, `a` and `b` are parameters: leakyRelu a x below 0,
 * hardSigmoid a x + b, elu b a (exp x − 1) below 0 and b x above, celu a (exp(x / a) − 1) below 0,
 * clip from a to b, thresholdedRelu 0 up to a.
 */
export function unary(graph: Graph, x: Value, fn: UnaryFunction, a = 0, b = 0): Value {
  const y = graph.value(`${x.label}.${fn}`, x.shape, "f32", x.channels);
  const total = elements(x.shape) / 4;
  graph.step(unaryKernel, { x, y }, { vectors: x.shape.at(-1)! / 4, channels: x.channels, total, a, b }, lanes(total), {
    choices: { FN: UNARY_FUNCTIONS[fn] },
  });
  graph.record(UNARY, [x], y, { fn, a, b });
  return y;
}
