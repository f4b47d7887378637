import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import {
  ablateEverywhere,
  ablateLocations,
  Experiment,
  type ExperimentOptions,
  rankUnits,
  shuffledUnits,
  unitEffects,
  unitQuantiles,
} from "../../src/causality/index.ts";
import { hazen } from "../../src/dissect/quantiles.ts";
import type { Dissection } from "../../src/dissect/result.ts";
import { type Device, type Edit, type Generator, type Segmenter, UsageError } from "../../src/index.ts";
import { toFullAblation, toPixAblation } from "../../src/report/ablation.ts";
import { ablationSvg } from "../../src/report/ablation-plot.ts";
import { smallModels } from "../dissect/models.ts";
import { requestDevice, toNchw } from "../gpu.ts";

const LAYER = "layer3";
const SIZE = 5;
const SEED = 3;

let device: Device;
let generator: Generator;
let segmenter: Segmenter;
let experiment: Experiment;
const create = (options: Partial<ExperimentOptions> = {}) =>
  Experiment.create(generator, segmenter, { editable: [LAYER], size: SIZE, seed: SEED, batch: 2, ...options });
beforeAll(async () => {
  device = await requestDevice();
  ({ generator, segmenter } = await smallModels(device));
  experiment = await create();
});
afterAll(() => {
  experiment?.dispose();
  segmenter?.dispose();
  generator?.dispose();
  device?.dispose();
});

/** Label maps of the images, edited, one array each: by whole runs, read back. */
async function labelMaps(edits: readonly Edit[], seed = SEED): Promise<Uint32Array[]> {
  using run = await generator.forward(generator.sample({ size: SIZE, seed }), { edits });
  using plan = await segmenter.compile(run.image, generator.resolution);
  plan.run();
  const labels = await plan.labels.read();
  return Array.from({ length: SIZE }, (_, i) =>
    labels.subarray((i * labels.length) / SIZE, ((i + 1) * labels.length) / SIZE),
  );
}
const tally = (maps: readonly Uint32Array[]): number[] =>
  segmenter.labels.map((_, label) =>
    label === 0 ? 0 : maps.reduce((sum, map) => sum + map.filter((one) => one === label).length, 0),
  );

/** A label that the random networks see in some pixels and not in all. */
const someLabel = (): number => {
  const counts = experiment.before.map((count, label) => [label, count] as const).filter(([, count]) => count > 0);
  return counts.sort((a, b) => a[1] - b[1])[0]![0];
};

