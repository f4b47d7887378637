import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readMask } from "../../../src/cli/edit/mask.ts";
import { PhotoError, UsageError } from "../../../src/errors.ts";
import { uncropped } from "../../../src/models/mask.ts";
import { encodePng } from "../../../src/node/photo/encode-png.ts";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-mask-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const SQUARE = { height: 3, width: 3 };
const WIDE = { height: 2, width: 4 };

/** A picture's file, of [red, green, blue] each. */
async function picture(width: number, pixels: readonly (readonly number[])[]): Promise<string> {
  const path = join(home, "mask.png");
  const data = Uint8Array.from(pixels.flat());
  await writeFile(path, encodePng({ width, height: pixels.length / width, channels: 3, data }));
  return path;
}

test("bounds are the first row and column within, and the first beyond", async () => {
  expect(await readMask([1, 0, 3, 2], SQUARE, "mean")).toEqual({
    height: 3,
    width: 3,
    data: Uint8Array.of(0, 0, 0, 1, 1, 0, 1, 1, 0),
    pooling: "mean",
  });
  expect(await readMask([0, 1, 1, 4], WIDE, "max")).toEqual({
    height: 2,
    width: 4,
    data: Uint8Array.of(0, 1, 1, 1, 0, 0, 0, 0),
    pooling: "max",
  });
});

test.each([
  [[0, 0, 4, 3], SQUARE, /The mask 0,0,4,3 goes beyond the images, which have 3×3 pixels/],
  [[0, 0, 3, 4], SQUARE, /goes beyond/],
  [[0, 0, 3, 4], WIDE, /which have 4×2 pixels/],
] as const)("bounds %s beyond images of %o are refused", async (bounds, images, message) => {
  const read = readMask(bounds, images, "max");
  await expect(read).rejects.toThrow(UsageError);
  await expect(read).rejects.toThrow(message);
});

const WHITE = [255, 255, 255];

test("of a picture counts what is not white in any colour, in images of its shape, of any size", async () => {
  const four = await picture(2, [WHITE, [254, 255, 255], [255, 254, 255], [255, 255, 254]]);
  const mask = { height: 2, width: 2, data: Uint8Array.of(0, 1, 1, 1), pooling: "mean" };
  expect(await readMask(four, SQUARE, "mean")).toEqual(mask);
  await expect(readMask(four, WIDE, "max")).rejects.toThrow(
    /mask\.png" has 2×2 pixels, and the images are 4×2\. Make it 4×2/,
  );
  const wide = await picture(2, [[0, 0, 0], WHITE]);
  expect(await readMask(wide, WIDE, "max")).toEqual({
    height: 1,
    width: 2,
    data: Uint8Array.of(1, 0),
    pooling: "max",
  });
  await expect(readMask(wide, SQUARE, "max")).rejects.toThrow(UsageError);
});

test("of a picture that is all white, and of none, are refused", async () => {
  const path = await picture(1, [WHITE]);
  await expect(readMask(path, SQUARE, "max")).rejects.toThrow(/is all white or transparent/);
  await expect(readMask(join(home, "none.png"), SQUARE, "max")).rejects.toThrow(PhotoError);
  await expect(readMask(join(home, "none.png"), SQUARE, "max")).rejects.toThrow(/none\.png" cannot be read/);
});

test("a mask of cropped images leaves alone what is not shown", () => {
  const mask = { height: 1, width: 2, data: Uint8Array.of(1, 0), pooling: "max" } as const;
  expect(uncropped(mask, { height: 2, width: 4, uncropped: [2, 4] })).toBe(mask);
  // Images of 2 × 4 of 4 × 6 pixels, the mask half as fine.
  expect(uncropped(mask, { height: 2, width: 4, uncropped: [4, 6] })).toEqual({
    ...{ height: 2, width: 3, pooling: "max" },
    data: Float32Array.of(1, 0, 0, 0, 0, 0),
  });
});
