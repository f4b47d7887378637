import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode, encode } from "fast-png";
import { afterAll, beforeEach, expect, test } from "vitest";
import { spriteOf } from "../../../src/cli/export/sprite.ts";
import type { LayerResult } from "../../../src/index.ts";

const folders: string[] = [];
let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-sprite-"));
  folders.push(home);
  await mkdir(join(home, "s-image"));
});
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** A unit's picture, whose bytes are told by column, row and channel. */
const picture = (unit: number, width: number, height: number, value: (x: number, y: number, c: number) => number) =>
  writeFile(
    join(home, "s-image", `${unit}-top.jpg`),
    encode({
      ...{ width, height, channels: 3, depth: 8 },
      data: Uint8Array.from({ length: 3 * width * height }, (_, at) => {
        const pixel = Math.floor(at / 3);
        return value(pixel % width, Math.floor(pixel / width), at % 3);
      }),
    }),
  );

const layerOf = (...units: number[]) => ({ units: units.map((unit) => ({ unit })) }) as unknown as LayerResult;
const spriteFor = (layer: LayerResult, signal = new AbortController().signal) => spriteOf(home, layer, signal);

test("pictures lie row by row, as many across as down, and where one is missing it is black", async () => {
  const units = [2, 3, 5, 7, 11]; // which begin at other places than their numbers
  const value = (unit: number) => (x: number, y: number, c: number) => unit + 5 * x + 20 * y + 80 * c;
  for (const unit of units) if (unit !== 7) await picture(unit, 4, 3, value(unit));
  const sprite = await spriteFor(layerOf(...units));
  expect(sprite!.picture).toEqual([4, 3]);
  const { width, height, channels, data } = decode(sprite!.data);
  expect([width, height, channels]).toEqual([12, 9, 3]);
  for (let y = 0; y < 9; y += 1) {
    for (let x = 0; x < 12; x += 1) {
      const unit = units[3 * Math.floor(y / 3) + Math.floor(x / 4)];
      const known = unit !== undefined && unit !== 7;
      const wanted = [0, 1, 2].map((c) => (known ? value(unit)(x % 4, y % 3, c) : 0));
      expect([x, y, ...data.subarray(3 * (12 * y + x), 3 * (12 * y + x + 1))]).toEqual([x, y, ...wanted]);
    }
  }
});

test.each([
  [128, 96, [64, 48]],
  [96, 128, [48, 64]],
  [64, 64, [64, 64]],
  [65, 1, [64, 1]],
  [1, 400, [1, 64]],
  [30, 20, [30, 20]],
  [100, 76, [64, 49]], // 48.64
])("pictures of %i × %i are no larger than 64, and keep their proportions", async (width, height, expected) => {
  await picture(0, width, height, (_, __, c) => 50 * c + 7);
  await picture(1, 10, 10, () => 200); // another size is brought to the first's
  await picture(3, width, height, (_, __, c) => 60 * c + 9);
  const { picture: found, data } = (await spriteFor(layerOf(0, 1, 2, 3)))!;
  expect(found).toEqual(expected);
  const decoded = decode(data);
  expect([decoded.width, decoded.height]).toEqual(expected.map((edge) => 2 * edge));
  expect([...decoded.data.subarray(0, 3)]).toEqual([7, 57, 107]);
  const second = 3 * expected[0]!;
  expect([...decoded.data.subarray(second, second + 3)]).toEqual([200, 200, 200]);
  expect([...decoded.data.subarray(-3)]).toEqual([9, 69, 129]);
});

test.each([
  [127 ** 2 + 1, 128, 64], // 8192 / 128
  [128 ** 2 + 1, 129, 63], // ⌊8192 / 129⌋
])("of %i units they are so small that all are no wider than 8192", async (units, across, edge) => {
  await picture(3, 64, 1, () => 90);
  const { picture: found, data } = (await spriteFor(layerOf(...new Array(units).keys())))!;
  expect(found).toEqual([edge, 1]);
  const { width, height } = decode(data);
  expect([width, height]).toEqual([across * edge, across]);
});

test("a report without pictures has none; what cannot be read, or was aborted, is told", async () => {
  expect(await spriteFor(layerOf(0, 1))).toBeUndefined();
  await mkdir(join(home, "s-image", "1-top.jpg"));
  await expect(spriteFor(layerOf(0, 1))).rejects.toThrow("1-top.jpg");
  await expect(spriteFor(layerOf(0), AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
});
