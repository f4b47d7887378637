import { elements, type Graph, type Value } from "../../runtime/graph.ts";
import regionKernel from "../generated/region.wgsl.ts";
import joinKernel from "../generated/region-join.wgsl.ts";
import { lanes } from "../lanes.ts";

/**
 * What the units of maps x [n, h, w, c] do in regions: [n, 2, c], the largest of activation · reach
 * over all cells, and the sum of activation · share. Both masks are [masks, h, w], one for all
 * images or one each.
 */
export function region(graph: Graph, x: Value, reach: Value, share: Value): Value {
  const [n = 1, height = 1, width = 1, units = 4] = x.shape;
  const [cells, vectors] = [height * width, units / 4];
  const [masks = 1] = reach.shape;
  // As many cells one after the other as there are parts to join.
  const size = Math.ceil(Math.sqrt(cells));
  const count = Math.ceil(cells / size);
  const parts = graph.value(`${x.label}.parts`, [count, n, vectors, 8]);
  const total = elements(parts.shape) / 8;
  graph.step(regionKernel, { x, reach, share, parts }, { vectors, cells, images: n, masks, size, total }, lanes(total));
  const joined = graph.value(`${x.label}.region`, [n, 2, units]);
  const each = n * vectors;
  graph.step(joinKernel, { parts, joined }, { parts: count, each, vectors }, lanes(each));
  return joined;
}
