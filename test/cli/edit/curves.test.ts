import { beforeEach, expect, test } from "vitest";
import { type Experiment, shuffledUnits } from "../../../src/causality/index.ts";
import { type CurveJob, writeCurves, writeUnitEffects } from "../../../src/cli/edit/curves.ts";
import type { EditSummary } from "../../../src/cli/edit/summary.ts";
import type { Edit } from "../../../src/index.ts";
import { memoryFolder } from "../../../src/report/folder.ts";

const CHANNELS = 40;
const edits: Edit[] = [];
beforeEach(() => {
  edits.length = 0;
});

/** Every ablated unit takes a pixel of label 1. */
const EXPERIMENT = {
  generator: { layer: () => ({ channels: CHANNELS }) },
  before: [0, 80, 5],
  pixels: async ([edit]: [Edit]) => {
    edits.push(edit);
    return [0, 80 - edit.units.length, 5 + Number(edit.units[0])];
  },
} as unknown as Experiment;

const JOB: CurveJob = {
  layer: "layer3",
  concept: "a/b",
  label: 1,
  order: { metric: "given", units: [3, 17], scores: [1, 1] },
  steps: 30,
  random: 2,
  mixed: false,
  signal: new AbortController().signal,
};

async function written(job: Partial<CurveJob>) {
  const folder = memoryFolder();
  await writeCurves(EXPERIMENT, { ...JOB, ...job }, { of: () => folder });
  const text = (name: string): string => String(folder.files.get(`layer3/fullablation/${name}`));
  return { names: [...folder.files.keys()], text, json: (name: string) => JSON.parse(text(name)) };
}

test("random curves end where the curve of the named units does, each with a seed of its own", async () => {
  const { names, json } = await written({});
  const at = "layer3/fullablation";
  const files = ["a%2fb-given.json", "a%2fb-random-1.json", "a%2fb-random-2.json", "effect-a%2fb-given.svg"];
  expect(names).toEqual(files.map((name) => `${at}/${name}`));
  expect(json("a%2fb-given.json")).toEqual({
    classname: "a/b",
    classnum: 1,
    baseline: 80,
    layer: "layer3",
    metric: "given",
    ablation_units: [3, 17],
    ablation_values: [1, 1],
    ablation_effects: [79, 78],
  });
  for (const seed of [1, 2]) {
    const random = json(`a%2fb-random-${seed}.json`);
    expect(random).toMatchObject({ classname: "a/b", metric: `random-${seed}`, ablation_effects: [79, 78] });
    expect(random.ablation_units).toEqual([...shuffledUnits(CHANNELS, seed)]);
  }
  expect(edits.map(({ units }) => units.length)).toEqual([1, 2, 1, 2, 1, 2]);
});

test("a curve has as many units as steps, and none at random where none are asked for", async () => {
  const order = { metric: "iou", units: [5, 4, 3, 2], scores: [0.4, 0.3, 0.2, 0.1] };
  const { names, text, json } = await written({ order, steps: 3, random: 0 });
  expect(edits.map(({ units }) => units)).toEqual([[5], [5, 4], [5, 4, 3]]);
  expect(names).toHaveLength(2);
  expect(json("a%2fb-iou.json").ablation_units).toEqual([5, 4, 3, 2]);
  expect(text("effect-a%2fb-iou.svg")).toContain("Top units by IoU");
  expect(text("effect-a%2fb-iou.svg")).not.toContain("Random units");
});

test("mixed, each unit goes as far as its score says, from 0 to 1; random ones go whole", async () => {
  const order = { metric: "ace", units: [3, 17, 8], scores: [1.5, 0.25, -0.5] };
  const { text, json } = await written({ order, random: 1, mixed: true });
  expect(edits.slice(0, 3).map(({ alpha }) => alpha)).toEqual([[1], [1, 0.25], [1, 0.25, 0]]);
  expect(edits.slice(3).map(({ alpha }) => alpha)).toEqual([undefined, undefined, undefined]);
  expect(json("a%2fb-ace.json").ablation_values).toEqual([1, 0.25, 0]);
  expect(text("effect-a%2fb-ace.svg")).toContain("Top units by ace");
  expect(text("effect-a%2fb-ace.svg")).toContain("Random units");
  expect((await written({})).text("effect-a%2fb-given.svg")).toContain("Units as given");
});

test("every unit's own effect: pixels more or less of each concept but none", async () => {
  const folder = memoryFolder();
  const concepts = ["tree", "door"].map((concept) => ({ concept, category: "object", before: 0, after: 0 }));
  await writeUnitEffects(EXPERIMENT, "layer3", { concepts } as unknown as EditSummary, folder);
  const lines = String(folder.files.get("layer3/unit-effects.csv")).trim().split(/\r?\n/);
  expect(lines).toHaveLength(2 + CHANNELS);
  expect([...lines.slice(0, 3), lines.at(-1)]).toEqual(["unit,tree,door", "before,80,5", "0,-1,0", "39,-1,39"]);
});
