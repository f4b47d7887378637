import { expect, test } from "vitest";
import type { PictureLabels } from "../../src/dissect/result.ts";
import { OutputError } from "../../src/errors.ts";
import { flattenLabels, labelMapsOf, rarestOnTop } from "../../src/report/segmentation.ts";
import { random } from "./fixture.ts";

test("of several labels a pixel the rarer is drawn", () => {
  const labels = new Uint16Array([1, 1, 1, 0, /* second map */ 2, 0, 0, 0]);
  expect([...flattenLabels({ image: 0, height: 2, width: 2, rgb: new Uint8Array(12), labels }, [2, 2])]).toEqual([
    2, 1, 1, 0,
  ]);
  const wrong = { image: 9, height: 2, width: 2, rgb: new Uint8Array(12), labels: labels.subarray(0, 6) };
  expect(() => flattenLabels(wrong, [2, 2])).toThrow("image 9 has 6 values");
});

test("of equally rare labels the first map's is drawn", () => {
  expect([...rarestOnTop(Uint16Array.of(3, 0, 2, 0, /* second map */ 0, 2, 3, 0), 4)]).toEqual([3, 2, 2, 0]);
  expect([...rarestOnTop(Uint32Array.of(1, /* second */ 7, /* third */ 1), 1)]).toEqual([7]);
});

const labelled = (labels: PictureLabels) => ({ image: 9, height: 1, width: 1, rgb: new Uint8Array(3), labels });

test("one map is drawn as it is", () => {
  const labels = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
  expect(flattenLabels(labelled(labels), [3, 3])).toEqual(labels);
  expect(flattenLabels(labelled(labels), [3, 3])).toBeInstanceOf(Uint8Array);
});

test("maps lie one after the other", () => {
  const labels = Uint8Array.from({ length: 27 }, (_, i) => i);
  const maps = labelMapsOf(labelled(labels), [3, 3]);
  expect(maps).toEqual([labels.subarray(0, 9), labels.subarray(9, 18), labels.subarray(18)]);
  expect(labelMapsOf(labelled(labels), [3, 3], 3)).toEqual(maps);
  expect(labelMapsOf(labelled(labels), [1, 9])).toEqual(maps);
  expect(labelMapsOf(labelled(labels.subarray(0, 9)), [3, 3], 1)).toEqual([labels.subarray(0, 9)]);
});

test.each([
  [0, undefined, "image 9 has 0 values, not a multiple of 3×3."],
  [10, undefined, "image 9 has 10 values, not a multiple of 3×3."],
  [18, 1, "image 9 has 18 values, not 1 · 3×3."],
  [9, 2, "image 9 has 9 values, not 2 · 3×3."],
  [0, 0, "image 9 has 0 values, not 0 · 3×3."],
  [27, 2, "image 9 has 27 values, not 2 · 3×3."],
])("%i values are refused as %s maps", (values, channels, message) => {
  const maps = () => labelMapsOf(labelled(new Uint8Array(values)), [3, 3], channels);
  expect(maps).toThrow(OutputError);
  expect(maps).toThrow(message);
});

test("labels are painted in decreasing order of their pixels, as the published code paints them", () => {
  const next = random(17);
  const [maps, pixels] = [5, 64];
  const counts = [
    [300, 90],
    [8, 60],
    [2, 40],
    [700, 25],
    [9, 13],
    [1, 7],
    [1813, 3],
    [5, 1],
  ] as const;
  const places = Array.from({ length: maps * pixels }, (_, i) => [next(), i] as const).sort((a, b) => a[0] - b[0]);
  const labels = new Uint16Array(maps * pixels);
  for (const [label, count] of counts) for (const [, place] of places.splice(0, count)) labels[place] = label;
  const painted = new Uint16Array(pixels);
  for (const [label] of counts) {
    labels.forEach((here, i) => {
      if (here === label) painted[i % pixels] = label;
    });
  }
  expect(flattenLabels({ image: 0, height: 8, width: 8, rgb: new Uint8Array(0), labels }, [8, 8])).toEqual(painted);
});
