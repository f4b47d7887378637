import { describe, expect, test } from "vitest";
import {
  categoryOrder,
  conceptGroups,
  displayNames,
  hasConcepts,
  readable,
  uniqueNames,
  wholeConcepts,
} from "../../src/report/concepts.ts";
import { layerOf } from "./fixture.ts";

test("names that people read are unique", () => {
  const labels = [
    { name: "-", category: "object" },
    { name: "glass", category: "object" },
    { name: "glass", category: "material" },
    { name: "red", category: "object" },
    { name: "red-c", category: "color" },
    { name: "dining_table", category: "object" },
    { name: "dining table", category: "object" },
  ];
  expect(displayNames(labels)).toEqual([
    ...["-", "glass (object)", "glass (material)", "red (object)", "red (color)"],
    ...["dining table (object)", "dining table (object) #6"],
  ]);
  expect(uniqueNames(labels)).toEqual([
    ...["-", "glass (object)", "glass (material)", "red", "red-c", "dining_table", "dining table"],
  ]);
});

test.each([
  ["bed_room-s", "bed room"],
  ["red-c", "red"],
  ["sky-t", "sky-t"],
  ["a-s_b", "a-s b"],
])("%s is read as %s", (name, expected) => expect(readable(name)).toBe(expected));

test("seven categories have a place of their own, others come behind them", () => {
  expect(categoryOrder(["mood", "part", "shape"])).toEqual([
    ...["object", "scene", "part", "piece", "material", "texture", "color", "mood", "shape"],
  ]);
});

test("a segmenter has concepts when it knows more than nothing", () => {
  const nothing = { name: "-", category: "object" };
  expect(hasConcepts([nothing])).toBe(false);
  expect(hasConcepts([nothing, { name: "sky", category: "object" }])).toBe(true);
});

describe("groups", () => {
  const labels = ["object", "object", "object", "part", "mood", "object"].map((category, i) => ({
    name: `n${i}`,
    category,
  }));
  const categories = ["mood", "part", "object"];

  test("go by category, then by units, then by the best IoU of interpretable units", () => {
    const layer = layerOf([
      { label: 4, iou: 0.9 },
      { label: 3, iou: 0.8 },
      { label: 1, iou: 0.1 },
      { label: 2, iou: 0.3 },
      { label: 2, iou: 0.2 },
      { label: 5, iou: 0.15 },
      { label: 1, iou: 0.7, interpretable: false },
    ]);
    expect(conceptGroups(layer, labels, categories)).toEqual([
      { label: 2, units: [3, 4], bestIou: 0.3 },
      { label: 5, units: [5], bestIou: 0.15 },
      { label: 1, units: [2], bestIou: 0.1 },
      { label: 3, units: [1], bestIou: 0.8 },
      { label: 4, units: [0], bestIou: 0.9 },
    ]);
  });

  test("equal in all of that stay in the order of their first units", () => {
    const layer = layerOf([
      { label: 5, iou: 0.5 },
      { label: 1, iou: 0.5 },
    ]);
    expect(conceptGroups(layer, labels, categories).map(({ label }) => label)).toEqual([5, 1]);
  });

  test("of labels or categories that nobody named come first, as those without a place do", () => {
    const layer = layerOf([
      { label: 1, iou: 0.5 },
      { label: 77, iou: 0.5 },
    ]);
    expect(conceptGroups(layer, labels, categories).map(({ label }) => label)).toEqual([77, 1]);
  });
});

test("a quarter belongs to the whole of its category, or else to the object, or else to what has its name", () => {
  const own = [
    { name: "sky-b", category: "part" },
    { name: "sky", category: "part" },
    { name: "sky", category: "object" },
    { name: "sky-tl", category: "object" },
    { name: "sky-c", category: "object" },
    { name: "lamp-l", category: "part" },
    { name: "brick-br", category: "part" },
    { name: "brick", category: "material" },
    { name: "glass", category: "material" },
    { name: "glass", category: "object" },
    { name: "glass-t", category: "part" },
  ];
  expect(wholeConcepts(own)).toEqual([1, 1, 2, 2, 4, 5, 7, 7, 8, 9, 9]);
  const twice = { name: "sky", category: "object" };
  expect(wholeConcepts([twice, twice])).toEqual([0, 1]);
});
