import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Input } from "../../../src/cli/distance/input.ts";
import { networksOf, openNetworks } from "../../../src/cli/distance/networks.ts";
import { readFeatures } from "../../../src/compare/index.ts";
import { openCheckpoint } from "../../../src/index.ts";
import { fileSource } from "../../../src/node/files.ts";
import { goldenAreas, goldenJson, goldenScenes } from "../../compare/golden.ts";
import { requestDevice } from "../../gpu.ts";
import { run, start } from "../ganatomy.ts";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-distance-"));
  // Scenes of the golden files, among what folders of photographs have besides.
  const rgb = await goldenScenes();
  await mkdir(join(home, "scenes/more"), { recursive: true });
  for (let i = 0; i < 24; i += 1) {
    const data = rgb.subarray(12_288 * i, 12_288 * (i + 1));
    const name = `scenes/${i < 20 ? "" : "more/"}scene_${String(i).padStart(2, "0")}.png`;
    await writeFile(join(home, name), encode({ width: 64, height: 64, channels: 3, depth: 8, data }));
  }
  await writeFile(join(home, "scenes/notes.txt"), "Made by a program.");
  await writeFile(join(home, "scenes/.hidden.png"), "");
  await writeFile(join(home, "scenes/broken.png"), "These are no pixels.");
  await mkdir(join(home, "empty"));
  // Of 24 the first six by name, by themselves, and one.
  for (const [folder, count] of [["first", 6] as const, ["one", 1] as const]) {
    await mkdir(join(home, folder));
    for (let i = 0; i < count; i += 1) {
      const name = `scene_0${i}.png`;
      await writeFile(join(home, folder, name), await readFile(join(home, "scenes", name)));
    }
  }
});
afterAll(() => rm(home, { recursive: true, force: true }));

const json = async (...args: string[]) => {
  const ended = await run(["distance", ...args, "--json"], { cwd: home });
  expect([ended.status, ended.stderr]).toEqual([0, expect.any(String)]);
  return { ...ended, found: JSON.parse(ended.stdout) };
};

test("a generator and a folder, and again from what is kept, and from the kept files alone", async () => {
  // All 24 are taken, so that the one that is none is looked at, wherever chance puts it.
  const { found, stderr } = await json("scenes64", "scenes", "--size", "24");
  expect(stderr).toContain("notes.txt");
  expect(found).toMatchObject({
    a: { name: "scenes64, seed 1", n: 24 },
    b: { name: "scenes", n: 24, skipped: [{ file: "broken.png", reason: expect.stringContaining("no photo") }] },
    generated: "a",
    features: { network: "scenes64", tensor: "c5", d: 512, sha256: expect.stringMatching(/^[\da-f]{64}$/) },
    segmenter: "scenes64",
  });
  for (const key of ["fd", "fsd", "kid", "precision", "recall", "density", "coverage", "p", "fdInfinity"]) {
    expect([key, typeof found[key]]).toEqual([key, "number"]);
  }
  expect(found.fid).toBeUndefined();
  expect(found.notes[0]).toMatch(/24 images for vectors of 512 numbers/);
  expect(found.concepts.map(({ name }: { name: string }) => name)).toContain("sky");

  const files = (await readdir(join(home, "distance"))).filter((name) => name.endsWith(".safetensors"));
  expect(files).toHaveLength(2);
  expect(JSON.parse(await readFile(join(home, "distance/distance.json"), "utf8"))).toEqual(found);
  const again = await json("scenes64", "scenes", "--size", "24");
  expect(again.stderr).toContain("24 images of scenes64, seed 1 were measured before");
  expect(again.found).toEqual(found);

  const [generated, real] = files.sort((a) => (a.startsWith("scenes64") ? -1 : 1)).map((name) => `distance/${name}`);
  const kept = await json(generated!, real!);
  expect(kept.stderr).not.toContain("Running on");
  expect(kept.found).toEqual({
    ...found,
    a: { ...found.a, name: generated },
    b: { ...found.b, name: real },
  });
});

