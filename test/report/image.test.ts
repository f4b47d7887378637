import { expect, test } from "vitest";
import { areaOf, type Extent } from "../../src/report/extents.ts";
import { resizeNearest, resizeRgb, toRgba } from "../../src/report/image.ts";

test("pictures are averaged when they shrink and interpolated when they grow", () => {
  const grey = (values: number[]) => Uint8Array.from(values.flatMap((v) => [v, v, v]));
  expect(resizeRgb(grey([0, 100, 200, 100]), [2, 2], [1, 1])).toEqual(grey([100]));
  const grown = resizeRgb(grey([0, 100, 0, 100]), [2, 2], [4, 4]);
  expect([...grown].filter((_, i) => i % 3 === 0).slice(0, 4)).toEqual([0, 25, 75, 100]);
  expect([...resizeNearest(new Uint16Array([1, 2, 3, 4]), [2, 2], [4, 4])].slice(4, 12)).toEqual([
    1, 1, 2, 2, 3, 3, 4, 4,
  ]);
});

/**
 * The share that each source pixel has in a target pixel, by definition: overlap when it shrinks, a
 * tent when it grows.
 */
const share = (from: number, size: number, t: number, s: number): number => {
  const scale = from / size;
  if (size < from) return Math.max(0, Math.min((t + 1) * scale, s + 1) - Math.max(t * scale, s)) / scale;
  return Math.max(0, 1 - Math.abs(Math.min(from - 1, Math.max(0, (t + 0.5) * scale - 0.5)) - s));
};

test.each<readonly [from: Extent, to: Extent]>([
  [
    [5, 5],
    [3, 3],
  ],
  [
    [8, 8],
    [5, 5],
  ],
  [
    [3, 3],
    [7, 7],
  ],
  [
    [6, 6],
    [2, 2],
  ],
  [
    [1, 1],
    [4, 4],
  ],
  [
    [6, 9],
    [4, 6],
  ],
  [
    [5, 2],
    [12, 5],
  ],
  [
    [4, 7],
    [6, 3],
  ], // one way each
  [
    [4, 7],
    [4, 5],
  ],
])("%j pixels resized to %j are the weighted sums of their definition, rounded", (from, to) => {
  const rgb = Uint8Array.from({ length: areaOf(from) * 3 }, (_, i) => (i * 97 + (i % 7) * 31) % 256);
  const resized = resizeRgb(rgb, from, to);
  expect(resized).toHaveLength(areaOf(to) * 3);
  resized.forEach((value, i) => {
    const [y, x, c] = [Math.floor(i / 3 / to[1]), Math.floor(i / 3) % to[1], i % 3];
    let sum = 0;
    for (let sy = 0; sy < from[0]; sy++)
      for (let sx = 0; sx < from[1]; sx++)
        sum += share(from[0], to[0], y, sy) * share(from[1], to[1], x, sx) * rgb[(sy * from[1] + sx) * 3 + c]!;
    expect(Math.abs(value - sum)).toBeLessThan(0.501);
  });
  expect(resizeRgb(rgb, from, from)).toBe(rgb);
});

test("labels are those at pixel centres", () => {
  const map = Uint16Array.from({ length: 25 }, (_, i) => i);
  expect([...resizeNearest(map, [5, 5], [3, 3])]).toEqual([0, 2, 4, 10, 12, 14, 20, 22, 24]);
  expect(resizeNearest(map, [5, 5], [5, 5])).toBe(map);
  const columns = Uint16Array.from({ length: 121 }, (_, i) => i % 11);
  expect([...resizeNearest(columns, [11, 11], [6, 6])].slice(-6)).toEqual([0, 2, 4, 6, 8, 10]);
  const wide = Uint16Array.from({ length: 8 }, (_, i) => i);
  expect([...resizeNearest(wide, [2, 4], [4, 2])]).toEqual([1, 3, 1, 3, 5, 7, 5, 7]);
  expect([...resizeNearest(wide, [2, 4], [1, 4])]).toEqual([4, 5, 6, 7]);
});

test("grey, RGB and RGBA become RGBA", () => {
  const rgba = (channels: 1 | 3 | 4, ...data: number[]) => [
    ...toRgba({ width: 2, height: 1, channels, data: Uint8Array.from(data) }),
  ];
  expect(rgba(1, 7, 9)).toEqual([7, 7, 7, 255, 9, 9, 9, 255]);
  expect(rgba(3, 1, 2, 3, 4, 5, 6)).toEqual([1, 2, 3, 255, 4, 5, 6, 255]);
  const grey = [1, 2, 3, 4, 5, 6];
  expect([...toRgba({ width: 3, height: 2, channels: 1, data: Uint8Array.from(grey) })]).toEqual(
    grey.flatMap((value) => [value, value, value, 255]),
  );
  expect(rgba(4, 1, 2, 3, 4, 5, 6, 7, 8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});
