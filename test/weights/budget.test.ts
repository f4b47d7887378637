import { expect, test } from "vitest";
import { WeightsError } from "../../src/errors.ts";
import { Budget, memoryFor, tensorsFor } from "../../src/weights/budget.ts";

test("spends what there is, and not one more", () => {
  const budget = new Budget(5, () => new WeightsError("weights-format", "That is too much.", "Take less."));
  budget.spend(3);
  budget.spend();
  budget.spend();
  expect(() => budget.spend(0)).not.toThrow();
  expect(() => budget.spend()).toThrow("That is too much.");
});

test("grants any file something, and more by its bytes", () => {
  expect([0, 1e6, 5e6, 1e9].map(memoryFor)).toEqual([16e6, 32e6, 96e6, 96e6]);
  expect([0, 1e6, 1e9].map(tensorsFor)).toEqual([32e6, 48e6, 16032e6]);
});
