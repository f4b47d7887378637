import type { WeightsError } from "../../errors.ts";
import { refused } from "./attributes.ts";
import { isFoldable } from "./fold.ts";
import { CONVOLUTION } from "./lower-convolution.ts";
import { ELEMENTWISE } from "./lower-elementwise.ts";
import { LAYOUT } from "./lower-layout.ts";
import { PRODUCTS } from "./lower-products.ts";
import type { Lower } from "./lowering.ts";
import type { OnnxModel, OnnxNode } from "./read.ts";

// Tests: test/networks/onnx/lower.test.ts

/** The operators that a network can have, beside those that are computed before it runs. */
export const OPERATORS: Readonly<Record<string, Lower>> = { ...CONVOLUTION, ...ELEMENTWISE, ...LAYOUT, ...PRODUCTS };

/** The nodes that outputs depend on; others may be anything. */
export function needed({ nodes, outputs }: Pick<OnnxModel, "nodes" | "outputs">): readonly OnnxNode[] {
  const wanted = new Set(outputs.map(({ name }) => name));
  const found: OnnxNode[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => wanted.has(name))) continue;
    found.push(node);
    for (const name of node.inputs) if (name !== "") wanted.add(name);
  }
  return found.reverse();
}

/** Whether a node can be computed, before the network runs or in it. */
const isKnownOperator = ({ operator, domain }: OnnxNode): boolean =>
  domain === "" && (isFoldable(operator) || Object.hasOwn(OPERATORS, operator));

/** "Conv", or with its domain where it is none of ONNX's own. */
const fullName = ({ operator, domain }: OnnxNode): string => (domain === "" ? operator : `${domain}.${operator}`);

/** An operator of a graph. */
export interface OperatorUse {
  readonly operator: string;
  /** Nodes that apply it. */
  readonly nodes: number;
  /** Whether it is known here; what its nodes ask for may still be too much. */
  readonly known: boolean;
}

/** The operators that a graph's outputs depend on, in the order in which they come first. */
export function operatorsOf(model: Pick<OnnxModel, "nodes" | "outputs">): readonly OperatorUse[] {
  const uses = new Map<string, OperatorUse>();
  for (const node of needed(model)) {
    const operator = fullName(node);
    uses.set(operator, { operator, nodes: (uses.get(operator)?.nodes ?? 0) + 1, known: isKnownOperator(node) });
  }
  return [...uses.values()];
}

/** Operators that an error names. */
const NAMED = 20;

/**
 * @throws WeightsError naming the first node that cannot be computed, and all operators that
 *   cannot.
 */
export function checkOperators(nodes: readonly OnnxNode[]): void {
  const first = nodes.find((node) => !isKnownOperator(node));
  if (first) throw unknown(first, nodes);
}

function unknown(first: OnnxNode, nodes: readonly OnnxNode[]): WeightsError {
  const all = [...new Set(nodes.filter((node) => !isKnownOperator(node)).map(fullName))];
  const others = all.length > 1 ? `, nor are ${all.slice(1, NAMED).join(", ")}` : "";
  return refused(
    first,
    `is an operator that is not known here${others}`,
    `Known are ${Object.keys(OPERATORS).sort().join(", ")}.`,
  );
}
