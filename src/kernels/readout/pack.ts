import { ShapeError } from "../../errors.ts";
import { elements, type Graph, type Value } from "../../runtime/graph.ts";
import packKernel from "../generated/pack.wgsl.ts";
import unpackKernel from "../generated/unpack.wgsl.ts";
import { lanes } from "../lanes.ts";

/** Words that so many labels take, packed. */
export const packedWords = (labels: number): number => Math.ceil(labels / 2);

/** Labels, which are below 65,536, as halves of words; see pack.wgsl. */
export function packLabels(graph: Graph, labels: Value, halves: Value): void {
  const [total, words] = extents(labels, halves);
  graph.step(packKernel, { labels, halves }, { total, words }, lanes(words));
}

/** The labels that were packed. */
export function unpackLabels(graph: Graph, halves: Value, labels: Value): void {
  const [total] = extents(labels, halves);
  graph.step(unpackKernel, { halves, labels }, { total }, lanes(total));
}

function extents(labels: Value, halves: Value): [total: number, words: number] {
  const [total, words] = [elements(labels.shape), elements(halves.shape)];
  if (words !== packedWords(total)) {
    throw new ShapeError(
      `${total} labels are ${packedWords(total)} words, and "${halves.label}" has ${words}.`,
      "Give as many words as `packedWords` says.",
    );
  }
  return [total, words];
}
