import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generated } from "../../src/dissect/generated.ts";
import type { LayerLevels } from "../../src/dissect/layer.ts";
import { FRACTIONS } from "../../src/dissect/levels.ts";
import { settle } from "../../src/dissect/options.ts";
import type { Label } from "../../src/dissect/result.ts";
import { searchTraining } from "../../src/dissect/training.ts";
import {
  type Device,
  type Dissection,
  type DissectOptions,
  dissect,
  type Generator,
  type SamplePicture,
  type Segmenter,
} from "../../src/index.ts";
import { requestDevice } from "../gpu.ts";
import { smallModels } from "./models.ts";
import { type Ladder, syntheticSegmenter } from "./synthetic.ts";
import { type Data, labelsAt, scores, tally } from "./tally.ts";

// Layers as large as the label maps: nothing is interpolated, so that every number of the GPU can
// be had exactly.
const OPTIONS = { layers: ["layer5", "layer6"], size: 40, examples: 4, segmentationSize: 16, batch: 16 };
const AREA = OPTIONS.segmentationSize ** 2;
const PIXELS = OPTIONS.size * AREA;

/**
 * As many labels as unified parsing with everybody's parts and quarters has, and where its kinds
 * would lie.
 */
const CATEGORIES = ["object", "material", "part"];
const LABELS: readonly Label[] = Array.from({ length: 1814 }, (_, label) => ({
  name: label === 0 ? "-" : `label ${label}`,
  category: CATEGORIES[label < 700 ? 0 : label < 1000 ? 1 : 2]!,
}));
const [ONE, TWO, RARE_OBJECT] = [1, 2, 3];
const [WOOD, STONE, SELDOM] = [700, 701, 999];
const [ROOF, LAST] = [1000, 1813];

let device: Device;
let generator: Generator;
let ladders: readonly Ladder[];
let segmenter: Segmenter;
let train: Data;
let test: Data;

beforeAll(async () => {
  device = await requestDevice();
  const models = await smallModels(device);
  models.segmenter.dispose();
  generator = models.generator;
  ladders = await laddersOf();
  segmenter = syntheticSegmenter(device, LABELS, ladders);
  train = await activations(2);
  test = await activations(1);
});
afterAll(() => {
  generator.dispose();
  device.dispose();
});

/**
 * Intensities of the training set at which labels change, so that each has the fraction of pixels
 * it should have.
 */
async function laddersOf(): Promise<Ladder[]> {
  using plan = await generator.compile({ batch: OPTIONS.size });
  plan.run(generator.sample({ size: OPTIONS.size, seed: 2 }));
  const image = await plan.image!.read();
  return [
    // one pixel: below a ten-thousandth
    { shares: [0.3, 0.7, 1 - 1.5 / PIXELS], names: [0, ONE, TWO, RARE_OBJECT] },
    // five pixels: below a thousandth
    { shares: [0.99, 0.995, 1 - 5.5 / PIXELS], names: [0, WOOD, STONE, SELDOM] },
    // object 1 again, here and there on pixels that have it
    { shares: [0.2, 0.5, 0.9], names: [ONE, 0, ROOF, LAST] },
  ].map(({ shares, names }, channel) => {
    const sorted = image.filter((_, at) => at % 4 === channel).sort();
    return { names, thresholds: shares.map((share) => sorted[Math.floor(share * PIXELS)]!) };
  });
}

async function activations(seed: number): Promise<Data> {
  using plan = await generator.compile({ batch: OPTIONS.size, retain: OPTIONS.layers });
  using segmentation = await segmenter.compile(plan.image!, OPTIONS.segmentationSize);
  plan.run(generator.sample({ size: OPTIONS.size, seed }));
  segmentation.run();
  const labels = await segmentation.labels.read();
  const maps = new Map<string, Float32Array[][]>();
  for (const layer of OPTIONS.layers) {
    const { channels, height, width } = generator.layer(layer);
    expect([height, width]).toEqual([OPTIONS.segmentationSize, OPTIONS.segmentationSize]);
    const data = await plan.layers.get(layer)!.read();
    const stored = data.length / PIXELS;
    const of = (image: number, unit: number) =>
      Float32Array.from({ length: AREA }, (_, p) => data[(image * AREA + p) * stored + unit]!);
    maps.set(
      layer,
      Array.from({ length: OPTIONS.size }, (_, image) =>
        Array.from({ length: channels }, (_, unit) => of(image, unit)),
      ),
    );
  }
  const perImage = labels.length / OPTIONS.size;
  return {
    maps,
    labels: Array.from({ length: OPTIONS.size }, (_, i) => labels.slice(i * perImage, (i + 1) * perImage)),
  };
}

