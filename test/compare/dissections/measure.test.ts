import { expect, test } from "vitest";
import { jackknife } from "../../../src/compare/dissections/jackknife.ts";
import { measure } from "../../../src/compare/dissections/measure.ts";
import { scoresOf } from "../../../src/compare/dissections/scores.ts";
import { layerOf } from "./layers.ts";

// Two images of 1000 pixels, a block each. Tree has 100 of each; unit 0 is on nearly everywhere but
// there, which tells as much of it; unit 1 meets half of it; unit 2 is hardly on. Brick is in ten
// pixels.
const UNITS = 3;
const layer = layerOf({
  units: [
    [1, 1],
    [1, 1],
    [4, 1],
  ],
  images: 2,
  about: {
    blocks: {
      count: 2,
      labels: [1, 4],
      pixels: [100, 10, 100, 10],
      categoryPixels: [1000, 1000, 1000, 1000],
      intersection: [3, 50, 1, 1, 2, 3, 2, 54, 0, 2, 4, 5],
      activation: [880, 50, 9, 880, 50, 9, 870, 54, 8, 870, 54, 8],
    },
  },
});
const key = JSON.stringify(["tree", "object"]);
const rules = {
  iou: { rule: "best-label", metric: "iou", threshold: 0.04 },
  iqr: { rule: "best-label", metric: "iqr", threshold: 0.04 },
} as const;

test("a concept's best unit is that of the largest score that counts, and has its own errors", () => {
  const [whole, ...left] = [scoresOf(layer), scoresOf(layer, 0), scoresOf(layer, 1)];
  const row = whole!.labels.indexOf(1);
  const of = (unit: number, metric: "iou" | "iqr") => ({
    value: whole![metric][row * UNITS + unit],
    error: jackknife(left.map((scores) => scores[metric][row * UNITS + unit]!)),
  });
  // 5 of 200 + 1750 − 5, and 104 of 200 + 104 − 104
  expect([of(0, "iou").value, of(1, "iou").value]).toEqual([5 / 1945, 104 / 200].map((iou) => expect.closeTo(iou, 12)));
  for (const metric of ["iou", "iqr"] as const) {
    const table = [0, 1, 2].map((unit) => of(unit, metric).value!);
    const unit = table.indexOf(Math.max(...table));
    expect(measure(layer, rules[metric]).cell(key).best).toEqual({ unit, iou: of(unit, "iou"), iqr: of(unit, "iqr") });
  }
  // They are not the same unit, so that either must be looked for in its own table.
  const best = (metric: "iou" | "iqr") => measure(layer, rules[metric]).cell(key).best!.unit;
  expect([best("iou"), best("iqr")]).toEqual([1, 0]);
});

test("a unit's best IoU is that with any concept", () => {
  const { iou } = scoresOf(layer);
  const found = measure(layer, rules.iou).bestIou;
  expect([...Array(UNITS).keys()].map((unit) => found[unit])).toEqual(
    [...Array(UNITS).keys()].map((unit) => Math.max(iou[unit]!, iou[UNITS + unit]!)),
  );
  // 8 of 20 + 17 − 8 with brick, 1 of 200 + 17 − 1 with tree
  expect(found[2]).toBeCloseTo(8 / 29, 12);
});

test("two blocks have an error, one has none", () => {
  expect(measure(layer, rules.iou).counts.without).toHaveLength(2);
  expect(measure({ ...layer, images: 1 }, rules.iou).counts.without).toEqual([]);
});
