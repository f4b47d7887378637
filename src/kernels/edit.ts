import { elements, type Graph, type Value } from "../runtime/graph.ts";
import editKernel from "./edit.wgsl.ts";
import { lanes } from "./pointwise.ts";

/** The changeable numbers of an edit: inputs of the graph, so that changing them recompiles nothing. */
export interface EditValues {
  /** [c]: how much of each unit is replaced, 0…1. */
  readonly alpha: Value;
  /** [c]: what replaces it. */
  readonly value: Value;
  /** [h, w]: where. */
  readonly mask: Value;
}

/** x (1 − a) + v a with a = alpha · mask, on x [n, h, w, c] (Bau et al. 2019, §3.2). */
export function edit(graph: Graph, x: Value): { readonly y: Value; readonly values: EditValues } {
  const [, height = 1, width = 1, stored = 4] = x.shape;
  const values: EditValues = {
    alpha: graph.value(`${x.label}.alpha`, [stored]),
    value: graph.value(`${x.label}.value`, [stored]),
    mask: graph.value(`${x.label}.mask`, [height, width]),
  };
  const y = graph.value(`${x.label}.edited`, x.shape, "f32", x.channels);
  const total = elements(x.shape) / 4;
  graph.step(editKernel, { x, ...values, y }, { vectors: stored / 4, pixels: height * width, total }, lanes(total));
  return { y, values };
}
