import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { generated } from "../../src/dissect/generated.ts";
import { FRACTIONS } from "../../src/dissect/levels.ts";
import { settle } from "../../src/dissect/options.ts";
import type { Label } from "../../src/dissect/result.ts";
import { searchTraining } from "../../src/dissect/training.ts";
import type { Device, Generator, Segmenter } from "../../src/index.ts";
import { requestDevice } from "../gpu.ts";
import { smallModels } from "./models.ts";
import { syntheticSegmenter } from "./synthetic.ts";
import { scores } from "./tally.ts";

// A layer as large as the label maps: nothing is interpolated.
const [LAYER, SIZE, EDGE] = ["layer6", 12, 16];
const AREA = EDGE ** 2;

let device: Device;
let generator: Generator;
let maps: Float32Array[];
let image: Float32Array;
beforeAll(async () => {
  device = await requestDevice();
  const models = await smallModels(device);
  models.segmenter.dispose();
  generator = models.generator;
  using plan = await generator.compile({ batch: SIZE, retain: [LAYER] });
  plan.run(generator.sample({ size: SIZE, seed: 2 }));
  image = (await plan.image!.read()).filter((_, at) => at % 4 === 0);
  const data = await plan.layers.get(LAYER)!.read();
  const stored = data.length / (SIZE * AREA);
  maps = Array.from({ length: generator.layer(LAYER).channels }, (_, unit) =>
    data.filter((_, at) => at % stored === unit),
  );
});
afterAll(() => {
  generator.dispose();
  device.dispose();
});

/**
 * The best scores of every unit with label 1, the slow way: its active pixels are those of these
 * images.
 */
function bestOf(on: (image: number) => boolean, threshold: number): { maxiou: number; iqr: number }[] {
  const images = Array.from({ length: SIZE }, (_, at) => at).filter(on);
  const labelled = image.map((value) => Number(value > threshold));
  const truth = labelled.reduce((sum, value) => sum + value, 0) / (SIZE * AREA);
  return maps.map((values) => {
    const sorted = values.slice().sort();
    const best = { maxiou: 0, iqr: 0 };
    FRACTIONS.forEach((fraction, t) => {
      const at = Math.min(values.length - 1, Math.max(0, (1 - fraction) * values.length - 0.5));
      const low = sorted[Math.floor(at)]!;
      const level = Math.fround(low + ((sorted[Math.floor(at) + 1] ?? low) - low) * (at % 1));
      let [both, active] = [0, 0];
      values.forEach((value, p) => {
        if (!(value > level) || !images.includes(Math.floor(p / AREA))) return;
        active += 1;
        both += labelled[p]!;
      });
      const { iou, iqr, agreement } = scores(both / (SIZE * AREA), active / (images.length * AREA), truth);
      best.maxiou = Math.max(best.maxiou, iou);
      if (t < FRACTIONS.length - 1 && truth >= 1e-3 && agreement > 0.8 && level > 0) best.iqr = Math.max(best.iqr, iqr);
    });
    return best;
  });
}

/** Above this intensity are pixels of some images only: the others hold no label. */
function thresholdOf(): { readonly threshold: number; readonly holds: (at: number) => boolean } {
  const most = Array.from({ length: SIZE }, (_, at) => Math.max(...image.subarray(at * AREA, (at + 1) * AREA)));
  const threshold = most.toSorted((a, b) => a - b)[SIZE / 3]!;
  expect(most.filter((value) => value > threshold).length).toBe(SIZE - SIZE / 3 - 1);
  return { threshold, holds: (at) => most[at]! > threshold };
}

/** A segmenter, of which is counted how many batches it segments. */
function counted(segmenter: Segmenter): { readonly segmenter: Segmenter; readonly batches: () => number } {
  let runs = 0;
  const compile: Segmenter["compile"] = async (...args) => {
    const plan = await segmenter.compile(...args);
    const run = () => {
      runs += 1;
      plan.run();
    };
    return Object.create(plan, { run: { value: run }, dispose: { value: () => plan.dispose() } });
  };
  return { segmenter: Object.create(segmenter, { compile: { value: compile } }), batches: () => runs };
}

