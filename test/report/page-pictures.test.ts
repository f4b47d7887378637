import { inflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import type { Dissection, UnitPictures } from "../../src/dissect/result.ts";
import { PageGallery } from "../../src/report/page-pictures.ts";
import { fixture, LABELS } from "./fixture.ts";

const plan = { examples: 2, size: 64, featureSize: 16, estimatedBytes: 0 };
const layers = [
  { layer: "layer4", units: 2, size: 8 },
  { layer: "layer6", units: 3, size: 16 },
];
const { dissection } = fixture({ layers, examples: 4 });

/** A unit of these images; what is in them does not matter here. */
const unit = (layer: string, unit: number, ...images: number[]): UnitPictures => ({
  ...{ layer, unit },
  tops: images.map((image) => ({
    picture: { image, height: 1, width: 1, rgb: new Uint8Array(3), labels: new Uint8Array(1) },
    feature: new Float32Array(1),
  })),
});
/**
 * What was drawn of a unit: its features, and a picture of one byte in two label maps for each that
 * it claimed.
 */
const drawn = (scale: number, bytes: number[], ...embedded: number[]) => ({
  features: { scale, bytes: Uint8Array.from(bytes) },
  embedded: embedded.map((byte) => ({
    file: `jpeg ${byte}`,
    labels: [Uint8Array.of(byte), Uint8Array.of(byte + 100)],
  })),
});
const unpacked = (text: string) => [...inflateRawSync(Buffer.from(text, "base64"))];

test("an image is embedded once, by the first unit that shows it", async () => {
  const gallery = new PageGallery(dissection, plan);
  expect(gallery.claim(unit("layer6", 1, 7, 3, 9))).toEqual([0, 1]); // 9 is one example too many
  expect(gallery.claim(unit("layer4", 0, 3, 9))).toEqual([1]);
  expect(gallery.claim(unit("layer4", 1, 9, 7))).toEqual([]);
  await gallery.add(unit("layer6", 1, 7, 3, 9), drawn(2, [1, 2, 3], 70, 30));
  await gallery.add(unit("layer4", 0, 3, 9), drawn(3, [4, 5], 90));
  await gallery.add(unit("layer4", 1, 9, 7), drawn(4, [6]));
  const { pictures, features, labels, units } = await gallery.finish();
  expect(pictures).toMatchObject({ place: { 7: 0, 3: 1, 9: 2 }, files: ["jpeg 70", "jpeg 30", "jpeg 90"] });
  expect(unpacked(features)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(unpacked(labels)).toEqual([70, 170, 30, 130, 90, 190]);
  expect(units).toEqual([
    [
      { at: 3, scale: 3, images: [3, 9] },
      { at: 5, scale: 4, images: [9, 7] },
    ],
    [null, { at: 0, scale: 2, images: [7, 3] }, null],
  ]);
});

test("units are found by their number, and what is not of the dissection or has no pictures is left out", async () => {
  const [first, second] = dissection.layers;
  const numbered = { ...first!, units: first!.units.map((unit) => ({ ...unit, unit: unit.unit + 40 })) };
  const gallery = new PageGallery({ ...dissection, layers: [numbered, second!] }, plan);
  await gallery.add(unit("layer4", 41, 1), drawn(1, [9]));
  await gallery.add(unit("layer4", 0, 1), drawn(1, [8]));
  await gallery.add(unit("layer5", 40, 1), drawn(1, [7]));
  await gallery.add(unit("layer6", 0), drawn(1, [6]));
  const { features, units } = await gallery.finish();
  expect(units).toEqual([
    [null, { at: 0, scale: 1, images: [1] }],
    [null, null, null],
  ]);
  expect(unpacked(features)).toEqual([9]);
});

test("pictures of tiles are said to be", async () => {
  const levels = { ...dissection, model: { ...dissection.model, tiles: [[1, 2, 3]] as const } };
  const gallery = new PageGallery(levels, plan);
  expect(gallery.drawing.tiles).toBe(true);
  expect((await gallery.finish()).pictures.tiles).toBe(true);
  expect((await new PageGallery(dissection, plan).finish()).pictures).not.toHaveProperty("tiles");
});

test("pictures are as large as planned, label maps at most as large as they are", async () => {
  const drawing = (of: Dissection, size: number) => new PageGallery(of, { ...plan, size }).drawing;
  expect(drawing(dissection, 64)).toEqual({
    ...{ examples: 2, shape: [64, 64], labelShape: [32, 32], featureSize: 16, labelBytes: 1, channels: 1 },
    tiles: false,
  });
  expect(drawing(dissection, 24)).toMatchObject({ shape: [24, 24], labelShape: [24, 24] });
  const { dissection: wide } = fixture({ layers, extent: [24, 64], segmentationSize: 32 });
  expect(drawing(wide, 64)).toMatchObject({ shape: [24, 64], labelShape: [12, 32] });
  expect(drawing(wide, 16)).toMatchObject({ shape: [6, 16], labelShape: [6, 16] });
  const labels = (length: number) => ({ ...dissection, labels: Array.from({ length }, () => LABELS[1]!) });
  expect(drawing(labels(256), 24).labelBytes).toBe(1);
  expect(drawing(labels(257), 24).labelBytes).toBe(2);
  const three = { ...dissection, segmenter: { name: "three", channels: 3 } };
  expect(drawing(three, 24).channels).toBe(3);
  const { pictures } = await new PageGallery({ ...three, labels: labels(257).labels }, { ...plan, size: 24 }).finish();
  expect(pictures).toMatchObject({ shape: [24, 24], labelShape: [24, 24], labelBytes: 2, channels: 3 });
});

test("the page says what it leaves out, and nothing when that is nothing", async () => {
  const note = async (to: Partial<typeof plan>, of = dissection) =>
    (await new PageGallery(of, { ...plan, examples: 4, ...to }).finish()).pictures.note;
  expect(await note({})).toBe("");
  const none = dissection.layers.map((layer) => ({
    ...layer,
    units: layer.units.map((unit) => ({ ...unit, top: [] })),
  }));
  expect(await note({ examples: 0 }, { ...dissection, layers: none })).toBe("");
  expect(await note({ examples: 3 })).toBe("To stay small, this page holds 3 of the 4 top images of each unit.");
  expect(await note({ size: 63 })).toBe("To stay small, this page holds pictures of 63 instead of 64 pixels.");
  expect(await note({ size: 31, featureSize: 15 })).toBe(
    "To stay small, this page holds pictures of 31 instead of 64 pixels, label maps of 31 pixels, " +
      "feature maps averaged to at most 15 × 15.",
  );
  const wide = { ...dissection, layers: dissection.layers.map((layer) => ({ ...layer, shape: [2, 17] as const })) };
  expect(await note({}, wide)).toContain("averaged to at most 16 × 16");
  const { dissection: oblong } = fixture({ layers, examples: 4, extent: [24, 64] });
  expect(await note({}, oblong)).toBe("");
  expect(await note({ size: 16 }, oblong)).toBe(
    "To stay small, this page holds pictures of 16 × 6 instead of 64 × 24 pixels, label maps of 16 × 6 pixels.",
  );
  const [first, second] = dissection.layers;
  const fewer = { ...second!, units: second!.units.map((unit) => ({ ...unit, top: unit.top.slice(0, 1) })) };
  expect(await note({ examples: 3 }, { ...dissection, layers: [first!, fewer] })).toContain("3 of the 4 top images");
});

test("a gallery that is given up lets its compressors go", async () => {
  const gallery = new PageGallery(dissection, plan);
  await gallery.abort();
  await expect(gallery.add(unit("layer4", 0, 1), drawn(1, [1]))).rejects.toThrow();
});
