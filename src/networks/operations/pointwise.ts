import { type UnaryFunction, unary } from "../../kernels/maps/unary.ts";
import { NUMBER, operation, optional, RESULT } from "./field.ts";

// Tests: test/networks/operations.test.ts

const plain = (fn: UnaryFunction) => operation({ x: RESULT }, ({ x }, { graph, of }) => unary(graph, of(x), fn));

/** The largest float32. */
const MOST = 3.4028234663852886e38;

/** Functions of every element. */
export const POINTWISE = {
  relu: plain("relu"),
  relu6: operation({ x: RESULT }, ({ x }, { graph, of }) => unary(graph, of(x), "clip", 0, 6)),
  /** slope · x below 0. */
  leakyRelu: operation({ x: RESULT, slope: optional(NUMBER) }, ({ x, slope = 0.01 }, { graph, of }) =>
    unary(graph, of(x), "leakyRelu", slope),
  ),
  tanh: plain("tanh"),
  sigmoid: plain("sigmoid"),
  /** x · sigmoid(x), also called swish. */
  silu: plain("silu"),
  softplus: plain("softplus"),
  softsign: plain("softsign"),
  /** x Φ(x). */
  gelu: plain("gelu"),
  /** GELU as it is approximated by tanh. */
  geluTanh: plain("geluTanh"),
  /** slope · x + offset between 0 and 1; as ONNX's unless given. */
  hardSigmoid: operation(
    { x: RESULT, slope: optional(NUMBER), offset: optional(NUMBER) },
    ({ x, slope = 0.2, offset = 0.5 }, { graph, of }) => unary(graph, of(x), "hardSigmoid", slope, offset),
  ),
  hardSwish: plain("hardSwish"),
  /** x tanh(softplus(x)). */
  mish: plain("mish"),
  /** alpha (exp(x) − 1) below 0. */
  elu: operation({ x: RESULT, alpha: optional(NUMBER) }, ({ x, alpha = 1 }, { graph, of }) =>
    unary(graph, of(x), "elu", alpha, 1),
  ),
  /** ELU times gamma; with Klambauer et al.'s numbers unless given (2017, §1). */
  selu: operation(
    { x: RESULT, alpha: optional(NUMBER), gamma: optional(NUMBER) },
    ({ x, alpha = 1.6732632423543772, gamma = 1.0507009873554805 }, { graph, of }) =>
      unary(graph, of(x), "elu", alpha, gamma),
  ),
  /** alpha (exp(x / alpha) − 1) below 0. */
  celu: operation({ x: RESULT, alpha: optional(NUMBER) }, ({ x, alpha = 1 }, { graph, of }) =>
    unary(graph, of(x), "celu", alpha),
  ),
  clip: operation(
    { x: RESULT, least: optional(NUMBER), most: optional(NUMBER) },
    ({ x, least = -MOST, most = MOST }, { graph, of }) => unary(graph, of(x), "clip", least, most),
  ),
  /** 0 up to alpha. */
  thresholdedRelu: operation({ x: RESULT, alpha: optional(NUMBER) }, ({ x, alpha = 1 }, { graph, of }) =>
    unary(graph, of(x), "thresholdedRelu", alpha),
  ),
  abs: plain("abs"),
  neg: plain("neg"),
  sqrt: plain("sqrt"),
  exp: plain("exp"),
  log: plain("log"),
  erf: plain("erf"),
  reciprocal: plain("reciprocal"),
  sign: plain("sign"),
  floor: plain("floor"),
  ceil: plain("ceil"),
  /** Halves to even. */
  round: plain("round"),
};
