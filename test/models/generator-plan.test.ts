import { expect, test } from "vitest";
import { evenBatch } from "../../src/models/generator-plan.ts";

test.each([
  [24, 16, 12],
  [60, 16, 15],
  [64, 16, 16],
  [17, 16, 9],
  [5, 16, 5],
  [1, 16, 1],
  [9, 1, 1],
  [5, 2.5, 2.5],
  [5, 0, 0],
])("%d images by at most %d go by %d", (size, most, batch) => {
  expect(evenBatch(size, most)).toBe(batch);
});

test("no more batches than by full ones, each with at most one image too many", () => {
  for (let size = 1; size <= 300; size += 1) {
    for (const most of [1, 3, 8, 16]) {
      const batch = evenBatch(size, most);
      const batches = Math.ceil(size / batch);
      expect(batch).toBeLessThanOrEqual(most);
      expect(batches).toBe(Math.ceil(size / most));
      expect(batches * batch - size).toBeLessThan(batches);
    }
  }
});
