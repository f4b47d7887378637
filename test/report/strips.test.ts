import { createHash } from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import type { SamplePicture, UnitPictures } from "../../src/dissect/result.ts";
import { decodePhoto } from "../../src/node/photo/decode.ts";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import { labelColors } from "../../src/report/colors.ts";
import { WHOLE } from "../../src/report/extents.ts";
import type { Image } from "../../src/report/image.ts";
import { StripArtist, stripFiles } from "../../src/report/strips.ts";
import { Tiles } from "../../src/report/tiles.ts";
import { fixture, LABELS } from "./fixture.ts";
import { expectKept } from "./kept.ts";

const colors = labelColors(LABELS);

describe("strip", () => {
  /** Left half of the map on; the picture is one grey. */
  const picture: SamplePicture = {
    image: 0,
    height: 8,
    width: 8,
    rgb: new Uint8Array(192).fill(100),
    labels: new Uint16Array([2, 0, 2, 0]),
  };
  const on: UnitPictures = {
    layer: "layer4",
    unit: 0,
    tops: [
      { picture, feature: new Float32Array([1, 0, 1, 0]) },
      { picture, feature: new Float32Array([0, 0, 0, 0]) },
    ],
  };
  const artist = new StripArtist({ shape: [2, 2], tiles: new Tiles([2, 2], colors) });
  const strips = artist.draw(on, 0.5);
  const pixel = ({ data, width, channels }: (typeof strips)["top"], x: number, y: number) => [
    ...data.subarray((y * width + x) * channels, (y * width + x + 1) * channels),
  ];

  test("has its pictures side by side, five white pixels apart", () => {
    for (const strip of Object.values(strips)) expect([strip.width, strip.height]).toEqual([8 + 5 + 8, 8]);
    for (let x = 8; x < 13; x++) {
      expect(pixel(strips.top, x, 3)).toEqual([255, 255, 255]);
      expect(pixel(strips.original, x, 3)).toEqual([255, 255, 255]);
    }
  });

  test("is bright inside the mask, half as bright outside, yellow between", () => {
    expect(pixel(strips.top, 3, 4)).toEqual([100, 100, 100]);
    expect(pixel(strips.top, 4, 4)).toEqual([200, 200, 50]);
    expect(pixel(strips.top, 5, 4)).toEqual([200, 200, 50]);
    expect(pixel(strips.top, 6, 4)).toEqual([50, 50, 50]);
    expect(pixel(strips.top, 13, 4)).toEqual([50, 50, 50]);
    expect(pixel(strips.original, 6, 4)).toEqual([100, 100, 100]);
  });

  test("has a mask to lay over: clear inside, half black outside, yellow between", () => {
    expect(pixel(strips.mask, 3, 4)).toEqual([0, 0, 0, 0]);
    expect(pixel(strips.mask, 4, 4)).toEqual([200, 200, 0, 255]);
    expect(pixel(strips.mask, 7, 4)).toEqual([0, 0, 0, 127]);
  });

  test("has the labels in their colours, nearest neighbour", () => {
    expect(pixel(strips.segmentation, 3, 7)).toEqual([...colors[2]!]);
    expect(pixel(strips.segmentation, 4, 7)).toEqual([0, 0, 0]);
  });

  test("can be of another height", () => {
    const high = new StripArtist({ shape: [2, 2], tiles: new Tiles([2, 2], colors), height: 20 }).draw(on, 0.5, 1);
    expect([high.top.width, high.top.height]).toEqual([20, 20]);
    expect(pixel(high.top, 9, 10)).toEqual([100, 100, 100]);
    expect(pixel(high.top, 13, 10)).toEqual([50, 50, 50]);
  });

  test("may be of pictures that are not square, which keep their proportions", () => {
    const wide: SamplePicture = {
      ...picture,
      height: 4,
      width: 12,
      rgb: Uint8Array.from({ length: 144 }, (_, i) => Math.floor(i / 3) % 12),
      labels: Uint8Array.of(1, 2, 0),
    };
    const tops = [
      { picture: wide, feature: Float32Array.of(0, 0, 0, 1, 1, 1) },
      { picture: wide, feature: Float32Array.of(1, 0, 0, 1, 0, 0) },
    ];
    const of = (height?: number) =>
      new StripArtist({ shape: [2, 3], tiles: new Tiles([1, 3], colors), height }).draw({ ...on, tops }, 0.5);
    const own = of();
    for (const strip of Object.values(own)) expect([strip.width, strip.height]).toEqual([12 + 5 + 12, 4]);
    expect([0, 11, 17, 28].map((x) => pixel(own.original, x, 3)[0])).toEqual([0, 11, 0, 11]);
    expect([0, 4, 8, 17 + 4].map((x) => pixel(own.segmentation, x, 0))).toEqual(
      [1, 2, 0, 2].map((label) => [...colors[label]!]),
    );
    // Off above, on below; on at the left.
    expect([0, 3].map((y) => pixel(own.mask, 5, y))).toEqual([
      [200, 200, 0, 255],
      [0, 0, 0, 0],
    ]);
    expect([17, 28].map((x) => pixel(own.mask, x, 2)[3])).toEqual([0, 127]);
    const high = of(10);
    expect([high.top.width, high.top.height]).toEqual([30 + 5 + 30, 10]);
  });

  test("refuses a feature map of another shape", () => {
    const tops = [{ picture, feature: new Float32Array(3) }];
    expect(() => artist.draw({ ...on, tops }, 0.5)).toThrow("layer4 unit 0 has 3 values, not 2×2");
  });
});

