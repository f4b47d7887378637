import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Experiment, insertionContext } from "../../src/causality/index.ts";
import type { Device, Generator, Segmenter } from "../../src/index.ts";
import { smallModels } from "../dissect/models.ts";
import { requestDevice } from "../gpu.ts";

let device: Device;
let generator: Generator;
let segmenter: Segmenter;
beforeAll(async () => {
  device = await requestDevice();
  ({ generator, segmenter } = await smallModels(device));
});
afterAll(() => device?.dispose());

describe("context", () => {
  test("is what inserting at each cell adds, by what was there", async () => {
    const { height, width } = generator.layer("layer1");
    using experiment = await Experiment.create(generator, segmenter, { editable: ["layer1"], size: 5, batch: 2 });
    const [units, values] = [
      [0, 3, 5],
      [2, -1, 3],
    ];
    const tree = segmenter.label("tree");
    const context = await insertionContext(experiment, "tree", { layer: "layer1", units: units!, values: values! });
    expect(context.before).toBeCloseTo(experiment.before[tree]! / 5, 9);
    for (const cell of [0, 6, height * width - 1]) {
      const mask = new Float32Array(height * width);
      mask[cell] = 1;
      const after = await experiment.pixels([{ layer: "layer1", units: units!, value: values!, mask }]);
      expect(context.cells[cell]).toBeCloseTo((after[tree]! - experiment.before[tree]!) / 5, 9);
    }
    // By the segmentation's pixel at the centres, "none" left aside.
    const { resolution } = generator;
    using run = await generator.forward(generator.sample({ size: 5, seed: 3 }));
    using plan = await segmenter.compile(run.image, resolution);
    plan.run();
    const there = await plan.labels.read();
    const places = new Map<number, number>();
    for (let at = 0; at < 5 * height * width; at += 1) {
      const [row, column] = [Math.floor(at / width) % height, at % width];
      const y = Math.floor(((row + 0.5) * resolution) / height);
      const x = Math.floor(((column + 0.5) * resolution) / width);
      const label = there[(Math.floor(at / height / width) * resolution + y) * resolution + x]!;
      if (label > 0) places.set(label, (places.get(label) ?? 0) + 1);
    }
    expect(new Map(context.effects.map((effect) => [effect.label, effect.places]))).toEqual(places);
    const gains = context.effects.map(({ gain }) => gain);
    expect(gains).toEqual(gains.toSorted((a, b) => b - a));
  });

  test.each([
    [{ units: [99], values: [1] }, /has no unit 99/],
    [{ units: [], values: [] }, /no units/],
    [{ units: [1], values: [Number.NaN] }, /values/],
    [{ units: [1], values: [1e39] }, /values/],
    [{ units: [1], values: [1], alphas: [1.5] }, /1.5 is no alpha/],
    [{ layer: "layer2", units: [1], values: [1] }, /features at hand are those of layer1, not of layer2/],
    [{ units: [1, 2], values: [1] }, /2 units have 1 values/],
  ])("refuses %j", async (more, message) => {
    using experiment = await Experiment.create(generator, segmenter, { editable: ["layer1"], size: 1 });
    await expect(insertionContext(experiment, "tree", { layer: "layer1", ...more })).rejects.toThrow(message);
  });
});
