import { expect, test } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { checkFinite, decibels } from "../../src/inversion/error.ts";

test("peaks are 2 apart from −1 to 1: 4 by the mean squared error, in decibels", () => {
  // an error of 0.04, a hundredth of 4, is 20 dB below the peak; of 4, it is as large
  expect(decibels(0.04)).toBeCloseTo(20, 12);
  expect(decibels(4)).toBe(0);
  expect(decibels(8)).toBeCloseTo(-10 * Math.log10(2), 12);
  expect([0, -0, -1e-9].map(decibels)).toEqual([Infinity, Infinity, Infinity]);
});

test("what is no number is refused where it leads on", () => {
  for (const error of [0, -1, 1e30]) expect(() => checkFinite(error, "weights", 3)).not.toThrow();
  for (const error of [Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => checkFinite(error, "weights", 3)).toThrow(UsageError);
    expect(() => checkFinite(error, "weights", 3)).toThrow("After 3 steps of weights");
  }
});
