import { expect, test } from "vitest";
import { LIMITS, limitsOf } from "../../src/server/limits.ts";

test("presets, some of them changed", () => {
  expect(limitsOf()).toEqual(LIMITS);
  expect(limitsOf({ ids: 3 })).toEqual({ ...LIMITS, ids: 3 });
});

test("what the documentation says of them", () => {
  // docs/server.md, "Errors and limits"; 2²⁴ pixels are 256 masks of 256 × 256
  expect(LIMITS).toEqual({
    ...{ body: 4 * 1024 * 1024, ids: 64, lastId: 9999, interventions: 256, ablations: 8192 },
    ...{
      maskEdge: 2048,
      maskPixels: 256 * 256 * 256,
      features: 4_194_304,
      queue: 8,
      pictures: 64,
      latents: 64 * 1024 * 1024,
    },
  });
  expect(limitsOf({ queue: 0 }).queue).toBe(0);
});

test.each([
  [{ ids: 1.5 }, /1.5 ids/],
  [{ ids: -1 }, /-1 ids/],
  [{ idz: 1 }, /Did you mean ids/],
])("%o is refused", (given, message) => expect(() => limitsOf(given as object)).toThrow(message));
