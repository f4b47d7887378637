import { UsageError } from "../errors.ts";
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

/**
 * A way that leads to no number leads nowhere from there: whoever went on would be given where it
 * began, as if nothing nearer had been found.
 * @throws UsageError
 */
export function checkFinite(error: number, of: string, step: number): void {
  if (Number.isFinite(error)) return;
  throw new UsageError(
    `After ${step} steps of ${of} the image is infinitely far from the photograph.`,
    "Lower the rate, or check the weights and the image.",
  );
}
