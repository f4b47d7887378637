import { binary } from "../kernels/maps/binary.ts";
import { sum } from "../kernels/maps/reduce.ts";
import type { Graph, Value } from "../runtime/graph.ts";

// Tests: test/inversion/invert.test.ts

/** The mean of (a − b)² of each image, [n, 1, 1, 1]. */
export function meanSquare(graph: Graph, a: Value, b: Value): Value {
  const apart = binary(graph, "sub", a, b);
  return sum(graph, binary(graph, "mul", apart, apart), ["c", "h", "w"], true);
}

/** A mean squared error as a peak signal-to-noise ratio; infinite for none at all, be it −0. */
export const decibels = (error: number): number => 10 * Math.log10(4 / Math.max(error, 0));