describe("the search on the training set", () => {
  // Label maps that stay on the GPU are made once; those that do not are made for the pass that
  // needs them alone.
  test.each([
    { kinds: 1, memory: 2 ** 29 },
    { kinds: 2, memory: 2 ** 29 },
    { kinds: 2, memory: 0 },
  ])("of $kinds categories counts what is active in images of each: $memory bytes kept", async ({ kinds, memory }) => {
    const { threshold, holds } = thresholdOf();
    const labels: Label[] = [
      { name: "-", category: "object" },
      { name: "bright", category: "object" },
      ...(kinds === 2 ? [{ name: "never", category: "material" }] : []),
    ];
    const synthetic = syntheticSegmenter(device, labels, [{ thresholds: [threshold], names: [0, 1] }]);
    const { segmenter, batches } = counted(synthetic);
    const options = { layers: [LAYER], size: SIZE, segmentationSize: EDGE, batch: 5, memory };
    const phases = new Map<string, number>();
    const compile = vi.spyOn(generator, "compile");
    const steps = searchTraining(generated(generator), segmenter, settle(generated(generator), segmenter, options));
    let step = await steps.next();
    for (; !step.done; step = await steps.next()) {
      if (step.value.type !== "progress") continue;
      const { phase, done, total } = step.value;
      expect(done).toBeGreaterThan(phases.get(phase) ?? 0);
      expect(done).toBeLessThanOrEqual(total);
      if (phase === "levels") expect(total).toBe(SIZE);
      phases.set(phase, done);
    }
    expect(phases.get("levels")).toBe(SIZE);
    expect(batches()).toBe(3);
    // nobody sees these images, so that no bytes are made of them
    expect(compile.mock.calls.map(([{ bytes }]) => bytes ?? false)).toEqual([false, false]);
    compile.mockRestore();
    const { maxiou, iqr } = step.value[0]!.search!.found;
    const expected = bestOf((at) => kinds === 1 || holds(at), threshold);
    expect(expected.some(({ iqr }) => iqr > 0)).toBe(true);
    const units = maps.length;
    for (const table of [maxiou.score, iqr.score]) {
      expect([...table.subarray(0, units)]).toEqual(new Array(units).fill(0));
    }
    expected.forEach((best, unit) => {
      expect(Math.abs(maxiou.score[units + unit]! - best.maxiou)).toBeLessThan(1e-12);
      expect(Math.abs(iqr.score[units + unit]! - best.iqr)).toBeLessThan(1e-12);
    });
  });

  test.each([
    { memory: 2 ** 29, segmented: 3 },
    { memory: 0, segmented: 9 },
  ])("in two passes finds the same, of label maps made $segmented times: $memory bytes kept", async (each) => {
    const labels = ["-", "dim", "bright"].map((name) => ({ name, category: "object" }));
    const bright = thresholdOf().threshold;
    const thresholds = [image.toSorted()[image.length / 4]!, bright];
    const { segmenter, batches } = counted(syntheticSegmenter(device, labels, [{ thresholds, names: [0, 1, 2] }]));
    const options = { layers: [LAYER], size: SIZE, segmentationSize: EDGE, batch: 5, memory: each.memory };
    const search = async (bytes?: number) => {
      const steps = searchTraining(
        generated(generator),
        segmenter,
        settle(generated(generator), segmenter, options),
        bytes,
      );
      const progress: number[] = [];
      for (;;) {
        const { done, value } = await steps.next();
        if (done) return { levels: value, progress };
        if (value.type !== "progress" || value.phase !== "levels") continue;
        expect(value.total).toBe(bytes === undefined ? SIZE : 2 * SIZE);
        progress.push(value.done);
      }
    };
    const whole = await search();
    const before = batches();
    // A category and a label at once: at 100 levels, of stored units in whole fours.
    const parts = await search(2 * 4 * FRACTIONS.length * 4 * Math.ceil(maps.length / 4));
    expect(batches() - before).toBe(each.segmented);
    expect(whole.progress).toEqual([4, 8, 12]);
    expect(parts.progress).toEqual([4, 8, 12, 16, 20, 24]);
    expect(parts.levels).toEqual(whole.levels);
  });
});