describe("an experiment", () => {
  const EDITS: readonly Edit[] = [{ layer: LAYER, units: [0, 3, 7], value: 2 }];

  it("counts what is there, before and after, whatever the batch and the memory", async () => {
    expect(experiment.before).toEqual(tally(await labelMaps([])));
    const after = tally(await labelMaps(EDITS));
    expect(after).not.toEqual(experiment.before);
    expect(await experiment.pixels(EDITS)).toEqual(after);
    expect(await experiment.pixels([])).toEqual(experiment.before);
    for (const options of [{ batch: 5 }, { batch: 3, memory: 0 }, { editable: [LAYER, "layer2"], batch: 1 }]) {
      using other = await create(options);
      expect(other.before).toEqual(experiment.before);
      expect(await other.pixels(EDITS)).toEqual(after);
    }
  });

  it("edits several layers at once", async () => {
    const edits = [...EDITS, { layer: "layer2", units: [1], alpha: 0.5 }];
    using both = await create({ editable: [LAYER, "layer2"] });
    expect(await both.pixels(edits)).toEqual(tally(await labelMaps(edits)));
  });

  it("measures nothing twice, and takes no other's measurements for its own", async () => {
    const finished = new Map<string, readonly number[]>();
    let images = 0;
    const options = {
      finished,
      onImages: (more: number) => {
        images += more;
      },
    };
    const expected = await experiment.pixels(EDITS);
    for (const again of [false, true]) {
      images = 0;
      using one = await create(options);
      expect(await one.pixels(EDITS)).toEqual(expected);
      expect(images).toBe(again ? SIZE : 2 * SIZE); // the images as they are tell them from others
    }
    expect(finished.size).toBe(1);
    using other = await create({ ...options, seed: 4 });
    images = 0;
    expect(await other.pixels(EDITS)).toEqual(tally(await labelMaps(EDITS, 4)));
    expect(images).toBe(SIZE);
    using run = await generator.forward(generator.sample({ size: 1, seed: 9 }), { retain: [LAYER] });
    using copying = await create({ ...options, editable: [{ layer: LAYER, copies: true }] });
    await copying.pixels([{ layer: LAYER, units: "all", value: { features: run.layers.get(LAYER)! } }]);
    expect(finished.size).toBe(2); // values on the GPU cannot be told from others
  });

  it("tells rules in WGSL from each other", async () => {
    const finished = new Map<string, readonly number[]>();
    for (const rule of ["return 0.0;", "return 5.0;"]) {
      using ruled = await create({ finished, editable: [{ layer: LAYER, rule }] });
      const value = Number.parseFloat(rule.slice(7));
      const plain = tally(await labelMaps([{ layer: LAYER, units: "all", value }]));
      expect(await ruled.pixels([{ layer: LAYER, units: "all" }])).toEqual(plain);
    }
    expect(finished.size).toBe(2);
  });

  it("measures what is asked for at once one after the other, also after one that failed", async () => {
    const finished = new Map<string, readonly number[]>();
    using own = await create({ finished });
    const label = someLabel();
    const where = { layer: LAYER, units: [7, 0] };
    const [edited, plain, wrong, same, located] = await Promise.allSettled([
      own.pixels(EDITS),
      own.pixels([]),
      own.pixels([{ layer: LAYER, units: [99] }]),
      own.pixels(EDITS),
      ablateLocations(own, label, where),
    ]);
    expect(edited).toEqual({ status: "fulfilled", value: tally(await labelMaps(EDITS)) });
    expect(plain).toEqual({ status: "fulfilled", value: experiment.before });
    expect(wrong).toMatchObject({ status: "rejected", reason: expect.any(UsageError) });
    expect(same).toEqual(edited);
    expect(located).toEqual({ status: "fulfilled", value: await ablateLocations(experiment, label, where) });
    expect(finished.size).toBe(2 + SIZE);
  });

  it("has its batches iterated once at a time", async () => {
    const seen: number[] = [];
    for await (const { count } of experiment.batches()) {
      seen.push(count);
      await expect(experiment.batches().next()).rejects.toThrow(/being iterated already/);
      await expect(experiment.pixels([])).rejects.toThrow(UsageError);
    }
    expect(seen).toEqual([2, 2, 1]);
    for await (const _ of experiment.batches()) break;
    expect(await experiment.pixels([])).toEqual(experiment.before);
  });

  it("has the features of its first layer only", async () => {
    using both = await create({ editable: [LAYER, "layer2"] });
    expect(both.layer).toBe("layer2");
    const located = ablateLocations(both, someLabel(), { layer: LAYER, units: [1] });
    await expect(located).rejects.toThrow(UsageError);
    await expect(located).rejects.toThrow(/those of layer2, not of layer3/);
  });

  it.each([0, -1, 1.5, 5])("has no label %d to look for at locations", async (label) => {
    const located = ablateLocations(experiment, label, { layer: LAYER, units: [1] });
    await expect(located).rejects.toThrow(UsageError);
    await expect(located).rejects.toThrow(/label .* makes no sense\. Use a whole number from 1 to 4/);
  });

  it.each<readonly [string, Partial<ExperimentOptions>, RegExp]>([
    ["no layer", { editable: [] }, /no layer to edit/],
    ["an unknown layer", { editable: ["layer9"] }, /no layer "layer9"/],
    ["no images", { size: 0 }, /size 0 makes no sense/],
    ["more pixels than can be counted", { size: 2 ** 25 }, /size 33554432/],
  ])("of %s is refused", async (_, options, message) => {
    await expect(create(options)).rejects.toThrow(UsageError);
    await expect(create(options)).rejects.toThrow(message);
  });
});

