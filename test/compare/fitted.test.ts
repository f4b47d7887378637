import { expect, test } from "vitest";
import { fitted } from "../../src/compare/fitted.ts";

/** A picture whose red is given, green 255 − red, blue 7. */
function picture(width: number, red: readonly number[]) {
  const rgb = Uint8Array.from(red.flatMap((value) => [value, 255 - value, 7]));
  return { width, height: red.length / width, rgb };
}

/** The red of a fitted picture, as bytes that are not rounded. */
function red(from: ReturnType<typeof picture>, height: number, width: number): number[] {
  const to = new Float32Array(4 * height * width);
  fitted(from, height, width, to);
  for (let i = 0; i < height * width; i += 1) {
    expect(127.5 * (to[4 * i]! + to[4 * i + 1]! + 2)).toBeCloseTo(255, 4);
    expect(127.5 * (to[4 * i + 2]! + 1)).toBeCloseTo(7, 4);
    expect(to[4 * i + 3]).toBe(0);
  }
  return Array.from({ length: height * width }, (_, i) => Math.round(1e4 * 127.5 * (to[4 * i]! + 1)) / 1e4);
}

test("of its own size a picture stays as it is", () => {
  expect(red(picture(2, [0, 10, 20, 255]), 2, 2)).toEqual([0, 10, 20, 255]);
});

test("a larger one is averaged, over parts of pixels too", () => {
  expect(red(picture(4, [0, 10, 20, 30, 40, 50, 60, 70, 1, 2, 3, 4, 5, 6, 7, 8]), 2, 2)).toEqual([25, 45, 3.5, 5.5]);
  // 3 pixels become 2: one and a half each.
  expect(red(picture(3, [0, 30, 60, 0, 30, 60, 0, 30, 60]), 2, 2)).toEqual([10, 50, 10, 50]);
});

test("of another shape the middle is taken", () => {
  expect(red(picture(6, [99, 1, 2, 3, 4, 99, 99, 5, 6, 7, 8, 99]), 1, 2)).toEqual([3.5, 5.5]);
  expect(red(picture(1, [200, 9, 100]), 1, 1)).toEqual([9]);
});

test("a smaller one is interpolated between the pixels' centres, as PyTorch does it", () => {
  // torch.nn.functional.interpolate([[0, 100]], size=(1, 4), mode="bilinear"): 0, 25, 75, 100
  expect(red(picture(2, [0, 100, 0, 100]), 4, 4).slice(0, 4)).toEqual([0, 25, 75, 100]);
});
