import { describe, expect, test } from "vitest";
import type { Dissection } from "../../src/dissect/result.ts";
import { type PagePlan, planPage } from "../../src/report/page-plan.ts";
import { fixture } from "./fixture.ts";

/** A layer of units of that shape whose top images are these, in a model of that resolution. */
function dissected(
  shape: readonly [number, number],
  tops: readonly (readonly number[])[],
  resolution = 256,
): Dissection {
  const { dissection } = fixture({ layers: [{ layer: "layer4", units: 1, size: 8 }], images: 1 });
  const layer = dissection.layers[0]!;
  const units = tops.map((images, unit) => ({
    ...layer.units[0]!,
    ...{ unit, top: images.map((image) => ({ image, activation: 1 })) },
  }));
  const settings = { ...dissection.settings, segmentationSize: 100 };
  return { ...dissection, settings, model: { ...dissection.model, resolution }, layers: [{ ...layer, shape, units }] };
}

/** The plans that are chosen one after the other as the budget gets too small for the last. */
function ladder(dissection: Dissection): string[] {
  const steps: PagePlan[] = [planPage(dissection)];
  while (steps.at(-1)!.examples > 0) steps.push(planPage(dissection, steps.at(-1)!.estimatedBytes - 1));
  return steps.map(({ examples, size, featureSize }) => `${examples}×${size} ${featureSize}`);
}

describe("the plan", () => {
  test("of the usual run keeps everything", () => {
    const layers = [
      { layer: "layer4", units: 128, size: 8 },
      { layer: "layer6", units: 128, size: 16 },
    ];
    expect(planPage(fixture({ layers, images: 50, examples: 20 }).dissection)).toMatchObject({
      examples: 20,
      size: 64,
    });
  });

  test("of a huge run cuts examples first, then sizes, and stays within its budget", () => {
    const tops = Array.from({ length: 512 }, (_, u) => Array.from({ length: 20 }, (_, i) => (u * 7 + i * 131) % 1000));
    const big = dissected([32, 32], tops);
    const plans = [1, 4, 16].map((count) => planPage({ ...big, layers: Array(count).fill(big.layers[0]) }));
    expect(plans[0]).toMatchObject({ examples: 5, size: expect.any(Number) });
    for (const { estimatedBytes } of plans.slice(0, 2)) expect(estimatedBytes).toBeLessThanOrEqual(12e6);
    // 8192 units' numbers alone are more
    expect(plans[2]).toMatchObject({ examples: 0, size: 128, featureSize: 16 });
  });

  test("gives up examples down to five, then pixels, then examples, then cells of the feature maps, then all", () => {
    const images = Array.from({ length: 7 }, (_, i) => i);
    const small = dissected([8, 8], [images]);
    const pixels = ["7×128", "6×128", "5×128", "5×96", "5×64", "5×48", "5×32", "4×32", "3×32", "2×32", "1×32"];
    expect(ladder(small)).toEqual([...pixels.map((step) => `${step} 32`), "0×128 16"]);
    expect(ladder(dissected([8, 8], [[0, 1, 2]], 64))).toEqual([
      ...["3×64 32", "3×48 32", "3×32 32", "2×32 32", "1×32 32", "0×64 16"],
    ]);
    expect(ladder(dissected([8, 8], [[0]], 16))).toEqual(["1×16 32", "0×16 16"]);
    // Where most bytes are cells, smaller maps leave room for more pictures again.
    const cells = dissected([40, 40], Array(100).fill(images));
    expect(ladder(cells).slice(pixels.length - 1)).toEqual([
      ...["1×32 32", "3×32 16", "2×32 16", "1×32 16", "0×128 16"],
    ]);
    expect(planPage(dissected([8, 8], [[], []]))).toMatchObject({ examples: 0, size: 128 });
  });

  test("a budget may be used up", () => {
    const dissection = dissected([8, 8], [[0, 1]]);
    const { estimatedBytes } = planPage(dissection);
    expect(planPage(dissection, estimatedBytes)).toMatchObject({ examples: 2, size: 128 });
    expect(planPage(dissection, estimatedBytes - 1)).toMatchObject({ examples: 2, size: 96 });
  });

  test("without any picture says what is left", () => {
    const { estimatedBytes, ...plan } = planPage(dissected([8, 8], [[0, 1]]), 0);
    expect(plan).toEqual({ examples: 0, size: 128, featureSize: 16 });
    expect(estimatedBytes).toBe(60_000 + 900 + 2 * 45);
    expect(planPage(dissected([8, 8], [[0]], 1)).size).toBe(1);
  });

  test("reckons 900 bytes a unit, 45 a top image, 4/3 a cell, and each image once", () => {
    const picture = 850 + 128 ** 2 / 2 + 100 ** 2 / 10;
    const bytes = (...of: Parameters<typeof dissected>) => planPage(dissected(...of)).estimatedBytes;
    expect(bytes([6, 10], [[]])).toBe(60_000 + 900);
    expect(bytes([6, 10], [[3, 4], [4]])).toBe(60_000 + 2 * 900 + 3 * (45 + 80) + 2 * picture);
    expect(bytes([60, 3], [[3]])).toBe(60_000 + 900 + 45 + 128 + picture);
    expect(bytes([3, 60], [[3]])).toBe(60_000 + 900 + 45 + 128 + picture);
    // 19²/2 + 19²/10 = 216.6
    expect(bytes([6, 10], [[3]], 19)).toBe(60_000 + 900 + 45 + 80 + 850 + 217);
    const { dissection } = fixture({ layers: [{ layer: "layer4", units: 1, size: 8 }], images: 1, extent: [32, 256] });
    const model = { ...dissected([6, 10], [[3]]), model: dissection.model };
    const settings = { ...model.settings, segmentationHeight: 10, segmentationWidth: 100 };
    const wide = 850 + (16 * 128) / 2 + (10 * 100) / 10;
    expect(planPage({ ...model, settings }).estimatedBytes).toBe(60_000 + 900 + 45 + 80 + wide);
    const three = { ...dissected([6, 10], [[3]]), segmenter: { name: "", channels: 3 } };
    expect(planPage(three).estimatedBytes).toBe(60_000 + 900 + 45 + 80 + picture + 2 * (100 ** 2 / 10));
    // Only top images that are shown are embedded; the others are named nevertheless.
    const many = dissected([6, 10], [[3, 4, 5, 6, 7, 8]]);
    const fewer = 60_000 + 900 + 6 * 45 + 5 * (80 + picture);
    expect(planPage(many, planPage(many).estimatedBytes - 1).estimatedBytes).toBe(fewer);
  });
});
