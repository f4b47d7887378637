import { expect, test } from "vitest";
import type { PageData } from "../../../src/report/viewer/data.ts";
import { surfaces } from "../../../src/report/viewer/surfaces.ts";

/** Two layers; the second has a unit of two examples of 1×2 maps, behind four bytes of another. */
const data = {
  report: { layers: [{ units: [] }, { units: [{ level: null }, { level: 1.5 }] }] },
  layers: [
    {},
    {
      shape: [1, 2],
      features: [
        { at: 0, scale: 1, images: [0, 1] },
        { at: 4, scale: 0.5, images: [3, 4] },
      ],
    },
  ],
} as unknown as PageData;
const { surface, range } = surfaces(data, Int8Array.of(9, 9, 9, -9, 0, 4, -2, 2, 100));

test("a surface is the half-pixel bilinear one of level + scale × byte", () => {
  expect([...surface(1, 1, 0, 4)].slice(0, 4)).toEqual([1.5, 2, 3, 3.5]);
  expect([...surface(1, 1, 1, 2)]).toEqual([0.5, 2.5, 0.5, 2.5]);
  expect([...surface(1, 1, 1, 1)]).toEqual([1.5]);
});

test("of taller maps it goes down too", () => {
  const tall = { ...data, layers: [{}, { ...data.layers[1]!, shape: [2, 1] }] } as unknown as PageData;
  const down = surfaces(tall, Int8Array.of(9, 9, 9, 9, 0, 4)).surface(1, 1, 0, 4);
  expect([0, 4, 8, 12].map((i) => down[i])).toEqual([1.5, 2, 3, 3.5]);
  expect([0, 1, 2, 3].map((i) => down[i])).toEqual([1.5, 1.5, 1.5, 1.5]);
});

test("a range is that of all the unit's examples, and of no other's", () => {
  expect(range(1, 1)).toEqual([0.5, 3.5]);
  expect(range(1, 0)).toEqual([-9, 9]);
});
