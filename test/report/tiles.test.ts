import { expect, test } from "vitest";
import type { SamplePicture } from "../../src/dissect/result.ts";
import { Tiles } from "../../src/report/tiles.ts";

const picture = (image: number): SamplePicture => ({
  image,
  height: 2,
  width: 2,
  rgb: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 254, 0),
  labels: Uint16Array.of(1, 2, 0, 9),
});
const colors = [
  [0, 0, 0],
  [10, 20, 30],
  [40, 50, 60],
] as const;
/** Of a tile of 2×2 pixels. */
const BYTES = 3 * 12;

test("a tile is the picture, half as bright, and its labels in their colours", () => {
  expect(new Tiles([2, 2], colors).of(picture(0), [2, 2])).toEqual({
    height: 2,
    width: 2,
    rgb: picture(0).rgb,
    dim: Uint8Array.of(0, 1, 1, 2, 2, 3, 3, 4, 4, 127, 127, 0),
    segmentation: Uint8Array.of(10, 20, 30, 40, 50, 60, 0, 0, 0, 0, 0, 0),
  });
});

test("a tile is drawn once for each size", () => {
  const tiles = new Tiles([2, 2], colors);
  const one = picture(0);
  const first = tiles.of(one, [2, 2]);
  expect(tiles.of(one, [2, 2])).toBe(first);
  expect(tiles.bytes).toBe(BYTES);
  const larger = tiles.of(one, [4, 4]);
  expect([larger.height, larger.width, larger.segmentation.length]).toEqual([4, 4, 48]);
  expect(tiles.bytes).toBe(4 * BYTES);
  expect(tiles.of(one, [4, 2])).not.toBe(larger);
  expect(tiles.of(one, [2, 2])).not.toBe(first);
  expect(tiles.bytes).toBe(BYTES);
});

test("the last used are kept, as many as fit", () => {
  const tiles = new Tiles([2, 2], colors, 2 * BYTES);
  const [a, b, c] = [picture(0), picture(1), picture(2)];
  const [firstA, firstB] = [tiles.of(a, [2, 2]), tiles.of(b, [2, 2])];
  expect(tiles.of(a, [2, 2])).toBe(firstA);
  const firstC = tiles.of(c, [2, 2]);
  expect(tiles.bytes).toBe(2 * BYTES);
  expect(tiles.of(a, [2, 2])).toBe(firstA);
  expect(tiles.of(c, [2, 2])).toBe(firstC);
  expect(tiles.of(b, [2, 2])).not.toBe(firstB);
});

test("one that is larger than all that fits is kept while it is used", () => {
  const tiles = new Tiles([2, 2], colors, BYTES - 1);
  const one = picture(0);
  const first = tiles.of(one, [2, 2]);
  expect(tiles.of(one, [2, 2])).toBe(first);
  tiles.of(picture(1), [2, 2]);
  expect(tiles.bytes).toBe(BYTES);
});

test("by default a hundred of 256 pixels are kept", () => {
  const tiles = new Tiles([2, 2], colors);
  const pictures = Array.from({ length: 120 }, (_, image) => picture(image));
  for (const one of pictures) tiles.of(one, [256, 256]);
  expect(tiles.bytes).toBe(Math.floor((64 * 2 ** 20) / (9 * 256 ** 2)) * 9 * 256 ** 2);
});
