import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cellArea, coveringOf } from "../../src/dissect/cells.ts";
import { Counts } from "../../src/dissect/counts.ts";
import { Moments } from "../../src/dissect/moments.ts";
import { Presence } from "../../src/dissect/presence.ts";
import { hazen, Quantiles } from "../../src/dissect/quantiles.ts";
import { type RuleName, ruleOf } from "../../src/dissect/rules.ts";
import { Slots } from "../../src/dissect/slots.ts";
import type { Covering } from "../../src/kernels/statistics/statistics.ts";
import { placeOf } from "../../src/report/extents.ts";
import { maskPainter } from "../../src/report/upsample.ts";
import type { Device } from "../../src/runtime/device.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { requestDevice } from "../gpu.ts";

let device: Device;
/** Maps, and what the published code makes of them; see scripts/golden/cells.py. */
const golden = new Map<string, Float32Array>();
beforeAll(async () => {
  device = await requestDevice();
  const file = readFileSync(new URL("../golden/cells.safetensors", import.meta.url));
  for (const [name, tensor] of (await openCheckpoint(file)).tensors) golden.set(name, await tensor.read());
});
afterAll(() => device?.dispose());

/** Where the cells of a layer look, of a classifier that sees a picture of this edge. */
const subject = (edge: number, cells: number, centre: number, stride: number, unpadded = true) => ({
  ...{ height: edge, width: edge, unpadded },
  layer: (name: string) => ({ name, channels: 1, height: cells, width: cells }),
  fields: () => ({ centre: [centre, centre] as const, stride: [stride, stride] as const }),
});
const CONV5 = subject(227, 13, 17, 16);
const CONV53 = subject(224, 14, 7.5, 16, false);

const CASES = [
  { rule: "pnas-2020", layer: "caffe-alexnet relu5", of: CONV5, labels: 56 },
  { rule: "cvpr-2017", layer: "caffe-alexnet relu5", of: CONV5, labels: 113 },
  { rule: "cvpr-2017", layer: "vgg16 relu5_3", of: CONV53, labels: 112 },
  { rule: "netdissect-lite", layer: "caffe-alexnet relu5", of: CONV5, labels: 113 },
] as const;

test("a rule lays cells as its published code does, and none where it goes by the whole", () => {
  const area = (rule: RuleName, of: Parameters<typeof cellArea>[1], labels: number) =>
    cellArea(ruleOf(rule), of, "layer", [labels, labels]);
  // The first cell's middle is at pixel 8 of the label map, and 8 lie between two.
  const cvpr = area("cvpr-2017", CONV5, 113)!;
  expect(coveringOf(cvpr, CONV5, [113, 113])).toEqual({
    reach: [expect.closeTo(13 * 8, 10), expect.closeTo(13 * 8, 10)],
    origin: [expect.closeTo(4.5, 10), expect.closeTo(4.5, 10)],
    fades: false,
  });
  expect(area("pnas-2020", CONV5, 56)).toMatchObject({ outside: "zeros" });
  expect(area("pnas-2020", CONV53, 56)).toBeUndefined();
  for (const of of [CONV5, CONV53]) {
    expect(area("netdissect-lite", of, 113)).toBeUndefined();
    expect(area("gan-dissection", of, 113)).toBeUndefined();
  }
  const { fields: _, ...made } = CONV5; // a generator's
  expect(area("cvpr-2017", made, 113)).toBeUndefined();
});

test("what is no square is laid along each of its axes", () => {
  const wide = (height: number, width: number) => ({
    ...{ height, width, unpadded: true },
    layer: (name: string) => ({ name, channels: 1, height: 5, width: 7 }),
    fields: () => ({ centre: [9, 18] as const, stride: [12, 16] as const }),
  });
  // Of label maps of a half and a quarter of the pixels: the first middles are at 4 and 4, and 6
  // and 4 lie between two.
  const image = wide(60, 96);
  const cvpr = cellArea(ruleOf("cvpr-2017"), image, "layer", [30, 24])!;
  expect(cvpr).toEqual({
    ...{ top: (4.5 - 3) * 2, height: 5 * 6 * 2, left: (4.5 - 2) * 4, width: 7 * 4 * 4, outside: "border" },
  });
  expect(coveringOf(cvpr, image, [30, 24])).toEqual({ reach: [30, 28], origin: [1.5, 2.5], fades: false });
  // A label map that is larger than the image has all of its pixels.
  const small = cellArea(ruleOf("cvpr-2017"), image, "layer", [240, 24])!;
  expect(small).toMatchObject({ top: (9.5 - 6) / 4, height: (5 * 12) / 4, left: cvpr.left, width: cvpr.width });
  // 60 / 31 is nearly 2, and taken for it.
  const odd = cellArea(ruleOf("cvpr-2017"), image, "layer", [31, 24])!;
  expect(odd.height).toBeCloseTo((5 * 6 * 60) / 31, 10);
  // 30 of 60 and 24 of 96 steps from the first pixel to the last
  const pnas = cellArea(ruleOf("pnas-2020"), wide(61, 97), "layer", [31, 25])!;
  expect(pnas).toEqual({
    ...{ top: expect.closeTo((2 * 61) / 31, 10), height: expect.closeTo((30 * 61) / 31, 10) },
    ...{ left: expect.closeTo((3 * 97) / 25, 10), width: expect.closeTo((28 * 97) / 25, 10), outside: "zeros" },
  });
});