test("a generator beside itself without units that draw trees", async () => {
  const { tree_units: units } = goldenJson("fsd");
  await writeFile(join(home, "marks.json"), JSON.stringify({ model: "scenes64", layer: "layer6", units }));
  const args = ["scenes64", "scenes64", "--other-seed", "1", "--size", "12", "--other-edits", "marks.json"];
  const { found } = await json(...args, "--features", "scenes64:c2", "--outdir", "edited");
  expect(found).toMatchObject({
    a: { name: "scenes64, seed 1" },
    b: { name: "scenes64, seed 1, edited by marks.json" },
  });
  // As the golden files count them, but for pixels that are as likely of two labels.
  const trees = found.concepts.find(({ name }: { name: string }) => name === "tree");
  for (const [set, percent] of [["seed1", trees.a] as const, ["seed1_without_trees", trees.b] as const]) {
    const { counts, labels } = await goldenAreas(set);
    const label = labels.findIndex(({ name }) => name === "tree");
    let pixels = 0;
    for (let i = 0; i < 12; i += 1) pixels += counts[i * labels.length + label]!;
    expect(Math.abs((percent / 100) * 4096 * 12 - pixels)).toBeLessThanOrEqual(2 * 12);
  }
});

test("said to people, other features, and a run that was stopped", async () => {
  const args = ["scenes64", "scenes64", "--size", "12", "--features", "scenes64:c3", "--outdir", "c3", "--batch", "1"];
  const stopped = start(["distance", ...args], { cwd: home });
  // What is over in a second shows its first and its last line only: so the second set's first.
  await stopped.said(/measure scenes64, seed 2: \d/);
  stopped.interrupt();
  const ended = await stopped.ended;
  expect([ended.status, ended.stderr]).toEqual([130, expect.stringContaining("goes on from there")]);
  const { status, stdout, stderr } = await run(["distance", ...args], { cwd: home });
  expect([status, stderr]).toEqual([0, expect.stringMatching(/12 images of scenes64, seed 1 were measured before/)]);
  expect(stdout).toMatch(/^A: scenes64, seed 1 \(12 images\)\nB: scenes64, seed 2 \(12 images\)\n/);
  expect(stdout).toMatch(/\n {2}FD +[\d.]+ {2}scenes64 c3, 128 numbers; mean /);
  expect(stdout).toMatch(/\n {2}FSD: p +[\d.]+ /);
  expect(stdout).toMatch(/\n {2}concept +A, % +B, % +B − A, ± standard error +of A\n/);
  expect(stdout).not.toContain("FID");

  const [c3] = (await readdir(join(home, "c3"))).filter((name) => name.endsWith(".safetensors"));
  const [c5] = (await readdir(join(home, "distance"))).filter((name) => name.endsWith(".safetensors"));
  const refused = await run(["distance", join("c3", c3!), join("distance", c5!)], { cwd: home });
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining("The features differ in layer")]);
});

test("of more photographs some are drawn by chance, and a larger size measures only what is new", async () => {
  const measured = async (size: number) => {
    const to = ["--features", "scenes64:c2", "--outdir", "some"];
    const { stderr } = await json("scenes64", "scenes", "--size", `${size}`, ...to);
    const file = (await readdir(join(home, "some"))).find((name) => name.startsWith("scenes-"))!;
    const { vectors } = await readFeatures(await openCheckpoint(await fileSource(join(home, "some", file))));
    const rows = Array.from({ length: size }, (_, i) => [...vectors!.data.subarray(64 * i, 64 * (i + 1))].join());
    return { stderr, rows };
  };
  const few = await measured(6);
  const many = await measured(24);
  expect(many.stderr).toContain("6 images of scenes were measured before");
  expect(many.rows.slice(0, 6)).toEqual(few.rows);
  expect(new Set(many.rows).size).toBe(24);
  // By their names the first six are others: those of a folder within come last.
  const { found } = await json("scenes64", "first", "--size", "6", "--features", "scenes64:c2", "--outdir", "names");
  expect(found.b.n).toBe(6);
  const names = (await readdir(join(home, "names"))).find((name) => name.startsWith("first-"))!;
  const { vectors } = await readFeatures(await openCheckpoint(await fileSource(join(home, "names", names))));
  const first = Array.from({ length: 6 }, (_, i) => [...vectors!.data.subarray(64 * i, 64 * (i + 1))].join());
  expect(first.filter((row) => few.rows.includes(row)).length).toBeLessThan(6);
});

