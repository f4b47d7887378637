import { expect, test } from "vitest";
import { flattenLabels } from "../../src/report/segmentation.ts";
import { random } from "./fixture.ts";

test("of several labels a pixel the rarer is drawn", () => {
  const labels = new Uint16Array([1, 1, 1, 0, /* second map */ 2, 0, 0, 0]);
  expect([...flattenLabels({ image: 0, size: 2, rgb: new Uint8Array(12), labels }, 2)]).toEqual([2, 1, 1, 0]);
  const wrong = { image: 9, size: 2, rgb: new Uint8Array(12), labels: labels.subarray(0, 6) };
  expect(() => flattenLabels(wrong, 2)).toThrow("image 9 has 6 values");
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
  expect(flattenLabels({ image: 0, size: 8, rgb: new Uint8Array(0), labels }, 8)).toEqual(painted);
});
