import { describe, expect, test } from "vitest";
import { sameNumbers } from "./equality.ts";

const floats = (...values: readonly number[]): Float32Array => Float32Array.from(values);

describe("numbers that are the same at once", () => {
  test.each<readonly [string, unknown, unknown]>([
    ["bits", floats(1, Number.NaN, -0), floats(1, Number.NaN, -0)],
    ["a part of a buffer", floats(7, 1, 2).subarray(1), floats(1, 2)],
    ["a list", [1, -0, Number.NaN], [1, -0, Number.NaN]],
  ])("%s", (_, a, b) => {
    expect(sameNumbers(a, b)).toBe(true);
    expect({ a }).toEqual({ a: b });
  });
});

describe("what is left to the matcher, which finds the difference", () => {
  test.each<readonly [string, unknown, unknown]>([
    ["another number", floats(1, 2), floats(1, 3)],
    ["another sign of zero", floats(0), floats(-0)],
    ["another length", floats(1), floats(1, 1)],
    ["another type of the same bits", Uint32Array.of(1), Int32Array.of(1)],
    ["a list with another number", [1, 2], [1, 3]],
    ["a list with another sign of zero", [0], [-0]],
    ["a longer list", [1], [1, 1]],
    ["a list of something else", [1, "2"], [1, "3"]],
    ["numbers and a list of them", floats(1), [1]],
  ])("%s", (_, a, b) => {
    expect(sameNumbers(a, b)).toBeUndefined();
    expect({ a }).not.toEqual({ a: b });
  });

  test("what may be the same, but is no list of numbers", () => {
    expect(sameNumbers([1, expect.anything()], [1, 2])).toBeUndefined();
    expect([1, 2]).toEqual([1, expect.anything()]);
    expect(sameNumbers([], [])).toBeUndefined();
  });

  test("a hole is no number", () => {
    expect(sameNumbers(new Array(2), new Array(2))).toBeUndefined();
  });
});

test("so many numbers that the matcher would need minutes are compared", () => {
  expect(new Float32Array(2e7)).toEqual(new Float32Array(2e7));
});
