import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { importanceTable } from "../../../src/cli/classifier/importance.ts";
import { EDGE, photographs, writeClassifier } from "../classifier/tiny.ts";
import { run } from "../ganatomy.ts";

let home: string;
const at = (...path: string[]): string => join(home, ...path);

/** Photographs in folders of two classes, and of none, and a classifier of ten. */
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-importance-"));
  for (const [i, photograph] of photographs(9).entries()) {
    const folder = at("photos", i < 8 ? (i % 2 ? "6" : "2") : "others");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${i}.png`), photograph);
  }
  await writeClassifier(at("tiny.safetensors"));
  await writeFile(at("names.txt"), [..."abcdefghij"].join("\n"));
  await writeFile(
    at("truth.csv"),
    `file,class\n${[0, 2, 4].map((i) => `2/${i}.png,g\n`).join("")}6/1.png,c\n6/3.png,c\n`,
  );
});
afterAll(() => rm(home, { recursive: true, force: true }));

const ARGS = ["unit-importance", "--classifier", "tiny.safetensors", "--edge", `${EDGE}`, "--images", "photos"];

test("measures classes of folders, writes tables, and goes on from there", async () => {
  const first = await run([...ARGS, "--together", "3,60,64,900", "--random", "2", "--json"], { cwd: home });
  expect([first.status, first.stderr]).toEqual([0, expect.stringContaining("No --layer given, so units of layer3")]);
  expect(first.stderr).toContain("layer3 has 64 units: --together 64,900 leaves none on, and is left out.");
  expect(first.stderr).toContain('others/8.png: "others" is no class of the network');
  expect(first.stderr).toContain("8 of the 10 classes have no photographs");
  const found = JSON.parse(first.stdout);
  expect(found.classes.map(({ name, ranked, scored }: never) => [name, ranked, scored])).toEqual([
    ["2", 2, 2],
    ["6", 2, 2],
  ]);
  expect(found.mean.together.map(({ units }: { units: number }) => units)).toEqual([3, 60]);
  const folder = at("unit-importance", "tiny", "layer3");
  const kept = JSON.parse(await readFile(join(folder, "unit-importance.json"), "utf8"));
  expect(kept).toMatchObject({ model: "tiny", architecture: "ResNet-10", layer: "layer3", units: 64, ...found });
  expect((await readFile(join(folder, "unit-importance.csv"), "utf8")).split("\n")).toHaveLength(2 + 2 * 64);
  const again = await run([...ARGS, "--together", "3,60", "--random", "2"], { cwd: home });
  expect(again.stderr).toMatch(/[1-9]\d* measurements of an earlier run are in/);
  expect(again.stderr).not.toContain("--together");
  expect(again.stdout).toBe(importanceTable(found));
});

test("classes of a CSV, by names", async () => {
  const named = ["--truth", "truth.csv", "--class-names", "names.txt", "--outdir", "named"];
  const { status, stdout, stderr } = await run([...ARGS, ...named, "--layer", "layer2", "--json"], { cwd: home });
  expect([status, stderr]).toEqual([0, expect.stringContaining("and 1 more: is not in truth.csv")]);
  expect(JSON.parse(stdout).classes.map(({ name, ranked, scored }: never) => [name, ranked, scored])).toEqual([
    ["c", 1, 1],
    ["g", 1, 2],
  ]);
});

test("says the losses of classes in points, the largest first", () => {
  const each = { class: 0, ranked: 4, accuracy: 1, scored: 4 };
  const together = (without: number) => [{ units: 2, without, alone: 0.5, random: [] }];
  const units = [
    { unit: 261, rankingDrop: 0.2, drop: 0.109 },
    { unit: 9, rankingDrop: 0.1, drop: 0 },
  ];
  const text = importanceTable({
    ...{ layer: "layer4", units: 512 },
    classes: [
      { ...each, name: "beach", balancedAccuracy: 0.75, importantUnits: [], together: together(0.75) },
      { ...each, name: "ski resort", balancedAccuracy: 0.8, importantUnits: units, together: together(0.5) },
    ],
    mean: { balancedAccuracy: 0.775, together: [{ units: 2, without: 0.625, alone: 0.5, random: null }] },
  });
  expect(text).toBe(`layer4: balanced accuracy of a class, mean 77.5 %
  without its 2 most damaging units 62.5 %; with them alone out of 512 50.0 %
  class       photographs  balanced  without 2  units (points)
  ski resort            4    80.0 %     50.0 %  261 (−10.9)  9 (0.0)
  beach                 4    75.0 %     75.0 %
`);
});

test.each([
  [["--together", "0"], 2, "numbers of units by commas"],
  [["--layer", "linear"], 2, 'has no layer "linear"'],
  [["--images", "gone"], 4, 'gone" is not there'],
  [["--class-names", "truth.csv"], 2, "has 10 classes, and truth.csv names 6"],
])("%j is refused", async (more, status, said) => {
  const ended = await run([...ARGS, ...more], { cwd: home });
  expect([ended.status, ended.stderr]).toEqual([status, expect.stringContaining(said)]);
});
