import { type Extent, elements, type Graph, type Value } from "../../runtime/graph.ts";
import cutKernel from "../generated/cut.wgsl.ts";
import pasteKernel from "../generated/paste.wgsl.ts";
import { lanes } from "../lanes.ts";

/** Where windows begin: an input of the graph, so that a plan is compiled for all places. */
export interface Place {
  /** [places, 2], 32-bit whole numbers, which may be negative: first rows and columns. */
  readonly places: Value;
  /** Which of them. */
  readonly place: number;
}

/** A window of x [n, H, W, c] of so many rows and columns; zeros where it reaches beyond x. */
export function cut(graph: Graph, x: Value, { places, place }: Place, [height, width]: Extent): Value {
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const y = graph.map(`${x.label}.window`, n, height, width, x.channels);
  const total = elements(y.shape) / 4;
  const extents = { inHeight, inWidth, height, width, vectors: stored / 4 };
  graph.step(cutKernel, { x, places, y }, { ...extents, place, total }, lanes(total));
  return y;
}

/**
 * Puts a window without `margin` rows and columns on each side back into y, as far as it is inside.
 */
export function paste(graph: Graph, x: Value, { places, place }: Place, margin: number, y: Value): void {
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const [, outHeight = 1, outWidth = 1] = y.shape;
  const [height, width] = [inHeight - 2 * margin, inWidth - 2 * margin];
  const total = (n * height * width * stored) / 4;
  const extents = { inHeight, inWidth, margin, height, width, outHeight, outWidth, vectors: stored / 4 };
  graph.step(pasteKernel, { x, places, y }, { ...extents, place, total }, lanes(total));
}
