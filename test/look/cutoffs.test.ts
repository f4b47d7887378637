import { beforeAll, expect, test, vi } from "vitest";
import { FRACTIONS } from "../../src/dissect/levels.ts";
import type { Label } from "../../src/dissect/result.ts";
import { dissect, type Segmenter } from "../../src/index.ts";
import { cutoffCurves } from "../../src/look/cutoffs.ts";
import { useSmallModels } from "../dissect/models.ts";
import { syntheticSegmenter } from "../dissect/synthetic.ts";
import { scores } from "../dissect/tally.ts";
import { toNchw } from "../gpu.ts";

// A layer as large as the label maps: nothing is interpolated.
const [LAYER, SIZE, EDGE] = ["layer6", 11, 16];
const AREA = EDGE ** 2;
const LABELS: Label[] = [
  { name: "-", category: "object" },
  { name: "dim", category: "object" },
  { name: "bright", category: "object" },
  { name: "never", category: "material" },
];
const CUTOFFS = [0.3, 0.9, 0.995];
const models = useSmallModels();

/** Each pixel's red, and each unit's activations: [image · pixel]. */
let red: Float32Array;
let maps: Float32Array[];
let thresholds: [number, number];
let segmenter: Segmenter;
beforeAll(async () => {
  const { generator, device } = models;
  using run = await generator.forward(generator.sample({ size: SIZE, seed: 3 }), { retain: [LAYER] });
  red = (await run.image.read()).filter((_, at) => at % 4 === 0);
  const tensor = run.layers.get(LAYER)!;
  const { channels } = generator.layer(LAYER);
  const data = toNchw(await tensor.read(), tensor.shape, channels);
  maps = Array.from({ length: channels }, (_, unit) =>
    Float32Array.from({ length: SIZE * AREA }, (_, at) => {
      const image = Math.floor(at / AREA);
      return data[(image * channels + unit) * AREA + (at % AREA)]!;
    }),
  );
  const sorted = red.toSorted();
  thresholds = [sorted[Math.floor(0.6 * red.length)]!, sorted[Math.floor(0.97 * red.length)]!];
  const synthetic = syntheticSegmenter(device, LABELS, [{ thresholds, names: [0, 1, 2] }]);
  const label = (concept: string) => LABELS.findIndex(({ name }) => name === concept);
  segmenter = Object.assign(synthetic, { label }) as Segmenter;
});

const options = { layer: LAYER, size: SIZE, seed: 3, segmentationSize: EDGE };
const labelOf = (value: number): number => (value > thresholds[1] ? 2 : value > thresholds[0] ? 1 : 0);

/** Hazen's definition: sample i of n stands at (i + ½)/n. */
function hazen(sorted: Float32Array, quantile: number): number {
  const at = Math.min(sorted.length - 1, Math.max(0, quantile * sorted.length - 0.5));
  const low = sorted[Math.floor(at)]!;
  return Math.fround(low + ((sorted[Math.floor(at) + 1] ?? low) - low) * (at % 1));
}

test("are what the definitions give, pixel by pixel, whatever the batch", async () => {
  const { generator, device } = models;
  const before = { ...device.live };
  const curves = await cutoffCurves(generator, segmenter, {
    ...options,
    concepts: ["dim", "bright", "dim"],
    cutoffs: CUTOFFS,
    batch: 4,
  });
  expect({ ...device.live }).toEqual(before);
  expect(curves.cutoffs).toEqual(CUTOFFS);
  expect(curves.units).toBe(maps.length);
  for (const [unit, values] of maps.entries()) {
    const sorted = values.toSorted();
    for (const label of [1, 2]) {
      const points = curves.of(unit, LABELS[label]!.name);
      const own = values.filter((_, at) => labelOf(red[at]!) === label);
      for (const [i, cutoff] of CUTOFFS.entries()) {
        const level = hazen(sorted, cutoff);
        const active = values.filter((value) => value > level).length;
        const both = own.filter((value) => value > level).length;
        // Every image has dim or bright pixels, so that all count.
        const { iou, iqr, mi } = scores(both / values.length, active / values.length, own.length / values.length);
        const { cutoff: at, level: found, inside, ...scored } = points[i]!;
        expect([at, found, inside]).toEqual([cutoff, level, both / own.length]);
        for (const [name, expected] of Object.entries({ iou, iqr, mi })) {
          expect(Math.abs(scored[name as "iou"] - expected), name).toBeLessThan(1e-12);
        }
      }
    }
  }
  const { batch: _, ...rest } = { ...options, batch: 0 };
  const whole = await cutoffCurves(generator, segmenter, {
    ...rest,
    concepts: ["bright"],
    cutoffs: CUTOFFS.toReversed(),
    batch: 11,
  });
  expect(whole.of(3, "bright")).toEqual(curves.of(3, "bright"));
});

