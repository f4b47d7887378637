import { elements, type Graph, type OperationKind, type Value } from "../../runtime/graph.ts";
import channelsKernel from "../generated/softmax-channels.wgsl.ts";
import rowsKernel from "../generated/softmax-rows.wgsl.ts";
import { lanes } from "../lanes.ts";
import type { AxisName } from "./layout.ts";

// Tests: test/kernels/maps/arithmetic.test.ts

/** Axes along which there is a softmax. */
export type SoftmaxAxis = AxisName | "hw";

export const SOFTMAX: OperationKind<{ readonly axis: SoftmaxAxis; readonly log: boolean }> = { name: "softmax" };

/** Softmax of x [n, h, w, c] along an axis, or over all rows and columns; `log`: its logarithm. */
export function softmax(graph: Graph, x: Value, axis: SoftmaxAxis, log = false): Value {
  const [, height = 1, width = 1, stored = 4] = x.shape;
  const y = graph.value(`${x.label}.softmax`, x.shape, "f32", x.channels);
  const vectors = stored / 4;
  const options = { choices: { LOG: log } };
  if (axis === "c") {
    const total = elements(x.shape) / stored;
    graph.step(channelsKernel, { x, y }, { vectors, channels: x.channels, total }, lanes(total), options);
  } else {
    const count = { h: height, w: width, hw: height * width }[axis];
    const inner = axis === "h" ? width * vectors : vectors;
    const total = elements(x.shape) / 4 / count;
    graph.step(rowsKernel, { x, y }, { count, inner, vectors, channels: x.channels, total }, lanes(total), options);
  }
  graph.record(SOFTMAX, [x], y, { axis, log });
  return y;
}
