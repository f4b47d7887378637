import { expect, test } from "vitest";
import { byCategory, concepts } from "../../src/elements/concepts.ts";
import { LOADED } from "./fake-session.ts";

test("concepts are those with a ranking by IoU, those with most units first", () => {
  const found = concepts(LOADED, "layer4");
  expect(found.map(({ name, units }) => [name, units])).toEqual([
    ["sky", 3],
    ["tree", 2],
    ["door", undefined],
  ]);
  expect(found[1]).toEqual({ name: "tree", category: "object", color: "rgb(0 137 65)", units: 2 });
});

test("without a report they are in the labels' order; names that no label has come last", () => {
  const { report: _, ...loaded } = LOADED;
  const rankings = { layer4: ["glass (material)-iou", "door-iou", "tree-iou", "tree-iqr", "unit"] };
  expect(concepts({ ...loaded, rankings }, "layer4").map(({ name }) => name)).toEqual([
    "tree",
    "door",
    "glass (material)",
  ]);
});

test("a layer of which nothing is known has none", () => expect(concepts(LOADED, "layer2")).toEqual([]));

test("they are grouped by category; those of two have it in their names", () => {
  const labels = ["wood/material", "glass/object", "tree/object", "glass/material"].map((text) => {
    const [name = "", category = ""] = text.split("/");
    return { name, category, color: [0, 0, 0] as const };
  });
  const rankings = { layer4: ["tree-iou", "glass (object)-iou", "wood-iou", "glass (material)-iou"] };
  const layers = [{ layer: "layer4", concepts: [{ label: 3, units: [1, 2] }], units: [] }];
  const loaded = { ...LOADED, labels: [], report: { labels, layers } as never, rankings };
  const groups = byCategory(concepts(loaded, "layer4")).map(([category, own]) => [
    category,
    own.map(({ name }) => name),
  ]);
  expect(groups).toEqual([
    ["material", ["glass (material)", "wood"]],
    ["object", ["glass (object)", "tree"]],
  ]);
});
