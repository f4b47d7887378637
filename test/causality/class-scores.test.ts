import { expect, test } from "vitest";
import { countClasses, scoresOf } from "../../src/causality/class-scores.ts";

test("a class's recall, and its mean with the part of others that are told from it", () => {
  // Class 2: three of four found, and one of six others taken for it.
  const truth = [2, 2, 2, 2, 0, 0, 0, 7, 7, 7];
  const predicted = [2, 2, 2, 0, 0, 0, 2, 7, 3, 3];
  const scores = scoresOf(truth, predicted);
  expect([...scores.keys()].sort()).toEqual([0, 2, 7]);
  expect(scores.get(2)).toEqual({ recall: 3 / 4, balanced: (3 / 4 + 5 / 6) / 2 });
  expect(scores.get(0)).toEqual({ recall: 2 / 3, balanced: (2 / 3 + 6 / 7) / 2 });
  expect(scores.get(7)).toEqual({ recall: 1 / 3, balanced: (1 / 3 + 1) / 2 });
  expect(countClasses(truth)).toEqual({
    total: 10,
    of: new Map([
      [2, 4],
      [0, 3],
      [7, 3],
    ]),
  });
});

test("a class that nothing is taken for, and one that is alone", () => {
  // none of class 1 is found, and all others are told from it
  expect(scoresOf([1, 2, 2], [2, 2, 2]).get(1)).toEqual({ recall: 0, balanced: 1 / 2 });
  expect(scoresOf([4, 4], [4, 9]).get(4)).toEqual({ recall: 1 / 2, balanced: 1 / 2 });
  // with counts that include others, which are told from it
  const counts = { total: 4, of: new Map([[4, 2]]) };
  expect(scoresOf([4, 4, 5, 5], [4, 9, 4, 5], counts)).toEqual(new Map([[4, { recall: 1 / 2, balanced: 1 / 2 }]]));
});