describe.each(CASES)("$rule of $layer, on label maps of $labels pixels", ({ rule, layer, of, labels: edge }) => {
  const area = cellArea(ruleOf(rule), of, layer, [edge, edge]);
  const covering: Covering = area ? coveringOf(area, of, [edge, edge]) : {};
  const cells = of.layer(layer).height;
  const surface = () => golden.get(`${rule} ${layer}.surface`)!;
  const map = () => golden.get(`${rule} ${layer}.map`)!;
  /** Levels in gaps of the surface, so that rounding decides nothing. */
  const gaps = () => {
    const sorted = surface().toSorted();
    return Float32Array.from([0.05, 0.3, 0.5, 0.8, 0.97], (share) => {
      let at = Math.floor(share * sorted.length);
      while (sorted[at + 1]! - sorted[at]! < 2e-5) at += 1;
      return (sorted[at]! + sorted[at + 1]!) / 2;
    });
  };

  test("every pixel is above the levels that the published surface exceeds, on the GPU", async () => {
    const labels = Array.from({ length: edge ** 2 + 1 }, (_, i) => ({ name: `pixel ${i}`, category: "object" }));
    const maps = Tensor.create(device, "maps", [1, cells, cells, 4], "f32");
    maps.write(Float32Array.from({ length: 4 * cells ** 2 }, (_, i) => (i % 4 === 0 ? map()[i / 4]! : 0)));
    const batch = Tensor.create(device, "batch", [2], "u32");
    batch.write(Uint32Array.of(0, 1));
    const labelMaps = Tensor.create(device, "labels", [1, 1, edge, edge], "u32");
    labelMaps.write(Uint32Array.from({ length: edge ** 2 }, (_, i) => i + 1));
    const all = labels.map((_, label) => label).slice(1);
    const presence = await Presence.create(device, { maps: labelMaps, batch, labels, categories: ["object"] });
    const slots = await Slots.create(device, { labelMaps, labels: labels.length });
    slots.assign(all);
    const levels = gaps();
    const common = { maps, channels: 1, batch, slotMaps: slots.maps, labels: all, covering };
    const counts = await Counts.create(device, { ...common, present: presence.present, levels });
    const moments = await Moments.create(device, common);
    presence.add();
    slots.update();
    counts.add();
    moments.add();
    const wrong: string[] = [];
    for (const label of all) {
      const above = await counts.intersection(label);
      levels.forEach((level, k) => {
        if (above[k] !== Number(surface()[label - 1]! > level)) wrong.push(`pixel ${label - 1}, level ${k}`);
      });
    }
    expect(wrong).toEqual([]);

    // Of a label that one pixel bears the correlation is its distance from the mean, in deviations.
    const pixels = edge ** 2;
    const mean = surface().reduce((sum, value) => sum + value / pixels, 0);
    const deviation = Math.sqrt(surface().reduce((sum, value) => sum + (value - mean) ** 2 / pixels, 0));
    const correlations = await moments.correlations(pixels, [0, ...all.map(() => 1)]);
    for (const label of all) {
      const expected = (surface()[label - 1]! - mean) / deviation / Math.sqrt(pixels - 1);
      expect(Math.abs(correlations[label]! - expected)).toBeLessThan(1e-6);
    }

    const shares = [0, 0.01, 0.2, 0.5, 0.9, 0.995, 1];
    const grid = [edge, edge] as const;
    const selection = { maps, channels: 1, batch, grid, covering, samples: pixels, quantiles: shares };
    const quantiles = await Quantiles.create(device, selection);
    for (let pass = 0; pass < quantiles.passes; pass += 1) {
      quantiles.add();
      await quantiles.endPass();
    }
    const found = await quantiles.read();
    const sorted = surface().toSorted();
    shares.forEach((share, q) => {
      const { low, weight } = hazen(share, pixels);
      const expected = sorted[low]! + weight * ((sorted[low + 1] ?? sorted[low]!) - sorted[low]!);
      expect(Math.abs(found[q]! - expected)).toBeLessThan(2e-6);
    });
    for (const one of [quantiles, counts, moments, presence, slots, maps, batch, labelMaps]) one.dispose();
  });

  test("and in the masks that reports draw", () => {
    const model = { name: "", resolution: of.height, sizes: [] };
    const paint = maskPainter([cells, cells], [edge, edge], placeOf({ model }, area ? { area } : {}));
    const mask = new Uint8Array(edge ** 2);
    for (const level of gaps()) {
      paint(map(), level, mask);
      expect(mask).toEqual(Uint8Array.from(surface(), (value) => Number(value > level)));
    }
  });
});
