import { expect, test } from "vitest";
import { permutation } from "../../src/weights/permutation.ts";
import { RandomState } from "../../src/weights/random.ts";

test("orders are NumPy's", () => {
  const random = new RandomState(7);
  // [r.permutation(9).tolist() for _ in range(3)] of numpy.random.RandomState(7), NumPy 1.24
  expect([1, 2, 3].map(() => [...permutation(random, 9)])).toEqual([
    [2, 7, 0, 8, 5, 3, 6, 1, 4],
    [6, 3, 4, 8, 5, 2, 1, 0, 7],
    [1, 5, 2, 6, 3, 8, 4, 7, 0],
  ]);
  // RandomState(0).permutation(10)
  expect([...permutation(new RandomState(0), 10)]).toEqual([2, 8, 4, 9, 1, 6, 7, 3, 0, 5]);
  expect([...permutation(random, 1)]).toEqual([0]);
  expect([...permutation(random, 0)]).toEqual([]);
});
