import { type Extent, elements, type Graph, type Value } from "../../runtime/graph.ts";
import accumulateKernel from "../generated/accumulate.wgsl.ts";
import adamKernel from "../generated/adam.wgsl.ts";
import centresKernel from "../generated/centres.wgsl.ts";
import poolKernel from "../generated/pool.wgsl.ts";
import weighKernel from "../generated/weigh.wgsl.ts";
import { lanes } from "../lanes.ts";

/**
 * Adaptive average pooling of maps x [n, height, width] into `cells` [rows, h, w]: of `batch` [2],
 * the first image's row and how many images are valid. Cells share `reach`, in pixels, of which
 * cropped maps are the top left corner; beyond them is nothing.
 */
export function pool(graph: Graph, x: Value, batch: Value, cells: Value, reach?: Extent): void {
  const [n = 1, height = 1, width = 1] = x.shape;
  const [, cellsHigh = 1, cellsWide = 1] = cells.shape;
  const total = n * cellsHigh * cellsWide;
  const [reachHeight, reachWidth] = reach ?? [height, width];
  const params = { height, width, reachHeight, reachWidth, cellsHigh, cellsWide, total };
  graph.step(poolKernel, { x, batch, y: cells }, params, lanes(total));
}

/**
 * What label maps [n, channels, height, width] say at the centre of every cell of a grid: [n,
 * channels, rows, columns]. Cells share `reach`, in pixels; beyond cropped maps is label 0.
 */
export function centres(graph: Graph, labels: Value, [rows, columns]: Extent, reach?: Extent): Value {
  const [n = 1, channels = 1, height = 1, width = 1] = labels.shape;
  const y = graph.value(`${labels.label}.centres`, [n, channels, rows, columns], "u32");
  const total = elements(y.shape);
  const [reachHeight, reachWidth] = reach ?? [height, width];
  const params = { height, width, reachHeight, reachWidth, rows, columns, total };
  graph.step(centresKernel, { labels, centres: y }, params, lanes(total));
  return y;
}

/**
 * Adds Σ score · activation over the batch's cells to `sums` [units, 2], pairs of floats (high,
 * low) that lose nothing over many batches.
 */
export function weigh(graph: Graph, x: Value, scores: Value, batch: Value, sums: Value): void {
  const [n = 1, height = 1, width = 1, units = 4] = x.shape;
  const partial = graph.value(`${x.label}.weighed`, [n, units]);
  const total = elements(partial.shape);
  graph.step(weighKernel, { x, scores, batch, partial }, { units, cells: height * width, total }, lanes(total));
  graph.step(accumulateKernel, { partial, total: sums }, { sums: units, count: n, zero: 0 }, lanes(units));
}

export interface AdamOptions {
  /** Learning rate. */
  readonly rate: number;
  /** Twice the weight of Σα². */
  readonly decay: number;
}

/**
 * A step of Adam on `alpha` [units] in [0, 1], of `gradient` [parts, units] and with the state
 * `moments` [units, 4] (adam.wgsl).
 */
export function adam(
  graph: Graph,
  { gradient, moments, alpha }: { readonly gradient: Value; readonly moments: Value; readonly alpha: Value },
  options: AdamOptions,
): void {
  const [parts = 1, units = 4] = gradient.shape;
  graph.step(adamKernel, { gradient, moments, alpha }, { units, parts, ...options }, lanes(units));
}
