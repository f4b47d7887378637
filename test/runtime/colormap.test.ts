import { expect, test } from "vitest";
import { heatColors } from "../../src/runtime/colormap.ts";

/** Oklab of a colour of the map (Björn Ottosson, 2020). */
function oklab(i: number): [number, number, number] {
  const [r, g, b] = [...heatColors().subarray(3 * i, 3 * i + 3)].map((byte) => {
    const v = byte / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

test("lightness grows evenly, by as much as there is", () => {
  for (let i = 0; i < 256; i += 1) expect(Math.abs(oklab(i)[0] - (0.16 + (0.8 * i) / 255))).toBeLessThan(0.004);
});

test("equal steps look equal", () => {
  const distances = Array.from({ length: 31 }, (_, i) => {
    const [one, other] = [oklab(8 * i), oklab(8 * i + 8)];
    return Math.hypot(...one.map((value, c) => value - other[c]!));
  });
  expect(Math.max(...distances) / Math.min(...distances)).toBeLessThan(1.35);
});

test("goes from blue over red to yellow", () => {
  const at = (i: number) => [...heatColors().subarray(3 * i, 3 * i + 3)] as [number, number, number];
  const [low, middle, high] = [at(20), at(128), at(240)];
  expect(low[2]).toBeGreaterThan(Math.max(low[0], low[1]));
  expect(middle[0]).toBeGreaterThan(1.5 * Math.max(middle[1], middle[2]));
  expect(Math.min(high[0], high[1])).toBeGreaterThan(1.2 * high[2]);
  expect(heatColors()).toBe(heatColors());
});
