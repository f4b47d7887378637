import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode, encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { EditSummary } from "../../../src/cli/edit/summary.ts";
import type { AblationJson } from "../../../src/report/ablation.ts";
import { built } from "../../built.ts";
import { smallFiles } from "../../dissect/models.ts";
import { GOLDEN, interruptAt, run } from "../ganatomy.ts";

vi.setConfig({ testTimeout: 600_000 }); // many runs of the command line one after the other

let home: string;
beforeAll(async () => {
  await built();
  home = await mkdtemp(join(tmpdir(), "ganatomy-edit-"));
  // Rankings as gandissect writes them: the golden units of each concept first, all others equal.
  const { cases } = JSON.parse(await readFile(join(GOLDEN, "scenes64-edits.json"), "utf8"));
  const rankings = [];
  for (const { layer, concept, units } of cases) {
    const score = Array.from({ length: 128 }, (_, unit) => (units.includes(unit) ? units.indexOf(unit) - 10 : 0) / 20);
    if (layer === "layer6") rankings.push({ name: `${concept}-iou`, score });
  }
  await mkdir(join(home, "report"));
  await writeFile(join(home, "report/dissect.json"), JSON.stringify({ layers: [{ layer: "layer6", rankings }] }));
});
afterAll(() => rm(home, { recursive: true, force: true }));

type Said = EditSummary & { complete: boolean; outdir: string; files: number };
const json = async (...path: string[]): Promise<unknown> => JSON.parse(await readFile(join(home, ...path), "utf8"));
const files = async (name: string): Promise<string[]> =>
  (await readdir(join(home, name), { recursive: true })).filter((path) => path.includes(".")).sort();
const TREE = ["--layer", "layer6", "--concept", "tree", "--dissection", "report"];