test("other images are measured as features that are given, or it is said by what", async () => {
  const device = await requestDevice();
  const kept = (network: string): Input[] => {
    const kind = { network, tensor: "c4", preprocessing: "", d: 256 };
    return [{ kind: "features", name: "kept", kept: { images: "kept", n: 8, kind, segmenter: "mosaic-ade20k32" } }];
  };
  const { signal } = new AbortController();
  const networks = await networksOf(await openNetworks(kept("scenes64"), {}), device, signal);
  expect([networks.segmenter.name, networks.features.kind]).toMatchObject([
    "mosaic-ade20k32",
    { network: "scenes64", tensor: "c4", d: 256 },
  ]);
  networks.dispose();
  await expect(openNetworks(kept("upp"), {})).rejects.toThrow(
    'The given features are of upp, c4, and mosaic-ade20k32 would measure the other images. Give --features with the folder or file of upp, and ":c4".',
  );
  device.dispose();
});

test("what cannot be compared is refused before anything is measured", async () => {
  const [kept] = (await readdir(join(home, "distance"))).filter((name) => name.startsWith("scenes-"));
  const refused = async (exit: number, ...args: string[]) => {
    const { status, stderr } = await run(["distance", ...args, "--outdir", "early"], { cwd: home });
    expect([status, stderr]).toEqual([exit, expect.not.stringContaining("measure ")]);
    return stderr;
  };
  const c5 = join("distance", kept!);
  expect(await refused(2, c5, "scenes", "--features", "scenes64:c2")).toContain(
    "The features differ in layer: c5 and c2",
  );
  const others = ["--segmenter", "mosaic-ade20k32", "--features", "scenes64:c5"];
  expect(await refused(2, c5, "scenes", ...others)).toContain("Pixels were named by scenes64 and by mosaic-ade20k32");
  expect(await refused(4, "scenes64", "one")).toContain('There is 1 photograph in "one"');
  await mkdir(join(home, "torn"));
  for (const name of ["a.png", "b.jpg"]) await writeFile(join(home, "torn", name), "These are no pixels.");
  const torn = await refused(4, "scenes64", "torn");
  expect(torn).toMatch(/Skipped: "\S+" is no photo: [^.]*\.\n/);
  expect(torn).toMatch(
    /error: No file in "torn" is a photograph\. "\S+" is no photo: [^.]*\.\n {2}fix: Name another folder\.\n$/,
  );
  expect(await refused(2, "scenes64", "scenes", "--size", "1")).toContain("whole number from 2");
});

test.each<readonly [string, readonly string[], number, RegExp]>([
  ["a folder without photographs", ["empty", "scenes"], 4, /There are no photographs in "empty"/],
  ["what is not there", ["gone.pth", "scenes"], 4, /gone\.pth/],
  ["a layer that is none", ["scenes64", "scenes", "--features", "scenes64:c9"], 2, /has no layer "c9"/],
  ["another program's preprocessing", ["scenes64", "scenes", "--preprocessing", "tf"], 2, /clean-fid/],
  ["edits of photographs", ["scenes64", "scenes", "--size", "2", "--other-edits", "marks.json"], 2, /is no generator/],
  ["edits that are not there", ["scenes64", "scenes", "--edits", "gone.json"], 4, /"gone\.json" is not there/],
  ["Inception's preprocessing without it", ["scenes64", "scenes", "--preprocessing", "clean-fid"], 2, /is Inception's/],
])("refuses %s", async (_, args, status, message) => {
  const ended = await run(["distance", ...args, "--outdir", "refused"], { cwd: home });
  expect([ended.status, ended.stderr]).toEqual([status, expect.stringMatching(message)]);
  expect(await readdir(home)).not.toContain("refused");
});
