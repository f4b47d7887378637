import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode, encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { picture, summary } from "../../../src/cli/commands/occlude.ts";
import type { AceSummary } from "../../../src/report/ace.ts";
import type { ContextJson } from "../../../src/report/context.ts";
import { openCheckpoint } from "../../../src/weights/checkpoint.ts";
import { type SafetensorsInput, writeSafetensors } from "../../../src/weights/safetensors.ts";
import { built } from "../../built.ts";
import { smallFiles } from "../../dissect/models.ts";
import { noise } from "../../kernels/reference.ts";
import { upernetState } from "../../models/recipe.ts";
import { interruptAt, run, SLOW, start } from "../ganatomy.ts";

vi.setConfig({ testTimeout: 300_000 });

const MODELS = ["--model", "small.safetensors", "--segmenter", "seg", "--layer", "layer3"];
/** Ten units: those of the tree first. */
const SCORE = Array.from({ length: 10 }, (_, unit) => -(unit % 5) / 10);

let home: string;
beforeAll(async () => {
  await built();
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
/** Names of files, of those that are kept by settings without the hash of these. */
const files = async (name: string): Promise<string[]> =>
  (await readdir(join(home, name), { recursive: true }))
    .filter((path) => path.includes("."))
    .map((path) => path.replace(/-[0-9a-f]{8}(?=\.json$)/, ""))
    .sort();

describe("ace", () => {
  const ARGS = ["ace", ...MODELS, "--concept", "tree", "--dissection", "report", "--search-size", "60"];
  ARGS.push("--train-size", "20", "--eval-size", "4", "--epochs", "3", "--size", "4", "--steps", "3", "--batch", "10");

  test("says its cost, leaves what gandissect leaves, and goes on after Ctrl-C to the same bits", async () => {
    const whole = await run([...ARGS, "--outdir", "whole", "--json"], { cwd: home });
    expect([whole.status, whole.stderr]).toEqual([
      0,
      expect.stringMatching(/This takes [\d.]+ [kMGT]FLOP: .* to compare/),
    ]);
    const said = JSON.parse(whole.stdout);
    expect(said).toMatchObject({ concept: "tree", layer: "layer3", complete: true });
    expect(said.after).toBeLessThan(said.before);
    expect(await files("whole")).toEqual([
      ".ganatomy",
      "layer3/ace/tree/ablation.svg",
      "layer3/ace/tree/ace.safetensors",
      "layer3/ace/tree/corpus.json",
      "layer3/ace/tree/epochs.json",
      "layer3/ace/tree/loss.svg",
      "layer3/ace/tree/present.json",
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

    const pattern = /evaluate: 100 %[\s\S]*optimise: \d+ %/;
    const { status, stderr } = await interruptAt(pattern, [...ARGS, "--outdir", "cut"], { cwd: home });
    expect([status, stderr]).toEqual([130, expect.stringContaining("The same command goes on from there")]);
    const rest = await run([...ARGS, "--outdir", "cut"], { cwd: home });
    expect([rest.status, rest.stderr]).toEqual([0, expect.stringMatching(/Going on from (epoch \d|the corpus)/)]);
    expect(rest.stdout).toMatch(/^tree at layer3: \d+ units; loss /);
    expect(await files("cut")).toEqual(await files("whole"));
    for (const name of ["ace/tree/summary.json", "ace/tree/loss.svg", "fullablation/tree-ace.json"]) {
      expect(await text("cut/layer3", name)).toBe(await text("whole/layer3", name));
    }

    // Another λ needs no other corpus, and leaves the epochs of this one alone.
    const other = await run([...ARGS, "--lambda", "0.1", "--outdir", "cut"], { cwd: home });
    expect([other.status, other.stderr]).toEqual([0, expect.stringContaining("Going on from the corpus")]);
    const same = await run([...ARGS, "--outdir", "cut"], { cwd: home });
    expect([same.status, same.stderr]).toEqual([0, expect.stringContaining("Going on from epoch 2 ")]);
    expect(await text("cut/layer3/ace/tree/summary.json")).toBe(await text("whole/layer3/ace/tree/summary.json"));

    const at = join(home, "cut/layer3/ace/tree");
    for (const name of (await readdir(at)).filter((path) => path.startsWith("epochs-"))) {
      const epochs = await readFile(join(at, name), "utf8");
      await writeFile(join(at, name), epochs.replace('"trained":0', '"trained":1'));
    }
    const damaged = await run([...ARGS, "--outdir", "cut"], { cwd: home });
    expect([damaged.status, damaged.stderr]).toEqual([
      5,
      expect.stringMatching(/epochs-[0-9a-f]{8}\.json" is damaged.*Remove it/s),
    ]);
  });

  test("a concept whose name is another's too has a ranking of its own", async () => {
    const heads = { object: 5, material: 3 };
    const state = upernetState({ blocks: [1, 1, 1, 1], stem: [4, 4, 8], planes: 4, width: 8, heads });
    const weights: Record<string, SafetensorsInput> = {};
    for (const [key, tensor] of state) {
      weights[key] = { dtype: "float32", shape: tensor.shape, data: await tensor.read() };
    }
    await mkdir(join(home, "seg-twice"));
    await writeFile(join(home, "seg-twice/segmenter.safetensors"), writeSafetensors(weights));
    const { labels } = await smallFiles();
    const material = ["-", "tree", "brick"];
    await writeFile(join(home, "seg-twice/labels.json"), JSON.stringify({ ...labels, material }));
    await mkdir(join(home, "twice"));
    const rankings = ["unit", "label", "tree (object)-iou"].map((name) => ({ name, score: SCORE }));
    await writeFile(join(home, "twice/dissect.json"), JSON.stringify({ layers: [{ layer: "layer3", rankings }] }));
    const args = [...ARGS, "--segmenter", "seg-twice", "--heads", "object,material", "--dissection", "twice"];
    args.push("--epochs", "1", "--steps", "1");
    const { status, stderr } = await run([...args, "--outdir", "ace-twice"], { cwd: home });
    expect([status, stderr]).toEqual([0, expect.any(String)]);
    expect(await files("ace-twice")).toContain("layer3/ace/tree (object)/summary.json");
    const { layers } = await json<{ layers: { rankings: { name: string }[] }[] }>("twice/dissect.json");
    const names = layers[0]!.rankings.map(({ name }) => name);
    expect(names).toEqual(["unit", "label", "tree (object)-ace", "tree (object)-iou"]);
  });

  test.each([
    [["--concept", "dore"], 2, /knows no concept "dore"/],
    [["--train-size", "30"], 2, /multiple of 20/],
    [["--batch", "5"], 2, /5 images divides no step/],
    [["--layer", "layer9"], 2, /has no layer "layer9"|has no layer9/],
    [["--dissection", "nowhere"], 4, /"nowhere" is not there/],
  ])("refuses %j", async (more, status, message) => {
    const ended = await run([...ARGS, "--outdir", "refused", ...more], { cwd: home });
    expect([ended.status, ended.stderr]).toEqual([status, expect.stringMatching(message)]);
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
  const [title, ...rows] = (await text("context/layer1/context/tree.csv")).trim().split("\n");
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
  expect(await files("by-category-context")).toContain("layer3/context/tree.json");
});

test("what is found out about units is there for the next command", async () => {
  const args = [...MODELS, "--concept", "tree", "--top", "2", "--size", "2", "--json", "--outdir", "units"];
  const first = await run(["context", ...args], { cwd: home });
  expect([first.status, first.stderr]).toEqual([0, expect.stringContaining("ranked by IoU on 200 images")]);
  expect((await files("units")).filter((path) => path.startsWith("layer3/units/"))).toEqual([
    "layer3/units/q0.995.json",
    "layer3/units/tree-iou.json",
  ]);
  const { units } = JSON.parse(first.stdout);
  for (const [command, ...more] of [
    ["context"],
    ["ablate", "--pictures", "0"],
    ["insert", "--pictures", "0"],
  ] as const) {
    const { status, stdout, stderr } = await run([command, ...args, ...more], { cwd: home });
    expect([status, stderr]).toEqual([0, expect.not.stringContaining("ranked by IoU")]);
    expect(JSON.parse(stdout)).toMatchObject({ units });
  }
});

test.each(["ablate", "insert", "context", "ace"])("%s has no units of a concept that is not there", async (command) => {
  const rankings = [{ name: "tree-iou", score: SCORE.map(() => 0) }];
  await mkdir(join(home, "treeless"), { recursive: true });
  await writeFile(join(home, "treeless/dissect.json"), JSON.stringify({ layers: [{ layer: "layer3", rankings }] }));
  const args = [command, ...MODELS, "--concept", "tree", "--dissection", "treeless", "--outdir", "no-units"];
  const { status, stdout, stderr } = await run(args, { cwd: home });
  expect([status, stdout, stderr]).toEqual([
    2,
    "",
    expect.stringMatching(/No unit of layer3 .* "tree" by iou above 0/),
  ]);
  expect(await readdir(home)).not.toContain("no-units");
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
  // with the measurements
  expect([status, stderr]).toEqual([0, expect.stringContaining("3 files in")]);
  const said = JSON.parse(stdout);
  expect(said).toMatchObject({ tops: [0, 5, 10, 15, 20, 25, 30], lefts: [0, 5, 10, 15, 20, 25, 30, 35, 38] });
  expect(said).toMatchObject({ photo: "photo.png", concept: "tree", rows: 7, columns: 9, patch: 10, stride: 5 });
  expect(said.drops).toHaveLength(63);
  const picture = decode(await readFile(join(home, "occlude/photo.tree.png")));
  expect([picture.width, picture.height]).toEqual([width, height]);
  const missing = await run([...args.with(1, "nothing.png"), "--outdir", "none"], { cwd: home });
  expect(missing.stderr).toContain('"nothing.png" is not there');
});

test("occlude goes on after Ctrl-C", async () => {
  const args = ["occlude", "photo.png", "--concept", "tree", "--segmenter", "seg", "--patch", "10", "--stride", "2"];
  const slow = { cwd: home, env: SLOW };
  const whole = await run([...args, "--outdir", "occlude-whole", "--json"], slow);
  const cut = start([...args, "--outdir", "occlude-cut"], slow);
  await cut.said(/squares: \d+ %/);
  // within the squares that follow the first
  await new Promise((resolve) => setTimeout(resolve, 200));
  cut.interrupt();
  const { status, stdout, stderr } = await cut.ended;
  expect([status, stdout, stderr]).toEqual([130, "", expect.stringContaining("The same command goes on from there")]);
  expect(await files("occlude-cut")).toEqual([".ganatomy", "measurements.json"]);
  const rest = await run([...args, "--outdir", "occlude-cut", "--json"], slow);
  expect([rest.status, rest.stderr]).toEqual([0, expect.stringMatching(/\d+ measurements of an earlier run/)]);
  expect(JSON.parse(rest.stdout)).toEqual(JSON.parse(whole.stdout));
});

test("occlude says and draws where squares are, however many", () => {
  const [height, width] = [801, 1003];
  const starts = (count: number, last: number) => Array.from({ length: count }, (_, i) => Math.min(2 * i, last));
  const drops = new Float32Array(400 * 501);
  drops[400 * 501 - 1] = 0.5;
  const [tops, lefts] = [starts(400, 797), starts(501, 999)];
  const found = { whole: 0.75, drops, rows: 400, columns: 501, tops, lefts, patch: 4, stride: 2 };
  expect(summary("tree", found)).toBe(
    "tree: mean probability 0.7500; it falls most, by 0.5000, when 4×4 pixels at row 797, column 999 are covered (400×501 tried)",
  );
  const { data } = decode(picture(new Float32Array(4 * height * width).fill(1), [height, width], found));
  const bright = [...data.keys()].filter((at) => at % 3 === 0 && data[at] === 255).map((at) => at / 3);
  const four = [0, 1, 2, 3];
  expect(bright).toEqual(four.flatMap((row) => four.map((column) => (797 + row) * width + 999 + column)));
});
