import { expect, test } from "vitest";
import { scoresOf } from "../../../src/compare/dissections/scores.ts";
import { layerOf } from "./layers.ts";

// Two images, each a block: tree is in the first alone, brick in one pixel of the second.
const layer = layerOf({
  units: [[1, 1]],
  images: 2,
  about: {
    blocks: {
      count: 2,
      labels: [1, 4],
      pixels: [40, 0, 0, 1],
      categoryPixels: [100, 0, 100, 100],
      intersection: [30, 0, 0, 1],
      activation: [50, 0, 10, 2],
    },
  },
});
const { blocks: _, ...counted } = layer;
// Without blocks, of the same counts; what bears no label is no label, however much of it there is.
const whole = { ...counted, labelPixels: [150, 40, 0, 0, 1], intersection: [0, 30, 0, 0, 1], activation: [60, 2] };

test("IoU of whole tables and of blocks, of labels that have a pixel", () => {
  // tree: 30 of 40 + 60 − 30; brick: 1 of 1 + 2 − 1
  const both = [30 / 70, 1 / 2].map((iou) => expect.closeTo(iou, 12));
  for (const scores of [scoresOf(whole), scoresOf(layer)]) {
    expect(scores.labels).toEqual([1, 4]);
    expect([...scores.iou]).toEqual(both);
  }
  expect([...(scoresOf({ ...whole, iqr: [9, 0.5, 9, 9, 0.25] }).iqr as Float64Array)]).toEqual([0.5, 0.25]);
});

test("IQR of blocks: mutual information by joint entropy, in shares of the category's pixels", () => {
  // tree: 200 pixels, of which 30 both, 30 the unit alone, 10 tree alone
  const shares = [30, 30, 10, 130].map((pixels) => pixels / 200) as [number, number, number, number];
  const entropy = (...parts: number[]) => parts.reduce((sum, p) => sum - p * Math.log(p), 0);
  const joint = entropy(...shares);
  const [both, unit, tree, neither] = shares;
  const information = entropy(both + unit, tree + neither) + entropy(both + tree, unit + neither) - joint;
  expect(scoresOf(layer).iqr[0]).toBeCloseTo(information / joint, 12);
});

test("left out, a block takes its label and its category with it", () => {
  const [first, second] = [scoresOf(layer, 0), scoresOf(layer, 1)];
  expect([...first.iou]).toEqual([0, expect.closeTo(1 / 2, 12)]);
  expect(first.iqr[0]).toBe(0);
  // no pixel of a material is left
  expect([...second.iou]).toEqual([expect.closeTo(30 / 60, 12), 0]);
  expect(second.iqr[1]).toBe(0);
});
