import type { Recipe } from "../../src/session/recipe.ts";

/** A recipe with a stroke of every kind. */
export const RECIPE: Recipe = {
  version: 1,
  model: { name: "scenes64", sha256: "0f".repeat(32) },
  segmenter: { name: "scenes64" },
  seed: 3,
  image: 17,
  layer: "layer4",
  strokes: [
    {
      id: "a",
      op: "draw",
      units: { concept: "tree", top: 10, ranking: "iqr" },
      alpha: 0.5,
      value: { quantile: 0.99 },
      mask: { size: [8, 8], cells: [9, 3, 5, 3] },
    },
    { id: "b", op: "remove", units: [24, 59, 126], hidden: true },
    { id: "c", op: "copy", units: [3, 4], value: [0.25, -1.5], mask: { size: [2, 4], cells: [0, 8] } },
    { id: "d", op: "remove", units: "all", value: 1, mask: { size: [1, 1], cells: [] } },
  ],
};
