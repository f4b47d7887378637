import { count } from "./arrays.ts";
import { axisOf, floatOf, intOf, intsOf, refused } from "./attributes.ts";
import { computed, type Known } from "./known.ts";
import { weightInput } from "./lower-convolution.ts";
import { combined } from "./lower-elementwise.ts";
import { viewed } from "./lower-layout.ts";
import { isKnown, type Lower, type Lowered, type Lowering } from "./lowering.ts";
import { type Extents, type Groups, LETTERS, type Placed, wideAxes } from "./placed.ts";
import type { OnnxNode } from "./read.ts";
import { reduction } from "./shapes.ts";

// Tests: test/networks/onnx/lower.test.ts

/** The value with these axes, which are those letters, of one element each. */
function without(x: Placed, axes: readonly number[], letters: string): Pick<Placed, "shape" | "order" | "extents"> {
  const shape = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const extents = x.extents.map((extent, at) => (letters.includes(LETTERS[at]!) ? 1 : extent)) as unknown as Extents;
  return { shape, order: x.order.filter((axis) => !axes.includes(axis)), extents };
}

const reduce =
  (
    op: string,
    before: (node: OnnxNode, x: Placed, list: Lowering) => Placed = (_, x) => x,
    after: (node: OnnxNode, x: Placed, list: Lowering) => Placed = (_, x) => x,
  ): Lower =>
  async (node, inputs, list) => {
    const given = await list.placed(node, inputs[0]);
    const { axes, shape } = await reduction(node, given.shape, inputs);
    if (axes.length === 0) return [given];
    let x = before(node, given, list);
    if (axes.some((axis) => x.shape[axis] !== 1)) {
      const [gathered, letters] = list.gathered(node, x, axes);
      x = list.emit(node, { op, x: gathered.result, axes: letters }, without(gathered, axes, letters));
    }
    return [viewed(node, after(node, x, list), shape, list)];
  };

const squared = (node: OnnxNode, x: Placed, list: Lowering): Placed => list.same(node, x, { op: "mul", y: x.result });
const apply =
  (op: string) =>
  (node: OnnxNode, x: Placed, list: Lowering): Placed =>
    list.same(node, x, { op });

/** Along one axis; before version 13 over it and all behind it, flattened. */
const softmax =
  (op: string): Lower =>
  async (node, inputs, list) => {
    const x = await list.placed(node, inputs[0]);
    const flat = list.opset < 13;
    const axis = axisOf(node, intOf(node, "axis", flat ? 1 : -1), x.shape.length);
    const axes = flat ? [...x.shape.keys()].slice(axis) : [axis];
    if (axes.every((one) => x.shape[one] === 1)) {
      // Of one element: e⁰ / e⁰.
      return [
        list.same(node, list.same(node, x, { op: "mul", value: 0 }), { op: "add", value: op === "softmax" ? 1 : 0 }),
      ];
    }
    const [gathered, letters] = list.gathered(node, x, axes, /^(c|h|w|hw|chw)$/);
    return [list.same(node, gathered, { op, axis: letters })];
  };

/**
 * (x − mean) / √(variance + ε) · weight + bias; the mean and 1 / √… too, where they are asked for.
 */
const layerNorm: Lower = async (node, inputs, list) => {
  const x = await list.placed(node, inputs[0]);
  const first = axisOf(node, intOf(node, "axis", -1), x.shape.length);
  const axes = intsOf(node, "axes") ?? [...x.shape.keys()].slice(first);
  const eps = floatOf(node, "epsilon", 1e-5);
  const [lying, letters] = list.gathered(node, x, axes);
  const weights = [1, 2].map((index) => (inputs[index] ? weightInput(node, inputs, index) : undefined));
  const own = letters === "c" && weights.every((known) => !known || count(known.shape) === lying.extents[0]);
  const [weight, bias] = weights;
  const fields = own && {
    ...(weight && { weight: await list.weight(node, weight) }),
    ...(bias && { bias: await list.weight(node, bias) }),
  };
  let made = list.same(node, lying, { op: "layerNorm", axes: letters || "c", eps, ...fields });
  if (!own && weight) made = await combined(node, list, "mul", made, weight);
  if (!own && bias) made = await combined(node, list, "add", made, bias);
  if (!node.outputs[1] && !node.outputs[2]) return [made];
  const mean = (of: Placed): Placed => {
    const step = { op: "reduceMean", x: of.result, axes: letters || "c" };
    return letters ? list.emit(node, step, without(of, axes, letters)) : of;
  };
  const means = mean(lying);
  const centred = await combined(node, list, "sub", lying, means);
  const variance = mean(squared(node, centred, list));
  const steps = [{ op: "add", value: eps }, { op: "sqrt" }, { op: "reciprocal" }];
  return [made, means, steps.reduce((value, step) => list.same(node, value, step), variance)];
};

