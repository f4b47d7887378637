import { expect, test, vi } from "vitest";
import { eigenvalues, tridiagonal } from "../../../src/compare/linear/eigenvalues.ts";
import { apart, atOnce, noise } from "./matrices.ts";

/** H D H with a Householder reflection H, which has the numbers of D for eigenvalues. */
function reflected(values: readonly number[], seed: number): Float64Array {
  const n = values.length;
  let s = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? values[i / (n + 1)]! : 0));
  for (let turn = 0; turn < 3; turn += 1) {
    const v = noise(seed + turn, 1, n);
    const scale = 2 / v.reduce((sum, value) => sum + value * value, 0);
    const sv = v.map((_, i) => v.reduce((sum, value, j) => sum + s[i * n + j]! * value, 0));
    const vsv = v.reduce((sum, value, i) => sum + value * sv[i]!, 0);
    s = s.map((value, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      return value - scale * (v[i]! * sv[j]! + sv[i]! * v[j]!) + scale * scale * vsv * v[i]! * v[j]!;
    });
  }
  return s;
}

const rising = (values: ArrayLike<number>): number[] => Array.from(values).sort((a, b) => a - b);

test.each([1, 2, 3, 4, 5, 6, 31, 32, 33, 34, 35, 36, 64, 65, 131])("%i eigenvalues", async (n) => {
  const values = Array.from({ length: n }, (_, i) => (i % 3 === 0 ? 0 : (i - n / 3) / (1 + (i % 7))));
  const s = reflected(values, 10 + n);
  // What is above the diagonal is not read.
  for (let i = 0; i < n; i += 1) s.fill(Number.NaN, i * n + i + 1, (i + 1) * n);
  const found = await eigenvalues(s, n, atOnce);
  expect(apart(rising(found), rising(values))).toBeLessThan(1e-13 * n);
});

test.each([
  [320, 320 + 11],
  [321, 321 + 14],
])("of %i columns each has a turn, and each block of the lower half behind 32 of them", async (n, count) => {
  const values = Array.from({ length: n }, (_, i) => (i * i) % 101);
  const turns = vi.fn(atOnce);
  // Behind the first 32 lie 288 or 289 columns, more than a block has: three blocks. 257 do, too.
  const found = await eigenvalues(reflected(values, 7), n, turns);
  expect(apart(rising(found), rising(values))).toBeLessThan(1e-10);
  expect(turns).toHaveBeenCalledTimes(count);
});

test("a column that needs no reflection between others", async () => {
  const [a, b] = [reflected([1, 2, 3, 4], 3), reflected([5, 6, 7, 8], 4)];
  const s = new Float64Array(64);
  for (let i = 0; i < 4; i += 1) {
    for (let j = 0; j < 4; j += 1) [s[8 * i + j], s[8 * i + j + 36]] = [a[4 * i + j]!, b[4 * i + j]!];
  }
  expect(apart(rising(await eigenvalues(s, 8, atOnce)), [1, 2, 3, 4, 5, 6, 7, 8])).toBeLessThan(1e-13);
});

test("matrices that are diagonal already", async () => {
  const s = new Float64Array(40 * 40);
  for (let i = 0; i < 40; i += 1) s[41 * i] = i - 7;
  expect(rising(await eigenvalues(s, 40, atOnce))).toEqual(Array.from({ length: 40 }, (_, i) => i - 7));
  expect(await eigenvalues(new Float64Array(0), 0, atOnce)).toHaveLength(0);
});

test("2 on the diagonal and −1 beside it: 2 − 2 cos kπ/(n + 1)", () => {
  const n = 500;
  const found = tridiagonal(new Float64Array(n).fill(2), new Float64Array(n - 1).fill(-1));
  const known = Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)));
  expect(apart(rising(found), known)).toBeLessThan(1e-13);
});

test("Wilkinson's shift takes two steps an eigenvalue", () => {
  const n = 500;
  const steps = vi.spyOn(Math, "hypot"); // once a step, for its shift
  tridiagonal(new Float64Array(n).fill(2), new Float64Array(n - 1).fill(-1));
  expect(steps.mock.calls.length / n).toBeCloseTo(2, 1);
  steps.mockRestore();
});

test.each([1e-30, 1e30])("of numbers as small or large as %d they are as exact", (scale) => {
  const n = 40;
  const found = tridiagonal(new Float64Array(n).fill(2 * scale), new Float64Array(n - 1).fill(-scale));
  const known = Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)));
  expect(
    apart(
      rising(found).map((value) => value / scale),
      known,
    ),
  ).toBeLessThan(1e-13);
});

test("of nothing but zeros they are zeros", async () => {
  expect([...(await eigenvalues(new Float64Array(25), 5, atOnce))]).toEqual([0, 0, 0, 0, 0]);
});

test.each([0.5, -0.5])(
  "a column that is nearly %d times its first number is reflected without cancellation",
  async (head) => {
    const s = Float64Array.of(2, head, 1e-9, head, 3, 0, 1e-9, 0, 5);
    const found = rising(await eigenvalues(s, 3, atOnce));
    // [2 ½; ½ 3] has 2½ ± ½√2; the rest adds 1e-18
    expect(apart(found, [2.5 - Math.SQRT1_2, 2.5 + Math.SQRT1_2, 5])).toBeLessThan(1e-14);
  },
);

test("what is beside two numbers is nothing where it is too small to tell in them, or in any", () => {
  const { EPSILON } = Number;
  expect([...tridiagonal(Float64Array.of(0, 1), Float64Array.of(0.9 * EPSILON))]).toEqual([0, 1]);
  expect([...tridiagonal(Float64Array.of(1, 0), Float64Array.of(0.9 * EPSILON))]).toEqual([1, 0]);
  const besideZeros = (least: number) =>
    rising(tridiagonal(Float64Array.of(-4, 0, 0), Float64Array.of(0, least * 4 * EPSILON ** 2)));
  expect(besideZeros(0.9)).toEqual([-4, 0, 0]);
  expect(besideZeros(1.1)[2]! / (4 * EPSILON ** 2)).toBeCloseTo(1.1, 12);
});

test("what is no number gives none", () => {
  expect([...tridiagonal(Float64Array.of(1, Number.NaN, 2), Float64Array.of(1, 1))]).toEqual([NaN, NaN, NaN]);
});
