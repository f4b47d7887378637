import { decode } from "fast-png";
import { expect, test } from "vitest";
import type { SamplePicture, UnitPictures } from "../../src/dissect/result.ts";
import { decodePhoto } from "../../src/node/photo/decode.ts";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import type { Extent } from "../../src/report/extents.ts";
import { embedPicture, type PageDrawing, pageFeatures, pageShape } from "../../src/report/page-draw.ts";
import { severalChannels } from "./fixture.ts";
import { expectKept } from "./kept.ts";

const drawing: PageDrawing = {
  ...{ examples: 2, shape: [2, 2], labelShape: [2, 2], featureSize: 4, labelBytes: 1, channels: 1, tiles: false },
};
const picture: SamplePicture = {
  image: 0,
  height: 2,
  width: 2,
  rgb: new Uint8Array(12),
  labels: Uint8Array.of(0, 1, 2, 3),
};
const unit = (...features: number[][]): UnitPictures => ({
  ...{ layer: "layer4", unit: 0 },
  tops: features.map((feature) => ({ picture, feature: Float32Array.from(feature) })),
});
const bytes = (from: UnitPictures, level: number, shape: readonly [number, number], to: Partial<PageDrawing> = {}) => {
  const drawn = pageFeatures(from, level, shape, { ...drawing, ...to });
  return [drawn.scale, [...new Int8Array(drawn.bytes.buffer)]] as const;
};

test.each([
  [8, 8, 32, [8, 8]],
  [32, 32, 32, [32, 32]],
  [33, 7, 32, [17, 7]],
  [64, 16, 32, [32, 16]],
  [1, 65, 32, [1, 22]],
  [40, 100, 16, [14, 15]],
] as const)("%i×%i cells are %j in a page of at most %i", (height, width, largest, shape) => {
  expect(pageShape([height, width], largest)).toEqual(shape);
});

test("a byte is the distance from the level, the farthest ±127", () => {
  expect(bytes(unit([3, 1, 0, -1]), 1, [2, 2])).toEqual([2 / 127, [127, 0, -63, -127]]);
  expect(bytes(unit([3, 1, 0, -253]), 1, [2, 2])).toEqual([2, [1, 0, -1, -127]]);
  expect(bytes(unit([1.25, 1.5, 1.75, 2.75]), 0, [1, 4])).toEqual([2.75 / 127, [58, 69, 81, 127]]);
});

test("what is beside the level never falls onto it, however near", () => {
  expect(bytes(unit([127, 0.25, -0.25, 0]), 0, [2, 2])).toEqual([1, [127, 1, -1, 0]]);
});

test("the farthest of all examples that are shown sets the scale, and what is not shown sets nothing", () => {
  expect(bytes(unit([127], [-254], [1e9]), 0, [1, 1])).toEqual([2, [64, -127]]);
  expect(bytes(unit([127], [-254]), 0, [1, 1], { examples: 1 })).toEqual([1, [127]]);
});

test("a map that is the level everywhere is zeros at a scale of 1", () => {
  expect(bytes(unit([5, 5]), 5, [1, 2])).toEqual([1, [0, 0]]);
  expect(bytes(unit(), 5, [1, 2])).toEqual([1, []]);
});

test("what is not finite is drawn as the level", () => {
  expect(bytes(unit([Number.NaN, 1]), 0, [1, 2])[1]).toEqual([0, 1]);
  expect(bytes(unit([4, 2]), Number.NaN, [1, 2])[1]).toEqual([0, 0]);
});

test("what is too far for a byte is as far as it goes", () => {
  expect(bytes(unit([Number.NaN, 300, -300]), 0, [1, 3])).toEqual([1, [0, 127, -127]]);
});

test("maps that are too large are averaged, each cell in one box", () => {
  const eight = unit([1, 3, 5, 7, 9, 11, 13, 254]);
  expect(bytes(eight, 0, [2, 4], { featureSize: 2 })).toEqual([133.5 / 127, [2, 6, 10, 127]]);
  const five = unit([2, 4, 6, 8, 127, 1, 1, 1, 1, 1]);
  expect(bytes(five, 0, [2, 5], { featureSize: 3 })).toEqual([1, [3, 7, 127, 1, 1, 1]]);
  expect(bytes(five, 0, [5, 2], { featureSize: 3 })).toEqual([64 / 127, [8, 12, 127, 2, 2, 2]]);
});

const embed = (from: SamplePicture, labels: number | Extent, to: Partial<PageDrawing> = {}) => {
  const extent = typeof labels === "number" ? ([labels, labels] as const) : labels;
  return embedPicture(from, extent, { ...drawing, ...to }, nodeEncoder());
};

test("labels take one byte or two, and keep their values in both", async () => {
  const values = { ...picture, labels: Uint16Array.of(0, 1, 255, 256) };
  expect((await embed(picture, 2)).labels).toEqual([Uint8Array.of(0, 1, 2, 3)]);
  expect((await embed(values, 2, { labelBytes: 2 })).labels).toEqual([Uint8Array.of(0, 0, 1, 0, 255, 0, 0, 1)]);
  expect((await embed(picture, 2, { labelBytes: 2 })).labels).toEqual([Uint8Array.of(0, 0, 1, 0, 2, 0, 3, 0)]);
});

test("label maps are one after the other, each in the page's size", async () => {
  const labels = Uint8Array.from([...Array(16).keys(), ...Array(16).keys()], (i, at) => (at < 16 ? i : 99 - i));
  expect((await embed({ ...picture, labels }, 4, { channels: 2 })).labels).toEqual([
    Uint8Array.of(5, 7, 13, 15),
    Uint8Array.of(94, 92, 86, 84),
  ]);
  await expect(embed(picture, 2, { channels: 3 })).rejects.toThrow("has 4 values, not 3 · 2×2");
});

test("pictures and label maps may be wider than high", async () => {
  const wide = { ...picture, height: 1, width: 4, rgb: new Uint8Array(12).fill(80), labels: Uint8Array.of(0, 1, 2, 3) };
  const { file: jpeg, labels } = await embed(wide, [1, 4], { shape: [2, 8], labelShape: [1, 2] });
  expect(labels).toEqual([Uint8Array.of(1, 3)]);
  expect(await decodePhoto(new Uint8Array(Buffer.from(jpeg, "base64")), "picture")).toMatchObject({
    width: 8,
    height: 2,
  });
});

test("a picture is embedded in the page's size, as it was looked at", async () => {
  for await (const { tops } of severalChannels({ images: 3, examples: 1, resolution: 128 }).pictures()) {
    const { file: jpeg } = await embed(tops[0]!.picture, 32, { shape: [48, 48], channels: 3 });
    expectKept("page-embedded.jpg", new Uint8Array(Buffer.from(jpeg, "base64")));
    break;
  }
});

test("tiles keep their edges and colours, in whatever size", async () => {
  const colors = [
    [250, 10, 20],
    [0, 200, 90],
    [33, 66, 99],
    [1, 2, 3],
  ].flat();
  const tiles = { ...picture, rgb: Uint8Array.from(colors) };
  const { file } = await embed(tiles, 2, { shape: [4, 6], tiles: true });
  const { data, width, height } = decode(Buffer.from(file, "base64"));
  expect([width, height]).toEqual([6, 4]);
  const expected = [0, 0, 1, 1].flatMap((row) => [0, 0, 0, 1, 1, 1].map((column) => 2 * row + column));
  expect([...data]).toEqual(expected.flatMap((tile) => colors.slice(3 * tile, 3 * tile + 3)));
});
