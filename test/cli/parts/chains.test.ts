import { expect, test } from "vitest";
import { chainsOf, runPhase } from "../../../src/cli/parts/chains.ts";
import type { Plan } from "../../../src/cli/parts/plan.ts";
import type { LoadedJob } from "../../../src/cli/run.ts";
import { type Checkpoints, type DissectionState, PhaseEnd } from "../../../src/dissect/checkpoint.ts";
import { unitQuantiles } from "../../../src/dissect/measure-quantiles.ts";
import { dissect } from "../../../src/index.ts";
import { useSmallModels } from "../../dissect/models.ts";

const models = useSmallModels();
const { signal } = new AbortController();
const OPTIONS = { layers: ["layer4"], size: 5, seed: 3, batch: 2, examples: 2, segmentationSize: 16 };
const share = { first: 0, end: 5 };

/** What is kept of a share's first phase. */
function keeping(fault?: Error) {
  const kept: DissectionState[] = [];
  const keep = async (state: DissectionState): Promise<void> => {
    if (fault) throw fault;
    kept.push(structuredClone(state));
  };
  const checkpoints: Checkpoints = { share, due: () => false, keep };
  return { kept, checkpoints };
}

async function ran(layer: string | undefined, options: object, fault?: Error) {
  const { generator, segmenter } = models;
  const told: (readonly [string, number, number])[] = [];
  const { kept, checkpoints } = keeping(fault);
  const loaded = { generator, subject: generator, segmenter, options } as unknown as LoadedJob;
  await runPhase({ name: "", ...(layer !== undefined && { layer }) }, loaded, checkpoints, {
    signal,
    progress: (...progress) => told.push(progress),
  });
  return { kept, told };
}

test("a plan's chains are the dissection and, where they are measured, each layer's units", () => {
  const plan = { layers: ["x", "y"], quantiles: true } as unknown as Plan;
  expect(chainsOf(plan)).toEqual([
    { name: "dissection" },
    { name: "units-0", layer: "x" },
    { name: "units-1", layer: "y" },
  ]);
  expect(chainsOf({ ...plan, quantiles: false })).toEqual([{ name: "dissection" }]);
});

test("a phase of units' quantiles is the library's, and its end is no error", async () => {
  const { kept, told } = await ran("layer3", OPTIONS);
  const { kept: expected, checkpoints } = keeping();
  const { size, seed, batch } = OPTIONS;
  const whole = unitQuantiles(models.generator, { layer: "layer3", size, seed, batch, checkpoints });
  await expect(whole).rejects.toThrow(PhaseEnd);
  expect(kept).toEqual(expected);
  expect(kept.map(({ at, done }) => [at, done])).toEqual([["units 0", 5]]);
  expect(told).toEqual([["quantiles of layer3's units", 0, 1]]);
  // as many images at a time as the library chooses, to the same bits
  const { batch: _, ...unsaid } = OPTIONS;
  expect((await ran("layer3", unsaid)).kept).toEqual(expected);
  const { kept: other } = await ran("layer3", { ...OPTIONS, seed: 4 });
  expect(other).not.toEqual(expected);
});

test("a phase of the dissection is the library's, with its progress", async () => {
  const { kept, told } = await ran(undefined, OPTIONS);
  const { kept: expected, checkpoints } = keeping();
  const progress: unknown[] = [];
  const whole = (async () => {
    for await (const event of dissect(models.generator, models.segmenter, { ...OPTIONS, checkpoints })) {
      if (event.type === "progress") progress.push([event.phase, event.done, event.total]);
    }
  })();
  await expect(whole).rejects.toThrow(PhaseEnd);
  expect(kept).toEqual(expected);
  expect(told).toEqual(progress);
  expect(told.length).toBeGreaterThan(1);
});

test.each([undefined, "layer3"])("what else fails is said, of %s", async (layer) => {
  await expect(ran(layer, OPTIONS, new Error("the disk is full"))).rejects.toThrow("the disk is full");
});
