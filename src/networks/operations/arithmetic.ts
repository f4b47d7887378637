import { ShapeError } from "../../errors.ts";
import { type BinaryFunction, binary } from "../../kernels/maps/binary.ts";
import { instancenorm } from "../../kernels/maps/instancenorm.ts";
import { AXES, type AxisName, type Extents, extentsOf, reshape } from "../../kernels/maps/layout.ts";
import { matmul } from "../../kernels/maps/matmul.ts";
import { pixelnorm } from "../../kernels/maps/pointwise.ts";
import { largest, normalised, sum } from "../../kernels/maps/reduce.ts";
import { scale } from "../../kernels/maps/scale.ts";
import { type SoftmaxAxis, softmax } from "../../kernels/maps/softmax.ts";
import { unary } from "../../kernels/maps/unary.ts";
import type { Graph, Value } from "../../runtime/graph.ts";
import { learned } from "../filters.ts";
import { NUMBER, oneOf, operation, optional, RESULT, SOME_AXES, type Surroundings, TENSOR, YES } from "./field.ts";
import { constantMap } from "./layout.ts";

// Tests: test/networks/operations/arithmetic.test.ts

const both = (fn: BinaryFunction) =>
  operation(
    { x: RESULT, y: optional(RESULT), value: optional(NUMBER), reversed: optional(YES) },
    ({ x, to, y, value, reversed = false }, around) => {
      if ((y === undefined) === (value === undefined)) {
        throw new ShapeError(`"${to}" has ${y === undefined ? "no" : "two"} second operands.`, "Give it y or value.");
      }
      return combined(around, fn, x, y ?? value!, reversed);
    },
  );

/** A function of two results, of which constants are of one image, or of a result and a number. */
function combined(
  { graph, batch, of, constantOf }: Surroundings,
  fn: BinaryFunction,
  x: string,
  y: string | number,
  reversed = false,
): Value {
  const made = binary(graph, fn, constantOf(x), typeof y === "number" ? y : constantOf(y), reversed);
  if (made.shape[0] === batch) return made;
  return binary(graph, fn, of(x), typeof y === "number" ? y : of(y), reversed);
}

const axesOf = (letters: string): AxisName[] => AXES.filter((axis) => letters.includes(axis));

const reduction = (reduce: (graph: Graph, x: Value, axes: readonly AxisName[]) => Value) =>
  operation({ x: RESULT, axes: optional(SOME_AXES) }, ({ x, axes = "hw" }, { graph, of }) =>
    reduce(graph, of(x), axesOf(axes)),
  );

const SOFTMAX_AXES = oneOf<SoftmaxAxis | "chw">({ c: true, h: true, w: true, hw: true, chw: true });
const softened = (log: boolean) =>
  operation({ x: RESULT, axis: optional(SOFTMAX_AXES) }, ({ x, axis = "c" }, { graph, of }) => {
    const value = of(x);
    if (axis !== "chw") return softmax(graph, value, axis, log);
    const [channels, height, width] = extentsOf(value);
    const flat = reshape(graph, value, [channels * height * width, 1, 1]);
    return reshape(graph, softmax(graph, flat, "c", log), [channels, height, width]);
  });

/** y · weight + bias, with as many numbers as these axes have. */
function affine(
  around: Surroundings,
  y: Value,
  letters: string,
  { weight, bias }: { readonly weight?: string | undefined; readonly bias?: string | undefined },
): Value {
  const { graph, state } = around;
  if (letters === "c" && weight !== undefined && bias !== undefined) {
    const [by, shift] = [learned(state, weight, [y.channels]), learned(state, bias, [y.channels])];
    return scale(graph, y, `${y.label} ${weight} ${bias}`, by, shift);
  }
  const own = extentsOf(y).map((extent, axis) => (letters.includes(AXES[axis]!) ? extent : 1)) as unknown as Extents;
  let made = y;
  if (weight !== undefined) made = binary(graph, "mul", made, constantMap(around, weight, own));
  if (bias !== undefined) made = binary(graph, "add", made, constantMap(around, bias, own));
  return made;
}

const AFFINE = { weight: optional(TENSOR), bias: optional(TENSOR), eps: optional(NUMBER) };

/** What combines numbers of one map, or of two. */
export const ARITHMETIC = {
  add: both("add"),
  sub: both("sub"),
  mul: both("mul"),
  div: both("div"),
  /** Of |x| where x is negative and the power no whole number. */
  pow: both("pow"),
  min: both("min"),
  max: both("max"),
  /** slope · x below 0, with `slope` a result. */
  prelu: operation({ x: RESULT, slope: RESULT }, ({ x, slope }, around) => combined(around, "prelu", x, slope)),
  /** For each channel the product of x's rows and y's columns. */
  matmul: operation({ x: RESULT, y: RESULT }, ({ x, y }, { graph, of }) => matmul(graph, of(x), of(y))),
  softmax: softened(false),
  logSoftmax: softened(true),
  reduceMean: reduction((graph, x, axes) => sum(graph, x, axes, true)),
  reduceSum: reduction(sum),
  reduceMax: reduction(largest),
  reduceMin: reduction((graph, x, axes) => unary(graph, largest(graph, unary(graph, x, "neg"), axes), "neg")),
  /** (x − mean) / √(variance + eps) over some axes, and with weight and bias of their extents. */
  layerNorm: operation(
    { x: RESULT, axes: optional(SOME_AXES), ...AFFINE },
    ({ x, axes = "c", eps = 1e-5, weight, bias }, around) =>
      affine(around, normalised(around.graph, around.of(x), axesOf(axes), eps), axes, { weight, bias }),
  ),
  /** The same over rows and columns, with weight and bias for each channel. */
  instanceNorm: operation({ x: RESULT, ...AFFINE }, ({ x, eps = 1e-5, weight, bias }, around) =>
    affine(around, instancenorm(around.graph, around.of(x), eps), "c", { weight, bias }),
  ),
  /** x / √(mean over channels of x² + 1e−8). */
  pixelNorm: operation({ x: RESULT }, ({ x }, { graph, of }) => pixelnorm(graph, of(x))),
};
