import { describe, expect, it, vi } from "vitest";
import { ablateLocations, Experiment, type ExperimentOptions } from "../../src/causality/index.ts";
import { Kept } from "../../src/dissect/kept.ts";
import { type Edit, UsageError } from "../../src/index.ts";
import { smallModels } from "../dissect/models.ts";
import { requestDevice } from "../gpu.ts";
import { labelMaps, rarest, SEED, SIZE, tally } from "./label-maps.ts";
import { LAYER, useSmallExperiment } from "./small-experiment.ts";

const small = useSmallExperiment();
const { models } = small;

describe("an experiment", () => {
  const EDITS: readonly Edit[] = [{ layer: LAYER, units: [0, 3, 7], value: 2 }];

  it("counts what is there, before and after, whatever the batch and the memory", async () => {
    expect(small.experiment.before).toEqual(tally(models, await labelMaps(models, [])));
    const after = tally(models, await labelMaps(models, EDITS));
    expect(after).not.toEqual(small.experiment.before);
    expect(await small.experiment.pixels(EDITS)).toEqual(after);
    expect(await small.experiment.pixels([])).toEqual(small.experiment.before);
    for (const options of [{ batch: 5 }, { batch: 3, memory: 0 }, { editable: [LAYER, "layer2"], batch: 1 }]) {
      using other = await small.create(options);
      expect(other.before).toEqual(small.experiment.before);
      expect(await other.pixels(EDITS)).toEqual(after);
    }
  });

  it("is of 200 images of seed 3 unless others are asked for", async () => {
    using plain = await Experiment.create(models.generator, models.segmenter, { editable: ["layer1"] });
    expect(plain).toMatchObject({ size: 200, seed: 3, layer: "layer1" });
    using named = await small.create({ editable: ["layer1"], size: 200, seed: 3 });
    expect(plain.before).toEqual(named.before);
  });

  it("keeps the features that fit in its memory, and makes the others again", async () => {
    const restored = vi.spyOn(Kept.prototype, "restoreFeatures");
    const [{ bytes } = { bytes: 0 }] = small.experiment.inputs.values();
    for (const [memory, kept] of [
      [undefined, [true, true, true]],
      [0, [false, false, false]],
      [bytes, [true, false, false]],
      [3 * bytes, [true, true, true]],
    ] as const) {
      restored.mockClear();
      using own = await small.create(memory === undefined ? {} : { memory });
      expect(await own.pixels(EDITS)).toEqual(await small.experiment.pixels(EDITS));
      const results = restored.mock.results.map(({ value }) => value);
      expect(results.slice(0, 6)).toEqual([false, false, false, ...kept]);
      expect(restored.mock.calls.slice(3, 6)).toEqual([[0], [1], [2]]);
    }
    restored.mockRestore();
  });

  it("edits several layers at once", async () => {
    const edits = [...EDITS, { layer: "layer2", units: [1], alpha: 0.5 }];
    using both = await small.create({ editable: [LAYER, "layer2"] });
    expect(await both.pixels(edits)).toEqual(tally(models, await labelMaps(models, edits)));
  });

  it("is of given rows, or of features of the edited layer or one before it", async () => {
    const { generator } = models;
    const z = generator.sample({ size: SIZE, seed: SEED });
    using run = await generator.forward(z, { retain: ["layer2", LAYER] });
    const features = new Map<string, Float32Array>();
    for (const [name, tensor] of run.layers) features.set(name, await tensor.read());
    const after = tally(models, await labelMaps(models, EDITS));
    for (const given of [{ rows: z }, ...[...features].map(([from, rows]) => ({ from, rows }))]) {
      using own = await small.create({ size: 9, seed: 99, ...given });
      expect(own.size).toBe(SIZE);
      expect(own.before).toEqual(small.experiment.before);
      expect(await own.pixels(EDITS)).toEqual(after);
    }
    // of one image, other features are told apart even where before any edit they look alike
    const [rows, from] = [features.get(LAYER)!.subarray(0, features.get(LAYER)!.length / SIZE), LAYER];
    const finished = new Map<string, readonly number[]>();
    for (const factor of [1, 1, 1 + 2 ** -20]) {
      using one = await small.create({ rows: rows.map((value) => value * factor), from, finished });
      await one.pixels(EDITS);
    }
    expect(finished.size).toBe(2);
    await expect(small.create({ rows, from, editable: ["layer2"] })).rejects.toThrow(
      `The images are made of features of ${LAYER}, which no edit of layer2 reaches: it comes before. Edit ${LAYER} or`,
    );
    await expect(small.create({ rows: rows.subarray(1), from })).rejects.toThrow(/no whole number of/);
    await expect(small.create({ from })).rejects.toThrow(/Give them as `rows`/);
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
    const expected = await small.experiment.pixels(EDITS);
    for (const again of [false, true]) {
      images = 0;
      using one = await small.create(options);
      expect(await one.pixels(EDITS)).toEqual(expected);
      expect(images).toBe(again ? SIZE : 2 * SIZE); // the images as they are tell them from others
    }
    expect(finished.size).toBe(1);
    using other = await small.create({ ...options, seed: 4 });
    images = 0;
    expect(await other.pixels(EDITS)).toEqual(tally(models, await labelMaps(models, EDITS, { seed: 4 })));
    expect(images).toBe(SIZE);
    using run = await models.generator.forward(models.generator.sample({ size: 1, seed: 9 }), { retain: [LAYER] });
    using copying = await small.create({ ...options, editable: [{ layer: LAYER, copies: true }] });
    await copying.pixels([{ layer: LAYER, units: "all", value: { features: run.layers.get(LAYER)! } }]);
    expect(finished.size).toBe(2); // values on the GPU cannot be told from others
  });

  it("tells rules in WGSL from each other", async () => {
    const finished = new Map<string, readonly number[]>();
    for (const rule of ["return 0.0;", "return 5.0;"]) {
      using ruled = await small.create({ finished, editable: [{ layer: LAYER, rule }] });
      const value = Number.parseFloat(rule.slice(7));
      const plain = tally(models, await labelMaps(models, [{ layer: LAYER, units: "all", value }]));
      expect(await ruled.pixels([{ layer: LAYER, units: "all" }])).toEqual(plain);
    }
    expect(finished.size).toBe(2);
  });

  it("tells how layers can be edited from each other, and no more than that", async () => {
    const finished = new Map<string, readonly number[]>();
    for (const [editable, entries] of [
      [LAYER, 1],
      [{ layer: LAYER }, 1],
      [{ layer: LAYER, edits: 1, copies: false }, 1],
      [{ layer: LAYER, edits: 2 }, 2],
      [{ layer: LAYER, copies: true }, 3],
    ] as const) {
      using own = await small.create({ finished, editable: [editable] });
      expect(await own.pixels(EDITS)).toEqual(await small.experiment.pixels(EDITS));
      expect(finished.size).toBe(entries);
    }
  });

  it("measures what is asked for at once one after the other, also after one that failed", async () => {
    const finished = new Map<string, readonly number[]>();
    using own = await small.create({ finished });
    const label = rarest(small.experiment.before);
    const where = { layer: LAYER, units: [7, 0] };
    const [edited, plain, wrong, same, located] = await Promise.allSettled([
      own.pixels(EDITS),
      own.pixels([]),
      own.pixels([{ layer: LAYER, units: [99] }]),
      own.pixels(EDITS),
      ablateLocations(own, label, where),
    ]);
    expect(edited).toEqual({ status: "fulfilled", value: tally(models, await labelMaps(models, EDITS)) });
    expect(plain).toEqual({ status: "fulfilled", value: small.experiment.before });
    expect(wrong).toMatchObject({ status: "rejected", reason: expect.any(UsageError) });
    expect(same).toEqual(edited);
    expect(located).toEqual({ status: "fulfilled", value: await ablateLocations(small.experiment, label, where) });
    expect(finished.size).toBe(2 + SIZE);
  });

  it("has its batches iterated once at a time", async () => {
    const seen: number[] = [];
    for await (const { count } of small.experiment.batches()) {
      seen.push(count);
      await expect(small.experiment.batches().next()).rejects.toThrow(/being iterated already/);
      await expect(small.experiment.pixels([])).rejects.toThrow(UsageError);
    }
    expect(seen).toEqual([2, 2, 1]);
    using even = await small.create({ batch: 5 });
    for await (const { first, count } of even.batches()) expect([first, count]).toEqual([0, 5]);
    for await (const _ of small.experiment.batches()) break;
    expect(await small.experiment.pixels([])).toEqual(small.experiment.before);
  });

  it("has the features of its first layer only", async () => {
    using both = await small.create({ editable: [LAYER, "layer2"] });
    expect(both.layer).toBe("layer2");
    const located = ablateLocations(both, rarest(small.experiment.before), { layer: LAYER, units: [1] });
    await expect(located).rejects.toThrow(UsageError);
    await expect(located).rejects.toThrow(/those of layer2, not of layer3/);
  });

  it.each([0, -1, 1.5, 5])("has no label %d to look for at locations", async (label) => {
    const located = ablateLocations(small.experiment, label, { layer: LAYER, units: [1] });
    await expect(located).rejects.toThrow(UsageError);
    await expect(located).rejects.toThrow(/label .* makes no sense\. Use a whole number from 1 to 4/);
  });

  it("has both models on one device", async () => {
    const elsewhere = await requestDevice();
    const { segmenter } = await smallModels(elsewhere);
    const refused = Experiment.create(models.generator, segmenter, { editable: [LAYER] });
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(/on different devices/);
    elsewhere.dispose();
  });

  it("stops with the signal's reason, and frees what it took", async () => {
    await models.device.idle();
    const live = { ...models.device.live };
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(small.create({ signal })).rejects.toThrow("enough");
    await models.device.idle();
    expect(models.device.live).toEqual(live);
  });

  it.each<readonly [string, Partial<ExperimentOptions>, RegExp]>([
    ["no layer", { editable: [] }, /no layer to edit/],
    ["an unknown layer", { editable: ["layer9"] }, /no layer "layer9"/],
    ["no images", { size: 0 }, /size 0 makes no sense/],
    ["more pixels than can be counted", { size: 2 ** 25 }, /size 33554432/],
  ])("of %s is refused", async (_, options, message) => {
    await expect(small.create(options)).rejects.toThrow(UsageError);
    await expect(small.create(options)).rejects.toThrow(message);
  });
});
