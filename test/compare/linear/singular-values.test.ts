import { expect, test } from "vitest";
import { nuclearNorm } from "../../../src/compare/linear/singular-values.ts";
import { atOnce, noise } from "./matrices.ts";

/** A matrix of orthogonal rows, each with a known length, turned by reflections. */
function withLengths(lengths: readonly number[], columns: number): Float64Array {
  const rows = lengths.length;
  const m = new Float64Array(rows * columns);
  lengths.forEach((length, i) => {
    m[i * columns + i] = length;
  });
  const [u, v] = [noise(1, 1, rows), noise(2, 1, columns)];
  const scale = (w: Float64Array): number => 2 / w.reduce((sum, value) => sum + value * value, 0);
  for (let j = 0; j < columns; j += 1) {
    let sum = 0;
    for (let i = 0; i < rows; i += 1) sum += u[i]! * m[i * columns + j]!;
    for (let i = 0; i < rows; i += 1) m[i * columns + j]! -= scale(u) * sum * u[i]!;
  }
  for (let i = 0; i < rows; i += 1) {
    let sum = 0;
    for (let j = 0; j < columns; j += 1) sum += v[j]! * m[i * columns + j]!;
    for (let j = 0; j < columns; j += 1) m[i * columns + j]! -= scale(v) * sum * v[j]!;
  }
  return m;
}

test.each([
  [1, 1],
  [1, 9],
  [2, 2],
  [5, 8],
  [40, 40],
  [40, 300],
])("%i singular values of matrices that are high and that are wide", async (count, columns) => {
  const lengths = Array.from({ length: count }, (_, i) => (i % 4 === 3 ? 0 : 1 + i / 10));
  const known = lengths.reduce((sum, length) => sum + length, 0);
  const wide = withLengths(lengths, columns);
  const high = Float64Array.from(wide, (_, at) => wide[(at % count) * columns + Math.floor(at / count)]!);
  expect(await nuclearNorm(wide, count, columns, atOnce)).toBeCloseTo(known, 11);
  expect(await nuclearNorm(high, columns, count, atOnce)).toBeCloseTo(known, 11);
});

test("more than 768: by eigenvalues, where a zero is 1e-8 of the largest", async () => {
  const lengths = Array.from({ length: 770 }, (_, i) => (i % 50 === 3 ? 0 : 1 + (i % 13)));
  const known = lengths.reduce((sum, length) => sum + length, 0);
  expect(Math.abs((await nuclearNorm(withLengths(lengths, 770), 770, 770, atOnce)) - known)).toBeLessThan(1e-5);
});

test.each([0.5, -0.5])(
  "columns and rows that are nearly %d times their first number are reflected exactly",
  async (head) => {
    // [½ 1e-9; 1e-9 3] and its like: what is beside the diagonal adds 1e-18
    const s = Float64Array.of(head, 1e-9, 0, 1e-9, 3, 1e-9, 0, 1e-9, 5);
    expect(await nuclearNorm(s, 3, 3, atOnce)).toBeCloseTo(8.5, 14);
    const wide = Float64Array.of(head, 1e-9, 1e-9, 0, 0, 2, 1e-9, 0);
    expect(await nuclearNorm(wide, 2, 4, atOnce)).toBeCloseTo(2.5, 14);
  },
);

test.each([1e-30, 1e30])("of numbers as small or large as %d they are as exact", async (scale) => {
  const lengths = [5, 3, 0, 2, 1];
  const matrix = withLengths(lengths, 9).map((value) => value * scale);
  expect((await nuclearNorm(matrix, 5, 9, atOnce)) / scale).toBeCloseTo(11, 12);
  expect(await nuclearNorm(new Float64Array(45), 5, 9, atOnce)).toBe(0);
});

test("nothing has nothing", async () => {
  expect(await nuclearNorm(new Float64Array(0), 0, 5, atOnce)).toBe(0);
});
