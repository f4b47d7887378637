import { expect, test } from "vitest";
import { topUnits } from "../../src/look/top-units.ts";

const found = {
  mean: Float32Array.of(1, 8, 3, 3),
  max: Float32Array.of(9, 8, 4, 5),
  cells: 2,
};
const known = {
  ...found,
  meanQuantile: Float32Array.of(0.5, 0.25, 0.75, 0.75),
  maxQuantile: Float32Array.of(1, 0, 1, 0.5),
};

test("the most active units come first, equals by number", () => {
  expect(topUnits(found).map(({ unit, activation }) => [unit, activation])).toEqual([
    [1, 8],
    [2, 3],
    [3, 3],
    [0, 1],
  ]);
  expect(topUnits(found, { by: "max", top: 2 })).toEqual([
    { unit: 0, activation: 9 },
    { unit: 1, activation: 8 },
  ]);
});

test("or those that are most unusually active, with what they are known for", () => {
  const labels = ["tree", undefined, "door"];
  expect(topUnits(known, { top: 3, labels })).toEqual([
    { unit: 2, activation: 3, quantile: 0.75, label: "door" },
    { unit: 3, activation: 3, quantile: 0.75 },
    { unit: 0, activation: 1, quantile: 0.5, label: "tree" },
  ]);
  expect(topUnits(known, { by: "max", top: 9 }).map(({ unit }) => unit)).toEqual([0, 2, 3, 1]);
  // of as unusual ones the more active
  const alike = { ...found, meanQuantile: Float32Array.of(0.5, 0.5, 0.5, 0.5) };
  expect(topUnits(alike, { top: 1 })).toEqual([{ unit: 1, activation: 8, quantile: 0.5 }]);
  expect(topUnits(alike).map(({ unit }) => unit)).toEqual([1, 2, 3, 0]);
});

test("eight unless told", () => {
  const many = { ...found, mean: Float32Array.from({ length: 20 }, (_, i) => i) };
  expect(topUnits(many)).toHaveLength(8);
});

test.each([
  [{ by: "median" }, 'no "median"'],
  [{ top: 0 }, "0 units make no sense"],
  [{ top: 1.5 }, "1.5 units"],
  [{ labels: "tree" }, "takes a list of labels"],
  [{ count: 3 }, 'knows no "count"'],
])("%j is refused", (options, message) => {
  expect(() => topUnits(found, options as never)).toThrow(message);
});