/** A product with a weight [out][in] along one of the value's axes. */
async function projected(
  node: OnnxNode,
  list: Lowering,
  x: Placed,
  axis: number,
  weight: Known,
  bias?: Known,
): Promise<Placed> {
  const [out = 1, into = 1] = weight.shape;
  if (x.shape[axis] !== into) throw refused(node, `multiplies ${x.shape[axis]} numbers by a matrix for ${into}`);
  const shape = x.shape.with(axis, out);
  const rest = x.order.filter((other) => other !== axis);
  const name = `${node.inputs[1]}.rows`;
  const fields = bias ? { bias: await list.weight(node, bias, [out]) } : {};
  if (rest.length === 0) {
    const vector = list.arranged(node, x, [into === 1 ? [] : [axis], [], []]);
    const step = {
      op: "linear",
      x: vector.result,
      weight: await list.weight(node, weight, [out, into], name),
      ...fields,
    };
    return list.emit(node, step, { shape, order: out === 1 ? [] : [axis], extents: [out, 1, 1] });
  }
  // Each number's weights are channels: a convolution of one pixel, on whatever lies behind.
  const lies = (into === 1 ? x.extents[0] === 1 : x.order[0] === axis) && x.extents[0] === into;
  const tokens = lies ? x : list.arranged(node, x, [into === 1 ? [] : [axis], [], rest]);
  const key = await list.weight(node, weight, [out, into, 1, 1], name);
  const order = out === 1 ? rest : [axis, ...rest];
  const extents: Extents = [out, tokens.extents[1], tokens.extents[2]];
  return list.emit(node, { op: "conv", x: tokens.result, weight: key, ...fields }, { shape, order, extents });
}

/** A product of two values for each of the axes before the last two. */
async function product(node: OnnxNode, list: Lowering, a: Lowered, b: Lowered): Promise<Placed> {
  const rank = Math.max(a.shape.length, b.shape.length);
  const wide = (value: Lowered): Lowered => {
    const shape = [...new Array<number>(rank - value.shape.length).fill(1), ...value.shape];
    if (isKnown(value)) return { ...value, shape };
    return { ...value, shape, order: value.order.map((axis) => axis + rank - value.shape.length) };
  };
  const [left, right] = [wide(a), wide(b)];
  const [rows, columns] = [rank - 2, rank - 1];
  const before = [...left.shape.keys()].slice(0, -2);
  const groups = (value: Lowered): Groups =>
    [before, [rows], [columns]].map((group) => group.filter((axis) => value.shape[axis] !== 1)) as unknown as Groups;
  const put = async (value: Lowered): Promise<Placed> =>
    isKnown(value) ? list.constant(node, value, groups(value)) : list.arranged(node, value, groups(value));
  const [x, y] = [await put(left), await put(right)];
  if (left.shape[columns] !== right.shape[rows]) throw refused(node, `multiplies [${a.shape}] by [${b.shape}]`);
  const [many, others] = [x.extents[0], y.extents[0]];
  const fits = before.every((axis) => left.shape[axis] === right.shape[axis]) || many === 1 || others === 1;
  if (!fits) throw refused(node, `repeats matrices of [${a.shape}] and [${b.shape}]`);
  const shape = [...(many >= others ? left : right).shape];
  shape[rows] = left.shape[rows]!;
  shape[columns] = right.shape[columns]!;
  const extents: Extents = [Math.max(many, others), shape[rows]!, shape[columns]!];
  return list.emit(node, { op: "matmul", x: x.result, y: y.result }, { shape, order: wideAxes(shape), extents });
}

