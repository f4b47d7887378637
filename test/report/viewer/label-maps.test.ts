import { expect, test } from "vitest";
import type { PagePictures } from "../../../src/report/viewer/data.ts";
import { labelMaps } from "../../../src/report/viewer/label-maps.ts";

/** Images 7 and 3 of 2×2 pixels that can have two labels each. */
const pictures: PagePictures = {
  ...{ shape: [2, 2], labelShape: [2, 2], labelBytes: 1, channels: 2, files: [], note: "" },
  place: { 7: 0, 3: 1 },
};
const bytes = Uint8Array.of(1, 1, 2, 0, /* second */ 0, 4, 4, 0, /* image 3 */ 5, 5, 5, 5, /* second */ 5, 6, 6, 0);

test("labels of two maps, each once, without 0", () => {
  const { labelsAt } = labelMaps(pictures, bytes);
  expect([...labelsAt(7, 0, 0)]).toEqual([1]);
  expect([...labelsAt(7, 0.5, 0)]).toEqual([1, 4]);
  expect([...labelsAt(7, 0.49, 0.5)]).toEqual([2, 4]);
  expect([...labelsAt(7, 0.99, 0.99)]).toEqual([]);
  expect([...labelsAt(3, 0, 0)]).toEqual([5]);
});

test("points beside the picture are those of its border", () => {
  const { pixelAt } = labelMaps(pictures, bytes);
  expect([pixelAt(-1, -1), pixelAt(1, 0), pixelAt(0, 1), pixelAt(9, 9)]).toEqual([0, 1, 2, 3]);
});

test("labels of two bytes are little-endian", () => {
  const wide = { ...pictures, labelBytes: 2 as const, channels: 1, place: { 7: 0 } };
  const { labelsAt } = labelMaps(wide, Uint8Array.of(0, 1, 2, 0, 0, 0, 1, 1));
  expect([[...labelsAt(7, 0, 0)], [...labelsAt(7, 0.9, 0)], [...labelsAt(7, 0.9, 0.9)]]).toEqual([[256], [2], [257]]);
});

test("pixels are counted, and the rarest label of each lies on top", () => {
  const { countLabels, topLabels } = labelMaps(pictures, bytes);
  const counts = new Map([[1, 10]]);
  countLabels(7, counts);
  expect(Object.fromEntries(counts)).toEqual({ 1: 12, 2: 1, 4: 2 });
  expect([...topLabels(7)]).toEqual([1, 1, 2, 0]); // 1 and 4 are equally rare: the first
  expect([...topLabels(3)]).toEqual([5, 6, 6, 5]);
  expect(topLabels(3)).toBe(topLabels(3));
});

test("maps of three pixels an edge, one after the other", () => {
  const three = { ...pictures, labelShape: [3, 3] as const, place: { 7: 0, 3: 1 }, channels: 1 };
  const { labelsAt, pixelAt, topLabels } = labelMaps(
    three,
    Uint8Array.from({ length: 18 }, (_, i) => i + 1),
  );
  expect([pixelAt(0.3, 0.3), pixelAt(0.5, 0.3), pixelAt(0.3, 0.5), pixelAt(0.7, 0.9)]).toEqual([0, 1, 3, 8]);
  expect([...labelsAt(3, 0.5, 0.5)]).toEqual([14]);
  expect([...topLabels(7)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("maps that are wider than high", () => {
  const { labelsAt, pixelAt } = labelMaps({ ...pictures, labelShape: [1, 2] }, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  expect([pixelAt(0.1, 0.9), pixelAt(0.6, 0.9)]).toEqual([0, 1]);
  expect([...labelsAt(3, 0.6, 0.9)]).toEqual([6, 8]);
});
