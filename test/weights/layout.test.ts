import { describe, expect, test } from "vitest";
import type { GanatomyError } from "../../src/errors.ts";
import { contiguousStrides, elementCount, elementRange, gather, isContiguous } from "../../src/weights/layout.ts";

const refusal = (make: () => unknown): string => {
  try {
    make();
  } catch (error) {
    return `${(error as GanatomyError).code}: ${(error as Error).message}`;
  }
  return "none";
};

describe("elements of a shape", () => {
  test.each<[readonly number[], number]>([
    [[], 1],
    [[5], 5],
    [[2, 3, 4], 24],
    [[2, 0, 4], 0],
    [[2 ** 26, 2 ** 26], 2 ** 52],
    [new Array(64).fill(1), 1],
  ])("[%j] has %d", (shape, count) => expect(elementCount(shape, "w")).toBe(count));

  test.each<[readonly number[], string]>([
    [new Array(65).fill(1), "has 65 dimensions"],
    [[-1], "impossible shape [-1]"],
    [[1.5], "impossible shape"],
    [[2 ** 53], "impossible shape"],
    [[2 ** 27, 2 ** 26], "impossible shape"],
    [[2 ** 40, 2 ** 40, 0], "none"], // no element after all
    [[...new Array(30).fill(2 ** 40), 0], "impossible shape"], // ∞ × 0
  ])("[%j]: %s", (shape, what) => {
    expect(refusal(() => elementCount(shape, "w"))).toContain(what);
    if (what !== "none") expect(refusal(() => elementCount(shape, "w"))).toContain('weights-shape: Tensor "w"');
  });
});

describe("strides", () => {
  test("of rows and of columns", () => {
    expect(contiguousStrides([2, 3, 4])).toEqual([12, 4, 1]);
    expect(contiguousStrides([2, 3, 4], "F")).toEqual([1, 2, 6]);
    // as PyTorch: an empty axis counts as one
    expect(contiguousStrides([2, 0, 4])).toEqual([4, 4, 1]);
    expect(contiguousStrides([])).toEqual([]);
  });

  test("say whether elements follow each other", () => {
    const follows = (shape: number[], strides: number[]) => isContiguous({ shape, strides, offset: 0 });
    expect(follows([2, 3], [3, 1])).toBe(true);
    expect(follows([2, 3], [1, 2])).toBe(false);
    expect(follows([2, 3], [4, 1])).toBe(false);
    expect(follows([1, 3], [99, 1])).toBe(true); // nobody takes that step
    expect(follows([2, 1], [1, 99])).toBe(true);
    expect(follows([], [])).toBe(true);
  });
});

describe("what a tensor touches of its storage", () => {
  const range = (shape: number[], strides: number[], offset: number, available: number) =>
    elementRange({ shape, strides, offset }, available, "w");

  test("goes from its first to its last element", () => {
    expect(range([2, 3], [3, 1], 0, 6)).toEqual({ start: 0, end: 6 });
    expect(range([2, 3], [10, 2], 5, 20)).toEqual({ start: 5, end: 20 }); // 5 + 10 + 4 is the last
    expect(range([3], [0], 4, 5)).toEqual({ start: 4, end: 5 });
    expect(range([], [], 7, 8)).toEqual({ start: 7, end: 8 });
    expect(range([0, 3], [3, 1], 9, 0)).toEqual({ start: 0, end: 0 });
  });

  test("must be there", () => {
    expect(refusal(() => range([2, 3], [10, 2], 5, 19))).toContain("reaches element 19 of a storage of 19");
    expect(refusal(() => range([1], [1], 0, 0))).toContain("reaches element 0 of a storage of 0");
    expect(refusal(() => range([2, 3], [3], 0, 6))).toContain("2 sizes but 1 strides");
    for (const [offset, stride] of [
      [-1, 1],
      [0.5, 1],
      [0, -1],
      [0, 1.5],
      [2 ** 53, 1],
    ] as const)
      expect(refusal(() => range([2], [stride], offset, 9))).toContain("impossible offset");
  });

  test("may be repeated 2²³ times in all, and more only where the storage is as large", () => {
    expect(range([2 ** 23], [0], 0, 1)).toEqual({ start: 0, end: 1 });
    expect(refusal(() => range([2 ** 26 + 1], [0], 0, 1))).toContain("repeats a storage of 1 elements");
    expect(range([2 ** 26 + 1], [1], 0, 2 ** 26 + 1)).toEqual({ start: 0, end: 2 ** 26 + 1 });
  });
});

describe("gathering", () => {
  const storage = Float32Array.from({ length: 100 }, (_, at) => at);
  const gathered = (shape: number[], strides: number[], offset: number) =>
    Array.from(gather(storage, { shape, strides, offset }, new Float32Array(elementCount(shape, "w"))));

  test.each<[number[], number[], number]>([
    [[2, 3], [3, 1], 0],
    [[2, 3], [1, 2], 5],
    [[3, 2, 4], [1, 40, 7], 2],
    [[2, 3, 2, 2], [48, 1, 5, 20], 3],
    [[2, 2], [0, 1], 9],
    [[4], [3], 1],
    [[], [], 42],
    [[0, 3], [3, 1], 0],
  ])("takes shape %j by strides %j from %d in the order of rows", (shape, strides, offset) => {
    const expected = Array.from({ length: elementCount(shape, "w") }, (_, index) => {
      let [rest, at] = [index, offset];
      for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
        at += (rest % shape[axis]!) * strides[axis]!;
        rest = Math.floor(rest / shape[axis]!);
      }
      return storage[at];
    });
    expect(gathered(shape, strides, offset)).toEqual(expected);
  });
});
