import { expect, test } from "vitest";
import { openQuantiles } from "../../src/dissect/open-quantiles.ts";
import { UnitQuantiles } from "../../src/dissect/unit-quantiles.ts";
import { published, publishedQuantiles } from "../server/published.ts";

const { asked, levels, values, normalized } = published.quantiles;

test("levels and quantiles of a published quantiles.npz, as RunningQuantile reads it", async () => {
  const table = await openQuantiles(publishedQuantiles());
  expect(table.units).toBe(3);
  levels.forEach((row, unit) => {
    // Their fractions are float32: near 1 they err by 1e-7, and levels lie up to 100 apart per unit
    // there.
    for (const [i, level] of row.entries()) {
      // Half of the third unit's samples are 0, whose weights its sort leaves in any order.
      const tolerance = unit === 2 && asked[i] === 0.5 ? 0.01 : 2e-5;
      expect(Math.abs(table.levels(asked[i]!)[unit]! - level)).toBeLessThan(tolerance);
    }
    normalized[unit]!.forEach((fraction, i) => {
      // The fraction up to those zeros, its least activations, depends on that order too.
      if (unit === 2 && values[i]! < 0.05) return;
      expect(table.quantile(unit, values[i]!)).toBeCloseTo(fraction, 5);
    });
  });
});

test("those of our own reports", async () => {
  const levels = Float32Array.of(-1, 0, 1, 4, 5, 8);
  const own = new UnitQuantiles({ quantiles: [0, 0.5, 1], levels, means: Float32Array.of(2, 4), samples: 100 });
  const table = await openQuantiles(own.toNpz());
  expect(table.units).toBe(2);
  expect([...table.levels(0.75)]).toEqual([3, 6]);
  expect([-9, -1, 0, 3, 5, 9].map((value) => table.quantile(0, value))).toEqual([0, 0, 0.25, 0.75, 1, 1]);
});

test.each([
  ["no archive", new Uint8Array(100)],
  ["half an archive", publishedQuantiles().subarray(0, 1000)],
])("%s is refused", async (_, bytes) => {
  await expect(openQuantiles(bytes)).rejects.toMatchObject({ code: "weights-format" });
});
