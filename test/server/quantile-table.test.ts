import { expect, test } from "vitest";
import { QuantileTable } from "../../src/server/quantile-table.ts";
import { readRunningQuantiles } from "../../src/server/running-quantiles.ts";
import { published, publishedQuantiles } from "./published.ts";

const { asked, levels, values, normalized } = published.quantiles;

test("levels and quantiles of a published quantiles.npz, as RunningQuantile reads it", async () => {
  const table = await readRunningQuantiles(publishedQuantiles(), "quantiles.npz");
  expect(table.units).toBe(3);
  levels.forEach((row, unit) => {
    // Their fractions are float32: near 1 they err by 1e-7, and levels lie up to 100 apart per unit there.
    for (const [i, level] of row.entries()) expect(Math.abs(table.level(unit, asked[i]!) - level)).toBeLessThan(2e-5);
    normalized[unit]!.forEach((fraction, i) => {
      // 0 is what half of the third unit's samples are: any of their fractions is right.
      if (unit === 2 && values[i] === 0) return;
      expect(table.fraction(unit, values[i]!)).toBeCloseTo(fraction, 5);
    });
  });
});

test("straight lines between known quantiles, the ends beyond them", () => {
  const table = new QuantileTable([{ values: Float32Array.of(-1, 1, 5), fractions: Float64Array.of(0, 0.5, 1) }]);
  expect([0, 0.25, 0.5, 0.75, 1].map((fraction) => table.level(0, fraction))).toEqual([-1, 0, 1, 3, 5]);
  expect([-9, -1, 0, 3, 5, 9].map((value) => table.fraction(0, value))).toEqual([0, 0, 0.25, 0.75, 1, 1]);
});

test.each([
  ["no archive", new Uint8Array(100)],
  ["half an archive", publishedQuantiles().subarray(0, 1000)],
])("%s is refused", async (_, bytes) => {
  await expect(readRunningQuantiles(bytes, "quantiles.npz")).rejects.toMatchObject({ code: "weights-format" });
});
