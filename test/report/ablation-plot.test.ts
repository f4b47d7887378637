import { expect, test } from "vitest";
import { ablationSvg } from "../../src/report/ablation-plot.ts";
import { expectKept } from "./kept.ts";

const curve = (baseline: number, ...ablation_effects: number[]) => ({ baseline, ablation_effects });

test("a ranking against random units, whose range lies behind their mean", () => {
  const ranked = curve(1000, 700, 500, 450, 250, 200);
  const random = [
    curve(1000, 990, 980, 900, 950, 940),
    curve(1000, 1000, 1010, 1040, 1000, 980),
    curve(1000, 950, 960, 940, 920, 900),
  ];
  const lines = [
    { name: "Top units by IoU", curves: [ranked] },
    { name: "Random units", curves: random },
  ];
  expectKept("ablation-random.svg", ablationSvg("tree", lines));
});

test("more of a concept than before, many units, and curves of several lengths", () => {
  const grows = curve(200, ...Array.from({ length: 23 }, (_, n) => 200 + 12 * (n + 1)));
  const falls = [curve(100, 80, 60, 40, 20, 0), curve(100, 90, 80, 70)];
  const lines = [
    { name: "Units as given", curves: [grows] },
    { name: "ace", curves: falls },
    { name: "<random> & more", curves: [curve(0, 5, 9)] },
  ];
  expectKept("ablation-grows.svg", ablationSvg("a concept of a very long name that goes on and on (material)", lines));
});

test("of no units, and of no lines", () => {
  expectKept("ablation-nothing.svg", ablationSvg("tree", [{ name: "Units as given", curves: [curve(10)] }]));
  expect(ablationSvg("tree", [])).not.toMatch(/NaN|Infinity/);
});

/** What is written beside the lines, and below them. */
function ticksOf(svg: string): { portions: (string | undefined)[]; units: (string | undefined)[] } {
  const all = (pattern: RegExp) => [...svg.matchAll(pattern)].map(([, name]) => name);
  return { portions: all(/text-anchor:end">([^<]+)/g), units: all(/y="290"[^>]*text-anchor:middle">([^<]+)/g) };
}
const after = (...effects: readonly number[]) => ablationSvg("tree", [{ name: "", curves: [curve(100, ...effects)] }]);

test.each([
  [0, ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]],
  [101, ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]],
  [250, [-140, -120, -100, -80, -60, -40, -20, 0, 20, 40, 60, 80, 100].map((n) => `${n} %`.replace("-", "−"))],
  [261, [-150, -100, -50, 0, 50, 100].map((n) => `${n} %`.replace("-", "−"))],
  [651, [-500, -400, -300, -200, -100, 0, 100].map((n) => `${n} %`.replace("-", "−"))],
] as const)("where %i of 100 pixels are left there are the portions %j", (left, expected) => {
  expect(ticksOf(after(left)).portions).toEqual(expected);
});

test.each([
  [10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
  [11, [0, 5, 10]],
  [64, [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]],
  [65, [0, 10, 20, 30, 40, 50, 60]],
  [512, [0, 40, 80, 120, 160, 200, 240, 280, 320, 360, 400, 440, 480]],
] as const)("below %i units stand %j", (units, expected) => {
  expect(ticksOf(after(...Array.from({ length: units }, () => 50))).units).toEqual(expected.map(String));
});
