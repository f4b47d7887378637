import { expect, test } from "vitest";
import { narrowed } from "../../src/dissect/narrow.ts";

test("each target goes to the digit that its rank lies in, and what is below it is taken off", () => {
  // Four digits in two rows of counters of each of two units.
  const counts = Float64Array.of(2, 0, 3, 1, /**/ 0, 0, 0, 4, /* unit 1 */ 1, 1, 1, 1, /**/ 5, 0, 0, 0);
  // Three targets, [target][unit]: of unit 1 the first is there twice.
  const found = narrowed({
    ...{ counts, units: 2, rows: 2, bits: 2 },
    row: [0, 0, /**/ 0, 0, /**/ 1, 1],
    rank: [1, 3, /**/ 4, 3, /**/ 3, 4],
    key: [5, 1, /**/ 5, 1, /**/ 9, 2],
  });
  expect([...found.key]).toEqual([4 * 5, 4 * 1 + 3, /**/ 4 * 5 + 2, 4 * 1 + 3, /**/ 4 * 9 + 3, 4 * 2]);
  expect([...found.rank]).toEqual([1, 0, /**/ 4 - 2, 0, /**/ 3, 4]);
  // Rows of the next pass are given in the order of a unit's digits, and the table names them by
  // one more.
  expect([...found.row]).toEqual([0, 0, /**/ 1, 0, /**/ 2, 1]);
  expect([...found.next]).toEqual([1, 0, 2, 0, /**/ 0, 0, 0, 3, /* unit 1 */ 0, 0, 0, 1, /**/ 2, 0, 0, 0]);
});

test("the last digit takes what is left, and not what the next row counts", () => {
  const counts = Float64Array.of(1, 1, 1, 1, /**/ 50, 0, 0, 0);
  const { key, rank } = narrowed({ counts, units: 1, rows: 2, bits: 2, key: [0], rank: [9], row: [0] });
  expect([key[0], rank[0]]).toEqual([3, 9 - 3]);
});

test("targets of other rows begin anew, in whatever order rows come", () => {
  const counts = Float64Array.of(2, 2, /**/ 3, 1);
  const given = { counts, units: 1, rows: 2, bits: 1, key: [0, 1, 1], rank: [3, 0, 3], row: [0, 1, 1] };
  const { key, rank, row } = narrowed(given);
  expect([[...key], [...rank], [...row]]).toEqual([
    [1, 2, 3],
    [1, 0, 0],
    [0, 1, 2],
  ]);
});

test("ranks may be beyond 32 bits; keys are what 32 bits hold", () => {
  const counts = Float64Array.of(2 ** 40, 2 ** 41, 0, 0, 0, 0, 0, 0);
  const { key, rank } = narrowed({
    ...{ counts, units: 1, rows: 1, bits: 3 },
    ...{ key: [2 ** 31 + 5], rank: [2 ** 40 + 7], row: [0] },
  });
  expect([key[0], rank[0]]).toEqual([8 * 5 + 1, 7]);
});
