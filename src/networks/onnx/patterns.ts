import { count } from "./arrays.ts";
import { intOf, intsOf } from "./attributes.ts";
import { isKnown, type Lowered } from "./lowering.ts";
import type { Attribute, OnnxNode } from "./read.ts";

// Tests: test/networks/onnx/patterns.test.ts

/** What patterns look at: the nodes before, and what is known. */
export interface Before {
  readonly makers: ReadonlyMap<string, OnnxNode>;
  readonly values: ReadonlyMap<string, Lowered>;
}

/** The node that several end in, as one of ours or of a later version: the same output. */
type Pattern = (node: OnnxNode, before: Before) => Promise<OnnxNode | undefined>;

const near = (a: number | undefined, b: number): boolean => a !== undefined && Math.abs(a - b) <= 1e-4 * Math.abs(b);

/** The node of this operator that makes a value. */
const made = ({ makers }: Before, name: string | undefined, operator: string): OnnxNode | undefined => {
  const node = makers.get(name ?? "");
  return node?.operator === operator ? node : undefined;
};

/** The number that a value is known to be. */
async function scalar({ values }: Before, name: string | undefined): Promise<number | undefined> {
  const value = values.get(name ?? "");
  return isKnown(value) && count(value.shape) === 1 ? (await value.numbers())[0] : undefined;
}

/** Of two operands in either order, the one that is not this number. */
async function besides(
  before: Before,
  node: OnnxNode | undefined,
  number: (value: number | undefined) => boolean,
): Promise<string | undefined> {
  const [a, b] = node?.inputs ?? [];
  if (number(await scalar(before, b))) return a;
  if (number(await scalar(before, a))) return b;
  return undefined;
}

const other = (node: OnnxNode | undefined, name: string): string | undefined =>
  node?.inputs[0] === name ? node.inputs[1] : node?.inputs[1] === name ? node.inputs[0] : undefined;

const replaced = (
  node: OnnxNode,
  operator: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
): OnnxNode => ({ ...node, operator, inputs, attributes: new Map(Object.entries(attributes)) });

/** The products that a node may be: its operands, and with either taken apart. */
function* products(node: OnnxNode, before: Before): Generator<readonly string[]> {
  if (node.operator !== "Mul" || node.inputs.length !== 2) return;
  const [a, b] = node.inputs as [string, string];
  yield [a, b];
  const [left, right] = [made(before, a, "Mul"), made(before, b, "Mul")];
  if (left) yield [...left.inputs, b];
  if (right) yield [a, ...right.inputs];
}

/** x · 0.5 · (1 + erf(x / √2)), or with tanh(√(2/π) (x + 0.044715 x³)) in erf's place. */
const gelu: Pattern = async (node, before) => {
  for (const factors of products(node, before)) {
    if (factors.length !== 3) continue;
    for (const half of factors) {
      if (!near(await scalar(before, half), 0.5)) continue;
      const [a, b] = factors.filter((name) => name !== half);
      for (const [x, q] of [
        [a, b],
        [b, a],
      ]) {
        const inner = await besides(before, made(before, q, "Add"), (value) => near(value, 1));
        if (x === undefined || inner === undefined) continue;
        if (await isErf(before, inner, x)) return replaced(node, "Gelu", [x]);
        if (await isTanh(before, inner, x)) {
          return replaced(node, "Gelu", [x], { approximate: { kind: "string", value: "tanh" } });
        }
      }
    }
  }
  return undefined;
};

async function isErf(before: Before, name: string, x: string): Promise<boolean> {
  const inner = made(before, name, "Erf")?.inputs[0];
  const division = made(before, inner, "Div");
  if (division) return division.inputs[0] === x && near(await scalar(before, division.inputs[1]), Math.SQRT2);
  return (await besides(before, made(before, inner, "Mul"), (value) => near(value, Math.SQRT1_2))) === x;
}

async function isTanh(before: Before, name: string, x: string): Promise<boolean> {
  const scaled = made(before, made(before, name, "Tanh")?.inputs[0], "Mul");
  const sum = await besides(before, scaled, (value) => near(value, Math.sqrt(2 / Math.PI)));
  const cubic = other(made(before, sum, "Add"), x);
  const cube = await besides(before, made(before, cubic, "Mul"), (value) => near(value, 0.044715));
  const power = made(before, cube, "Pow");
  return power?.inputs[0] === x && (await scalar(before, power.inputs[1])) === 3;
}

