import { afterEach, expect, test, vi } from "vitest";
import { blocks, columnsOf, mirror, product, rowsOf, square } from "../../../src/compare/linear/products.ts";
import { apart, atOnce, noise, transposeTimes } from "./matrices.ts";

afterEach(() => vi.restoreAllMocks());

test.each([
  [1, 1, 1],
  [5, 3, 7],
  [130, 257, 6],
  [300, 9, 260],
  [130, 6, 255], // the last panel, of three columns, fills what is packed at a time
])("%i rows of %i and of %i columns", async (rows, m, n) => {
  const [a, b] = [noise(1, rows, m), noise(2, rows, n)];
  const found = await product(columnsOf(a, rows, m), columnsOf(b, rows, n), atOnce);
  expect(apart(found, transposeTimes(a, b, rows))).toBeLessThan(1e-12);
});

test.each([301, 302, 303, 304])("of %i columns half the products is computed, and means taken off", async (n) => {
  const rows = 40;
  const a = noise(3, rows, n);
  const mean = Float64Array.from({ length: n }, (_, j) => {
    let sum = 0;
    for (let r = 0; r < rows; r += 1) sum += a[r * n + j]!;
    return sum / rows;
  });
  const centred = a.map((value, i) => value - mean[i % n]!);
  const turns = vi.fn(atOnce);
  const found = await square({ ...columnsOf(a, rows, n), mean }, turns);
  expect(turns).toHaveBeenCalledTimes(3); // of four blocks
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
  const memories = vi.spyOn(WebAssembly, "Memory");
  const seen: number[] = [];
  for await (const { i, j } of blocks(a, a, atOnce, { lower: true })) seen.push(i, j);
  expect(seen).toEqual([0, 0, 256, 0, 256, 256, 512, 0, 512, 256, 512, 512]);
  expect(memories).not.toHaveBeenCalled();
});

test("blocks have 256 columns, the last those that are left, and none is empty", async () => {
  const [x, y] = [columnsOf(noise(9, 2, 512), 2, 512), columnsOf(noise(10, 2, 256), 2, 256)];
  const found: number[][] = [];
  for await (const { i, j, height, width } of blocks(x, y, atOnce)) found.push([i, height, j, width]);
  const more = columnsOf(noise(11, 2, 300), 2, 300);
  for await (const { i, j, height, width } of blocks(more, y, atOnce)) found.push([i, height, j, width]);
  expect(found).toEqual([
    [0, 256, 0, 256],
    [256, 256, 0, 256],
    [0, 256, 0, 256],
    [256, 44, 0, 256],
  ]);
});

test.each([
  [256, 2],
  [257, 3],
])("others have a turn after 128 rows: of %i, %i turns", async (rows, count) => {
  const turns = vi.fn(atOnce);
  const x = columnsOf(noise(12, rows, 3), rows, 3);
  await product(x, x, turns);
  expect(turns).toHaveBeenCalledTimes(count);
});

test("what is below the diagonal is mirrored, whatever lay above", () => {
  const n = 70;
  const lower = Float64Array.from({ length: n * n }, (_, at) => (at % n > Math.floor(at / n) ? Number.NaN : at));
  mirror(lower, n);
  expect([...lower]).toEqual(
    Array.from(lower, (_, at) => {
      const [r, c] = [Math.floor(at / n), at % n];
      return n * Math.max(r, c) + Math.min(r, c);
    }),
  );
});
