import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Experiment } from "../../../src/causality/index.ts";
import { ablateCommand } from "../../../src/cli/commands/ablate.ts";
import { runEdit } from "../../../src/cli/edit/edit.ts";
import { computeOrder, readOrder } from "../../../src/cli/edit/units.ts";
import { LayerUnits } from "../../../src/cli/layer-units.ts";
import type { Work } from "../../../src/cli/with-models.ts";
import { UsageError } from "../../../src/errors.ts";
import { type Device, dissect, type Generator, type Segmenter } from "../../../src/index.ts";
import { toAceRanking, withAceRanking } from "../../../src/report/ace.ts";
import { smallModels } from "../../dissect/models.ts";
import { requestDevice } from "../../gpu.ts";
import { outputFolder } from "../../node/abandoned.ts";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-units-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const LABELS = [
  { name: "-", category: "object" },
  { name: "tree", category: "object" },
  { name: "glass", category: "object" },
  { name: "glass", category: "material" },
];
const [TREE, OBJECT, MATERIAL] = [1, 2, 3];

describe("a ranking of a dissection", () => {
  const notes: string[] = [];
  const IOU = {
    layer: "layer3",
    channels: 3,
    labels: LABELS,
    metric: "iou",
    model: "church",
    note: (text: string) => void notes.push(text),
  };

  /** Writes a dissect.json with these rankings; its path. */
  async function report(rankings: Record<string, readonly number[]>, netname?: string): Promise<string> {
    const listed = Object.entries(rankings).map(([name, score]) => ({ name, score }));
    const path = join(home, "dissect.json");
    await writeFile(path, JSON.stringify({ netname, layers: [{ layer: "layer3", rankings: listed }] }));
    return path;
  }

  test("of another model is read, but not without a word", async () => {
    const path = await report({ "tree-iou": [-0.1, -0.05, -0.5] }, "church");
    await readOrder(path, { ...IOU, label: TREE });
    expect(notes).toEqual([]);
    await readOrder(path, { ...IOU, model: "bedroom", label: TREE });
    expect(notes).toEqual([expect.stringMatching(/is a dissection of "church", and this model is "bedroom"/)]);
  });

  test("is read if it is of the layer's units", async () => {
    await report({ "tree-iou": [-0.1, -0.05, -0.5] });
    expect(await readOrder(home, { ...IOU, label: TREE })).toEqual({
      metric: "iou",
      units: [2, 0, 1],
      scores: [0.5, 0.1, 0.05],
    });
    const other = readOrder(home, { ...IOU, channels: 10, label: TREE });
    await expect(other).rejects.toThrow(UsageError);
    await expect(other).rejects.toThrow(/ranks 3 units of layer3, which has 10\./);
  });

  test("in which no unit has a score is none", async () => {
    const ended = readOrder(await report({ "tree-iou": [0, 0, 0] }), { ...IOU, label: TREE });
    await expect(ended).rejects.toThrow(UsageError);
    await expect(ended).rejects.toThrow(/No unit of layer3 .* "tree" by iou above 0 in ".*dissect\.json".*more images/);
  });

  test("goes by category where two have the name, as `ganatomy dissect` writes it", async () => {
    const path = await report({ "glass (object)-iou": [-3, -2, -1], "glass (material)-iou": [-1, -2, -3] });
    expect(await readOrder(path, { ...IOU, label: OBJECT })).toMatchObject({ units: [0, 1, 2] });
    expect(await readOrder(path, { ...IOU, label: MATERIAL })).toMatchObject({ units: [2, 1, 0] });
  });

  test("that does not tell two categories apart is not believed", async () => {
    const ended = readOrder(await report({ "glass-iou": [-3, -2, -1] }), { ...IOU, label: MATERIAL });
    await expect(ended).rejects.toThrow(UsageError);
    await expect(ended).rejects.toThrow(/for "glass", which is any of glass \(object\), glass \(material\)\./);
  });

  test("that is missing is told with those by the metric that are there", async () => {
    await report({ "tree-iou": [-3, -2, -1], "tree-ace": [-3, -2, -1], "sky-iou": [-3, -2, -1] });
    for (const [metric, told] of [
      ["iou", "It does for tree, sky."],
      ["ace", "It does for tree."],
      ["mi", "It has nothing ranked by mi."],
    ] as const) {
      const ended = readOrder(home, { ...IOU, metric, label: MATERIAL });
      await expect(ended).rejects.toThrow(`does not rank the units of layer3 for "glass (material)" by ${metric}.`);
      await expect(ended).rejects.toMatchObject({ fix: told });
    }
    await expect(readOrder(home, { ...IOU, layer: "layer4", label: TREE })).rejects.toMatchObject({
      message: expect.stringContaining("has no layer4."),
      fix: "It has layer3.",
    });
  });

  const SCORE = [-0.1, -0.05, -0.5];
  const RANKINGS = [{ name: "tree-iou", score: SCORE }];
  test.each([
    [undefined],
    [{ layers: RANKINGS }],
    [{ layers: [{ layer: "layer3" }] }],
    [{ layers: [{ layer: "layer3", rankings: RANKINGS }, { rankings: RANKINGS }] }],
    [
      {
        layers: [
          { layer: "layer3", rankings: RANKINGS },
          { layer: 4, rankings: RANKINGS },
        ],
      },
    ],
    [{ layers: [{ layer: "layer3", rankings: [...RANKINGS, { score: SCORE }] }] }],
    [{ layers: [{ layer: "layer3", rankings: [...RANKINGS, { name: 1, score: SCORE }] }] }],
    [{ layers: [{ layer: "layer3", rankings: [...RANKINGS, { name: "sky-iou", score: [-1, "2", -3] }] }] }],
    [{ layers: [{ layer: "layer3", rankings: [...RANKINGS, { name: "sky-iou", score: 3 }] }] }],
  ])("is not looked for in %j", async (content) => {
    const path = join(home, "no-dissect.json");
    await writeFile(path, JSON.stringify(content) ?? "{");
    const ended = readOrder(path, { ...IOU, label: TREE });
    await expect(ended).rejects.toMatchObject({ code: "file" });
    await expect(ended).rejects.toThrow(/no-dissect\.json" is no dissect\.json/);
  });

  test("is found where ACE put it, beside that of the other category", async () => {
    let text = JSON.stringify({ layers: [{ layer: "layer3", rankings: [{ name: "unit", score: [0, 1, 2] }] }] });
    text = withAceRanking(text, "layer3", toAceRanking("glass (object)", Float32Array.of(1, 0, 0)));
    text = withAceRanking(text, "layer3", toAceRanking("glass (material)", Float32Array.of(0, 0, 1)));
    await writeFile(join(home, "dissect.json"), text);
    const ace = { ...IOU, metric: "ace" };
    expect(await readOrder(home, { ...ace, label: OBJECT })).toMatchObject({ units: [0, 1, 2], scores: [1, 0, 0] });
    expect(await readOrder(home, { ...ace, label: MATERIAL })).toMatchObject({ units: [2, 0, 1], scores: [1, 0, 0] });
  });
});

describe("what is found out about a layer's units", () => {
  let device: Device;
  let generator: Generator;
  let segmenter: Segmenter;
  beforeAll(async () => {
    device = await requestDevice();
    ({ generator, segmenter } = await smallModels(device));
  });
  afterAll(() => device?.dispose());

  test("is no ranking where the images do not show the concept", async () => {
    const { signal } = new AbortController();
    const options = { layer: "layer3", label: segmenter.label("door"), size: 20, signal, progress: () => {} };
    const ended = computeOrder(generator, segmenter, options);
    await expect(ended).rejects.toThrow(UsageError);
    await expect(ended).rejects.toThrow(/No unit of layer3 .* "door" above 0: .* 20 images .*--dissection of more/);
  });

  test("is the order of the concept's IoU in a dissection, in batches as asked", async () => {
    const { signal } = new AbortController();
    const label = segmenter.label("tree");
    const done: number[] = [];
    const { units, scores, metric } = await computeOrder(generator, segmenter, {
      layer: "layer3",
      label,
      size: 20,
      batch: 5,
      signal,
      progress: (phase, seen) => void (phase === "scores" && done.push(seen)),
    });
    expect([metric, done]).toEqual(["iou", [5, 10, 15, 20]]);
    const { channels } = generator.layer("layer3");
    for await (const event of dissect(generator, segmenter, { layers: ["layer3"], size: 20, batch: 5 })) {
      if (event.type !== "result") continue;
      const iou = event.dissection.layers[0]!.tables.iou.subarray(label * channels, (label + 1) * channels);
      expect(scores).toEqual([...iou].sort((a, b) => b - a));
      expect(scores).toEqual(units.map((unit) => iou[unit]));
      expect(units.toSorted((a, b) => a - b)).toEqual(Array.from(iou, (_, unit) => unit));
    }
  });

  test("is kept: the same command, or another, goes on from there", async () => {
    const folder = await outputFolder(join(home, "kept"), { kind: "edits", keep: true });
    const notes: string[] = [];
    const begin = (): LayerUnits => {
      const note = (text: string): unknown => notes.push(text);
      const { signal } = new AbortController();
      const work = { generator, segmenter, folder, signal, note, progress: { report() {} } } as unknown as Work;
      return new LayerUnits(work, { layer: "layer3" });
    };
    const tree = segmenter.label("tree");
    const first = begin();
    const order = await first.order(tree, { metric: "iou" });
    const levels = await first.levels(0.9);
    expect(notes).toEqual([expect.stringMatching(/ranked by IoU on 200 images/)]);
    const files = await readdir(join(home, "kept/layer3/units"));
    expect(files.map((name) => name.replace(/[0-9a-f]{8}\.json$/, "")).sort()).toEqual(["q0.9-", "tree-iou-"]);

    const second = begin();
    await second.models;
    const compile = vi.spyOn(generator, "compile");
    expect(await second.order(tree, { metric: "iou" })).toEqual(order);
    expect(await second.levels(0.9)).toEqual(levels);
    expect([compile.mock.calls, notes.length]).toEqual([[], 1]);
    compile.mockRestore();
    expect(await second.levels(0.5)).not.toEqual(levels);
  });

  test("is found out in batches as asked, of models that eight images tell from others", async () => {
    const folder = await outputFolder(join(home, "batches"), { kind: "edits", keep: true });
    const controller = new AbortController();
    const { signal } = controller;
    const progress = { report: () => controller.abort(new Error("enough seen")) };
    const work = { generator, segmenter, folder, signal, note() {}, progress } as unknown as Work;
    const compile = vi.spyOn(generator, "compile");
    const units = new LayerUnits(work, { layer: "layer3", batch: 3, heads: ["object"] });
    const models = await units.models;
    // Eight images may be alike though the others are not: of other classes.
    const { models: other } = new LayerUnits(work, { layer: "layer3", batch: 3, classes: [0, 1] });
    expect(await other).toMatchObject({ classes: [0, 1] });
    const ranking = await units.ranking(segmenter.label("tree"));
    expect(ranking.known).toBe(false);
    await expect(ranking.order()).rejects.toThrow("enough seen");
    const batches = compile.mock.calls.map(([{ batch }]) => batch);
    compile.mockRestore();
    expect(batches.length).toBeGreaterThan(0);
    expect(new Set(batches)).toEqual(new Set([3]));
    using experiment = await Experiment.create(generator, segmenter, { editable: ["layer3"], size: 8 });
    const { name: model } = generator;
    expect(models).toEqual({ model, segmenter: segmenter.name, pixels: experiment.before, heads: ["object"] });
  });
});

describe("options that would do nothing are refused", () => {
  const DEFAULTS = { layer: "layer4", top: 20, metric: "iou", alpha: 1, pooling: "max", size: 1, seed: 3, pictures: 0 };
  const named = { ...DEFAULTS, tune: true, concept: "tree" } as const;

  test.each([
    [{ curve: true, alpha: 0.5 }, /A curve takes units away altogether/],
    [{ locations: true, value: 0 }, /A curve takes units away altogether/],
    [{ eachUnit: true, mask: [0, 0, 8, 8] as const }, /--each-unit takes every unit away/],
    [{ eachUnit: true, alpha: 0.5 }, /--each-unit takes every unit away/],
    [{ eachUnit: true, value: { quantile: 0.5 } }, /--each-unit takes every unit away/],
    [{ eachUnit: true, mixed: true }, /--each-unit takes every unit away/],
    [{ mixed: true, units: [3] }, /have no scores/],
  ])("%j", async (more, message) => {
    const ended = runEdit("ablate", ablateCommand, { ...named, ...more } as never);
    await expect(ended).rejects.toThrow(UsageError);
    await expect(ended).rejects.toThrow(message);
  });
});
