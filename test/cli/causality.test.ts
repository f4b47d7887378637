import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode, encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { AceSummary } from "../../src/report/ace.ts";
import type { ContextJson } from "../../src/report/context.ts";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { smallFiles } from "../dissect/models.ts";
import { noise } from "../kernels/reference.ts";
import { buildCli, run, start } from "./ganatomy.ts";

vi.setConfig({ testTimeout: 300_000 });

const MODELS = ["--model", "small.safetensors", "--segmenter", "seg", "--layer", "layer3"];
/** Ten units: those of the tree first. */
const SCORE = Array.from({ length: 10 }, (_, unit) => -(unit % 5) / 10);

let home: string;
beforeAll(async () => {
  buildCli();
  home = await mkdtemp(join(tmpdir(), "ganatomy-causality-"));
  const { generator, weights, labels } = await smallFiles();
  await writeFile(join(home, "small.safetensors"), generator);
  await mkdir(join(home, "seg"));
  await writeFile(join(home, "seg/segmenter.safetensors"), weights);
  await writeFile(join(home, "seg/labels.json"), JSON.stringify(labels));
  await mkdir(join(home, "report"));
  const rankings = ["unit", "label"].map((name) => ({ name, score: SCORE.map((_, unit) => unit) }));
  rankings.push({ name: "tree-iou", score: SCORE });
  await writeFile(join(home, "report/dissect.json"), JSON.stringify({ layers: [{ layer: "layer3", rankings }] }));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const text = (...path: string[]): Promise<string> => readFile(join(home, ...path), "utf8");
const json = async <T>(...path: string[]): Promise<T> => JSON.parse(await text(...path));
const files = async (name: string): Promise<string[]> =>
  (await readdir(join(home, name), { recursive: true })).filter((path) => path.includes(".")).sort();

describe("ace", () => {
  const ARGS = ["ace", ...MODELS, "--concept", "tree", "--dissection", "report", "--search-size", "60"];
  ARGS.push("--train-size", "20", "--eval-size", "4", "--epochs", "3", "--size", "4", "--steps", "3", "--batch", "10");

  test("says its cost, leaves what gandissect leaves, and goes on after Ctrl-C to the same bits", async () => {
    const whole = await run([...ARGS, "--outdir", "whole", "--json"], { cwd: home });
    expect([whole.status, whole.stderr]).toEqual([
      0,
      expect.stringMatching(/This takes [\d.e-]+ TFLOP: .* to compare/),
    ]);
    const said = JSON.parse(whole.stdout);
    expect(said).toMatchObject({ concept: "tree", layer: "layer3", complete: true });
    expect(said.after).toBeLessThan(said.before);
    expect(await files("whole")).toEqual([
      ".ganatomy",
      "layer3/ace/tree/ablation.svg",
      "layer3/ace/tree/ace.safetensors",
      "layer3/ace/tree/loss.svg",
      "layer3/ace/tree/state.json",
      "layer3/ace/tree/summary.json",
      "layer3/fullablation/tree-ace.json",
      "layer3/fullablation/tree-iou.json",
      "measurements.json",
    ]);
    const summary = await json<AceSummary>("whole/layer3/ace/tree/summary.json");
    const [ranking] = summary.layers[0]!.rankings;
    expect(ranking).toMatchObject({ name: "tree-ace", metric: "ace" });
    expect([summary.trainSize, summary.evalSize]).toEqual([20, 4]);
    expect(summary.losses.map(({ epoch }) => epoch)).toEqual([-1, 0, 1, 2]);
    const { tensors } = await openCheckpoint(await readFile(join(home, "whole/layer3/ace/tree/ace.safetensors")));
    const alpha = await tensors.get("alpha")!.read();
    expect(ranking!.score).toEqual([...alpha].map((value) => (value === 0 ? 0 : -value)));
    for (const unit of said.units) expect(alpha[unit]).toBeGreaterThan(0.01);
    // The dissection has the new ranking third, and as it was beside it.
    const { layers } = await json<{ layers: { rankings: { name: string }[] }[] }>("report/dissect.json");
    expect(layers[0]!.rankings.map(({ name }) => name)).toEqual(["unit", "label", "tree-ace", "tree-iou"]);
    expect(await text("report/dissect.json.bak")).not.toContain("tree-ace");

    const cut = start([...ARGS, "--outdir", "cut"], { cwd: home });
    await cut.said(/evaluate: 100 %[\s\S]*optimise: \d+ %/);
    cut.interrupt();
    const { status, stderr } = await cut.ended;
    expect([status, stderr]).toEqual([130, expect.stringContaining("The same command goes on from there")]);
    const rest = await run([...ARGS, "--outdir", "cut"], { cwd: home });
    expect([rest.status, rest.stderr]).toEqual([0, expect.stringMatching(/Going on from epoch -?\d/)]);
    expect(rest.stdout).toMatch(/^tree at layer3: \d+ units; loss /);
    expect(await files("cut")).toEqual(await files("whole"));
    for (const name of ["ace/tree/summary.json", "ace/tree/loss.svg", "fullablation/tree-ace.json"]) {
      expect(await text("cut/layer3", name)).toBe(await text("whole/layer3", name));
    }

    const state = join(home, "cut/layer3/ace/tree/state.json");
    await writeFile(state, (await readFile(state, "utf8")).replace('"trained":0', '"trained":1'));
    const damaged = await run([...ARGS, "--outdir", "cut"], { cwd: home });
    expect([damaged.status, damaged.stderr]).toEqual([5, expect.stringMatching(/state\.json" is damaged.*Remove it/s)]);
  });

  test.each([
    [["--concept", "dore"], 2, /knows no concept "dore"/],
    [["--train-size", "30"], 2, /multiple of 20/],
    [["--batch", "5"], 2, /5 images divides no step/],
    [["--layer", "layer9"], 2, /has no layer "layer9"|has no layer9/],
    [["--dissection", "nowhere"], 3, /cannot be read/],
  ])("refuses %j", async (more, status, message) => {
    const ended = await run([...ARGS, "--outdir", "refused", ...more], { cwd: home });
    expect(ended.stderr).toMatch(message);
    expect(ended.status).not.toBe(0);
    expect(status).toBeGreaterThan(0);
    expect(await readdir(home)).not.toContain("refused");
  });
});

test("context tells where a concept can be put", async () => {
  const args = ["context", ...MODELS, "--layer", "layer1", "--concept", "tree", "--units", "0,3", "--value", "2"];
  const { status, stdout, stderr } = await run([...args, "--size", "3", "--outdir", "context", "--json"], {
    cwd: home,
  });
  expect([status, stderr]).toEqual([0, expect.stringContaining("files in context")]);
  const said: ContextJson & { complete: boolean } = JSON.parse(stdout);
  expect(said).toMatchObject({ concept: "tree", layer: "layer1", units: [0, 3], complete: true });
  expect(said.cells.map((row) => row.length)).toEqual([4, 4, 4, 4]);
  expect(await json("context/layer1/context/tree.json")).toMatchObject({ effects: said.effects });
  const [title, ...rows] = (await text("context/layer1/context/tree.csv")).trim().split("\r\n");
  expect(title).toBe("was there,category,places,gain,share");
  expect(rows).toHaveLength(said.effects.length);
  for (const name of ["tree.svg", "tree-map.svg"]) expect(await text("context/layer1/context", name)).toMatch(/^<svg /);
});

test("a concept by category and name has the ranking of its name", async () => {
  const args = ["--concept", "object/tree", "--dissection", "report", "--top", "2", "--size", "1", "--json"];
  for (const [command, ...more] of [
    ["context", "--value", "2"],
    ["ablate", "--pictures", "0"],
  ] as const) {
    const outdir = `by-category-${command}`;
    const { status, stdout, stderr } = await run([command, ...MODELS, ...args, ...more, "--outdir", outdir], {
      cwd: home,
    });
    expect([status, stderr]).toEqual([0, expect.any(String)]);
    expect(JSON.parse(stdout)).toMatchObject({ units: [4, 9] });
  }
});

test("actmax draws what a unit and a concept want to see", async () => {
  const args = ["actmax", ...MODELS, "--units", "2", "--concept", "door", "--images", "2", "--steps", "20", "--json"];
  const { status, stdout, stderr } = await run([...args, "--outdir", "actmax"], { cwd: home });
  expect([status, stderr]).toEqual([0, expect.stringContaining("4 files in actmax")]);
  const { maximised } = JSON.parse(stdout) as { maximised: { of: string; before: number[]; after: number[] }[] };
  expect(maximised.map(({ of }) => of)).toEqual(["layer3 unit 2", "door"]);
  for (const { before, after } of maximised) {
    after.forEach((value, i) => {
      expect(value).toBeGreaterThan(before[i]!);
    });
  }
  const unit = decode(await readFile(join(home, "actmax/layer3/unit_2_1.png")));
  expect([unit.width, unit.height]).toEqual([16, 16]);
  const concept = decode(await readFile(join(home, "actmax/concept_door_0.png")));
  expect([concept.width, concept.height]).toEqual([32, 32]);
  const nothing = await run(["actmax", ...MODELS, "--outdir", "none"], { cwd: home });
  expect([nothing.status, nothing.stderr]).toEqual([2, expect.stringContaining("Give --units 3,17 or --concept tree")]);
});

test("occlude shows which part of a photo counts", async () => {
  const [width, height] = [48, 40];
  const data = Uint8Array.from(noise(1, width * height * 3), (value) => 127 * (value + 1));
  await writeFile(join(home, "photo.png"), encode({ width, height, channels: 3, depth: 8, data }));
  const args = ["occlude", "photo.png", "--concept", "tree", "--segmenter", "seg", "--patch", "10"];
  const { status, stdout, stderr } = await run([...args, "--outdir", "occlude", "--json"], { cwd: home });
  expect([status, stderr]).toEqual([0, expect.stringContaining("2 files in")]);
  const said = JSON.parse(stdout);
  expect(said).toMatchObject({ photo: "photo.png", concept: "tree", rows: 7, columns: 9, patch: 10, stride: 5 });
  expect(said.drops).toHaveLength(63);
  const picture = decode(await readFile(join(home, "occlude/photo.tree.png")));
  expect([picture.width, picture.height]).toEqual([width, height]);
  const missing = await run([...args.with(1, "nothing.png"), "--outdir", "none"], { cwd: home });
  expect(missing.stderr).toContain('"nothing.png" does not exist');
});
