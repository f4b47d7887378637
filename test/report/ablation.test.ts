import { expect, test } from "vitest";
import type { Ablation } from "../../src/causality/ablation.ts";
import type { LocalAblation } from "../../src/causality/ablation-locations.ts";
import { toFullAblation, toPixAblation, unitEffectsCsv } from "../../src/report/ablation.ts";

const everywhere: Ablation = {
  layer: "layer4",
  units: [5, 2, 9],
  pixels: [
    [0, 10, 100],
    [0, 20, 70],
    [0, 30, 50],
  ],
} as unknown as Ablation;

const named = { classname: "tree", classnum: 2, metric: "iou" };

test("fullablation has a concept's pixels before and after each unit", () => {
  expect(toFullAblation(everywhere, named)).toEqual({
    classname: "tree",
    classnum: 2,
    baseline: 100,
    layer: "layer4",
    metric: "iou",
    ablation_units: [5, 2, 9],
    ablation_values: [1, 1, 1],
    ablation_effects: [70, 50],
  });
  expect(toFullAblation({ ...everywhere, alphas: [1, 0.5, 0] }, named).ablation_values).toEqual([1, 0.5, 0]);
});

test("of a label without pixels, or before anything was measured, it is 0", () => {
  const absent = toFullAblation(everywhere, { ...named, classnum: 7 });
  expect([absent.baseline, absent.ablation_effects]).toEqual([0, [0, 0]]);
  const none = toFullAblation({ ...everywhere, pixels: [] }, named);
  expect([none.baseline, none.ablation_effects]).toEqual([0, []]);
});

test("pixablation has the scores, and how much of each unit only where that is not all", () => {
  const local = { layer: "layer4", label: 2, units: [5, 2], scores: [8, 4, 3] } as unknown as LocalAblation;
  const expected = {
    classname: "tree",
    classnum: 2,
    baseline: 8,
    layer: "layer4",
    metric: "ace",
    ablation_units: [5, 2],
    ablation_effects: [4, 3],
  };
  const of = { classname: "tree", metric: "ace" };
  expect(toPixAblation(local, of)).toStrictEqual(expected);
  expect(toPixAblation({ ...local, alphas: [1, 0.25] }, of)).toStrictEqual({ ...expected, ablation_values: [1, 0.25] });
  expect(toPixAblation({ ...local, scores: [] }, of)).toMatchObject({ baseline: 0, ablation_effects: [] });
});

test("unit-effects.csv says what each unit adds and takes, and runs as no formula", () => {
  const units = [
    { unit: 0, pixels: [9, 10, 25] },
    { unit: 7, pixels: [9, 5, 20] },
  ];
  expect(unitEffectsCsv(["-", "=1+1", 'a,"b"'], [1, 10, 20], units)).toBe(
    `unit,'=1+1,"a,""b"""\nbefore,10,20\n0,0,5\n7,-5,0\n`,
  );
});
