import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { SamplePicture } from "../../../src/dissect/result.ts";
import { nodeEncoder } from "../../../src/node/photo/encoder.ts";
import { covering } from "../../../src/report/viewer/covering.ts";
import type { View } from "../../../src/report/viewer/data.ts";
import { labelMaps } from "../../../src/report/viewer/label-maps.ts";
import { surfaces } from "../../../src/report/viewer/surfaces.ts";
import { fixture, severalChannels } from "../fixture.ts";
import { expectKept } from "../kept.ts";
import { pageData } from "./page.ts";

/** As much of the browser's as is used. */
class PlainImageData {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;

  constructor(width: number, height: number) {
    this.data = new Uint8ClampedArray(4 * width * height);
    this.width = width;
    this.height = height;
  }
}

beforeEach(() => {
  vi.stubGlobal("ImageData", PlainImageData);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

async function drawn(view: View, size: number, level = 0.5) {
  const { data, features, labels } = await pageData(severalChannels({ examples: 2, images: 6 }));
  const cover = covering(data, surfaces(data, features), labelMaps(data.pictures, labels));
  const { width, height, data: pixels } = cover({ layer: 1, unit: 1, example: 1, view, level }, [size, size]);
  return { width, height, channels: 4 as const, data: new Uint8Array(pixels) };
}

test.each([
  ["masked", 60, "page-masked.png"],
  ["mask", 60, "page-mask.png"],
  ["segmentation", 60, "page-segmentation.png"],
  ["activation", 60, "page-activation.png"],
  ["mask", 160, "page-mask-large.png"],
] as const)("the view %s at %i pixels is as it was looked at", async (view, size, name) => {
  expectKept(name, (await nodeEncoder().png(await drawn(view, size))) as Uint8Array);
});

test("pictures that are wider than high are covered in their proportions", async () => {
  const wide = fixture({
    ...{ layers: [{ layer: "layer4", units: 1, size: 4 }] },
    examples: 1,
    images: 1,
    extent: [24, 64],
  });
  const { data, features, labels } = await pageData(wide);
  const cover = covering(data, surfaces(data, features), labelMaps(data.pictures, labels));
  const what = { layer: 0, unit: 0, example: 0, view: "segmentation" as const, level: 1e9 };
  const { width, height, data: pixels } = cover(what, [24, 64]);
  expect([width, height]).toEqual([64, 24]);
  let picture: SamplePicture | undefined;
  for await (const { tops } of wide.pictures()) picture = tops[0]!.picture;
  const seen = Array.from({ length: 24 * 64 }, (_, i) => [...pixels.subarray(4 * i, 4 * i + 3)]);
  const label = (i: number) => picture!.labels[Math.floor(i / 64 / 2) * 32 + Math.floor((i % 64) / 2)]!;
  expect(seen).toEqual(seen.map((_, i) => [...data.report.labels[label(i)]!.color]));
});

test("the level moves the mask, and nothing but the mask is on", async () => {
  const on = async (level: number) => {
    const { data } = await drawn("mask", 32, level);
    return data.filter((value, i) => i % 4 === 2 && value === 255).length;
  };
  const [low, middle, high] = [await on(-1), await on(0.5), await on(2)];
  expect([low, high]).toEqual([32 * 32, 0]);
  expect(middle).toBeGreaterThan(0);
  expect(middle).toBeLessThan(32 * 32);
});
