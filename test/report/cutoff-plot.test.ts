import { expect, test } from "vitest";
import { cutoffSvg } from "../../src/report/cutoff-plot.ts";
import { expectKept } from "./kept.ts";

/** Agreement that is best where a twentieth of the activations is above the level. */
const points = Array.from({ length: 61 }, (_, i) => {
  const above = 10 ** (-3 + i / 20);
  const near = Math.exp(-((Math.log10(above) - Math.log10(0.05)) ** 2) / 0.2);
  return { cutoff: 1 - above, iou: 0.31 * near, iqr: 0.12 * near ** 2 };
}).reverse();

test("IoU and IQR against the cutoff, with the best of each", () => {
  expectKept("cutoffs.svg", cutoffSvg("unit 24 and tree", points));
});

test("a dot marks the first of the best", () => {
  const dots = (svg: string) => [...svg.matchAll(/cx="([\d.]+)" cy="([\d.]+)" r="4"/g)].map(([, ...at]) => at);
  // From a tenth, at the left, to all, at the right: 56 to 464; the largest value at 66, 0 at 288.
  const flat = [
    { cutoff: 0.9, iou: 0.1, iqr: 0.2 },
    { cutoff: 0, iou: 0.4, iqr: 0.2 },
  ];
  expect(dots(cutoffSvg("", flat))).toEqual([
    ["464", "66"],
    ["56", "177"],
  ]);
});

test("what nothing exceeds has no place, and nothing is drawn of nothing", () => {
  const only = cutoffSvg("", [{ cutoff: 1, iou: 0.5, iqr: 0.5 }]);
  expect(only).not.toMatch(/NaN|Infinity|<circle/);
  expect(cutoffSvg("", [])).toBe(only);
});
