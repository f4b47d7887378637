import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { nodeEncoder } from "../../src/cli/encoder.ts";
import type { SamplePicture, UnitPictures } from "../../src/dissect/result.ts";
import { labelColors } from "../../src/report/colors.ts";
import { resizeNearest, resizeRgb } from "../../src/report/image.ts";
import { flattenLabels } from "../../src/report/segmentation.ts";
import { StripArtist, stripFiles } from "../../src/report/strips.ts";
import { Tiles } from "../../src/report/tiles.ts";
import { markEdge, maskPainter } from "../../src/report/upsample.ts";
import { fixture, LABELS, random } from "./fixture.ts";

const colors = labelColors(LABELS);

describe("mask", () => {
  /** The definition (§3.4), one pixel at a time. */
  function surface(map: Float32Array, h: number, w: number, size: number, y: number, x: number): number {
    const place = (t: number, edge: number) => Math.min(edge - 1, Math.max(0, ((t + 0.5) * edge) / size - 0.5));
    const [sy, sx] = [place(y, h), place(x, w)];
    let sum = 0;
    for (let i = 0; i < h; i++) {
      for (let j = 0; j < w; j++) {
        sum += Math.max(0, 1 - Math.abs(sy - i)) * Math.max(0, 1 - Math.abs(sx - j)) * map[i * w + j]!;
      }
    }
    return sum;
  }

  test.each([
    [4, 4, 16],
    [3, 5, 17],
    [8, 8, 8],
    [1, 1, 6],
    [16, 16, 8],
  ])("of a %i×%i map at %i pixels is the half-pixel bilinear surface above the level", (h, w, size) => {
    const next = random(h * 100 + w);
    const map = Float32Array.from({ length: h * w }, next);
    const mask = new Uint8Array(size * size).fill(7);
    maskPainter(h, w, size)(map, 0.5, mask);
    const expected = mask.map((_, i) => (surface(map, h, w, size, Math.floor(i / size), i % size) > 0.5 ? 1 : 0));
    expect(mask).toEqual(expected);
    expect(new Set(mask).size).toBe(h * w === 1 ? 1 : 2);
  });

  test("is strict, and its border is the map's own", () => {
    const mask = new Uint8Array(16);
    const paint = maskPainter(2, 2, 4);
    paint(new Float32Array([1, 1, 1, 1]), 1, mask);
    expect(mask).toEqual(new Uint8Array(16));
    paint(new Float32Array([1, 2, 1, 2]), 1, mask);
    expect([...mask.subarray(0, 4)]).toEqual([0, 1, 1, 1]);
    paint(new Float32Array([1, 1, 1, 1]), 0.999, mask);
    expect(mask).toEqual(new Uint8Array(16).fill(1));
  });

  test("has a ring two pixels wide around it, diagonals included", () => {
    const size = 9;
    const next = random(5);
    for (let round = 0; round < 20; round++) {
      const mask = Uint8Array.from({ length: size * size }, () => (next() < 0.06 ? 1 : 0));
      const expected = mask.map((on, i) => {
        if (on) return 1;
        const [y, x] = [Math.floor(i / size), i % size];
        return mask.some((v, j) => v && Math.abs(Math.floor(j / size) - y) <= 2 && Math.abs((j % size) - x) <= 2)
          ? 2
          : 0;
      });
      markEdge(mask, size, new Uint8Array(size * size));
      expect(mask).toEqual(expected);
    }
  });
});

describe("strip", () => {
  /** Left half of the map on; the picture is one grey. */
  const picture: SamplePicture = {
    image: 0,
    size: 8,
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
  const artist = new StripArtist({ shape: [2, 2], tiles: new Tiles(2, colors) });
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
    const high = new StripArtist({ shape: [2, 2], tiles: new Tiles(2, colors), height: 20 }).draw(on, 0.5, 1);
    expect([high.top.width, high.top.height]).toEqual([20, 20]);
    expect(pixel(high.top, 9, 10)).toEqual([100, 100, 100]);
    expect(pixel(high.top, 13, 10)).toEqual([50, 50, 50]);
  });

  test("refuses a feature map of another shape", () => {
    const tops = [{ picture, feature: new Float32Array(3) }];
    expect(() => artist.draw({ ...on, tops }, 0.5)).toThrow("layer4 unit 0 has 3 values, not 2×2");
  });
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
    const artist = new StripArtist({ shape, tiles: new Tiles(32, colors), height });
    for (const strip of Object.values(artist.draw(unit, units[unit.unit]!.level))) hash.update(strip.data);
  }
  expect(hash.digest("hex").slice(0, 16)).toBe(expected);
});

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

test("pictures are averaged when they shrink and interpolated when they grow", () => {
  const grey = (values: number[]) => Uint8Array.from(values.flatMap((v) => [v, v, v]));
  expect(resizeRgb(grey([0, 100, 200, 100]), 2, 1)).toEqual(grey([100]));
  const grown = resizeRgb(grey([0, 100, 0, 100]), 2, 4);
  expect([...grown].filter((_, i) => i % 3 === 0).slice(0, 4)).toEqual([0, 25, 75, 100]);
  expect([...resizeNearest(new Uint16Array([1, 2, 3, 4]), 2, 4)].slice(4, 12)).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
});

test("all strips of 256 units of 20 pictures are drawn in ten seconds of a slow core", async () => {
  const layers = [{ layer: "layer4", units: 32, size: 16 }];
  const { pictures, dissection } = fixture({ layers, images: 40, examples: 20 });
  const units: UnitPictures[] = [];
  for await (const unit of pictures()) units.push(unit);
  const artist = new StripArtist({ shape: [16, 16], tiles: new Tiles(32, colors) });
  const { units: dissected } = dissection.layers[0]!;
  for (const unit of units.slice(0, 4)) artist.draw(unit, 0.5);
  const draw = process.cpuUsage();
  for (const unit of units) artist.draw(unit, dissected[unit.unit]!.level);
  const drawn = process.cpuUsage(draw);
  const encoder = nodeEncoder();
  await stripFiles(artist, units[0]!, 0.5, encoder);
  let files = 0;
  const write = process.cpuUsage();
  for (const unit of units) files += (await stripFiles(artist, unit, dissected[unit.unit]!.level, encoder)).length;
  const written = process.cpuUsage(write);
  const seconds = ({ user, system }: NodeJS.CpuUsage) => ((user + system) / 1e6) * (256 / units.length);
  console.log(`256 units: drawn in ${seconds(drawn).toFixed(2)} s, written in ${seconds(written).toFixed(2)} s of CPU`);
  expect(seconds(drawn)).toBeLessThan(4);
  expect(seconds(written)).toBeLessThan(10);
  expect(files).toBe(units.length * 8);
});
