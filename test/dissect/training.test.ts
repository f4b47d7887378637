import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FRACTIONS } from "../../src/dissect/levels.ts";
import { settle } from "../../src/dissect/options.ts";
import type { Label } from "../../src/dissect/result.ts";
import { searchTraining } from "../../src/dissect/training.ts";
import type { Device, Generator } from "../../src/index.ts";
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

/** The best IoU of every unit with label 1, the slow way: its active pixels are those of these images. */
function bestOf(on: (image: number) => boolean, threshold: number): number[] {
  const images = Array.from({ length: SIZE }, (_, at) => at).filter(on);
  const labelled = image.map((value) => Number(value > threshold));
  const truth = labelled.reduce((sum, value) => sum + value, 0) / (SIZE * AREA);
  return maps.map((values) => {
    const sorted = values.slice().sort();
    return FRACTIONS.reduce((best, fraction) => {
      const at = Math.min(values.length - 1, Math.max(0, (1 - fraction) * values.length - 0.5));
      const low = sorted[Math.floor(at)]!;
      const level = Math.fround(low + ((sorted[Math.floor(at) + 1] ?? low) - low) * (at % 1));
      let [both, active] = [0, 0];
      values.forEach((value, p) => {
        if (!(value > level) || !images.includes(Math.floor(p / AREA))) return;
        active += 1;
        both += labelled[p]!;
      });
      return Math.max(best, scores(both / (SIZE * AREA), active / (images.length * AREA), truth).iou);
    }, 0);
  });
}

describe("the search on the training set", () => {
  test.each([1, 2])("of %d categories counts what is active in images of each, or with one in all", async (kinds) => {
    // Above a threshold that only some images reach: the others hold nothing.
    const most = Array.from({ length: SIZE }, (_, at) => Math.max(...image.subarray(at * AREA, (at + 1) * AREA)));
    const threshold = most.toSorted((a, b) => a - b)[SIZE / 3]!;
    expect(most.filter((value) => value > threshold).length).toBe(SIZE - SIZE / 3 - 1);
    const labels: Label[] = [
      { name: "-", category: "object" },
      { name: "bright", category: "object" },
      ...(kinds === 2 ? [{ name: "never", category: "material" }] : []),
    ];
    const segmenter = syntheticSegmenter(device, labels, [{ thresholds: [threshold], names: [0, 1] }]);
    const settings = settle(generator, segmenter, { layers: [LAYER], size: SIZE, segmentationSize: EDGE, batch: 5 });
    const phases = new Map<string, number>();
    const steps = searchTraining(generator, segmenter, settings);
    let step = await steps.next();
    for (; !step.done; step = await steps.next()) {
      if (step.value.type !== "progress") continue;
      expect(step.value.done).toBeGreaterThan(phases.get(step.value.phase) ?? 0);
      phases.set(step.value.phase, step.value.done);
    }
    expect(phases.get("levels")).toBe(SIZE);
    const { maxiou } = step.value[0]!.search!.found;
    const expected = bestOf((at) => kinds === 1 || most[at]! > threshold, threshold);
    const units = maps.length;
    expect([...maxiou.score.subarray(0, units)]).toEqual(new Array(units).fill(0));
    expected.forEach((iou, unit) => {
      expect(Math.abs(maxiou.score[units + unit]! - iou)).toBeLessThan(1e-12);
    });
  });
});
