import { expect, test } from "vitest";
import { extrapolated, permutationTest } from "../../src/compare/significance.ts";
import type { Vectors } from "../../src/compare/vectors.ts";

const line = (...data: number[]): Vectors => ({ data: Float64Array.from(data), n: data.length, d: 1 });
const mean = ({ data }: Vectors): number => Array.from(data).reduce((sum, value) => sum + value, 0) / data.length;
const between = async (a: Vectors, b: Vectors): Promise<number> => Math.abs(mean(a) - mean(b));

// The golden permutations and sizes are compared in segmentation-distance.test.ts.
test("sets that are far apart are further than any division, sets of one kind are not", async () => {
  const [low, high] = [line(0, 1, 2, 3, 4, 5), line(100, 101, 102, 103)];
  const far = await permutationTest(low, high, between, await between(low, high), { permutations: 99 });
  expect(far.p).toBeLessThan(0.05);
  expect(far.max).toBeLessThanOrEqual(await between(low, high));
  const near = await permutationTest(low, low, between, 0, { permutations: 99 });
  expect(near).toMatchObject({ p: 1, permutations: 99 });
  expect(near.median).toBeLessThanOrEqual(near.q95);
});

test("sizes are told, and a distance that falls as 1/n is extrapolated to what it falls to", async () => {
  const set = line(...Array(50).keys());
  const asked: number[] = [];
  const falling = async (a: Vectors, b: Vectors): Promise<number> => {
    expect(a.n).toBe(b.n);
    asked.push(a.n);
    return 3 + 7 / a.n;
  };
  const found = await extrapolated(set, set, falling, { draws: 4 });
  expect(found.sizes).toEqual([10, 20, 30, 40, 50]);
  expect(found.extrapolated).toBeCloseTo(3, 12);
  expect(found.slope).toBeCloseTo(7, 12);
  // All images are one set, whatever their order.
  expect(asked.filter((n) => n === 50)).toHaveLength(1);
  expect(asked.filter((n) => n === 10)).toHaveLength(4);
});

test("few images have fewer sizes", async () => {
  const { sizes } = await extrapolated(line(1, 2, 3, 4), line(1, 2, 3, 4, 5), between, { draws: 1 });
  expect(sizes).toEqual([2, 3, 4]);
});
