import { ShapeError } from "../../errors.ts";
import { elements, type Graph, type Value } from "../../runtime/graph.ts";
import divideKernel from "../generated/components-divide.wgsl.ts";
import extentsKernel from "../generated/components-extents.wgsl.ts";
import linkKernel from "../generated/components-link.wgsl.ts";
import startKernel from "../generated/components-start.wgsl.ts";
import { lanes } from "../lanes.ts";

export interface DivideOptions {
  /** The label map whose components are divided; 0 is no label. */
  readonly channel: number;
  /**
   * The label map for the halves above and below each component's middle: label + objects, or + 3
   * objects.
   */
  readonly topBottom: number;
  /** The label map for the halves left and right of it: label + 2 objects, or + 4 objects. */
  readonly leftRight: number;
  /** Labels that can be divided, 1 to `objects`. */
  readonly objects: number;
  readonly height: number;
  readonly width: number;
}

/**
 * Quad subdivision (spec §2.3): every 8-connected component of equal labels in one of the label
 * maps [n, maps, height, width] or [n, maps, pixels] is halved at the middle of its bounding box,
 * both ways, into two more of the maps. Other than in the published code, that is every one of them
 * (spec §13, 2). Labels come out the same on every run.
 * @throws ShapeError when the maps are none of `labels`, are not three different ones, or have
 *   other pixels.
 */
export function divide(graph: Graph, labels: Value, options: DivideOptions): void {
  const { channel, topBottom, leftRight, objects, height, width } = options;
  const [n = 1, maps = 1, ...extent] = labels.shape;
  const given = [channel, topBottom, leftRight];
  if (new Set(given).size < given.length || !given.every((map) => Number.isInteger(map) && map >= 0 && map < maps)) {
    throw new ShapeError(
      `"${labels.label}" [${labels.shape}] has no three different maps ${given.join(", ")}.`,
      "Name maps that it has, each once.",
    );
  }
  if (labels.dtype !== "u32" || elements(extent) !== height * width) {
    throw new ShapeError(
      `"${labels.label}" [${labels.shape}] holds no u32 labels of ${height} × ${width} pixels.`,
      "Give label maps of this size.",
    );
  }
  const total = n * height * width;
  const parent = graph.value(`${labels.label}.components`, [n, height, width], "u32");
  const extents = graph.value(`${labels.label}.extents`, [n, height, width, 3], "u32");
  const map = { height, width, total, maps, channel };
  // Dispatches of their own: each sees the whole of what the one before it wrote.
  graph.step(startKernel, { labels, parent, extents }, map, lanes(total));
  graph.step(linkKernel, { labels, parent }, map, lanes(total));
  graph.step(extentsKernel, { labels, parent, extents }, map, lanes(total));
  graph.step(divideKernel, { parent, extents, labels }, { ...map, topBottom, leftRight, objects }, lanes(total));
}
