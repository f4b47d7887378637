import { broadcastStrides, count, positions, strided } from "./arrays.ts";
import { broadcast, floatOf, intOf, refused } from "./attributes.ts";
import { type Fold, needed } from "./folding.ts";
import { BOOL, computed, isWhole, type Known } from "./known.ts";
import type { OnnxNode } from "./read.ts";
import { numbersOf } from "./shapes.ts";

// Tests: test/networks/onnx/fold.test.ts

const unary =
  (of: (x: number) => number, type?: number): Fold =>
  async (node, inputs, { budget }) => {
    const x = needed(node, inputs);
    return [await computed(budget, x.shape, type ?? x.type, [x], ([values]) => values!.map(of))];
  };

/** Of two inputs; the type is the first's unless given. */
const binary =
  (of: (a: number, b: number, whole: boolean) => number, type?: number): Fold =>
  async (node, inputs, { budget }) => {
    const a = needed(node, inputs, 0);
    const b = aligned(node, a, needed(node, inputs, 1));
    const shape = broadcast(node, a.shape, b.shape);
    const whole = isWhole(a.type);
    return [
      await computed(budget, shape, type ?? a.type, [a, b], ([left, right]) =>
        zipped(shape, [a.shape, b.shape], [left!, right!], ([x, y]) => of(x!, y!, whole)),
      ),
    ];
  };

/** Of any number of inputs. */
const folded =
  (of: (a: number, b: number) => number, after: (value: number, inputs: number) => number = (value) => value): Fold =>
  async (node, inputs, { budget }) => {
    const given = inputs.map((_, index) => needed(node, inputs, index));
    const shapes = given.map(({ shape }) => shape);
    const shape = broadcast(node, ...shapes);
    return [
      await computed(budget, shape, needed(node, inputs).type, given, (values) =>
        zipped(shape, shapes, values, (all) =>
          after(
            all.reduce((a, b) => of(a, b)),
            all.length,
          ),
        ),
      ),
    ];
  };

function zipped(
  shape: readonly number[],
  shapes: readonly (readonly number[])[],
  values: readonly Float64Array[],
  of: (values: readonly number[]) => number,
): Float64Array {
  const wide = values.map((value, i) => strided(value, shape, broadcastStrides(shapes[i]!, shape.length)));
  return Float64Array.from({ length: count(shape) }, (_, at) => of(wide.map((value) => value[at]!)));
}

/** Before version 7 the second input's axes were counted from `axis` on. */
function aligned(node: OnnxNode, a: Known, b: Known): Known {
  const axis = intOf(node, "axis", undefined);
  if (axis === undefined || b.shape.length === 0) return b;
  const behind = a.shape.length - (axis < 0 ? axis + a.shape.length : axis) - b.shape.length;
  if (behind < 0) throw refused(node, `has no axis ${axis}`);
  return { ...b, shape: [...b.shape, ...new Array<number>(behind).fill(1)] };
}

/** Halves to even, as IEEE 754 rounds. */
const roundEven = (x: number): number => {
  const near = Math.round(x);
  return near - x === 0.5 && near % 2 !== 0 ? near - 1 : near;
};

const cast: Fold = async (node, inputs, { budget }) => {
  const x = needed(node, inputs);
  const type = node.operator === "CastLike" ? needed(node, inputs, 1).type : intOf(node, "to", x.type);
  return [await computed(budget, x.shape, type, [x], ([values]) => values!)];
};

const where: Fold = async (node, inputs, { budget }) => {
  const given = [0, 1, 2].map((index) => needed(node, inputs, index));
  const shapes = given.map(({ shape }) => shape);
  const shape = broadcast(node, ...shapes);
  return [
    await computed(budget, shape, given[1]!.type, given, (values) =>
      zipped(shape, shapes, values, ([condition, yes, no]) => (condition !== 0 ? yes! : no!)),
    ),
  ];
};

