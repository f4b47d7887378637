import { expect, test } from "vitest";
import type { PageData } from "../../../src/report/viewer/data.ts";
import { surfaces } from "../../../src/report/viewer/surfaces.ts";

/** Two layers; the second has a unit of two examples of 1×2 maps, behind four bytes of another. */
const data = {
  pictures: {},
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
  expect([...surface(1, 1, 0, [4, 4])].slice(0, 4)).toEqual([1.5, 2, 3, 3.5]);
  expect([...surface(1, 1, 1, [2, 2])]).toEqual([0.5, 2.5, 0.5, 2.5]);
  expect([...surface(1, 1, 1, [1, 1])]).toEqual([1.5]);
});

test("of taller maps it goes down too", () => {
  const tall = { ...data, layers: [{}, { ...data.layers[1]!, shape: [2, 1] }] } as unknown as PageData;
  const down = surfaces(tall, Int8Array.of(9, 9, 9, 9, 0, 4)).surface(1, 1, 0, [4, 4]);
  expect([0, 4, 8, 12].map((i) => down[i])).toEqual([1.5, 2, 3, 3.5]);
  expect([0, 1, 2, 3].map((i) => down[i])).toEqual([1.5, 1.5, 1.5, 1.5]);
});

test.each<readonly [height: number, width: number, extent: readonly [number, number]]>([
  [3, 2, [6, 6]],
  [2, 4, [5, 5]],
  [4, 3, [2, 2]],
  [3, 4, [5, 9]],
])("of %i×%i cells at %j pixels each is weighed by its distance", (height, width, extent) => {
  const cells = Int8Array.from({ length: height * width }, (_, i) => ((i * 37) % 23) - 11);
  const shaped = { ...data, layers: [{}, { ...data.layers[1]!, shape: [height, width] }] } as unknown as PageData;
  const [rows, columns] = extent;
  const place = (t: number, edge: number, of: number) => Math.min(edge - 1, Math.max(0, ((t + 0.5) * edge) / of - 0.5));
  const weight = (a: number, b: number) => Math.max(0, 1 - Math.abs(a - b));
  surfaces(shaped, Int8Array.of(9, 9, 9, 9, ...cells))
    .surface(1, 1, 0, extent)
    .forEach((value, i) => {
      const [y, x] = [place(Math.floor(i / columns), height, rows), place(i % columns, width, columns)];
      let sum = 0;
      cells.forEach((cell, j) => {
        sum += weight(y, Math.floor(j / width)) * weight(x, j % width) * cell;
      });
      expect(value).toBeCloseTo(1.5 + 0.5 * sum, 5);
    });
});

test("of cropped pictures it is the corner of what the map covers", () => {
  const cropped = { ...data, pictures: { cover: [2, 4 / 3] } } as unknown as PageData;
  const shaped = { ...cropped, layers: [{}, { ...data.layers[1]!, shape: [3, 2] }] } as unknown as PageData;
  const cells = Int8Array.of(9, 9, 9, 9, 5, -3, 2, 8, -7, 1);
  const whole = surfaces({ ...shaped, pictures: {} } as unknown as PageData, cells).surface(1, 1, 0, [8, 8]);
  const corner = surfaces(shaped, cells).surface(1, 1, 0, [4, 6]);
  expect([...corner]).toEqual(Array.from({ length: 24 }, (_, i) => whole[Math.floor(i / 6) * 8 + (i % 6)]));
});

test("a range is that of all the unit's examples, and of no other's", () => {
  expect(range(1, 1)).toEqual([0.5, 3.5]);
  expect(range(1, 0)).toEqual([-9, 9]);
});

test.each([
  ["go on", false],
  ["fade into zeros", true],
])("of a map that lies on a part of the picture the borders %s", (_, fades) => {
  const cells = Int8Array.from({ length: 6 }, (_, i) => ((i * 37) % 23) - 11);
  const placed = { top: 0.2, left: -0.1, high: 0.5, wide: 0.8, fades };
  const laid = { ...data, layers: [{}, { ...data.layers[1]!, shape: [3, 2], placed }] } as unknown as PageData;
  const [rows, columns] = [10, 20];
  const within = (at: number, edge: number) => (fades ? at : Math.min(edge - 1, Math.max(0, at)));
  const weight = (a: number, b: number) => Math.max(0, 1 - Math.abs(a - b));
  surfaces(laid, Int8Array.of(9, 9, 9, 9, ...cells))
    .surface(1, 1, 0, [rows, columns])
    .forEach((value, i) => {
      // A cell is a sixth of the picture high and four tenths of it wide.
      const y = within(((Math.floor(i / columns) + 0.5) / rows - 0.2) * 6 - 0.5, 3);
      const x = within((((i % columns) + 0.5) / columns + 0.1) * 2.5 - 0.5, 2);
      let sum = 0;
      cells.forEach((cell, j) => {
        sum += weight(y, Math.floor(j / 2)) * weight(x, j % 2) * (1.5 + 0.5 * cell);
      });
      expect(value).toBeCloseTo(sum, 5);
    });
});
