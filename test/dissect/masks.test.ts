import { afterAll, beforeAll, expect, test } from "vitest";
import { type LabelMask, masks } from "../../src/dissect/masks.ts";
import type { View } from "../../src/networks/classifiers/network.ts";
import type { Device } from "../../src/runtime/device.ts";
import type { Extent } from "../../src/runtime/graph.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { requestDevice } from "../gpu.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const LABELS = Array.from({ length: 300 }, (_, label) => ({
  name: label === 0 ? "-" : `label ${label}`,
  category: label === 0 ? "none" : label % 2 === 0 ? "even" : "odd",
}));

/** A mask whose labels are the numbers of its pixels, and so many more. */
const numbered = (width: number, height: number, more = 0): LabelMask => ({
  ...{ width, height },
  labels: Array.from({ length: width * height }, (_, at) => at + more),
});

/** What lies in label maps of a grid, for images in two places: of each call of `run`. */
async function mapsOf(view: View, grid: Extent, read: (number: number) => LabelMask, ...calls: number[][]) {
  const labeller = masks({ device, name: "drawn", labels: LABELS, view, read });
  const image = Tensor.create(device, "image", [2, view.edge, view.edge, 4], "f32");
  const plan = await labeller.compile(image, grid);
  const found: number[][] = [];
  try {
    expect(plan.labels.shape).toEqual([2, 1, ...grid]);
    for (const numbers of calls) {
      await plan.run(numbers);
      found.push([...(await plan.labels.read())]);
    }
  } finally {
    plan.dispose();
    image.dispose();
  }
  return found;
}

test("masks are looked at where the cells of label maps have their middles, of what is seen", async () => {
  const view = { edge: 8, resized: 10, fit: "crop" } as const;
  const before = { ...device.live };
  // 20 columns and 10 rows as they are: 8 rows are seen from row 1 on, 8 columns from column 6.
  // Thirds of the rows have their middles at 2⅓, 5 and 7⅔, fifths of the columns at 6.8, 8.4, 10,
  // 11.6 and 13.2.
  const pixels = [2, 5, 7].flatMap((y) => [6, 8, 10, 11, 13].map((x) => 20 * y + x));
  const read = (number: number) => numbered(20, 10, number);
  const [two, one] = await mapsOf(view, [3, 5], read, [3, 7], [50]);
  expect(two).toEqual([...pixels.map((at) => at + 3), ...pixels.map((at) => at + 7)]);
  // where there is no image there are no labels
  expect(one).toEqual([...pixels.map((at) => at + 50), ...pixels.map(() => 0)]);
  expect({ ...device.live }).toEqual(before);
});

test("beyond a mask that is smaller than what is seen its border goes on", async () => {
  const view = { edge: 8, resized: 6, fit: "crop" } as const;
  const [found] = await mapsOf(view, [8, 8], () => numbered(6, 6), [0]);
  const places = [0, 0, 1, 2, 3, 4, 5, 5];
  expect(found!.slice(0, 64)).toEqual(places.flatMap((y) => places.map((x) => 6 * y + x)));
});

test("a squashed mask is seen as a whole", async () => {
  const view = { edge: 4, resized: 4, fit: "squash" } as const;
  const [found] = await mapsOf(view, [2, 3], () => numbered(9, 6), [0]);
  expect(found!.slice(0, 6)).toEqual([1, 4].flatMap((y) => [1, 4, 7].map((x) => 9 * y + x)));
  const [middle] = await mapsOf(view, [1, 1], () => numbered(20, 14), [0]);
  expect(middle![0]).toBe(20 * 7 + 10);
});

test("labels are those that have names, from none to the last", async () => {
  const view = { edge: 1, resized: 1, fit: "squash" } as const;
  const one = (label: number) => mapsOf(view, [1, 1], () => ({ width: 1, height: 1, labels: [label] }), [0]);
  expect(await one(0)).toEqual([[0, 0]]);
  expect(await one(299)).toEqual([[299, 0]]);
  await expect(one(300)).rejects.toThrow("A mask has the label 300, and there are names of 0…299 alone.");
  await expect(one(Number.NaN)).rejects.toThrow("A mask has the label NaN");
});

test("categories are those of labels but none, in their order", () => {
  const labeller = masks({ device, name: "drawn", labels: LABELS, view: {} as View, read: () => numbered(1, 1) });
  const without = { device, name: "drawn", labels: LABELS.slice(1), view: {} as View, read: () => numbered(1, 1) };
  expect(() => masks(without)).toThrow('The first label is not "-" (none).');
  expect(labeller).toMatchObject({ name: "drawn", categories: ["odd", "even"], channels: 1, reads: "image" });
});
