import { expect, test } from "vitest";
import { drawPlaces } from "../../src/causality/places.ts";
import { RandomState } from "../../src/weights/random.ts";

test("places are NumPy's, drawn without replacement", () => {
  const random = new RandomState(1);
  const weights = [0.5, 3, 0, 1, 0.25, 8, 1, 2.5, 0.125, 0.75];
  // [r.choice(10, 5, replace=False, p=w / w.sum()) for _ in range(6)] of
  // numpy.random.RandomState(1), NumPy 1.24
  expect(Array.from({ length: 6 }, () => drawPlaces(random, weights, 5))).toEqual([
    [5, 0, 1, 3, 4],
    [5, 1, 7, 0, 6],
    [5, 1, 6, 9, 3],
    [5, 7, 1, 3, 9],
    [1, 5, 9, 4, 7],
    [7, 0, 6, 9, 3],
  ]);
});

test("as many are drawn as have a weight, where so many are wanted", () => {
  // r.choice(5, 4, replace=False, p=w / w.sum()) of numpy.random.RandomState(5)
  expect(drawPlaces(new RandomState(5), [2, 1, 0, 4, 1], 4)).toEqual([0, 3, 4, 1]);
  expect(drawPlaces(new RandomState(5), [2, 1, 0, 4, 1], 0)).toEqual([]);
});

test("no more places are drawn than have a weight", () => {
  expect(() => drawPlaces(new RandomState(1), [1, 0, 2], 3)).toThrow(/2 places/);
});

test("a draw at the very edge of two places is the second", () => {
  class Fixed extends RandomState {
    override randomSample(): Float64Array<ArrayBuffer> {
      return Float64Array.of(0.5);
    }
  }
  // numpy.searchsorted([0, 0.5, 0.5, 1], 0.5, side="right")
  expect(drawPlaces(new Fixed(1), [0, 1, 0, 1], 1)).toEqual([3]);
});
