import { expect, test } from "vitest";
import { extrapolated, permutationTest, swapTest } from "../../src/compare/significance.ts";
import type { Vectors } from "../../src/compare/vectors.ts";
import { permutation } from "../../src/weights/permutation.ts";
import { RandomState } from "../../src/weights/random.ts";

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

test("200 divisions by the seed: what their distances tell", async () => {
  const [a, b] = [line(0, 1, 2), line(3, 4, 5, 6)];
  const random = new RandomState(0);
  const told: number[] = [];
  let asked = 0;
  // 1 to 200, each once, in an order that is not theirs.
  const each = async (x: Vectors, y: Vectors): Promise<number> => {
    const order = permutation(random, 7);
    expect([...x.data, ...y.data]).toEqual([...order]);
    expect([x.n, y.n]).toEqual([3, 4]);
    asked += 1;
    return ((asked * 77) % 200) + 1;
  };
  const onProgress = ({ done, total }: { done: number; total: number }): number => told.push(done, total);
  // 191 to 200 are no closer than the 191 that was found: they, and the given division, of 201.
  const found = await permutationTest(a, b, each, 191, { onProgress });
  expect(found).toEqual({ p: 11 / 201, median: 100.5, q95: 191, max: 200, permutations: 200 });
  expect(told).toEqual(Array.from({ length: 200 }, (_, done) => [done, 200]).flat());
  asked = 0;
  const few = async (): Promise<number> => [9, 2, 5][asked++]!;
  expect(await permutationTest(a, b, few, 6, { permutations: 3 })).toMatchObject({ p: 0.5, median: 5, q95: 9, max: 9 });
});

test("images are swapped with what they became, each with even odds", async () => {
  const [before, after] = [line(0, 1, 2, 3), line(-10, -20, -40, -80)];
  const random = new RandomState(0);
  // All swaps of four images change the mean by other amounts: a distance tells which they were.
  let [unswapped, falls] = [0, 0];
  const found = -2 - 35;
  for (let done = 0; done < 200; done += 1) {
    const swapped = [...random.randomSample(4)].map((value) => value < 0.5);
    const [was, is] = [before.data, after.data];
    const change = swapped.reduce((sum, swap, i) => sum + (swap ? was[i]! - is[i]! : is[i]! - was[i]!), 0) / 4;
    if (change <= found) falls += 1;
    if (swapped.every((swap) => !swap)) unswapped += 1;
  }
  expect(unswapped).toBeGreaterThan(0);
  const told: number[] = [];
  const onProgress = ({ done, total }: { done: number; total: number }): number => told.push(done, total);
  const p = await swapTest(before, after, async (set) => mean(set), found, { onProgress });
  expect(p).toBe((1 + falls) / 201);
  expect(told).toEqual(Array.from({ length: 200 }, (_, done) => [done, 200]).flat());
  // As far as it fell is far enough: only a swap of none falls by all of it.
  const all = await swapTest(before, after, async (set) => mean(set), mean(after) - mean(before));
  expect(all).toBe((1 + unswapped) / 201);
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

test("subsets are the images that NumPy's permutations name first, of both sets", async () => {
  const [a, b] = [line(10, 11, 12, 13), line(20, 21, 22, 23, 24)];
  const random = new RandomState(1);
  const told: number[] = [];
  const found: number[] = [];
  const distance = async (x: Vectors, y: Vectors): Promise<number> => {
    const [left, right] = [permutation(random, 4), permutation(random, 5)];
    expect([...x.data]).toEqual(Array.from(left.subarray(0, x.n), (at) => a.data[at]!));
    expect([...y.data]).toEqual(Array.from(right.subarray(0, x.n), (at) => b.data[at]!));
    found.push(mean(x) + mean(y));
    return found.at(-1)!;
  };
  const onProgress = ({ done, total }: { done: number; total: number }): number => told.push(done, total);
  const { sizes, distances } = await extrapolated(a, b, distance, { draws: 2, onProgress });
  expect(sizes).toEqual([2, 3, 4]);
  // All of one set is not all of both: four of five are drawn anew.
  expect(distances).toEqual([0, 2, 4].map((first) => (found[first]! + found[first + 1]!) / 2));
  expect(told).toEqual([0, 6, 1, 6, 2, 6, 3, 6, 4, 6, 5, 6]);
});

test("few images have fewer sizes", async () => {
  const { sizes } = await extrapolated(line(1, 2, 3, 4), line(1, 2, 3, 4, 5), between, { draws: 1 });
  expect(sizes).toEqual([2, 3, 4]);
  // fifths of seven, down to whole images
  const seven = line(1, 2, 3, 4, 5, 6, 7);
  expect((await extrapolated(seven, seven, between, { draws: 1 })).sizes).toEqual([2, 4, 5, 7]);
});