test("conditional quantiles lie between the levels that their exact values lie between", async () => {
  const curves = await cutoffCurves(models.generator, segmenter, { ...options, concepts: ["bright"] });
  const cutoffs = FRACTIONS.map((fraction) => 1 - fraction).reverse();
  expect(curves.cutoffs).toEqual(cutoffs);
  const conditional = curves.quantiles("bright");
  for (const [unit, values] of maps.entries()) {
    const own = values.filter((_, at) => labelOf(red[at]!) === 2).sort();
    const all = values.toSorted();
    const levels = [all[0]!, ...cutoffs.map((cutoff) => hazen(all, cutoff)), all.at(-1)!].sort((a, b) => a - b);
    expect(conditional.samples).toBe(own.length);
    const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
    expect(conditional.means[unit]).toBeCloseTo(mean, 5);
    for (const quantile of conditional.quantiles) {
      const found = conditional.levels(quantile)[unit]!;
      // The smallest value that at least so many are not greater than.
      const exact = own[Math.max(0, Math.ceil(quantile * own.length - 1e-9) - 1)]!;
      const above = levels.findIndex((level) => level >= exact);
      expect(found).toBeGreaterThanOrEqual(quantile === 0 ? levels[0]! : levels[Math.max(0, above - 2)]!);
      expect(found).toBeLessThanOrEqual(levels[above]!);
    }
  }
});

test("have the scores of a dissection by that quantile", async () => {
  const { generator } = models;
  const settings = { layers: [LAYER], size: SIZE, seed: 3, segmentationSize: EDGE, quantileThreshold: 0.1 };
  const curves = await cutoffCurves(generator, segmenter, { ...options, concepts: ["bright"], cutoffs: [1 - 0.1] });
  for await (const event of dissect(generator, segmenter, settings)) {
    if (event.type !== "result") continue;
    const { tables, units } = event.dissection.layers[0]!;
    for (const { unit, level } of units) {
      const at = 2 * units.length + unit;
      const point = curves.best(unit, "bright");
      expect([point.level, point.iou, point.iqr]).toEqual([level, tables.iou[at], tables.iqr[at]]);
    }
  }
});

test("cutoffs go from the least activation to the most, which bound a concept's quantiles unasked", async () => {
  const [lowest, middle, highest] = [0, 0.5, 1].map((cutoff) => maps.map((values) => hazen(values.toSorted(), cutoff)));
  const asked = { ...options, concepts: ["bright"] };
  const all = await cutoffCurves(models.generator, segmenter, { ...asked, cutoffs: [1, 0, 0.5] });
  expect(all.cutoffs).toEqual([0, 0.5, 1]);
  for (const unit of maps.keys()) {
    const levels = all.of(unit, "bright").map(({ level }) => level);
    expect(levels).toEqual([lowest![unit], middle![unit], highest![unit]]);
  }
  const one = await cutoffCurves(models.generator, segmenter, { ...asked, cutoffs: [0.5] });
  const levels = one.quantiles("bright").levels(1);
  for (const [unit, values] of maps.entries()) {
    const isAbove = values.some((value, at) => value > middle![unit]! && labelOf(red[at]!) === 2);
    expect(levels[unit]).toBe((isAbove ? highest : middle)![unit]);
  }
});

test("of 200 images of seed 1 unless told", async () => {
  const sample = vi.spyOn(models.generator, "sample");
  const { layer, segmentationSize } = options;
  const asked = { layer, segmentationSize, concepts: ["never"], cutoffs: [0.5] };
  const curves = await cutoffCurves(models.generator, segmenter, asked);
  expect(new Set(sample.mock.calls.map(([{ seed }]) => seed))).toEqual(new Set([1]));
  sample.mockRestore();
  expect(() => curves.quantiles("never")).toThrow('None of 200 images shows "never"');
});

test("a concept that never occurs agrees with nothing", async () => {
  const curves = await cutoffCurves(models.generator, segmenter, { ...options, concepts: ["never"], cutoffs: [0.5] });
  expect(curves.of(0, "never")).toMatchObject([{ iou: 0, iqr: 0, mi: 0, inside: 0 }]);
  expect(() => curves.quantiles("never")).toThrow(`None of ${SIZE} images shows "never"`);
});

test.each([
  [{ layer: "layer9" }, 'no layer "layer9"'],
  [{ concepts: [] }, "No concept is asked for"],
  [{ cutoffs: [1.5] }, "1.5 is no cutoff"],
  [{ cutoffs: [Number.NaN] }, "NaN is no cutoff"],
  [{ size: 0 }, "size 0 makes no sense"],
  [{ images: 3 }, 'knows no "images"'],
])("%j is refused", async (wrong, message) => {
  const asked = cutoffCurves(models.generator, segmenter, { ...options, concepts: ["dim"], ...wrong });
  await expect(asked).rejects.toThrow(message);
});

test("can be stopped", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  const asked = cutoffCurves(models.generator, segmenter, { ...options, concepts: ["dim"], signal });
  await expect(asked).rejects.toThrow("enough");
});