/** x · f(x) for the functions that have a name of their own. */
const gated: Pattern = async (node, before) => {
  for (const factors of products(node, before)) {
    if (factors.length !== 2) continue;
    for (const [x, gate] of [factors, factors.toReversed()] as [string, string][]) {
      const maker = before.makers.get(gate);
      if (!maker) continue;
      if (maker.operator === "Sigmoid" && maker.inputs[0] === x) return replaced(node, "Silu", [x]);
      if (maker.operator === "Tanh" && made(before, maker.inputs[0], "Softplus")?.inputs[0] === x) {
        return replaced(node, "Mish", [x]);
      }
      const [slope, offset] = [maker.attributes.get("alpha"), maker.attributes.get("beta")];
      const sixth = slope?.kind === "float" && near(slope.value, 1 / 6);
      const half = offset === undefined || (offset.kind === "float" && offset.value === 0.5);
      if (maker.operator === "HardSigmoid" && sixth && half && maker.inputs[0] === x) {
        return replaced(node, "HardSwish", [x]);
      }
    }
  }
  return undefined;
};

/** x · clip(x + 3, 0, 6) / 6, as it was exported before HardSwish had a name. */
const hardSwish: Pattern = async (node, before) => {
  if (node.operator !== "Div" || !near(await scalar(before, node.inputs[1]), 6)) return undefined;
  const product = made(before, node.inputs[0], "Mul");
  for (const [x, gate] of [product?.inputs ?? [], product?.inputs.toReversed() ?? []]) {
    const clip = made(before, gate, "Clip");
    if (!clip || x === undefined) continue;
    const bound = async (name: string, index: number): Promise<number | undefined> => {
      const attribute = clip.attributes.get(name);
      return attribute?.kind === "float" ? attribute.value : scalar(before, clip.inputs[index]);
    };
    if ((await bound("min", 1)) !== 0 || (await bound("max", 2)) !== 6) continue;
    const shifted = await besides(before, made(before, clip.inputs[0], "Add"), (value) => value === 3);
    if (shifted === x) return replaced(node, "HardSwish", [x]);
  }
  return undefined;
};

/** A mean over axes that are kept, of a value's square: the value, and the axes. */
async function meanSquare(
  before: Before,
  name: string | undefined,
): Promise<[x: string, axes: readonly number[]] | undefined> {
  const mean = made(before, name, "ReduceMean");
  const axes = mean && (await axesOf(before, mean));
  if (!axes) return undefined;
  const power = made(before, mean.inputs[0], "Pow");
  if (power && (await scalar(before, power.inputs[1])) === 2) return [power.inputs[0]!, axes];
  const product = made(before, mean.inputs[0], "Mul");
  if (product && product.inputs[0] === product.inputs[1]) return [product.inputs[0]!, axes];
  return undefined;
}

async function axesOf(before: Before, mean: OnnxNode): Promise<readonly number[] | undefined> {
  if (intOf(mean, "keepdims", 1) !== 1) return undefined;
  const given = before.values.get(mean.inputs[1] ?? "");
  const rank = before.values.get(mean.inputs[0]!)?.shape.length ?? 0;
  const axes = intsOf(mean, "axes") ?? (isKnown(given) ? [...(await given.numbers())] : undefined);
  return axes?.map((axis) => (axis < 0 ? axis + rank : axis));
}

/** x / √(mean(y²) + ε), however it is written: x, y, the axes and ε. */
async function normalised(node: OnnxNode | undefined, before: Before) {
  if (node?.inputs.length !== 2) return undefined;
  const ways: (readonly [x: string, root: OnnxNode | undefined])[] = [];
  const [a, b] = node.inputs as [string, string];
  if (node.operator === "Div") ways.push([a, made(before, b, "Sqrt")]);
  if (node.operator === "Mul") {
    for (const [x, factor] of [
      [a, b],
      [b, a],
    ] as const) {
      const inverse = made(before, factor, "Reciprocal");
      const power = made(before, factor, "Pow");
      const quotient = made(before, factor, "Div");
      if (inverse) ways.push([x, made(before, inverse.inputs[0], "Sqrt")]);
      if (quotient && (await scalar(before, quotient.inputs[0])) === 1)
        ways.push([x, made(before, quotient.inputs[1], "Sqrt")]);
      if (power && (await scalar(before, power.inputs[1])) === -0.5) ways.push([x, power]);
    }
  }
  for (const [x, root] of ways) {
    const sum = made(before, root?.inputs[0], "Add");
    for (const [square, epsilon] of [sum?.inputs ?? [], sum?.inputs.toReversed() ?? []]) {
      const eps = await scalar(before, epsilon);
      const found = await meanSquare(before, square);
      if (found && eps !== undefined) return { x, y: found[0], axes: found[1], eps };
    }
  }
  return undefined;
}

