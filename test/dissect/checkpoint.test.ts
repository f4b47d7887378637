import { afterAll, beforeAll, expect, test } from "vitest";
import type { Checkpoints, DissectionState } from "../../src/dissect/checkpoint.ts";
import {
  type Device,
  type Dissection,
  type DissectOptions,
  dissect,
  type Generator,
  type Segmenter,
} from "../../src/index.ts";
import { requestDevice } from "../gpu.ts";
import { smallModels } from "./models.ts";

let device: Device;
let generator: Generator;
let segmenter: Segmenter;
beforeAll(async () => {
  device = await requestDevice();
  ({ generator, segmenter } = await smallModels(device));
});
afterAll(() => {
  segmenter.dispose();
  generator.dispose();
  device.dispose();
});

const OPTIONS = { layers: ["layer3", "layer4"], size: 13, batch: 4, examples: 3, segmentationSize: 16 };

interface Ended {
  readonly dissection: Dissection;
  readonly pictures: unknown[];
  /** Images that were counted, in all phases. */
  readonly steps: string[];
}

async function run(options: DissectOptions, checkpoints?: Checkpoints): Promise<Ended> {
  const steps: string[] = [];
  for await (const event of dissect(generator, segmenter, { ...options, ...(checkpoints && { checkpoints }) })) {
    if (event.type === "progress") steps.push(`${event.phase} ${event.done}`);
    if (event.type !== "result") continue;
    const pictures: unknown[] = [];
    for await (const each of event.pictures()) pictures.push(structuredClone(each));
    return { dissection: event.dissection, pictures, steps };
  }
  throw new Error("no result");
}

/** Everything that is kept on the way. */
async function states(options: DissectOptions): Promise<DissectionState[]> {
  const all: DissectionState[] = [];
  const ended = await run(options, { due: () => true, keep: async (state) => void all.push(structuredClone(state)) });
  expect(ended.steps.length).toBeGreaterThan(all.length);
  return all;
}

test.each<readonly [string, DissectOptions]>([
  ["levels that are searched", OPTIONS],
  ["one quantile", { ...OPTIONS, quantileThreshold: 0.01 }],
  ["nothing kept on the GPU", { ...OPTIONS, memory: 0, layers: ["layer4"] }],
])("goes on from every batch of every phase to the same bits: %s", async (_, options) => {
  const whole = await run(options);
  const all = await states(options);
  expect(new Set(all.map(({ at }) => at)).size).toBe(options.quantileThreshold === undefined ? 5 : 4);
  for (const [index, found] of all.entries()) {
    const { dissection, pictures, steps } = await run(options, { found, due: () => false, keep: async () => {} });
    expect(dissection, `${found.at} ${found.done}`).toEqual(whole.dissection);
    expect(pictures, `${found.at} ${found.done}`).toEqual(whole.pictures);
    // what was counted is not counted again
    expect(steps).toEqual(whole.steps.slice(index + 1));
  }
});

test("a state whose tables do not fit, or of another batch size, is that phase's beginning", async () => {
  const whole = await run(OPTIONS);
  const all = await states(OPTIONS);
  for (const phase of new Set(all.map(({ at }) => at))) {
    const state = all.find(({ at }) => at === phase)!;
    const cut = new Map(
      [...state.tables].map(([name, table]) => [name, name.startsWith("found") ? table : table.slice(1)]),
    );
    const [broken, other] = [{ ...state, tables: cut }, state];
    for (const [found, batch] of [
      [broken, 4],
      [other, 3],
    ] as const) {
      const ended = await run({ ...OPTIONS, batch }, { found, due: () => false, keep: async () => {} });
      expect(ended.dissection, `${phase}, ${batch} a batch`).toEqual(whole.dissection);
      expect(ended.pictures).toEqual(whole.pictures);
    }
  }
});
