import { count } from "./arrays.ts";
import { broadcast, floatOf, intOf, refused, textOf } from "./attributes.ts";
import type { Known } from "./known.ts";
import { isKnown, type Lower, type Lowered, type Lowering } from "./lowering.ts";
import { channelsOf, type Extents, extentsOf, type Groups, groupsOf, type Placed, wideAxes } from "./placed.ts";
import type { OnnxNode } from "./read.ts";
import { numbersOf } from "./shapes.ts";

// Tests: test/networks/onnx/lower.test.ts

/** A function of every element: the list's operation and its fields. */
const each =
  (op: string, fields: (node: OnnxNode) => Readonly<Record<string, unknown>> = () => ({})): Lower =>
  async (node, [x], list) => [list.same(node, await list.placed(node, x), { op, ...fields(node) })];

const clip: Lower = async (node, inputs, list) => {
  const bound = async (name: string, index: number): Promise<number | undefined> =>
    floatOf(node, name, undefined) ?? (await numbersOf(node, inputs, index))?.[0];
  const [least, most] = [await bound("min", 1), await bound("max", 2)];
  const x = await list.placed(node, inputs[0]);
  const fields = { ...(least !== undefined && { least }), ...(most !== undefined && { most }) };
  return [list.same(node, x, { op: "clip", ...fields })];
};

/** The same with axes of 1 in front, up to this rank. */
function widened(x: Placed, rank: number): Placed {
  const more = rank - x.shape.length;
  return { ...x, shape: [...new Array<number>(more).fill(1), ...x.shape], order: x.order.map((axis) => axis + more) };
}

const widenedKnown = (x: Known, rank: number): Known => ({
  ...x,
  shape: [...new Array<number>(rank - x.shape.length).fill(1), ...x.shape],
});

/** Axes of two operands as channels, rows and columns: of each, every group is whole or absent. */
interface Common {
  readonly groups: Groups;
  /** Rows and columns where the second group is both, cut across. */
  readonly split?: readonly [number, number];
}

/** The first operand's own arrangement, where it is such. */
function commonGroups(node: OnnxNode, a: Placed, b: readonly number[], shape: readonly number[]): Common {
  const wide = wideAxes(shape);
  const all = wide.every((axis) => a.order.includes(axis));
  const kind = (axis: number): string => `${a.shape[axis] !== 1} ${b[axis] !== 1}`;
  const alike = (group: readonly number[]): boolean => new Set(group.map(kind)).size <= 1;
  const own = all ? groupsOf(a) : undefined;
  if (own?.every(alike)) return { groups: own };
  const channels = all ? channelsOf(a) : undefined;
  const rest = a.order.slice(channels?.length);
  if (channels && alike(channels) && alike(rest)) {
    return { groups: [channels, rest, []], split: [a.extents[1], a.extents[2]] };
  }
  const runs: number[][] = [];
  for (const axis of all ? a.order : wide) {
    const last = runs.at(-1);
    if (last && kind(last[0]!) === kind(axis)) last.push(axis);
    else runs.push([axis]);
  }
  if (runs.length > 3) throw refused(node, `repeats [${a.shape}] and [${b}] along too many axes`);
  if (runs.length === 3) return { groups: runs as unknown as Groups };
  return { groups: [runs[0] ?? [], [], runs[1] ?? []] };
}

/** Where a value of this shape lies among common groups. */
function within({ groups, split }: Common, shape: readonly number[]): { groups: Groups; extents: Extents } {
  const own = groups.map((group) => group.filter((axis) => shape[axis] !== 1)) as unknown as Groups;
  const extents = extentsOf(shape, own);
  return { groups: own, extents: split && own[1].length > 0 ? [extents[0], ...split] : extents };
}

/** The operands beside each other, as a list's operation takes them, and where the result lies. */
async function beside(
  node: OnnxNode,
  list: Lowering,
  a: Placed,
  b: Lowered,
): Promise<{ x: Placed; y: Placed; made: Lies }> {
  const shape = broadcast(node, a.shape, b.shape);
  const x = widened(a, shape.length);
  const wide = isKnown(b) ? widenedKnown(b, shape.length) : widened(b, shape.length);
  // Of one shape and lying alike, whatever the groups.
  if (!isKnown(wide) && wide.order.join() === x.order.join() && wide.extents.join() === x.extents.join()) {
    return { x, y: wide, made: { ...x, shape } };
  }
  const common = commonGroups(node, x, wide.shape, shape);
  const put = (value: Lowered): Promise<Placed> | Placed => {
    const { groups, extents } = within(common, value.shape);
    return isKnown(value) ? list.constant(node, value, groups, extents) : list.arranged(node, value, groups, extents);
  };
  const { groups, extents } = within(common, shape);
  return { x: await put(x), y: await put(wide), made: { shape, order: groups.flat(), extents } };
}

type Lies = Pick<Placed, "shape" | "order" | "extents">;

/** An operation of two operands, one of which may be a number. */
export async function combined(node: OnnxNode, list: Lowering, op: string, a: Lowered, b: Lowered): Promise<Placed> {
  for (const [value, other, reversed] of [
    [b, a, false],
    [a, b, true],
  ] as const) {
    if (!isKnown(value) || isKnown(other) || count(value.shape) !== 1 || value.shape.length > other.shape.length)
      continue;
    const [number] = await value.numbers();
    return list.same(node, other, { op, value: number, ...(reversed && { reversed }) });
  }
  // The larger operand's arrangement is kept.
  const swap = !isKnown(b) && (isKnown(a) || count(b.shape) > count(a.shape));
  const [first, second] = swap ? [b, a] : [await list.placed(node, a), b];
  const { x, y, made } = await beside(node, list, first, second);
  return list.emit(node, { op, x: x.result, y: y.result, ...(swap && { reversed: true }) }, made);
}