async function run(
  options: DissectOptions = {},
  by = segmenter,
): Promise<{ dissection: Dissection; pictures: Map<number, SamplePicture>; most: Map<string, number> }> {
  const most = new Map<string, number>();
  const before = device.live.bytes;
  for await (const event of dissect(generator, by, { ...OPTIONS, ...options })) {
    if (event.type === "progress") {
      most.set(event.phase, Math.max(most.get(event.phase) ?? 0, device.live.bytes - before));
    }
    if (event.type !== "result") continue;
    const pictures = new Map<number, SamplePicture>();
    for await (const { tops } of event.pictures()) for (const { picture } of tops) pictures.set(picture.image, picture);
    return { dissection: event.dissection, pictures, most };
  }
  throw new Error("no result");
}

const categoryOf = (label: number) => CATEGORIES.indexOf(LABELS[label]!.category);

/** Every candidate of every unit against every label of the training set, the slow way. */
function* candidates(layer: string) {
  const { pixels, images, above } = tally(train, AREA, LABELS, CATEGORIES);
  for (const unit of train.maps.get(layer)![0]!.keys()) {
    const sorted = Float64Array.from(train.maps.get(layer)!.flatMap((units) => [...units[unit]!])).sort();
    for (const [t, fraction] of FRACTIONS.entries()) {
      const at = Math.min(PIXELS - 1, Math.max(0, (1 - fraction) * PIXELS - 0.5));
      const low = sorted[Math.floor(at)]!;
      const level = Math.fround(low + ((sorted[Math.floor(at) + 1] ?? low) - low) * (at % 1));
      const { both, active } = above(layer, unit, level);
      for (const [label, count] of pixels) {
        const truth = count / PIXELS;
        const k = categoryOf(label);
        const found = scores((both.get(label) ?? 0) / PIXELS, active[k]! / (images[k]! * AREA), truth);
        const informs = t < 99 && truth >= 1e-3 && found.agreement > 0.8 && level > 0;
        yield { unit, label, level, iqr: informs ? found.iqr : 0, maxiou: truth >= 1e-4 ? found.iou : 0 };
      }
    }
  }
}

