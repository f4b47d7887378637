import { expect, test } from "vitest";
import { blocks, columnsOf, product, rowsOf, square } from "../../../src/compare/linear/products.ts";
import { apart, atOnce, noise, transposeTimes } from "./matrices.ts";

test.each([
  [1, 1, 1],
  [5, 3, 7],
  [130, 257, 6],
  [300, 9, 260],
])("%i rows of %i and of %i columns", async (rows, m, n) => {
  const [a, b] = [noise(1, rows, m), noise(2, rows, n)];
  const found = await product(columnsOf(a, rows, m), columnsOf(b, rows, n), atOnce);
  expect(apart(found, transposeTimes(a, b, rows))).toBeLessThan(1e-12);
});

test("of a matrix with itself half is computed, and means are taken off", async () => {
  const [rows, n] = [40, 301];
  const a = noise(3, rows, n);
  const mean = Float64Array.from({ length: n }, (_, j) => {
    let sum = 0;
    for (let r = 0; r < rows; r += 1) sum += a[r * n + j]!;
    return sum / rows;
  });
  const centred = a.map((value, i) => value - mean[i % n]!);
  const found = await square({ ...columnsOf(a, rows, n), mean }, atOnce);
  expect(apart(found, transposeTimes(centred, centred, rows))).toBeLessThan(1e-12);
});

test("rows as columns, and rows that are known to be zero left out", async () => {
  const [rows, n] = [290, 290];
  const lower = noise(4, rows, n).map((value, i) => (i % n > Math.floor(i / n) ? 0 : value));
  const other = noise(5, rows, n);
  const from = (_: number, j: number): number => j;
  const found = await product(columnsOf(other, rows, n), columnsOf(lower, rows, n), atOnce, { from });
  expect(apart(found, transposeTimes(other, lower, rows))).toBeLessThan(1e-12);
  const turned = Float64Array.from({ length: rows * n }, (_, i) => other[(i % rows) * n + Math.floor(i / rows)]!);
  expect(apart(await product(rowsOf(turned, n, rows), columnsOf(lower, rows, n), atOnce), found)).toBeLessThan(1e-12);
});

test("two at the same time do not disturb each other", async () => {
  const [a, b] = [noise(6, 300, 40), noise(7, 300, 40)];
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const [x, y] = await Promise.all([square(columnsOf(a, 300, 40), turn), square(columnsOf(b, 300, 40), turn)]);
  expect(apart(x, transposeTimes(a, a, 300))).toBeLessThan(1e-12);
  expect(apart(y, transposeTimes(b, b, 300))).toBeLessThan(1e-12);
});

test("what is left in the middle gives its memory back", async () => {
  const a = columnsOf(noise(8, 4, 600), 4, 600);
  for await (const { i, j } of blocks(a, a, atOnce)) if (i + j > 0) break;
  const seen: number[] = [];
  for await (const { i, j } of blocks(a, a, atOnce, { lower: true })) seen.push(i, j);
  expect(seen).toEqual([0, 0, 256, 0, 256, 256, 512, 0, 512, 256, 512, 512]);
});
