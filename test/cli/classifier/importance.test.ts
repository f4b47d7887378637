import { expect, test } from "vitest";
import { importanceTable } from "../../../src/cli/classifier/importance.ts";

const unit = (number: number, drop: number) => ({ unit: number, rankingDrop: 9, drop });
const of = (name: string, balancedAccuracy: number, without: number, importantUnits: object[] = []) => ({
  ...{ class: 0, name, ranked: 1, scored: 12, accuracy: 0.1, balancedAccuracy },
  ...{ importantUnits, together: [{ units: 20, without, alone: 0.9, random: [0.5] }] },
});

test("classes, those that lose most first, with their units in points", () => {
  const classes = [
    of("pond", 0.9, 0.85, [unit(3, 0.0004), unit(4, -0.0004), unit(5, -0.0206)]),
    of("kitchen", 0.8765, 0.5, [unit(17, 0.1234), unit(2, 0.05)]),
  ];
  const together = [{ units: 20, without: 0.675, alone: 0.6, random: 0.8888 }];
  const found = { layer: "layer4", units: 512, classes, mean: { balancedAccuracy: 0.88825, together } };
  expect(importanceTable(found as never).replaceAll(/ +$/gm, "")).toBe(
    `layer4: balanced accuracy of a class, mean 88.8 %
  without its 20 most damaging units 67.5 %, without as many by chance 88.9 %; with them alone out of 512 60.0 %
  class    photographs  balanced  without 20  units (points)
  kitchen           12    87.6 %      50.0 %  17 (−12.3)  2 (−5.0)
  pond              12    90.0 %      85.0 %  3 (0.0)  4 (0.0)  5 (2.1)
`,
  );
});

test("without sets of units there is nothing to lose, and without draws no chance", () => {
  const classes = ["b", "a"].map((name) => ({ ...of(name, 0.5, 0), together: [] }));
  const alone = { layer: "fc", units: 8, classes, mean: { balancedAccuracy: 0.5, together: [] } };
  expect(importanceTable(alone as never)).toMatch(/^fc: .* 50\.0 %\n {2}class .*\n {2}b .*\n {2}a /);
  const mean = { balancedAccuracy: 0.5, together: [{ units: 2, without: 0.4, alone: 0.3, random: null }] };
  expect(importanceTable({ ...alone, mean } as never)).toContain(
    "\n  without its 2 most damaging units 40.0 %; with them alone out of 8 30.0 %\n",
  );
});
