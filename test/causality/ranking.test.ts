import { expect, test } from "vitest";
import { rankUnits, shuffledUnits } from "../../src/causality/index.ts";
import { ascending } from "../../src/causality/ranking.ts";
import type { Dissection } from "../../src/dissect/result.ts";

test("units are ranked by their IoU with the concept, the best first and equals by number", () => {
  const iou = Float64Array.of(0.9, 0, 0.3, 0, 0.1, 0.5, 0.1, 0.05, 0, 0.2, 0.3, 0.4);
  const dissection = {
    layers: [
      { layer: "layer2", units: [0, 0], tables: { iou: Float64Array.of(0, 0, 0, 0.5, 0.6, 0) } },
      { layer: "layer4", units: [0, 0, 0, 0], tables: { iou } },
    ],
  } as never as Dissection;
  expect(rankUnits(dissection, "layer4", 0)).toEqual([0, 2, 1, 3]);
  expect(rankUnits(dissection, "layer4", 1)).toEqual([1, 0, 2, 3]);
  expect(rankUnits(dissection, "layer4", 2)).toEqual([3, 2, 1, 0]);
  expect(rankUnits(dissection, "layer2", 2)).toEqual([0, 1]);
  expect(() => rankUnits(dissection, "layer5", 1)).toThrow(/no layer5\. It has layer2, layer4/);
});

test("places are in the order of their scores, the lowest first, and equals stay in order", () => {
  expect(ascending([0.5, -1, 0.5, 2, -1, 0.25])).toEqual([1, 4, 5, 0, 2, 3]);
  const many = Array.from({ length: 40 }, (_, i) => i % 3);
  expect(ascending(many)).toEqual([0, 1, 2].flatMap((score) => [...many.keys()].filter((at) => many[at] === score)));
});

test("an order by chance is the same for the same seed: that of NumPy's random numbers", () => {
  // numpy.random.RandomState(1).random_sample(8).argsort(), NumPy 1.24
  expect(shuffledUnits(8, 1)).toEqual([2, 5, 4, 6, 3, 7, 0, 1]);
  const order = shuffledUnits(50, 1);
  expect([...order].sort((a, b) => a - b)).toEqual([...Array(50).keys()]);
  expect(shuffledUnits(50, 2)).not.toEqual(order);
});
