import { count } from "./arrays.ts";
import { intOf } from "./attributes.ts";
import { ELEMENTWISE } from "./fold-elementwise.ts";
import { SHAPED } from "./fold-shaped.ts";
import type { Fold, Folding } from "./folding.ts";
import { INT64, type Known, literal } from "./known.ts";
import type { OnnxNode } from "./read.ts";

/** Inputs as far as they are known; of others the shape. `undefined` where none is given. */
export type Input = Known | { readonly shape: readonly number[]; readonly type: number } | undefined;

const isKnown = (input: Input): input is Known => input !== undefined && "numbers" in input;

const FOLDABLE: Readonly<Record<string, Fold>> = { ...ELEMENTWISE, ...SHAPED };

/** Whether an operator can be computed before the network runs. */
export const isFoldable = (operator: string): boolean =>
  operator === "Shape" || operator === "Size" || Object.hasOwn(FOLDABLE, operator);

/**
 * The outputs of a node that can be computed before the network runs: all its inputs are known, or
 * it asks for no more than a shape. Arithmetic is in double precision, rounded to the type.
 * @returns undefined when it has to be computed with the network.
 * @throws WeightsError naming the node.
 */
export async function fold(
  node: OnnxNode,
  inputs: readonly Input[],
  folding: Folding,
): Promise<readonly Known[] | undefined> {
  if (node.domain !== "") return undefined;
  const [x] = inputs;
  if ((node.operator === "Shape" || node.operator === "Size") && x) return [shapeOf(node, x.shape)];
  if (!Object.hasOwn(FOLDABLE, node.operator)) return undefined;
  if (!inputs.every((input) => input === undefined || isKnown(input))) return undefined;
  return FOLDABLE[node.operator]!(node, inputs as readonly (Known | undefined)[], folding);
}

function shapeOf(node: OnnxNode, shape: readonly number[]): Known {
  if (node.operator === "Size") return literal([count(shape)], [], INT64);
  const part = shape.slice(intOf(node, "start", 0), intOf(node, "end", undefined));
  return literal(part, [part.length], INT64);
}