describe("several labels a pixel", () => {
  it("have all that can go wrong: a label twice in a pixel, images without a category, rare labels", () => {
    for (const { labels } of [train, test]) {
      const twice = labels.flatMap((map) =>
        [...map.subarray(0, AREA)].filter((label, p) => label === map[2 * AREA + p]),
      );
      expect(twice.filter((label) => label === ONE).length).toBeGreaterThan(20);
    }
    const { pixels, images } = tally(train, AREA, LABELS, CATEGORIES);
    expect(images[0]).toBe(OPTIONS.size);
    expect(images[1]).toBeGreaterThan(0);
    expect(images[1]).toBeLessThan(OPTIONS.size);
    expect([...pixels.keys()].sort((a, b) => a - b)).toEqual([ONE, TWO, RARE_OBJECT, WOOD, STONE, SELDOM, ROOF, LAST]);
    expect(pixels.get(RARE_OBJECT)! / PIXELS).toBeLessThan(1e-4);
    expect(pixels.get(SELDOM)! / PIXELS).toBeGreaterThan(1e-4);
    expect(pixels.get(SELDOM)! / PIXELS).toBeLessThan(1e-3);
  });

  it.each(["iqr", "maxiou"] as const)("have levels by %s that are the best of all candidates", async (threshold) => {
    const { dissection } = await run({ quantileThreshold: threshold });
    for (const { layer, units, tables } of dissection.layers) {
      const table = { iqr: new Map<string, number>(), maxiou: new Map<string, number>() };
      const best = units.map(() => ({ score: 0, levels: [] as number[] }));
      for (const { unit, label, level, ...scored } of candidates(layer)) {
        for (const by of ["iqr", "maxiou"] as const) {
          const key = `${label} ${unit}`;
          table[by].set(key, Math.max(table[by].get(key) ?? 0, scored[by]));
        }
        const of = best[unit]!;
        if (scored[threshold] > of.score + 1e-12) best[unit] = { score: scored[threshold], levels: [level] };
        else if (scored[threshold] > of.score - 1e-12) of.levels.push(level);
      }
      for (const [by, found] of [
        ["iqr", tables.trainingIqr!],
        ["maxiou", tables.trainingMaxiou!],
      ] as const) {
        const wrong = [...found].flatMap((score, at) => {
          const key = `${Math.floor(at / units.length)} ${at % units.length}`;
          const expected = table[by].get(key) ?? 0;
          return Math.abs(score - expected) < 1e-12 ? [] : { by, key, score, expected };
        });
        expect(found).toHaveLength(LABELS.length * units.length);
        expect(wrong).toEqual([]);
      }
      for (const { unit, level, label } of units) {
        const { score, levels } = best[unit]!;
        if (score === 0) continue;
        expect(levels).toContain(level);
        expect(table[threshold].get(`${label} ${unit}`)! - score).toBeGreaterThan(-1e-12);
      }
      if (threshold === "iqr") expect(new Set(units.map(({ label }) => categoryOf(label))).size).toBeGreaterThan(1);
    }
  });

  it.each(["iqr", 0.05] as const)("are scored by %s on the test set, pixel for pixel", async (quantileThreshold) => {
    const { dissection } = await run({ quantileThreshold });
    const { pixels, images, above } = tally(test, AREA, LABELS, CATEGORIES);
    expect(dissection.segmenter).toEqual({ name: "synthetic", channels: 3 });
    expect(dissection.labelPixels).toEqual(LABELS.map((_, label) => pixels.get(label) ?? 0));
    for (const { layer, units, tables } of dissection.layers) {
      const wrong: unknown[] = [];
      const check = (right: boolean, ...what: readonly unknown[]): void => {
        if (!right) wrong.push(what);
      };
      for (const unit of units) {
        const { both, active } = above(layer, unit.unit, unit.level);
        LABELS.forEach((_, label) => {
          const at = label * units.length + unit.unit;
          check(tables.intersection[at] === (both.get(label) ?? 0), "both", at, tables.intersection[at]);
          const k = categoryOf(label);
          const total = images[k]! * AREA;
          const expected = pixels.has(label)
            ? scores((both.get(label) ?? 0) / total, active[k]! / total, pixels.get(label)! / total)
            : { iou: 0, iqr: 0, mi: 0 };
          for (const name of ["iou", "iqr", "mi"] as const) {
            check(Math.abs(tables[name][at]! - expected[name]) < 1e-12, name, at, tables[name][at], expected[name]);
          }
        });
        expect(CATEGORIES.map((_, k) => tables.activation[k * units.length + unit.unit])).toEqual(active);
        expect(unit.activation).toBe(active[categoryOf(unit.label)]);
        expect(unit.pixels).toBe(pixels.get(unit.label) ?? 0);
        expect(unit.intersection).toBe(both.get(unit.label) ?? 0);
      }
      expect(wrong).toEqual([]);
    }
  });

  it("correlate by whether a pixel bears them at all", async () => {
    const { dissection } = await run();
    const { pixels } = tally(test, AREA, LABELS, CATEGORIES);
    const bears = new Map(
      [...pixels.keys()].map((label) => [
        label,
        test.labels.map((map) =>
          Array.from({ length: AREA }, (_, pixel) => Number(labelsAt(map, pixel, AREA).has(label))),
        ),
      ]),
    );
    for (const { layer, units, tables } of dissection.layers) {
      for (const { unit } of units) {
        const values = test.maps.get(layer)!.map((maps) => [...maps[unit]!]);
        for (const [label, indicator] of bears) {
          const pairs = values.flatMap((image, i) => image.map((v, p) => [v, indicator[i]![p]!] as const));
          const mean = (f: (v: number, t: number) => number) => pairs.reduce((s, [v, t]) => s + f(v, t), 0) / PIXELS;
          const [mv, mt] = [mean((v) => v), mean((_, t) => t)];
          const product = mean((v) => (v - mv) ** 2) * mean((_, t) => (t - mt) ** 2);
          const expected = product > 0 ? mean((v, t) => (v - mv) * (t - mt)) / Math.sqrt(product) : 0;
          expect(Math.abs(tables.correlation[label * units.length + unit]! - expected)).toBeLessThan(1e-5);
        }
      }
    }
  });

  it("are all in the pictures", async () => {
    const { pictures } = await run({ size: OPTIONS.size });
    expect(pictures.size).toBeGreaterThan(3);
    for (const { image, labels } of pictures.values()) {
      expect(labels).toEqual(Uint16Array.from(test.labels[image]!));
    }
  });
});

