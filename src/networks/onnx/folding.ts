import { refused } from "./attributes.ts";
import type { Budget, Known } from "./known.ts";
import type { OnnxNode } from "./read.ts";

// Tests: test/networks/onnx/fold.test.ts

/** What folding one node needs besides it. */
export interface Folding {
  readonly budget: Budget;
  /** Version of ONNX's operators. */
  readonly opset: number;
}

/** Computes a node of known inputs: its outputs. */
export type Fold = (node: OnnxNode, inputs: readonly (Known | undefined)[], folding: Folding) => Promise<Known[]>;

/** An input that must be there. @throws WeightsError */
export function needed(node: OnnxNode, inputs: readonly (Known | undefined)[], index = 0): Known {
  const input = inputs[index];
  if (!input) throw refused(node, `has no input ${index}`);
  return input;
}
