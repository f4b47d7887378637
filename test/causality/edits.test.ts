import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Experiment } from "../../src/causality/experiment.ts";
import type { Edit } from "../../src/models/edits.ts";
import { Generator } from "../../src/models/generator.ts";
import { Segmenter } from "../../src/models/segmenter.ts";
import type { Device } from "../../src/runtime/device.ts";
import { requestDevice } from "../gpu.ts";

interface Case {
  readonly layer: string;
  readonly concept: string;
  readonly units: readonly number[];
  readonly value?: readonly number[];
  /** [y, x] of the layer's map; everywhere without it. */
  readonly cell?: readonly [number, number];
  readonly ablated?: readonly number[];
  readonly inserted?: readonly number[];
}

const golden: {
  readonly seed: number;
  readonly size: number;
  readonly baseline: readonly number[];
  readonly cases: readonly Case[];
} = JSON.parse(readFileSync(new URL("../golden/scenes64-edits.json", import.meta.url), "utf8"));
/** Of the counted pixels: what PyTorch's rounding and ours may make of near ties. */
const TOLERANCE = 0.005;

const file = (name: string) => readFileSync(new URL(`../golden/scenes64/${name}`, import.meta.url));

let device: Device;
let generator: Generator;
let segmenter: Segmenter;
let experiment: Experiment;
beforeAll(async () => {
  device = await requestDevice();
  generator = await Generator.load(file("generator.pth"), { device });
  segmenter = await Segmenter.load(
    {
      encoder: file("segmenter/encoder_epoch_1.pth"),
      decoder: file("segmenter/decoder_epoch_1.pth"),
      labels: file("segmenter/labels.json"),
    },
    { device },
  );
  const { size, seed } = golden;
  experiment = await Experiment.create(generator, segmenter, { editable: ["layer4", "layer6"], size, seed });
}, 300_000);
afterAll(() => {
  experiment?.dispose();
  segmenter?.dispose();
  generator?.dispose();
  device?.dispose();
});

/** An edit as the case says. */
function editOf({ layer, units, value, cell }: Case): Edit {
  const { height, width } = generator.layer(layer);
  const mask = new Float32Array(height * width);
  if (cell) mask[cell[0] * width + cell[1]] = 1;
  return { layer, units, ...(value && { value }), ...(cell && { mask }) };
}

/** The largest difference of a label's pixels, as a share of those that were counted. */
function worst(pixels: readonly number[], expected: readonly number[]): number {
  return Math.max(
    ...expected.map((count, label) => (count === pixels[label] ? 0 : Math.abs(pixels[label]! - count) / count)),
  );
}

describe("the pixels of every label, against PyTorch's", () => {
  it("are equal without an edit", () => {
    expect(worst(experiment.before, golden.baseline)).toBeLessThan(TOLERANCE);
  });

  it.each(golden.cases.map((one) => [one.layer, one.concept, one.cell ?? "everywhere", one] as const))(
    "are equal when %s's units for %s change at %s",
    async (_layer, _concept, _where, one) => {
      const pixels = await experiment.pixels([editOf(one)]);
      expect(worst(pixels, (one.ablated ?? one.inserted)!)).toBeLessThan(TOLERANCE);
      // What the ten units of highest IoU remove of their concept, as docs/measure.md says.
      const removed: Record<string, number> = { tree: 0.55, cloud: 0.86, window: 0.5 };
      if (one.layer !== "layer6") return;
      const label = segmenter.label(one.concept);
      expect(1 - pixels[label]! / experiment.before[label]!).toBeCloseTo(removed[one.concept]!, 2);
    },
    300_000,
  );
});
