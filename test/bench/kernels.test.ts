import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { PARTS } from "../../bench/kernels/parts.mjs";
import { table } from "../../bench/kernels/table.mjs";

const side = (label: string, parts: Record<string, Record<string, number>>) => ({
  label,
  adapter: "a driver",
  unit: "CPU",
  parts,
});

it("measures modules that there are", () => {
  const missing = Object.keys(PARTS).filter((path) => !existsSync(new URL(`../../src/${path}.ts`, import.meta.url)));
  expect(missing).toEqual([]);
});

it("shows two builds beside each other, the costliest kernels first, with sums and ratios", () => {
  const before = side("old", { generator: { conv: 6, taps: 2 }, statistics: { count: 1 } });
  const after = side("new", { generator: { pixelnorm: 0.5, subgroup: 3, taps: 1 }, statistics: { count: 1 } });
  expect(table([before, after]).split("\n")).toEqual([
    "CPU ms an image on a driver: old → new",
    "",
    "generator                  8.00     4.50  × 0.56",
    "  conv                     6.00        –",
    "  subgroup                    –     3.00",
    "  taps                     2.00     1.00  × 0.50",
    "  pixelnorm                   –     0.50",
    "",
    "statistics                 1.00     1.00  × 1.00",
    "  count                    1.00     1.00  × 1.00",
  ]);
});

it("shows one build alone", () => {
  expect(
    table([side("working tree", { generator: { conv: 1.256 } })])
      .split("\n")
      .slice(2),
  ).toEqual(["generator                  1.26", "  conv                     1.26"]);
});