describe("ablate", () => {
  test("prints what becomes of every concept, and leaves pictures", async () => {
    const args = ["ablate", "--layer", "layer6", "--units", "41,47,21,81,114", "--size", "3", "--seed", "91", "--json"];
    const { status, stdout, stderr } = await run([...args, "--outdir", "trees"], { cwd: home });
    expect([status, stderr]).toEqual([0, expect.stringContaining("6 files in trees")]);
    const said: Said = JSON.parse(stdout);
    expect(said).toMatchObject({
      complete: true,
      layer: "layer6",
      units: [41, 47, 21, 81, 114],
      size: 3,
      seed: 91,
      value: 0,
    });
    expect(said.concepts.map(({ concept }) => concept)).toEqual(
      "sky cloud mountain tree grass path house roof window door".split(" "),
    );
    for (const key of ["before", "after"] as const) {
      // every pixel shows something
      expect(said.concepts.reduce((sum, one) => sum + one[key], 0)).toBe(3 * 64 * 64);
    }
    const tree = said.concepts.find(({ concept }) => concept === "tree")!;
    expect(tree.after).toBeLessThan(0.8 * tree.before);
    const pictures = ["before-after.png", "image_0.png", "image_1.png", "image_2.png"];
    expect(await files("trees")).toEqual([
      ".ganatomy",
      ...pictures.slice(0, 1),
      "effect.json",
      ...pictures.slice(1),
      "measurements.json",
    ]);
    expect(await json("trees", "effect.json")).toMatchObject({ concepts: said.concepts });
    const all = decode(await readFile(join(home, "trees/before-after.png")));
    expect([all.width, all.height]).toEqual([3 * 66 - 2, 2 * 66 - 2]);
    const pair = decode(await readFile(join(home, "trees/image_2.png")));
    expect([pair.width, pair.height]).toEqual([130, 64]);
    const half = (side: number) =>
      pair.data.filter((_, at) => Math.floor(at / 3) % 130 >= side && Math.floor(at / 3) % 130 < side + 64);
    expect(half(0)).not.toEqual(half(66));
    await run(["generate", "--size", "3", "--seed", "91", "--outdir", "plain"], { cwd: home });
    expect(half(0)).toEqual(decode(await readFile(join(home, "plain/image_2.png"))).data);

    const again = await run([...args, "--outdir", "trees"], { cwd: home });
    expect(again.stderr).toContain("1 measurements of an earlier run");
    expect(JSON.parse(again.stdout).concepts).toEqual(said.concepts);
  });

  test("takes several concepts for one, whose units it ranks", async () => {
    const { generator, weights, labels } = await smallFiles();
    await mkdir(join(home, "seg"));
    await writeFile(join(home, "small.safetensors"), generator);
    await writeFile(join(home, "seg/segmenter.safetensors"), weights);
    await writeFile(join(home, "seg/labels.json"), JSON.stringify(labels));
    const args = ["ablate", "--layer", "layer3", "--concept", "tree, sky", "--concept", "house"];
    args.push("--model", "small.safetensors", "--segmenter", "seg");
    const more = ["--top", "5", "--size", "3", "--pictures", "0", "--curve", "--steps", "1", "--random", "0", "--json"];
    const { status, stdout } = await run([...args, ...more, "--outdir", "together"], { cwd: home });
    expect(status).toBe(0);
    const { concept, concepts, units }: Said = JSON.parse(stdout);
    expect([concept, units]).toEqual(["tree+sky+house", expect.objectContaining({ length: 5 })]);
    const of = (name: string) => concepts.find((one) => one.concept === name)!;
    for (const when of ["before", "after"] as const) {
      expect(of(concept!)[when]).toBe(of("tree")[when] + of("sky")[when] + of("house")[when]);
    }
    expect(["tree", "sky", "house"].filter((name) => of(name).before > 0).length).toBeGreaterThan(1);
    const curve = (await json("together", "layer3/fullablation/tree+sky+house-iou.json")) as AblationJson;
    expect(curve).toMatchObject({ classname: "tree+sky+house", classnum: 5, baseline: of(concept!).before });
    expect(curve.ablation_units.slice(0, 5)).toEqual(units);

    const two = ["ablate", "--layer", "layer6", "--concept", "tree, grass", "--dissection", "report"];
    const ranked = await run([...two, "--outdir", "none"], { cwd: home });
    expect([ranked.status, ranked.stderr]).toEqual([
      2,
      expect.stringMatching(/one concept at a time.*Leave --dissection out/s),
    ]);
  });

  test("makes curves in gandissect's files, and goes on after Ctrl-C", async () => {
    const args = [
      "ablate",
      ...TREE,
      "--top",
      "2",
      "--size",
      "2",
      "--pictures",
      "0",
      "--curve",
      "--steps",
      "3",
      "--random",
      "1",
    ];
    const whole = await run([...args, "--outdir", "whole"], { cwd: home });
    expect([whole.status, whole.stdout]).toEqual([
      0,
      expect.stringMatching(/^layer6, 2 units 41, 47: areas in 2 images\n.*tree .*−\d/s),
    ]);
    const curve = (await json("whole", "layer6/fullablation/tree-iou.json")) as AblationJson;
    expect(curve).toMatchObject({ classname: "tree", classnum: 4, layer: "layer6", metric: "iou" });
    expect(curve.ablation_units.slice(0, 3)).toEqual([41, 47, 21]);
    expect(curve.ablation_units).toHaveLength(128);
    expect(curve.ablation_effects).toHaveLength(3);
    const { concepts } = (await json("whole", "effect.json")) as EditSummary;
    expect(curve.baseline).toBe(concepts[3]!.before);
    expect(curve.ablation_effects[1]).toBe(concepts[3]!.after);
    expect(await files("whole/layer6/fullablation")).toEqual([
      "effect-tree-iou.svg",
      "tree-iou.json",
      "tree-random-1.json",
    ]);

    const cut = await interruptAt(/curve: \d/, [...args, "--outdir", "cut", "--json"], { cwd: home });
    const { status, stdout, stderr } = cut;
    expect([status, stderr]).toEqual([130, expect.stringContaining("The same command goes on from there")]);
    expect(JSON.parse(stdout)).toMatchObject({ complete: false, concepts });
    const kept = await files("cut"); // and a curve, if the machine was quick
    expect(kept).toEqual(expect.arrayContaining([".ganatomy", "effect.json", "measurements.json"]));
    expect(kept).not.toContain("layer6/fullablation/effect-tree-iou.svg");
    const rest = await run([...args, "--outdir", "cut"], { cwd: home });
    expect([rest.status, rest.stderr]).toEqual([0, expect.stringMatching(/\d measurements of an earlier run/)]);
    expect(await files("cut")).toEqual(await files("whole"));
    for (const name of ["tree-iou.json", "tree-random-1.json", "effect-tree-iou.svg"]) {
      const [a, b] = ["whole", "cut"].map((outdir) =>
        readFile(join(home, outdir, "layer6/fullablation", name), "utf8"),
      );
      expect(await b).toBe(await a);
    }

    const measurements = join(home, "cut/measurements.json");
    await writeFile(measurements, (await readFile(measurements, "utf8")).replace(/\d+\]/, "7]"));
    const damaged = await run([...args, "--outdir", "cut"], { cwd: home });
    expect([damaged.status, damaged.stderr]).toEqual([
      5,
      expect.stringMatching(/measurements\.json" is damaged.*Remove it/s),
    ]);
  });
});