/** Before version 7 the second operand's axes were counted from `axis` on. */
function alignedTo(node: OnnxNode, a: Lowered, b: Lowered, axis: number): Lowered {
  const behind = a.shape.length - (axis < 0 ? axis + a.shape.length : axis) - b.shape.length;
  if (behind < 0) throw refused(node, `has no axis ${axis}`);
  return { ...b, shape: [...b.shape, ...new Array<number>(behind).fill(1)] };
}

const both =
  (op: string): Lower =>
  async (node, [a, b], list) => {
    if (!a || !b) throw refused(node, "has too few inputs");
    const axis = intOf(node, "axis", undefined);
    return [await combined(node, list, op, a, axis === undefined ? b : alignedTo(node, a, b, axis))];
  };

/** Powers that are products or roots are taken as such. */
const pow: Lower = async (node, [a, b], list) => {
  if (!a || !b) throw refused(node, "has too few inputs");
  if (isKnown(b) && count(b.shape) === 1 && !isKnown(a)) {
    const [power] = await b.numbers();
    if (power === 1) return [a];
    if (power === 2 || power === 3) {
      const square = list.same(node, a, { op: "mul", y: a.result });
      return [power === 2 ? square : list.same(node, square, { op: "mul", y: a.result })];
    }
    if (power === 0.5) return [list.same(node, a, { op: "sqrt" })];
    if (power === -1) return [list.same(node, a, { op: "reciprocal" })];
  }
  return [await combined(node, list, "pow", a, b)];
};

/** Of any number of operands, from the first to the last. */
const all =
  (op: string, after?: (node: OnnxNode, made: Placed, inputs: number, list: Lowering) => Placed): Lower =>
  async (node, inputs, list) => {
    let made: Lowered = await list.placed(node, inputs[0]);
    for (const [index, input] of inputs.slice(1).entries()) {
      if (!input) throw refused(node, `has no input ${index + 1}`);
      made = await combined(node, list, op, made, input);
    }
    return [after ? after(node, made as Placed, inputs.length, list) : made];
  };

const prelu: Lower = async (node, [x, slope], list) => {
  if (!x || !slope) throw refused(node, "has too few inputs");
  // Before version 7 a slope for each channel had one axis.
  const old = list.opset < 7 && slope.shape.length === 1 && x.shape.length > 2;
  const channels = [slope.shape[0]!, ...new Array<number>(x.shape.length - 2).fill(1)];
  const slopes = old ? { ...slope, shape: count(slope.shape) === 1 ? [1] : channels } : slope;
  const { x: left, y, made } = await beside(node, list, await list.placed(node, x), slopes);
  if (count(made.shape) !== count(x.shape)) throw refused(node, `has slopes of [${slope.shape}] for [${x.shape}]`);
  return [list.emit(node, { op: "prelu", x: left.result, slope: y.result }, made)];
};

const FLOATS = new Set([1, 10, 11, 16]);

export const ELEMENTWISE: Readonly<Record<string, Lower>> = {
  Abs: each("abs"),
  Ceil: each("ceil"),
  Celu: each("celu", (node) => ({ alpha: floatOf(node, "alpha", 1) })),
  Clip: clip,
  Elu: each("elu", (node) => ({ alpha: floatOf(node, "alpha", 1) })),
  Erf: each("erf"),
  Exp: each("exp"),
  Floor: each("floor"),
  Gelu: async (node, [x], list) => [
    list.same(node, await list.placed(node, x), {
      op: textOf(node, "approximate", "none") === "tanh" ? "geluTanh" : "gelu",
    }),
  ],
  HardSigmoid: each("hardSigmoid", (node) => ({
    slope: floatOf(node, "alpha", 0.2),
    offset: floatOf(node, "beta", 0.5),
  })),
  HardSwish: each("hardSwish"),
  LeakyRelu: each("leakyRelu", (node) => ({ slope: floatOf(node, "alpha", 0.01) })),
  Log: each("log"),
  Mish: each("mish"),
  Neg: each("neg"),
  Reciprocal: each("reciprocal"),
  Relu: each("relu"),
  Round: each("round"),
  Selu: each("selu", (node) => ({
    alpha: floatOf(node, "alpha", 1.6732632423543772),
    gamma: floatOf(node, "gamma", 1.0507009873554805),
  })),
  Sigmoid: each("sigmoid"),
  Sign: each("sign"),
  Softplus: each("softplus"),
  Softsign: each("softsign"),
  Sqrt: each("sqrt"),
  Tanh: each("tanh"),
  ThresholdedRelu: each("thresholdedRelu", (node) => ({ alpha: floatOf(node, "alpha", 1) })),
  PRelu: prelu,
  Add: both("add"),
  Sub: both("sub"),
  Mul: both("mul"),
  Div: both("div"),
  Pow: pow,
  Max: all("max"),
  Min: all("min"),
  Sum: all("add"),
  Mean: all("add", (node, made, inputs, list) => list.same(node, made, { op: "div", value: inputs })),
  Identity: async (node, [x], list) => [x ?? (await list.placed(node, x))],
  Dropout: async (node, [x], list) => {
    if (node.outputs.length > 1) throw refused(node, "gives its mask", "Export the network for inference.");
    return [x ?? (await list.placed(node, x))];
  },
  // Float16 and the like are computed in float32.
  Cast: async (node, [x], list) => {
    const to = intOf(node, "to", 1);
    const value = await list.placed(node, x);
    if (!FLOATS.has(to) || !FLOATS.has(value.type))
      throw refused(node, "makes whole numbers of what the network computes");
    return [value];
  },
};
