import type { Counting, Operation, Position } from "../networks/operations.ts";
import { type OnnxGraph, TYPE } from "./onnx.ts";

/**
 * Joint counts of the upsampled map x [1, size, size, units]: a comparison and a product of masks a
 * level.
 */
export function count(graph: OnnxGraph, x: string, operation: Operation & Counting): string {
  const { size, concepts, labels } = operation;
  const [, levels, , units] = operation.outputs[0]!.shape;
  const pixels = size ** 2;
  const hot = new Float32Array(concepts * pixels);
  labels.forEach((label, pixel) => {
    hot[label * pixels + pixel] = 1;
  });
  const masks = graph.constant([1, concepts, pixels], hot);
  const map = graph.node("Reshape", [x, graph.extents([1, pixels, units])]);
  const counts = Array.from({ length: levels }, (_, level) => {
    const threshold = graph.constant([units], operation.levels.slice(level * units, (level + 1) * units));
    const above = graph.node("Cast", [graph.node("Greater", [map, threshold])], { to: TYPE.float32 });
    return graph.node("MatMul", [masks, above]);
  });
  return graph.node("Reshape", [
    graph.node("Concat", counts, { axis: 0 }),
    graph.extents([1, levels, concepts, units]),
  ]);
}

/** A sort of every unit's samples, and the quantiles picked from it. */
export function quantiles(
  graph: OnnxGraph,
  x: string,
  operation: Operation & { readonly positions: readonly Position[] },
): string {
  const { positions } = operation;
  const [n, height, width, units] = operation.inputs[0]!.shape;
  const samples = n * height * width;
  const map = graph.node("Reshape", [x, graph.extents([samples, units])]);
  const [sorted] = graph.nodes("TopK", [map, graph.extents([samples])], 2, { axis: 0, largest: 0 }) as [string];
  const pick = (offset: number): string =>
    graph.node("Gather", [sorted, graph.extents(positions.map(({ low }) => Math.min(low + offset, samples - 1)))]);
  const weight = graph.constant(
    [positions.length, 1],
    Float32Array.from(positions, (position) => position.weight),
  );
  const a = pick(0);
  const between = graph.node("Add", [a, graph.node("Mul", [graph.node("Sub", [pick(1), a]), weight])]);
  return graph.node("Reshape", [between, graph.extents([1, 1, positions.length, units])]);
}