test("insert puts units where a mask says, by bounds or by a picture", async () => {
  const args = ["insert", "--units", "66,94,26,92,88", "--size", "2", "--pictures", "1", "--json"];
  const bounds = await run([...args, "--mask", "40,24,48,32", "--outdir", "bounds"], { cwd: home });
  expect(bounds.status).toBe(0);
  const said: Said = JSON.parse(bounds.stdout);
  expect(said).toMatchObject({ command: "insert", layer: "layer4", alpha: 1 });
  expect(said.value).toHaveLength(5); // quantiles
  for (const value of said.value as number[]) expect(value).toBeGreaterThan(0);
  expect(said.concepts.some(({ before, after }) => before !== after)).toBe(true);
  // The same cell of 8 × 8 drawn in black on white, at another size.
  const data = Uint8Array.from({ length: 16 * 16 }, (_, at) =>
    Math.floor(at / 16 / 2) === 5 && Math.floor((at % 16) / 2) === 3 ? 0 : 255,
  );
  await writeFile(join(home, "mask.png"), encode({ width: 16, height: 16, channels: 1, depth: 8, data }));
  const picture = await run([...args, "--mask", "mask.png", "--outdir", "picture"], { cwd: home });
  expect(JSON.parse(picture.stdout).concepts).toEqual(said.concepts);
});

describe("bad input", () => {
  beforeAll(async () => {
    const white = new Uint8Array(8 * 8).fill(255);
    await writeFile(join(home, "white.png"), encode({ width: 8, height: 8, channels: 1, depth: 8, data: white }));
    await writeFile(
      join(home, "odd.png"),
      encode({ width: 8, height: 4, channels: 1, depth: 8, data: white.subarray(32) }),
    );
    await writeFile(join(home, "other.json"), '{"layers":[{"layer":"layer6"}]}');
  });

  test.each([
    [2, [], /Which units.*--units 3,17/s],
    [2, ["--units", "3", "--curve"], /one concept's pixels.*--concept/s],
    [2, ["--concept", "tree", "--curve", "--mask", "0,0,8,8"], /Leave --mask out/],
    [2, ["--units", "128"], /layer4 has no unit 128.*0…127/s],
    [2, ["--units", "3", "--layer", "layer99"], /no layer "layer99".*layer1, layer2/s],
    [2, ["--units", "3", "--concept", "trees"], /no concept "trees".*Near are tree/s],
    [2, ["--units", "3", "--mask", "0,0,65,8"], /beyond the images, which have 64×64/],
    [2, ["--units", "3", "--mask", "odd.png"], /8×4 pixels, and the images are 64×64/],
    [2, ["--units", "3", "--mask", "white.png"], /all white or transparent/],
    [4, ["--units", "3", "--mask", "none.png"], /"none\.png" is not there/],
    [2, ["--concept", "tree", "--metric", "ace"], /Only a dissection ranks units by ace/],
    [2, [...TREE, "--metric", "ace"], /does not rank the units of layer6 for "tree" by ace/],
    [2, ["--concept", "tree", "--dissection", "report"], /has no layer4.*It has layer6/s],
    [4, ["--concept", "tree", "--dissection", "other.json"], /is no dissect\.json/],
    [4, ["--concept", "tree", "--dissection", "nowhere"], /"nowhere" is not there/],
    [2, ["--units", "3", "--model", "nowhere.pth"], /./],
  ])("exit status %i for %j", async (expected, args, said) => {
    const { status, stdout, stderr } = await run(["ablate", "--size", "1", "--outdir", "bad", ...args], { cwd: home });
    expect([args.includes("nowhere.pth") ? [2, 4].includes(status!) && expected : status, stdout, stderr]).toEqual([
      expected,
      "",
      expect.stringMatching(said),
    ]);
    expect(stderr).toMatch(/\n {2}fix: \S/);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(await readdir(home)).not.toContain("bad"); // no empty folders are left behind
  });

  test("a concept that is in none of the images", async () => {
    const { status, stderr } = await run(
      ["ablate", "--units", "3", "--concept", "door", "--size", "1", "--seed", "12", "--outdir", "bad"],
      { cwd: home },
    );
    expect([status, stderr]).toEqual([2, expect.stringMatching(/no door in these 1 images.*--size/s)]);
  });
});