const clip: Fold = async (node, inputs, { budget }) => {
  const x = needed(node, inputs);
  const least = floatOf(node, "min", undefined) ?? (await numbersOf(node, inputs, 1))?.[0] ?? Number.NEGATIVE_INFINITY;
  const most = floatOf(node, "max", undefined) ?? (await numbersOf(node, inputs, 2))?.[0] ?? Number.POSITIVE_INFINITY;
  return [
    await computed(budget, x.shape, x.type, [x], ([values]) => values!.map((v) => Math.min(most, Math.max(least, v)))),
  ];
};

/**
 * 8-bit weights: (x − zero point) · scale, one for all or one for each index along an axis (ONNX
 * DequantizeLinear, versions 10 and 13).
 */
const dequantize: Fold = async (node, inputs, { budget }) => {
  const x = needed(node, inputs, 0);
  const scale = needed(node, inputs, 1);
  const zero = inputs[2];
  const single = count(scale.shape) === 1;
  const rank = x.shape.length;
  const axis = intOf(node, "axis", 1);
  const at = axis < 0 ? axis + rank : axis;
  if (!single && (scale.shape.length !== 1 || scale.shape[0] !== x.shape[at])) {
    throw refused(node, `has scales of [${scale.shape}] for [${x.shape}]`, "Quantise whole tensors or channels.");
  }
  const steps = new Array<number>(rank).fill(0);
  if (!single) steps[at] = 1;
  return [
    await computed(budget, x.shape, scale.type, zero ? [x, scale, zero] : [x, scale], ([values, scales, zeros]) => {
      const made = new Float64Array(values!.length);
      let i = 0;
      for (const place of positions(x.shape, steps)) {
        made[i] = (values![i]! - (zeros?.[zeros.length === 1 ? 0 : place] ?? 0)) * scales![place]!;
        i += 1;
      }
      return made;
    }),
  ];
};

export const ELEMENTWISE: Readonly<Record<string, Fold>> = {
  Abs: unary(Math.abs),
  Ceil: unary(Math.ceil),
  Cos: unary(Math.cos),
  Exp: unary(Math.exp),
  Floor: unary(Math.floor),
  Identity: unary((x) => x),
  Log: unary(Math.log),
  Neg: unary((x) => -x),
  Not: unary((x) => (x === 0 ? 1 : 0), BOOL),
  Reciprocal: unary((x) => 1 / x),
  Relu: unary((x) => Math.max(0, x)),
  Round: unary(roundEven),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  Sign: unary(Math.sign),
  Sin: unary(Math.sin),
  Softplus: unary((x) => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x)))),
  Sqrt: unary(Math.sqrt),
  Tanh: unary(Math.tanh),
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b, whole) => (whole ? Math.trunc(a / b) : a / b)),
  // The sign of the divisor, but for fmod; whole numbers only, or fmod.
  Mod: async (node, inputs, folding) =>
    binary(intOf(node, "fmod", 0) === 1 ? (a, b) => a % b : (a, b) => ((a % b) + b) % b)(node, inputs, folding),
  Pow: binary((a, b) => a ** b),
  Equal: binary((a, b) => (a === b ? 1 : 0), BOOL),
  Greater: binary((a, b) => (a > b ? 1 : 0), BOOL),
  GreaterOrEqual: binary((a, b) => (a >= b ? 1 : 0), BOOL),
  Less: binary((a, b) => (a < b ? 1 : 0), BOOL),
  LessOrEqual: binary((a, b) => (a <= b ? 1 : 0), BOOL),
  And: binary((a, b) => (a !== 0 && b !== 0 ? 1 : 0), BOOL),
  Or: binary((a, b) => (a !== 0 || b !== 0 ? 1 : 0), BOOL),
  Xor: binary((a, b) => ((a !== 0) !== (b !== 0) ? 1 : 0), BOOL),
  Max: folded(Math.max),
  Min: folded(Math.min),
  Sum: folded((a, b) => a + b),
  Mean: folded(
    (a, b) => a + b,
    (sum, inputs) => sum / inputs,
  ),
  Cast: cast,
  CastLike: cast,
  Where: where,
  Clip: clip,
  DequantizeLinear: dequantize,
};
