import { expect, test } from "vitest";
import { cholesky } from "../../../src/compare/linear/cholesky.ts";
import { apart, atOnce, noise, transposeTimes } from "./matrices.ts";

const SIZES = [
  { n: 1, rank: 1 },
  { n: 7, rank: 7 },
  { n: 64, rank: 64 },
  { n: 150, rank: 150 },
  { n: 150, rank: 128 },
  { n: 150, rank: 70 },
  { n: 90, rank: 3 },
  { n: 330, rank: 329 }, // what is behind the first panel takes two blocks
];

test.each(SIZES)("$n rows of rank $rank", async ({ n, rank }) => {
  const s = transposeTimes(noise(n, rank, n), noise(n, rank, n), rank);
  const kept = Float64Array.from(s);
  const found = await cholesky(s, n, atOnce);
  expect(found.rank).toBe(rank);
  const { lower, order } = found;
  const whole = new Float64Array(n * n);
  let above = 0;
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < n; j += 1) {
      for (let l = 0; l < n; l += 1) whole[order[i]! * n + order[j]!]! += lower[i * n + l]! * lower[j * n + l]!;
      if ((j > i || j >= rank) && lower[i * n + j] !== 0) above += 1;
    }
  }
  expect(above).toBe(0);
  expect(apart(whole, kept)).toBeLessThan(1e-12 * n);
  expect([...order].sort((a, b) => a - b)).toEqual([...Array(n).keys()]);
});

test("of nothing but zeros there is nothing", async () => {
  expect((await cholesky(new Float64Array(25), 5, atOnce)).rank).toBe(0);
});

test("a rank is that of the largest number of the diagonal, however small or wherever it is", async () => {
  const tiny = transposeTimes(noise(9, 9, 9), noise(9, 9, 9), 9).map((value) => 1e-30 * value);
  expect((await cholesky(tiny, 9, atOnce)).rank).toBe(9);
  // beside 1 in double precision 1e-18 is nothing
  for (let place = 0; place < 4; place += 1) {
    const diagonal = new Float64Array(16);
    for (let i = 0; i < 4; i += 1) diagonal[5 * i] = i === place ? 1 : 1e-18;
    const { rank, order } = await cholesky(diagonal, 4, atOnce);
    expect([rank, order[0]]).toEqual([1, place]);
  }
});
