import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPhoto, reduced, unreadable } from "../../src/cli/photo.ts";
import { PhotoError } from "../../src/errors.ts";

/** A photo whose red is given, green 10 more, and blue white. */
const photo = (width: number, reds: readonly number[]) => ({
  width,
  height: reds.length / width,
  rgb: Uint8Array.from(reds.flatMap((red) => [red, red + 10, 255])),
});

/** Red, green, blue and what is stored beside them, in 0…255. */
const bytes = (pixels: Float32Array): number[] =>
  [...pixels].map((value, at) => (at % 4 === 3 ? value : Math.round(127.5e3 * (value + 1)) / 1e3));

test("a photo no larger than the network's input keeps its pixels", () => {
  const { pixels, width, height } = reduced(photo(2, [0, 50, 100, 150]), 2);
  expect([width, height]).toEqual([2, 2]);
  expect(bytes(pixels)).toEqual([0, 10, 255, 0, 50, 60, 255, 0, 100, 110, 255, 0, 150, 160, 255, 0]);
  expect([pixels[0], pixels[2]]).toEqual([-1, 1]);
  expect(reduced(photo(3, [0, 50, 100, 150, 200, 240]), 2).width).toBe(3);
  expect(reduced(photo(1, [0]), 512).width).toBe(1);
});

test("a larger one is averaged over whole squares while both edges stay as large; what is left over goes", () => {
  const reds = [0, 8, 16, 24, 240, 2, 6, 18, 22, 240, 100, 100, 200, 200, 240, 100, 100, 200, 200, 240];
  const { pixels, width, height } = reduced(photo(5, reds), 2);
  expect([width, height]).toEqual([2, 2]);
  expect(bytes(pixels)).toEqual([4, 14, 255, 0, 20, 30, 255, 0, 100, 110, 255, 0, 200, 210, 255, 0]);
  expect(reduced(photo(6, new Array(36).fill(9)), 2)).toMatchObject({ width: 2, height: 2 });
  expect(reduced(photo(6, new Array(12).fill(9)), 2)).toMatchObject({ width: 6, height: 2 });
});

test("what cannot be read is a fault of the photo, and says why", async () => {
  await expect(readPhoto(join(tmpdir(), "no-such-photo.png"))).rejects.toThrow(PhotoError);
  await expect(readPhoto(join(tmpdir(), "no-such-photo.png"))).rejects.toThrow(/does not exist/);
  await expect(readPhoto(tmpdir())).rejects.toThrow(/is a folder/);
  expect(() => unreadable("a.png", { code: "EACCES" })).toThrow('"a.png" cannot be read (EACCES).');
  expect(() => unreadable("a.png", new Error("odd"))).toThrow("(unknown)");
});
