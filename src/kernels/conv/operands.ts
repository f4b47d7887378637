import type { Value } from "../../runtime/graph.ts";

/** What a convolution reads and writes. */
export interface Operands {
  readonly x: Value;
  readonly y: Value;
  readonly bias: Value;
  readonly residual: Value | undefined;
}
