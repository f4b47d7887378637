import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { aceLines, linesOf } from "../../../src/cli/edit/curves.ts";
import { resultCharts } from "../../../src/cli/export/results.ts";
import { comparisonJson } from "../../../src/report/comparison.ts";
import { COMPARISON_SPECS } from "../../../src/report/vega-comparison.ts";
import { ablationSpec, aceLossSpec, contextBarsSpec, contextMapSpec } from "../../../src/report/vega-results.ts";
import { three } from "../../report/comparisons.ts";
import { context } from "../../report/context-json.ts";
import { runHere } from "../in-process.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-results-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function put(path: string, content: unknown): Promise<void> {
  const target = join(home, "in", path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, typeof content === "string" ? content : JSON.stringify(content));
}

const curve = (metric: string, ...ablation_effects: number[]) => ({
  ...{ classname: "tree", classnum: 3, baseline: 100, layer: "layer4", metric },
  ...{ ablation_units: [1, 2, 3], ablation_effects },
});
const losses = [-1, 0].map((epoch) => ({ epoch, loss: 1 / (epoch + 3), trained: 0 }));
const found = { ...context([["sky", 5, 3]]), cells: [[1, -2]] };
const FILES: Readonly<Record<string, unknown>> = {
  "layer4/fullablation/tree-iou.json": curve("iou", 90, 70),
  "layer4/fullablation/tree-random-1.json": curve("random-1", 99, 98),
  "layer4/fullablation/tree-random-2.json": { ...curve("random-2", 9, 8), baseline: 10 },
  "layer4/fullablation/tree-random-walk.json": curve("random-walk", 9, 8),
  "layer4/fullablation/effect-tree-iou.svg": "<svg/>",
  "layer4/pixablation/tree-given.json": curve("given", 90),
  "layer4/pixablation/effect-tree-given.svg": "<svg/>",
  "layer4/fullablation/tree-ace.json": curve("ace", 50, 40),
  "layer4/ace/tree/summary.json": { layers: [{ layer: "layer4", rankings: [{ name: "tree (object)-ace" }] }], losses },
  "layer4/ace/tree/loss.svg": "<svg/>",
  "layer4/ace/tree/ablation.svg": "<svg/>",
  "layer4/context/door.json": found,
  "effect.json": {},
  "measurements.json": "{",
};

test("a chart for every figure, under its name, of the JSON beside it", async () => {
  for (const [path, content] of Object.entries(FILES)) await put(path, content);
  const [iou, ace] = [curve("iou", 90, 70), curve("ace", 50, 40)];
  const random = linesOf(iou as never, [curve("random-1", 99, 98) as never]);
  expect(random.map(({ name }) => name)).toEqual(["Top units by IoU", "Random units"]);
  expect(Object.fromEntries(await resultCharts(join(home, "in")))).toEqual({
    "layer4/fullablation/effect-tree-iou.vl.json": ablationSpec("tree", random),
    "layer4/pixablation/effect-tree-given.vl.json": ablationSpec("tree", [
      { name: "Units as given", curves: [curve("given", 90)] },
    ]),
    "layer4/ace/tree/loss.vl.json": aceLossSpec("tree (object)", losses as never),
    "layer4/ace/tree/ablation.vl.json": ablationSpec("tree (object)", aceLines(ace as never, iou as never)),
    "layer4/context/door.vl.json": contextBarsSpec(found),
    "layer4/context/door-map.vl.json": contextMapSpec(found),
  });
});

test("a search that was stopped before its curves has its losses", async () => {
  await put("l/ace/tree/summary.json", { layers: [], losses });
  const charts = await resultCharts(join(home, "in"));
  expect(charts).toEqual([["l/ace/tree/loss.vl.json", aceLossSpec("tree", losses as never)]]);
});

test("export writes them, of a comparison too, and nothing else", async () => {
  await put("compare.json", comparisonJson(three, {}));
  const out = join(home, "out");
  const { status, said } = await runHere("export", join(home, "in"), "--outdir", out);
  expect([status, said]).toEqual([0, "categories.vl.json\nconcepts.vl.json\nlayers.vl.json\n"]);
  const layers = JSON.parse(await readFile(join(out, "layers.vl.json"), "utf8"));
  expect(layers).toEqual(JSON.parse(JSON.stringify(COMPARISON_SPECS["layers"]!(three))));
  const npz = runHere("export", join(home, "in"), "--format", "npz", "--outdir", out);
  await expect(npz).rejects.toThrow(/holds no dissection, so there is no npz of it/);
  expect((await runHere("export", join(home, "in"), "--format", "vega-lite,npz", "--outdir", out)).status).toBe(0);
});

test("a folder of neither is refused as before, one that is missing too", async () => {
  await put("effect.json", {});
  await expect(runHere("export", join(home, "in"))).rejects.toThrow(/holds no report\.json/);
  await expect(runHere("export", join(home, "none"))).rejects.toThrow(/is not there/);
});

describe("what ganatomy did not write", () => {
  const { inputs, concepts } = JSON.parse(comparisonJson(three, {}));
  test.each([
    ["layer4/context/a.json", "{"],
    ["layer4/context/a.json", null],
    ["layer4/context/a.json", { ...found, cells: [["1"]] }],
    ["layer4/context/a.json", JSON.stringify(found).replace("[1,-2]", "[1e999,-2]")],
    ["layer4/context/a.json", { ...found, effects: [{ concept: "sky", places: 5, gain: 1, share: null }] }],
    ["layer4/ace/a/summary.json", { layers: [{ rankings: [{ name: 3 }] }], losses }],
    ["layer4/ace/a/summary.json", { layers: [] }],
    ["layer4/fullablation/effect-tree-iou.svg", "its curve is missing"],
    ["compare.json", { inputs, concepts }],
    ["compare.json", { inputs: inputs.slice(1), concepts, incomparable: [] }],
    ["compare.json", { inputs: [{ ...inputs[0], unique: 3 }], concepts: [], incomparable: [] }],
  ])("%s %#", async (path, content) => {
    await put(path, content);
    const charts = resultCharts(join(home, "in"));
    await expect(charts).rejects.toMatchObject({ code: "file" });
    await expect(charts).rejects.toThrow(/is missing, or is not what ganatomy wrote/);
  });
});
