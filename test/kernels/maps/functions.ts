// Functions of one number in double precision, by the names of unary.ts, for the tests of what
// computes them.
import type { UnaryFunction } from "../../../src/kernels/maps/unary.ts";

/** erf by its series up to 3 and its complement by a continued fraction beyond. */
export function erf(x: number): number {
  const a = Math.abs(x);
  return a < 3 ? Math.sign(x) * series(a) : Math.sign(x) * (1 - erfc(a));
}

function series(a: number): number {
  let term = a;
  let sum = a;
  for (let n = 1; n < 100; n += 1) {
    term *= (-a * a) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** 1 − erf for any number, without loss far above. */
export function erfc(x: number): number {
  if (x < 2) return 1 - (x < -3 ? -(1 - erfc(-x)) : Math.sign(x) * series(Math.abs(x)));
  let fraction = 0;
  for (let n = 200; n > 0; n -= 1) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

const logistic = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const between = (x: number, least: number, most: number): number => Math.min(most, Math.max(least, x));

/** f(x, a, b), as PyTorch or ONNX define it. */
export const FUNCTIONS: Readonly<Record<UnaryFunction, (x: number, a: number, b: number) => number>> = {
  relu: (x) => Math.max(x, 0),
  leakyRelu: (x, a) => (x > 0 ? x : a * x),
  tanh: Math.tanh,
  sigmoid: logistic,
  silu: (x) => x * logistic(x),
  softplus,
  softsign: (x) => x / (1 + Math.abs(x)),
  gelu: (x) => (x / 2) * erfc(-x / Math.SQRT2),
  geluTanh: (x) => x * logistic(2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)),
  hardSigmoid: (x, a, b) => between(a * x + b, 0, 1),
  hardSwish: (x) => x * between(x / 6 + 0.5, 0, 1),
  mish: (x) => x * Math.tanh(softplus(x)),
  elu: (x, a, b) => b * (x > 0 ? x : a * Math.expm1(x)),
  celu: (x, a) => (x > 0 ? x : a * Math.expm1(x / a)),
  clip: between,
  thresholdedRelu: (x, a) => (x > a ? x : 0),
  abs: Math.abs,
  neg: (x) => -x,
  sqrt: Math.sqrt,
  exp: Math.exp,
  log: Math.log,
  erf,
  reciprocal: (x) => 1 / x,
  sign: Math.sign,
  floor: Math.floor,
  ceil: Math.ceil,
  round: (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)),
};

/** Parameters that tests give where a function has some. */
export const PARAMETERS: Readonly<Partial<Record<UnaryFunction, readonly [number, number]>>> = {
  leakyRelu: [0.125, 0],
  hardSigmoid: [0.25, 0.5],
  elu: [1.5, 1.0625],
  celu: [1.5, 0],
  clip: [-0.75, 1.25],
  thresholdedRelu: [0.5, 0],
};
