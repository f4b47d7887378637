import { expect, test } from "vitest";
import { concepts } from "../../src/elements/concepts.ts";
import { LOADED } from "./fake-session.ts";

test("concepts are those with a ranking by IoU, those with most units first", () => {
  expect(concepts(LOADED, "layer4")).toEqual(["sky", "tree", "door"]);
});

test("without a report they are in the labels' order; other names, as those of two categories, come last", () => {
  const { report: _, ...loaded } = LOADED;
  const rankings = { layer4: ["glass (material)-iou", "door-iou", "tree-iou", "tree-iqr", "unit"] };
  expect(concepts({ ...loaded, rankings }, "layer4")).toEqual(["tree", "door", "glass (material)"]);
});

test("a layer of which nothing is known has none", () => expect(concepts(LOADED, "layer2")).toEqual([]));
