import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gainsOf } from "../../src/causality/context.ts";
import { Experiment, insertionContext } from "../../src/causality/index.ts";
import type { Device, Generator, Segmenter } from "../../src/index.ts";
import { smallModels } from "../dissect/models.ts";
import { requestDevice } from "../gpu.ts";
import { oblongGenerator } from "../models/oblong.ts";
import { labelMaps } from "./label-maps.ts";
import { mean } from "./plain-answers.ts";

let device: Device;
let generator: Generator;
let oblong: Generator;
let segmenter: Segmenter;
beforeAll(async () => {
  device = await requestDevice();
  ({ generator, segmenter } = await smallModels(device));
  oblong = await oblongGenerator(device);
});
afterAll(() => device?.dispose());

describe("context", () => {
  test.each([
    ["square", 6, () => generator],
    // A seed whose images bear both labels where cells have their centres.
    ["oblong", 24, () => oblong],
  ] as const)("is what inserting at each cell of %s images adds, by what was there", async (_, seed, of) => {
    const generator = of();
    const { height, width } = generator.layer("layer1");
    using experiment = await Experiment.create(generator, segmenter, {
      editable: ["layer1"],
      size: 5,
      seed,
      batch: 2,
    });
    const [units, values] = [
      [0, 3, 5],
      [2, -1, 3],
    ];
    const tree = segmenter.label("tree");
    const done: (readonly [number, number])[] = [];
    const onCells = (...told: [number, number]) => done.push(told);
    const given = { layer: "layer1", units: units!, values: values!, onCells };
    const context = await insertionContext(experiment, "tree", given);
    expect(context).toMatchObject({ layer: "layer1", label: tree, units });
    expect(context.before).toBeCloseTo(experiment.before[tree]! / 5, 9);
    for (const cell of [0, 6, height * width - 1]) {
      const mask = new Float32Array(height * width);
      mask[cell] = 1;
      const after = await experiment.pixels([{ layer: "layer1", units: units!, value: values!, mask }]);
      expect(context.cells[cell]).toBeCloseTo((after[tree]! - experiment.before[tree]!) / 5, 9);
    }
    // By the segmentation's pixel at the centres, "none" left aside.
    using run = await generator.forward(generator.sample({ size: 5, seed }));
    using plan = await segmenter.compile(run.image, [generator.height, generator.width]);
    plan.run();
    const there = await plan.labels.read();
    const gains = new Map<number, number[]>();
    for (let cell = 0; cell < height * width; cell += 1) {
      const mask = new Float32Array(height * width);
      mask[cell] = 1;
      const edits = [{ layer: "layer1", units: units!, value: values!, mask }];
      const edited = await labelMaps({ generator, segmenter }, edits, { seed });
      const y = Math.floor(((Math.floor(cell / width) + 0.5) * generator.height) / height);
      const x = Math.floor((((cell % width) + 0.5) * generator.width) / width);
      for (const [image, map] of edited.entries()) {
        const pixels = generator.height * generator.width;
        const plain = there.subarray(image * pixels, (image + 1) * pixels);
        const count = (one: Uint32Array) => one.filter((label) => label === tree).length;
        const label = plain[y * generator.width + x]!;
        if (label > 0) gains.set(label, [...(gains.get(label) ?? []), count(map) - count(plain)]);
      }
    }
    expect(gains.size).toBeGreaterThan(1);
    expect(context.effects).toHaveLength(gains.size);
    for (const { label, places, gain } of context.effects) {
      expect([label, places]).toEqual([label, gains.get(label)!.length]);
      expect(gain).toBeCloseTo(mean(gains.get(label)!), 9);
    }
    const ordered = context.effects.map(({ gain }) => gain);
    expect(ordered).toEqual(ordered.toSorted((a, b) => b - a));
    expect(done).toEqual(Array.from({ length: height * width }, (_, cell) => [cell + 1, height * width]));
  });

  test("counts a label once that a centre bears twice, and a centre of two labels for each", () => {
    // Two images of three cells and two label channels, an object and a part: labels [image,
    // channel, cell].
    const labels = Uint32Array.of(1, 2, 0, 1, 3, 0, /**/ 2, 1, 4, 2, 0, 3);
    const before = [10, 20];
    const after = [
      [14, 21], // gains of cell 0: 4, 1
      [8, 30], // −2, 10
      [10, 26], // 0, 6
    ];
    expect(gainsOf(before, after, labels, 2)).toEqual({
      effects: [
        { label: 1, places: 2, gain: 7 }, // 4, 10
        { label: 4, places: 1, gain: 6 },
        { label: 3, places: 2, gain: 2 }, // −2, 6
        { label: 2, places: 2, gain: -0.5 }, // −2, 1
      ],
      cells: Float64Array.of(2.5, 4, 3),
    });
    // Equal gains are in the order of their labels.
    const equal = gainsOf([0], [[3], [3], [3], [5]], Uint32Array.of(7, 2, 5, 9), 1);
    expect(equal.effects.map(({ label }) => label)).toEqual([9, 2, 5, 7]);
  });

  test("keeps what it measured by all that it depends on, half an α above all", async () => {
    const finished = new Map<string, readonly number[]>();
    const size = 2;
    const measured = async (more: object, concept = "tree") => {
      using plain = await Experiment.create(generator, segmenter, { editable: ["layer1"], size });
      using kept = await Experiment.create(generator, segmenter, { editable: ["layer1"], size, finished });
      const options = { layer: "layer1", units: [0, 3], values: [4, -4], ...more };
      const context = await insertionContext(kept, concept, options);
      expect(context).toEqual(await insertionContext(plain, concept, options));
      return context;
    };
    const full = await measured({});
    expect(finished.size).toBe(17); // as they are, and sixteen cells
    expect(await measured({ alphas: [1, 0.5] })).not.toEqual(full);
    expect(finished.size).toBe(34);
    await measured({ values: [4, 4] });
    await measured({ units: [0, 4] });
    await measured({}, "house");
    expect(finished.size).toBe(85);
    expect(await measured({})).toEqual(full);
    expect(finished.size).toBe(85);
  });

  test("of units of which nothing is inserted gains nothing", async () => {
    using experiment = await Experiment.create(generator, segmenter, { editable: ["layer1"], size: 2, batch: 1 });
    const options = { layer: "layer1", units: [1, 2], values: [9, 9], alphas: [0, 0] };
    const { cells, effects } = await insertionContext(experiment, "tree", options);
    expect(cells).toEqual(new Float64Array(16));
    expect(effects.length).toBeGreaterThan(0);
    for (const { gain } of effects) expect(gain).toBe(0);
  });

  test("stops with the signal's reason and frees everything", async () => {
    using experiment = await Experiment.create(generator, segmenter, { editable: ["layer1"], size: 1 });
    const options = { layer: "layer1", units: [1], values: [1] };
    await insertionContext(experiment, "tree", options);
    await device.idle();
    const live = { ...device.live };
    const controller = new AbortController();
    const onCells = (done: number) => done === 2 && controller.abort(new Error("enough"));
    const stopped = insertionContext(experiment, "tree", { ...options, onCells, signal: controller.signal });
    await expect(stopped).rejects.toThrow("enough");
    await device.idle();
    expect(device.live).toEqual(live);
  });

  test.each([
    [{ units: [99], values: [1] }, /has no unit 99/],
    [{ units: [-1], values: [1] }, /has no unit -1\. Its units are 0…11/],
    [{ units: [12], values: [1] }, /has no unit 12/],
    [{ units: [0.5], values: [1] }, /has no unit 0\.5/],
    [{ units: [], values: [] }, /no units/],
    [{ units: [1], values: [Number.NaN] }, /values/],
    [{ units: [1], values: [1e39] }, /values/],
    [{ units: [1, 2], values: [1, Number.NaN] }, /values/],
    [{ units: [1, 2], values: [1, 1], alphas: [1, Number.NaN] }, /alphas/],
    [{ units: [1], values: [1], alphas: [1.5] }, /1.5 is no alpha/],
    [{ units: [1, 2], values: [1, 1], alphas: [1, -0.1] }, /-0.1 is no alpha/],
    [{ units: [1, 2], values: [1, 1], alphas: [1] }, /2 units have 1 alphas/],
    [{ units: [1], values: [1], alphas: [Number.NaN] }, /alphas/],
    [{ layer: "layer2", units: [1], values: [1] }, /features at hand are those of layer1, not of layer2/],
    [{ units: [1, 2], values: [1] }, /2 units have 1 values/],
  ])("refuses %j", async (more, message) => {
    using experiment = await Experiment.create(generator, segmenter, { editable: ["layer1"], size: 1 });
    await expect(insertionContext(experiment, "tree", { layer: "layer1", ...more })).rejects.toThrow(message);
  });
});
