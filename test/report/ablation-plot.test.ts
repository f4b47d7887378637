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
