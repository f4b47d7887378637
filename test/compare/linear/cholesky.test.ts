import { expect, test, vi } from "vitest";
import { cholesky } from "../../../src/compare/linear/cholesky.ts";
import { apart, atOnce, noise, transposeTimes } from "./matrices.ts";

// A turn after each panel of 64 columns, and after each block of what is behind one.
const SIZES = [
  { n: 1, rank: 1, turns: 1 },
  { n: 7, rank: 7, turns: 1 },
  { n: 64, rank: 64, turns: 1 },
  { n: 65, rank: 65, turns: 3 },
  { n: 150, rank: 150, turns: 5 },
  { n: 150, rank: 128, turns: 5 },
  { n: 150, rank: 70, turns: 3 },
  { n: 90, rank: 3, turns: 1 },
  // Six panels; behind the first lie three blocks of the lower half, and one behind the next four.
  { n: 330, rank: 329, turns: 13 },
];

test.each(SIZES)("$n rows of rank $rank", async ({ n, rank, turns }) => {
  const s = transposeTimes(noise(n, rank, n), noise(n, rank, n), rank);
  const kept = Float64Array.from(s);
  const taken = vi.fn(atOnce);
  const found = await cholesky(s, n, taken);
  expect(found.rank).toBe(rank);
  expect(taken).toHaveBeenCalledTimes(turns);
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

test("of equal pivots the first goes first", async () => {
  const same = Float64Array.from({ length: 25 }, (_, at) => (at % 6 === 0 ? 4 : 0));
  const { order, lower } = await cholesky(same, 5, atOnce);
  expect([...order]).toEqual([0, 1, 2, 3, 4]);
  expect([...lower]).toEqual(Array.from(lower, (_, at) => (at % 6 === 0 ? 2 : 0)));
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
