import { expect, test } from "vitest";
import type { UnitImportance } from "../../src/causality/unit-importance.ts";
import { importanceCsv, importantUnits, toImportance } from "../../src/report/importance.ts";

const score = (balanced: number) => ({ recall: 0.5, balanced });
/** Six units and two classes; units 4 and 1 matter to the first. */
const found: UnitImportance = {
  layer: "layer4",
  units: 6,
  left: [],
  classes: [
    {
      ...{ class: 2, name: "ski, resort", ranked: 3, scored: 4, ranking: score(0.9), score: score(0.75) },
      rankingDrop: Float64Array.of(0, 0.125, -0.25, 0, 0.5, 0),
      drop: Float64Array.of(0, 0.25, 0, 0, -0.125, 0),
      order: [4, 1, 0, 3, 5, 2],
      together: [{ units: 2, without: 0.5, alone: 0.625, random: [0.75, 0.25] }],
    },
    {
      ...{ class: 7, name: "=beach", ranked: 2, scored: 2, ranking: score(0.9), score: score(0.25) },
      rankingDrop: new Float64Array(6).fill(1),
      drop: new Float64Array(6),
      order: [0, 1, 2, 3, 4, 5],
      together: [{ units: 2, without: 0.25, alone: 0.375, random: [0, 0] }],
    },
  ],
};

test("at most four units are important, and none whose absence takes nothing", () => {
  expect(found.classes.map(importantUnits)).toEqual([
    [4, 1],
    [0, 1, 2, 3],
  ]);
});

test("the JSON has means over classes", () => {
  const { mean, classes } = toImportance(found);
  expect(mean).toEqual({ balancedAccuracy: 0.5, together: [{ units: 2, without: 0.375, alone: 0.5, random: 0.25 }] });
  expect(classes[0]).toEqual({
    ...{ class: 2, name: "ski, resort", ranked: 3, scored: 4, accuracy: 0.5, balancedAccuracy: 0.75 },
    importantUnits: [
      { unit: 4, rankingDrop: 0.5, drop: -0.125 },
      { unit: 1, rankingDrop: 0.125, drop: 0.25 },
    ],
    together: found.classes[0]!.together,
  });
  const none = found.classes.map((each) => ({ ...each, together: [{ ...each.together[0]!, random: [] }] }));
  expect(toImportance({ ...found, classes: none }).mean.together[0]!.random).toBeNull();
});

test("the CSV has a row for every unit and class", () => {
  const rows = importanceCsv(found).trim().split("\n");
  expect(rows).toHaveLength(13);
  expect(rows.slice(0, 3)).toEqual([
    "class,name,unit,rank,ranking_drop,drop",
    '2,"ski, resort",0,3,0,0',
    '2,"ski, resort",1,2,0.125,0.25',
  ]);
  expect(rows[7]).toBe("7,'=beach,0,1,1,0");
});
