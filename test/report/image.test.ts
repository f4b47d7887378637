import { expect, test } from "vitest";
import { resizeNearest, resizeRgb } from "../../src/report/image.ts";

test("pictures are averaged when they shrink and interpolated when they grow", () => {
  const grey = (values: number[]) => Uint8Array.from(values.flatMap((v) => [v, v, v]));
  expect(resizeRgb(grey([0, 100, 200, 100]), 2, 1)).toEqual(grey([100]));
  const grown = resizeRgb(grey([0, 100, 0, 100]), 2, 4);
  expect([...grown].filter((_, i) => i % 3 === 0).slice(0, 4)).toEqual([0, 25, 75, 100]);
  expect([...resizeNearest(new Uint16Array([1, 2, 3, 4]), 2, 4)].slice(4, 12)).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
});
