import { elements, type Graph, type OperationKind, type Value } from "../../runtime/graph.ts";
import reduceKernel from "../generated/reduce-max.wgsl.ts";
import { lanes } from "../lanes.ts";
import { binary } from "./binary.ts";
import { type AxisName, extentsOf } from "./layout.ts";
import { poolMax } from "./pool.ts";
import { channelwise, separable, summing, whole } from "./separable.ts";
import { unary } from "./unary.ts";

// Tests: test/kernels/maps/arithmetic.test.ts

/** The largest of its input's channels. It has no gradient. */
const REDUCE_MAX: OperationKind<undefined> = { name: "largest channel" };

/** Sums of x over these axes, which become 1; with `mean` over their extents. */
export function sum(graph: Graph, x: Value, axes: readonly AxisName[], mean = false): Value {
  const [channels, height, width] = extentsOf(x);
  const weight = (extent: number): number => (mean ? 1 / extent : 1);
  let y = x;
  // Columns first, then rows: more invocations, and shorter sums.
  if (axes.includes("w") && width > 1) y = separable(graph, y, whole(height), summing(width, weight(width)));
  if (axes.includes("h") && height > 1) {
    y = separable(graph, y, summing(height, weight(height)), whole(y.shape[2]!));
  }
  return axes.includes("c") && channels > 1 ? channelwise(graph, y, summing(channels, weight(channels))) : y;
}

/** The largest of x over these axes, which become 1. */
export function largest(graph: Graph, x: Value, axes: readonly AxisName[]): Value {
  const [channels, height, width] = extentsOf(x);
  let y = x;
  if (axes.includes("w") && width > 1) y = poolMax(graph, y, { size: [1, width], stride: 1 });
  if (axes.includes("h") && height > 1) y = poolMax(graph, y, { size: [height, 1], stride: 1 });
  if (!axes.includes("c") || channels === 1) return y;
  const [n = 1, rows = 1, columns = 1, stored = 4] = y.shape;
  const z = graph.map(`${y.label}.largest`, n, rows, columns, 1);
  const total = elements(z.shape) / 4;
  graph.step(reduceKernel, { x: y, y: z }, { vectors: stored / 4, channels, total }, lanes(total));
  graph.record(REDUCE_MAX, [y], z, undefined);
  return z;
}

/** x with the mean 0 and the variance 1 over these axes: (x − mean) / √(variance + eps). */
export function normalised(graph: Graph, x: Value, axes: readonly AxisName[], eps: number): Value {
  const centred = binary(graph, "sub", x, sum(graph, x, axes, true));
  const variance = sum(graph, binary(graph, "mul", centred, centred), axes, true);
  return binary(graph, "div", centred, unary(graph, binary(graph, "add", variance, eps), "sqrt"));
}