test("the first of pictures that are not square is as wide as they are", async () => {
  const { dissection, pictures } = fixture({
    ...{ layers: [{ layer: "layer6", units: 1, size: 16 }], examples: 3 },
    extent: [24, 64],
  });
  const { shape, units } = dissection.layers[0]!;
  const artist = new StripArtist({ shape, tiles: new Tiles([12, 32], colors), height: 48 });
  for await (const unit of pictures()) {
    const files = await stripFiles(artist, unit, units[0]!.level, nodeEncoder());
    const extents: Record<string, readonly number[]> = {};
    for (const { path, data } of files) {
      const { width, height } = await decodePhoto(data, path);
      extents[path.replace("/0-", " ")] = [width, height];
    }
    for (const [path, extent] of Object.entries(extents))
      expect(extent, path).toEqual(path.startsWith("s-image") ? [128, 48] : [3 * 128 + 10, 48]);
    expectKept("strip-wide-top.jpg", files.find(({ path }) => path === "image/0-top.jpg")!.data);
    expectKept("strip-wide-seg.png", files.find(({ path }) => path === "image/0-seg.png")!.data);
  }
});

test.each([
  [undefined, 20, "1e68012354fdffa7"],
  [37, 3, "af0c25bfbef70abc"],
  [100, 1, "7d2c431802c5cdae"],
])("strips of height %s and %i pictures are the same pixels as ever", async (height, examples, expected) => {
  const layers = [
    { layer: "layer4", units: 3, size: 8 },
    { layer: "layer6", units: 2, size: 16 },
  ];
  const { dissection, pictures } = fixture({ layers, images: 24, examples });
  const hash = createHash("sha256");
  for await (const unit of pictures()) {
    const { shape, units } = dissection.layers.find(({ layer }) => layer === unit.layer)!;
    const artist = new StripArtist({ shape, tiles: new Tiles([32, 32], colors), height });
    for (const strip of Object.values(artist.draw(unit, units[unit.unit]!.level))) hash.update(strip.data);
  }
  expect(hash.digest("hex").slice(0, 16)).toBe(expected);
});

test("a unit's eight files are as they were looked at", async () => {
  const { dissection, pictures } = fixture({ layers: [{ layer: "layer6", units: 2, size: 16 }], examples: 3 });
  const { shape, units } = dissection.layers[0]!;
  const artist = new StripArtist({ shape, tiles: new Tiles([32, 32], colors), height: 48 });
  for await (const unit of pictures()) {
    if (unit.unit !== 1) continue;
    const files = await stripFiles(artist, unit, units[1]!.level, nodeEncoder());
    const kept = {
      "image/1-top.jpg": "strip-top.jpg",
      "image/1-orig.jpg": "strip-orig.jpg",
      "image/1-seg.png": "strip-seg.png",
      "image/1-mask.png": "strip-mask.png",
      "s-image/1-top.jpg": "strip-first-top.jpg",
      "s-image/1-orig.jpg": "strip-first-orig.jpg",
      "s-image/1-seg.png": "strip-first-seg.png",
      "s-image/1-mask.png": "strip-first-mask.png",
    };
    expect(files.map(({ path }) => path)).toEqual(Object.keys(kept));
    Object.values(kept).forEach((name, i) => {
      expectKept(name, files[i]!.data);
    });
  }
});

test("a layer is prepared once, a picture drawn once for all units, and a unit once for its eight files", async () => {
  const { pictures, dissection } = fixture({
    layers: [{ layer: "layer4", units: 6, size: 16 }],
    images: 8,
    examples: 5,
  });
  const tiles = new Tiles([32, 32], colors);
  const tile = vi.spyOn(tiles, "of");
  let prepared = 0;
  const artist = new StripArtist({
    shape: [16, 16],
    tiles,
    get placed() {
      prepared += 1;
      return WHOLE;
    },
  });
  const draw = vi.spyOn(artist, "draw");
  let encoded: number[] = [];
  const encode = async ({ data }: Image): Promise<Uint8Array> => {
    encoded.push(data.length);
    return data;
  };
  const shown = new Set<SamplePicture>();
  let units = 0;
  for await (const unit of pictures()) {
    units += 1;
    for (const { picture } of unit.tops) shown.add(picture);
    encoded = [];
    await stripFiles(artist, unit, dissection.layers[0]!.units[unit.unit]!.level, { jpeg: encode, png: encode });
    const { height, width } = unit.tops[0]!.picture;
    // Of a strip, and of its first picture.
    const pixels = [height * (5 * width + 4 * 5), height * width];
    expect(encoded).toEqual(pixels.flatMap((area) => [3, 3, 3, 4].map((channels) => area * channels)));
  }
  expect(units).toBe(6);
  expect(prepared).toBe(1);
  expect(draw).toHaveBeenCalledTimes(units);
  expect(tile).toHaveBeenCalledTimes(units * 5);
  expect(shown.size).toBeLessThan(units * 5);
  expect(new Set(tile.mock.results.map(({ value }) => value)).size).toBe(shown.size);
});
