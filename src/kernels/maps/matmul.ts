import { ShapeError } from "../../errors.ts";
import { elements, type Graph, type OperationKind, type Value } from "../../runtime/graph.ts";
import matmulKernel from "../generated/matmul.wgsl.ts";
import { lanes } from "../lanes.ts";

// Tests: test/kernels/maps/arithmetic.test.ts

/** A product of its two inputs' matrices, channel by channel. */
export const MATMUL: OperationKind<undefined> = { name: "matmul" };

/**
 * For each channel the product of a's rows [n, h, k, c] and b's columns [n, k, w, c]: [n, h, w, c].
 * A single channel, or the only image, of one of them is that of all.
 * @throws ShapeError when extents do not fit.
 */
export function matmul(graph: Graph, a: Value, b: Value): Value {
  const [many = 1, height = 1, depth = 1, aStored = 4] = a.shape;
  const [others = 1, rows = 1, width = 1, bStored = 4] = b.shape;
  const alike = (one: number, two: number): boolean => one === two || one === 1 || two === 1;
  if (depth !== rows || !alike(many, others) || !alike(a.channels, b.channels)) {
    throw new ShapeError(
      `"${a.label}" [${a.shape}] and "${b.label}" [${b.shape}] cannot be multiplied.`,
      "Give the second as many rows as the first has columns, and as many channels.",
    );
  }
  const channels = Math.max(a.channels, b.channels);
  const y = graph.map(`${a.label}.product`, Math.max(many, others), height, width, channels);
  const total = elements(y.shape) / 4;
  const image = (x: Value): number => (x.shape[0] === 1 ? 0 : elements(x.shape) / x.shape[0]! / 4);
  graph.step(
    matmulKernel,
    { a, b, y },
    {
      ...{ height, width, depth, vectors: y.shape.at(-1)! / 4, aVectors: aStored / 4, bVectors: bStored / 4 },
      ...{ aImage: image(a), bImage: image(b), total },
    },
    lanes(total),
    {
      choices: { SPLAT_A: a.channels === 1 && channels > 1, SPLAT_B: b.channels === 1 && channels > 1 },
      flops: 2 * (elements(y.shape) / y.shape.at(-1)!) * channels * depth,
    },
  );
  graph.record(MATMUL, [a, b], y, undefined);
  return y;
}