/** x / √(mean over channels of x² + 1e−8), Progressive GAN's norm of pixels and of z. */
const pixelNorm: Pattern = async (node, before) => {
  const found = await normalised(node, before);
  if (!found || found.x !== found.y || found.axes.join() !== "1" || !near(found.eps, 1e-8)) return undefined;
  return replaced(node, "PixelNorm", [found.x]);
};

/** (x − mean) / √(mean of its square + ε) over the same axes. */
const standardised: Pattern = async (node, before) => {
  const found = await normalised(node, before);
  if (!found) return undefined;
  const [d, e] = [made(before, found.x, "Sub"), made(before, found.y, "Sub")];
  const [x, mean] = d?.inputs ?? [];
  if (x === undefined || !d || !e || e.inputs.join() !== d.inputs.join()) return undefined;
  const maker = made(before, mean, "ReduceMean");
  if (maker?.inputs[0] !== x || (await axesOf(before, maker))?.join() !== found.axes.join()) return undefined;
  const attributes = {
    axes: { kind: "ints", value: found.axes },
    epsilon: { kind: "float", value: found.eps },
  } as const;
  return replaced(node, "LayerNormalization", [x], attributes);
};

/** The same times a weight, and with a bias. */
const layerNorm: Pattern = async (node, before) => {
  const plain = await standardised(node, before);
  if (plain) return plain;
  for (const [product, bias] of [node.inputs, node.inputs.toReversed()]) {
    const scaled =
      node.operator === "Add" && isKnown(before.values.get(bias ?? "")) ? made(before, product, "Mul") : undefined;
    const multiplied = node.operator === "Mul" ? node : scaled;
    for (const [inner, weight] of [multiplied?.inputs ?? [], multiplied?.inputs.toReversed() ?? []]) {
      const maker = before.makers.get(inner ?? "");
      if (!maker || weight === undefined || !isKnown(before.values.get(weight))) continue;
      const norm = await standardised(maker, before);
      if (norm) return { ...norm, outputs: node.outputs, inputs: [...norm.inputs, weight, ...(scaled ? [bias!] : [])] };
    }
  }
  return undefined;
};

/** A product with a matrix, and what is added to each of its rows. */
const biased: Pattern = async (node, { makers, values }) => {
  for (const [product, bias] of [node.inputs, node.inputs.toReversed()]) {
    const maker = makers.get(product ?? "");
    const [matrix, added] = [values.get(maker?.inputs[1] ?? ""), values.get(bias ?? "")];
    if (maker?.operator !== "MatMul" || isKnown(values.get(maker.inputs[0]!))) continue;
    if (!isKnown(matrix) || matrix.shape.length !== 2 || !isKnown(added)) continue;
    if (added.shape.length !== 1 || added.shape[0] !== matrix.shape[1]) continue;
    return replaced(node, "MatMul", [...maker.inputs, bias!]);
  }
  return undefined;
};

const PATTERNS: Readonly<Record<string, readonly Pattern[]>> = {
  Add: [layerNorm, biased],
  Mul: [gelu, gated, pixelNorm, layerNorm],
  Div: [hardSwish, pixelNorm, layerNorm],
};

/**
 * What a node and those before it compute together, if that has a name: GELU, SiLU, Mish,
 * hard swish, the norm of pixels, layer norm. What only they needed is then not computed.
 */
export async function recognised(node: OnnxNode, before: Before): Promise<OnnxNode> {
  for (const pattern of (node.domain === "" && PATTERNS[node.operator]) || []) {
    const found = await pattern(node, before);
    if (found) return found;
  }
  return node;
}