describe("eighteen hundred labels", () => {
  const numbers = ({ layers, labelPixels }: Dissection): unknown => ({ layers, labelPixels });

  it.each(["iqr", 0.05] as const)(
    "give the same bits by %s whatever the batch, and whatever stays on the GPU",
    async (quantileThreshold) => {
      const reference = await run({ quantileThreshold });
      const labelBytes = 2 * 3 * PIXELS; // two labels to a word
      const most = ({ most }: { most: Map<string, number> }) => Math.max(...most.values());
      let least = 0;
      // Nothing; some label maps; all of them and some feature maps.
      for (const memory of [0, labelBytes / 2, labelBytes * 1.6]) {
        const again = await run({ quantileThreshold, memory, batch: 3 });
        expect(numbers(again.dissection)).toEqual(numbers(reference.dissection));
        expect(again.pictures).toEqual(reference.pictures);
        if (memory === 0) least = most(again);
        expect(most(again) - least).toBeLessThanOrEqual(memory);
      }
    },
  );

  it("are counted in several passes where memory is short, with the same levels", async () => {
    const search = async (bytes?: number, memory = 2 ** 29): Promise<{ levels: LayerLevels[]; total: number }> => {
      const settings = settle(generated(generator), segmenter, { ...OPTIONS, memory });
      const steps = searchTraining(generated(generator), segmenter, settings, bytes);
      let total = 0;
      for (;;) {
        const { done, value } = await steps.next();
        if (done) return { levels: value, total };
        if (value.type === "progress" && value.phase === "levels") total = value.total;
      }
    };
    const whole = await search();
    expect(whole.total).toBe(OPTIONS.size);
    // Three categories and three labels of 12 stored units at 100 levels: seven labels in three
    // groups, each for both layers.
    const parts = await search(6 * 100 * 12 * 4);
    expect(parts.total).toBeGreaterThanOrEqual(3 * OPTIONS.size);
    expect(parts.levels).toEqual(whole.levels);
    // Nothing can be kept: segmenting twice saves hundreds of passes over labels that do not occur.
    expect(await search(6 * 100 * 12 * 4, 0)).toEqual(parts);
  });

  it("take no more memory in training than eight do", async () => {
    const few = [...new Set([0, ...ladders.flatMap(({ names }) => names)])].sort((a, b) => a - b);
    const renamed = ladders.map(({ thresholds, names }) => ({ thresholds, names: names.map((n) => few.indexOf(n)) }));
    const small = syntheticSegmenter(
      device,
      few.map((label) => LABELS[label]!),
      renamed,
    );
    const [many, eight] = [await run(), await run({}, small)];
    const tables = 3 * 4 * (LABELS.length - few.length); // pixels, category and slot of each label
    expect(many.most.get("levels")! - eight.most.get("levels")!).toBeLessThanOrEqual(tables + 16);
    // Tests: a counter, a sum in two floats, and sixteen strips' sums of each image, by label and
    // stored unit.
    const stored = OPTIONS.layers.reduce((sum, layer) => sum + 4 * Math.ceil(generator.layer(layer).channels / 4), 0);
    const more = 4 * (LABELS.length - few.length) * stored * (1 + 2 + 16 * OPTIONS.batch);
    expect(many.most.get("scores")! - eight.most.get("scores")!).toBeLessThanOrEqual(tables + more + 16);
    const named = ({ layers }: Dissection, name: (label: number) => number) =>
      layers.map(({ units }) => units.map(({ label, iou, iqr, level }) => ({ label: name(label), iou, iqr, level })));
    expect(named(many.dissection, (label) => label)).toEqual(named(eight.dissection, (label) => few[label]!));
  });
});
