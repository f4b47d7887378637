import { expect, test } from "vitest";
import { LIMITS, limitsOf } from "../../src/server/limits.ts";

test("presets, some of them changed", () => {
  expect(limitsOf()).toEqual(LIMITS);
  expect(limitsOf({ ids: 3 })).toEqual({ ...LIMITS, ids: 3 });
});

test("what the documentation says of them", () => {
  expect(LIMITS).toMatchObject({
    body: 4_194_304,
    ids: 64,
    interventions: 256,
    ablations: 8192,
    maskEdge: 2048,
    queue: 8,
  });
});

test.each([
  [{ ids: 1.5 }, /1.5 ids/],
  [{ ids: -1 }, /-1 ids/],
  [{ idz: 1 }, /Did you mean ids/],
])("%o is refused", (given, message) => expect(() => limitsOf(given as object)).toThrow(message));