const matmul: Lower = async (node, [a, b, bias], list) => {
  if (!a || !b) throw refused(node, "has too few inputs");
  if (a.shape.length < 2 || b.shape.length < 2) {
    // A vector is a row before, or a column behind, and goes again.
    const left = a.shape.length === 1 ? reshapedBy(node, a, [1, a.shape[0]!], list) : a;
    const right = b.shape.length === 1 ? reshapedBy(node, b, [b.shape[0]!, 1], list) : b;
    const [made] = await matmul(node, [left, right], list);
    const shape = [...made!.shape];
    if (b.shape.length === 1) shape.splice(-1, 1);
    if (a.shape.length === 1) shape.splice(b.shape.length === 1 ? -1 : -2, 1);
    return [viewed(node, made as Placed, shape, list)];
  }
  if (isKnown(b) && b.shape.length === 2) {
    const x = await list.placed(node, a);
    // Of a pattern: what is added to every row.
    const added = bias && isKnown(bias) ? bias : undefined;
    return [await projected(node, list, x, x.shape.length - 1, await list.turned(b), added)];
  }
  if (isKnown(a) && a.shape.length === 2 && !isKnown(b)) return [await projected(node, list, b, b.shape.length - 2, a)];
  return [await product(node, list, a, b)];
};

const reshapedBy = (node: OnnxNode, value: Lowered, shape: readonly number[], list: Lowering): Lowered =>
  isKnown(value) ? { ...value, shape } : viewed(node, value, shape, list);

/** alpha · A · B + beta · C, either turned. */
const gemm: Lower = async (node, [a, b, c], list) => {
  if (!a || !b) throw refused(node, "has too few inputs");
  const alpha = floatOf(node, "alpha", 1);
  const beta = floatOf(node, "beta", 1);
  const turn = (value: Lowered, yes: boolean): Promise<Lowered> | Lowered => {
    if (!yes) return value;
    if (isKnown(value)) return list.turned(value);
    return { ...value, shape: [value.shape[1]!, value.shape[0]!], order: value.order.map((axis) => 1 - axis) };
  };
  const left = await turn(a, intOf(node, "transA", 0) === 1);
  const transB = intOf(node, "transB", 0) === 1;
  let made: Lowered;
  let added = c;
  if (isKnown(b) && !isKnown(left)) {
    const weight = await scaled(list, transB ? b : await list.turned(b), alpha);
    const whole = c && isKnown(c) && count(c.shape) === weight.shape[0] && c.shape.at(-1) === weight.shape[0];
    const bias = whole ? await scaled(list, c, beta) : undefined;
    if (whole) added = undefined;
    made = await projected(node, list, left, 1, weight, bias);
  } else {
    made = await product(node, list, left, await turn(b, transB));
    if (alpha !== 1) made = list.same(node, made as Placed, { op: "mul", value: alpha });
  }
  if (!added || beta === 0) return [made];
  const term = isKnown(added)
    ? await scaled(list, added, beta)
    : beta === 1
      ? added
      : list.same(node, added, { op: "mul", value: beta });
  return [await combined(node, list, "add", made, term)];
};

const scaled = async (list: Lowering, known: Known, factor: number): Promise<Known> =>
  factor === 1
    ? known
    : computed(list.folding.budget, known.shape, known.type, [known], ([values]) => values!.map((v) => v * factor));

export const PRODUCTS: Readonly<Record<string, Lower>> = {
  MatMul: matmul,
  Gemm: gemm,
  Softmax: softmax("softmax"),
  LogSoftmax: softmax("logSoftmax"),
  LayerNormalization: layerNorm,
  ReduceMean: reduce("reduceMean"),
  ReduceSum: reduce("reduceSum"),
  ReduceMax: reduce("reduceMax"),
  ReduceMin: reduce("reduceMin"),
  ReduceL1: reduce("reduceSum", apply("abs")),
  ReduceL2: reduce("reduceSum", squared, apply("sqrt")),
  ReduceSumSquare: reduce("reduceSum", squared),
  ReduceLogSum: reduce("reduceSum", undefined, apply("log")),
};
