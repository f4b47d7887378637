import { elements, type Graph, type OperationKind, type Value } from "../../runtime/graph.ts";
import composedKernel from "../generated/composed.wgsl.ts";
import strokeKernel from "../generated/stroke.wgsl.ts";
import { lanes } from "../lanes.ts";

/** Edits of its first input that were composed to its second. */
export const DENSE_EDIT: OperationKind<undefined> = { name: "dense edit" };

/**
 * Any number of edits of x [n, h, w, c], the same for its n images: y = x K + P with K and P =
 * `composed` [2, h, w, c], an input of the graph that `stroke` makes. Without edits K is 1 and P 0.
 */
export function denseEdit(graph: Graph, x: Value): { readonly y: Value; readonly composed: Value } {
  const composed = graph.value(`${x.label}.composed`, [2, ...x.shape.slice(1)], "f32", x.channels);
  return { y: applyComposed(graph, x, composed), composed };
}

/** y = x K + P, where K and P are those of a graph's own. */
export function applyComposed(graph: Graph, x: Value, composed: Value): Value {
  const y = graph.value(`${x.label}.edited`, x.shape, "f32", x.channels);
  const total = elements(x.shape) / 4;
  const each = elements(composed.shape) / 8;
  graph.step(composedKernel, { x, composed, y }, { each, total }, lanes(total));
  graph.record(DENSE_EDIT, [x, composed], y, undefined);
  return y;
}

/** What one edit is made of, before it is composed with others. */
export interface StrokeValues {
  /** `[2, h, w, c]`: K and P of the edits before it, */
  readonly before: Value;
  /** and of these and it. */
  readonly after: Value;
  /** `[c]`: how much of each unit it replaces, 0…1. */
  readonly alpha: Value;
  /** `[c]`: what replaces it. */
  readonly value: Value;
  /** `[h, w]`: where, 0…1. */
  readonly mask: Value;
  /** `[h, w, c]`: added to `value`, cell by cell. */
  readonly source: Value;
}

/** Composes one edit more with those before it, of maps [h, w, c]: see stroke.wgsl. */
export function stroke(graph: Graph, label: string, [height, width, stored]: readonly number[]): StrokeValues {
  const part = [height!, width!, stored!];
  const values: StrokeValues = {
    before: graph.value(`${label}.before`, [2, ...part]),
    after: graph.value(`${label}.after`, [2, ...part]),
    alpha: graph.value(`${label}.alpha`, [stored!]),
    value: graph.value(`${label}.value`, [stored!]),
    mask: graph.value(`${label}.mask`, [height!, width!]),
    source: graph.value(`${label}.source`, part),
  };
  const total = elements(part) / 4;
  graph.step(strokeKernel, { ...values }, { vectors: stored! / 4, total }, lanes(total));
  return values;
}