describe("a curve", () => {
  const UNITS = [7, 0, 3, 5];
  const ALPHAS = [1, 0.5, 0.25, 0];

  it("ablates one unit more each time", async () => {
    const { pixels } = await ablateEverywhere(experiment, { layer: LAYER, units: UNITS });
    expect(pixels).toHaveLength(5);
    for (const [n, counts] of pixels.entries()) {
      expect(counts).toEqual(tally(await labelMaps([{ layer: LAYER, units: UNITS.slice(0, n) }])));
    }
    const mixed = await ablateEverywhere(experiment, { layer: LAYER, units: UNITS, alphas: ALPHAS, steps: 2 });
    const alpha = ALPHAS.slice(0, 2);
    expect(mixed.pixels[2]).toEqual(tally(await labelMaps([{ layer: LAYER, units: UNITS.slice(0, 2), alpha }])));
  });

  it("goes on where it was cut", async () => {
    const finished = new Map<string, readonly number[]>();
    const controller = new AbortController();
    const reason = new Error("enough");
    let images = 0;
    const onImages = (more: number): void => {
      images += more;
      if (images > 3 * SIZE) controller.abort(reason);
    };
    {
      using cut = await create({ finished, onImages, signal: controller.signal });
      await expect(ablateEverywhere(cut, { layer: LAYER, units: UNITS })).rejects.toBe(reason);
    }
    expect(finished.size).toBe(2);
    images = -100;
    using rest = await create({ finished, onImages });
    const whole = await ablateEverywhere(rest, { layer: LAYER, units: UNITS });
    expect(images).toBe(-100 + 3 * SIZE); // as they are, and two of four steps
    expect(whole).toEqual(await ablateEverywhere(experiment, { layer: LAYER, units: UNITS }));
  });

  it("location by location measures just there", async () => {
    const label = someLabel();
    const units = UNITS.slice(0, 2);
    const finished = new Map<string, readonly number[]>();
    using own = await create({ finished });
    const found = await ablateLocations(own, label, { layer: LAYER, units });
    const { height, width } = generator.layer(LAYER);
    const cell = generator.resolution / height;
    const inCell = (map: Uint32Array, at: number): number =>
      map.filter((one, pixel) => {
        const [row, column] = [Math.floor(pixel / generator.resolution), pixel % generator.resolution];
        return one === label && Math.floor(row / cell) * width + Math.floor(column / cell) === at;
      }).length;
    const plain = await labelMaps([]);
    let locations = 0;
    const scores = [0, 0, 0];
    for (let at = 0; at < height * width; at += 1) {
      const shown = plain.map((map) => inCell(map, at));
      const mask = Float32Array.from({ length: height * width }, (_, cell) => Number(cell === at));
      for (let n = 0; n <= 2; n += 1) {
        const maps = await labelMaps([{ layer: LAYER, units: units.slice(0, n), mask }]);
        maps.forEach((map, image) => {
          if (shown[image]! > 0) scores[n]! += inCell(map, at) / cell ** 2;
        });
      }
      locations += shown.filter((count) => count > 0).length;
    }
    expect(found).toMatchObject({ layer: LAYER, label, units, locations });
    expect(found.scores).toEqual(scores);
    expect(locations).toBeGreaterThan(2); // more than one batch of them
    expect(finished.size).toBe(SIZE);
    expect(await ablateLocations(own, label, { layer: LAYER, units })).toEqual(found);
    const named = { classname: "x", metric: "iou" };
    const json = toPixAblation(found, named);
    expect(json).toMatchObject({ classnum: label, baseline: scores[0], ablation_effects: scores.slice(1) });
    expect(json).not.toHaveProperty("ablation_values");
    expect(toPixAblation({ ...found, alphas: [1, 0.5] }, named).ablation_values).toEqual([1, 0.5]);
  });

  it("is written as gandissect writes it", async () => {
    const curve = await ablateEverywhere(experiment, { layer: LAYER, units: UNITS, steps: 2 });
    const named = { classname: "tree", classnum: 2, metric: "iou" };
    expect(toFullAblation(curve, named)).toEqual({
      ...named,
      baseline: experiment.before[2],
      layer: LAYER,
      ablation_units: UNITS,
      ablation_values: [1, 1, 1, 1],
      ablation_effects: curve.pixels.slice(1).map((counts) => counts[2]),
    });
    const mixed = toFullAblation({ ...curve, alphas: ALPHAS }, named);
    expect(mixed.ablation_values).toEqual(ALPHAS);
  });
});

