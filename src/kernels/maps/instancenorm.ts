import { elements, type Graph, type OperationKind, type Value } from "../../runtime/graph.ts";
import normKernel from "../generated/instancenorm.wgsl.ts";
import partsKernel from "../generated/instancenorm-sum.wgsl.ts";
import sumKernel from "../generated/sum.wgsl.ts";
import { lanes } from "../lanes.ts";

/** x normalised over each image's pixels; `squares` are the sums of its squared distances. */
export const INSTANCENORM: OperationKind<{ readonly epsilon: number; readonly squares: Value }> = {
  name: "instancenorm",
};

/**
 * Pixels that one invocation adds up of so many: about as many as there are then parts, so that
 * neither sum is long.
 */
export const partOf = (pixels: number): number => Math.max(64, 2 ** Math.ceil(Math.log2(pixels) / 2));

/**
 * Sums over the pixels of each image's channels [n, 1, 1, c]: of x, or of squared distances from
 * the mean.
 */
export function pixelSums(graph: Graph, x: Value, sums?: Value): Value {
  const [n = 1, height = 1, width = 1, stored = 4] = x.shape;
  const [pixels, vectors] = [height * width, stored / 4];
  const size = partOf(pixels);
  const count = Math.ceil(pixels / size);
  const parts = graph.value(`${x.label}.parts`, [count, n, stored]);
  const total = elements(parts.shape) / 4;
  graph.step(partsKernel, { x, sums: sums ?? x, parts }, { vectors, pixels, images: n, size, total }, lanes(total), {
    choices: { SQUARES: sums !== undefined },
  });
  const y = graph.map(`${x.label}.${sums ? "squares" : "sums"}`, n, 1, 1, x.channels);
  graph.step(sumKernel, { x: parts, y }, { parts: count, total: n * vectors }, lanes(n * vectors));
  return y;
}

/** y = (x − mean) / √(variance + ε) of x [n, h, w, c], over the pixels of each image's channels. */
export function instancenorm(graph: Graph, x: Value, epsilon: number): Value {
  const [, height = 1, width = 1, stored = 4] = x.shape;
  const sums = pixelSums(graph, x);
  const squares = pixelSums(graph, x, sums);
  const y = graph.value(`${x.label}.normed`, x.shape, "f32", x.channels);
  const total = elements(x.shape) / 4;
  const params = { vectors: stored / 4, pixels: height * width, epsilon, total };
  graph.step(normKernel, { x, sums, squares, y }, params, lanes(total));
  graph.record(INSTANCENORM, [x], y, { epsilon, squares });
  return y;
}
