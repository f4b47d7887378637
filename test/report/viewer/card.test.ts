import { expect, test } from "vitest";
import { card } from "../../../src/report/viewer/card.ts";
import type { PageData, State } from "../../../src/report/viewer/data.ts";
import { type Made, stage, textOf } from "./stage.ts";

const data = {
  names: ["-", "sky", "tree"],
  report: {
    labels: [{ category: "none" }, { category: "scene" }, { category: "object" }],
    layers: [
      { layer: "layer1", units: [] },
      {
        layer: "layer2",
        units: [
          { unit: 10, label: 1, iou: 0.25, iqr: 0.5, interpretable: true },
          { unit: 11, label: 0, iou: 0.01, iqr: null, interpretable: false },
          { unit: 12, label: 1, iou: 0.5, iqr: 0.5, interpretable: true },
          { unit: 13, label: 1, iou: 0.5, iqr: 0.5, interpretable: true },
        ],
      },
    ],
  },
  layers: [
    {},
    { scores: { 2: [0.125, 0.0625] }, features: [{ images: [4, 9] }, { images: [] }, { images: [4] }, null] },
  ],
} as unknown as PageData;

function made(index: number, state: Partial<State>) {
  const node = card(data, stage().dom, ({ unit }) => `#unit/${unit}`)(index, state as State, 1) as unknown as Made;
  return { node, lines: node.children.map((line) => (line as Made).children.map(textOf)), properties: node.properties };
}

test("a unit's card has its concept and scores, and leads to it", () => {
  const { node, lines, properties } = made(0, { sort: "label" });
  expect(properties).toMatchObject({ class: "card", href: "#unit/10", "data-unit": 10 });
  expect(lines).toEqual([["sky", ", IoU ", "0.25"], [], ["unit 10 · scene", "IQR 0.50"]]);
  expect(node.children[1]).toMatchObject({
    tag: "canvas",
    properties: { "data-index": 0, width: 5, height: 1, "aria-hidden": "true" },
  });
});

test("one below the thresholds says so, and one without pictures", () => {
  const { lines, properties } = made(1, { sort: "iou" });
  expect(properties).toMatchObject({ class: "card weak", href: "#unit/11" });
  expect(lines).toEqual([["no concept", ", IoU ", "0.010"], ["no pictures"], ["unit 11", "IQR – · below threshold"]]);
  expect([1, 2, 3].map((index) => (made(index, { sort: "iou" }).node.children[1] as Made).tag)).toEqual([
    "span",
    "canvas",
    "span",
  ]);
});

test("in the order of a concept a card has the IoU with that", () => {
  expect(made(0, { sort: "concept", concept: "tree" }).lines[0]).toEqual(["sky", ", IoU ", "0.13"]);
  expect(made(1, { sort: "concept", concept: "tree" }).lines[0]).toEqual(["no concept", ", IoU ", "0.063"]);
  expect(made(0, { sort: "concept", concept: "sky" }).lines[0]).toEqual(["sky", ", IoU ", "–"]);
});