test("each unit's own effect is that of ablating it alone", async () => {
  const effects = [];
  for await (const effect of unitEffects(experiment, LAYER)) effects.push(effect);
  expect(effects.map(({ unit }) => unit)).toEqual([...Array(generator.layer(LAYER).channels).keys()]);
  expect(effects[4]!.pixels).toEqual(tally(await labelMaps([{ layer: LAYER, units: [4] }])));
});

test("units' quantiles are exact", async () => {
  const quantiles = [0.5, 0.99, 1];
  const found = await unitQuantiles(generator, { layer: LAYER, quantiles, size: SIZE, seed: 1, batch: 2 });
  using run = await generator.forward(generator.sample({ size: SIZE, seed: 1 }), { retain: [LAYER] });
  const tensor = run.layers.get(LAYER)!;
  const { channels, height, width } = generator.layer(LAYER);
  const maps = toNchw(await tensor.read(), tensor.shape, channels);
  const pixels = height * width;
  for (let unit = 0; unit < channels; unit += 1) {
    const values = Array.from({ length: SIZE }, (_, i) => [
      ...maps.subarray((i * channels + unit) * pixels, (i * channels + unit + 1) * pixels),
    ]).flat();
    values.sort((a, b) => a - b);
    quantiles.forEach((quantile, q) => {
      const { low, weight } = hazen(quantile, values.length);
      const expected = values[low]! * (1 - weight) + (values[low + 1] ?? 0) * weight;
      expect(found[q]![unit]).toBeCloseTo(expected, 6);
    });
  }
  await expect(unitQuantiles(generator, { layer: LAYER, quantiles: [1.5] })).rejects.toThrow(/1\.5 is no quantile/);
});

test("units are ranked by IoU, or by chance that can be repeated", () => {
  const iou = Float64Array.of(0, 0, 0, 0.1, 0.5, 0.1);
  const dissection = { layers: [{ layer: "layer4", units: [0, 0, 0], tables: { iou } }] } as never as Dissection;
  expect(rankUnits(dissection, "layer4", 1)).toEqual([1, 0, 2]);
  expect(() => rankUnits(dissection, "layer5", 1)).toThrow(/no layer5\. It has layer4/);
  const order = shuffledUnits(50, 1);
  expect([...order].sort((a, b) => a - b)).toEqual([...Array(50).keys()]);
  expect(shuffledUnits(50, 1)).toEqual(order);
  expect(shuffledUnits(50, 2)).not.toEqual(order);
});

test("the plot shows portions removed, and the range of several curves", () => {
  const curve = (baseline: number, ...effects: number[]) => ({ baseline, ablation_effects: effects });
  const svg = ablationSvg("tree & <grass>", [
    { name: "Top units by IoU", curves: [curve(100, 50, 0)] },
    { name: "Random units", curves: [curve(100, 100, 120), curve(100, 90, 100), curve(0, 0, 0)] },
  ]);
  expect(svg).toMatch(/^<svg xmlns[^>]*>.*<\/svg>\n$/s);
  expect(svg).toContain("Portion of tree &#38; &#60;grass&#62; pixels removed");
  // From 0 % over 50 % to 100 % of a plot of 408 × 222 pixels whose range goes down to −20 %.
  expect(svg).toContain('d="M56 219L260 126.5L464 34"');
  expect(svg.match(/opacity/g)).toHaveLength(1);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
});
