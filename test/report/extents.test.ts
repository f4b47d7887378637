import { expect, test } from "vitest";
import { areaOf, coverOf, imageExtent, labelExtent, placeOf, scaled, WHOLE } from "../../src/report/extents.ts";
import { fixture } from "./fixture.ts";

test("proportions stay, in whole pixels and at least one", () => {
  expect(scaled([48, 64], 64)).toEqual([48, 64]);
  expect(scaled([48, 64], 32)).toEqual([24, 32]);
  expect(scaled([28, 14], 9)).toEqual([9, 5]);
  expect(scaled([3, 3], 7)).toEqual([7, 7]);
  expect(scaled([1, 1000], 64)).toEqual([1, 64]);
});

test("results of square images have one number, others both", () => {
  const square = fixture({ images: 1, examples: 1 }).dissection;
  expect(square.model).not.toHaveProperty("height");
  expect(imageExtent(square)).toEqual([64, 64]);
  expect(labelExtent(square)).toEqual([32, 32]);
  const { dissection } = fixture({ images: 1, examples: 1, extent: [24, 64] });
  expect(imageExtent(dissection)).toEqual([24, 64]);
  expect(labelExtent(dissection)).toEqual([12, 32]);
  expect(areaOf(labelExtent(dissection))).toBe(384);
});

test("a layer's map lies over the whole image, or where its cells look", () => {
  const { dissection } = fixture({ images: 1, examples: 1, extent: [20, 40] });
  expect(placeOf(dissection, {})).toEqual(WHOLE);
  const area = { top: -5, left: 4, height: 15, width: 30, outside: "zeros" } as const;
  expect(placeOf(dissection, { area })).toEqual({ top: -0.25, left: 0.1, high: 0.75, wide: 0.75, fades: true });
  const cropped = { model: { ...dissection.model, uncropped: [32, 48] as const } };
  expect(placeOf(cropped, {})).toEqual({ ...WHOLE, high: 1.6, wide: 1.2 });
});

test("layers cover more than cropped images", () => {
  const { dissection } = fixture({ images: 1, examples: 1, extent: [14, 28] });
  expect(coverOf(dissection)).toEqual([1, 1]);
  expect(coverOf({ model: { ...dissection.model, uncropped: [32, 32] } })).toEqual([32 / 14, 32 / 28]);
});
