import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, expect, test } from "vitest";
import { built } from "../../built.ts";
import { EDGE, photographs, writeClassifier } from "../classifier/tiny.ts";
import { run } from "../ganatomy.ts";

// Runs: src/cli/main.ts

let home: string;
const at = (...path: string[]): string => join(home, ...path);
beforeAll(async () => {
  await built();
  home = await mkdtemp(join(tmpdir(), "ganatomy-actmax-"));
  await writeFile(at("photo.png"), photographs(1)[0]!);
  await writeClassifier(at("tiny.safetensors"));
  await writeFile(at("names.txt"), [..."abcdefghij"].join("\n"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const CLASSIFIER = ["--classifier", "tiny.safetensors", "--edge", `${EDGE}`];
const FEW = ["--images", "2", "--steps", "6"];
const actmax = (...args: readonly string[]) => run(["actmax", ...args], { cwd: home });

interface Said {
  readonly maximised: readonly { readonly of: string; readonly before: number[]; readonly after: number[] }[];
}

test("draws what a classifier's class and units want to see, and says how much more that is", async () => {
  const args = ["--class", "c", "--class-names", "names.txt", "--units", "3,5", "--layer", "layer2", "--json"];
  const { status, stdout, stderr } = await actmax(...CLASSIFIER, ...FEW, ...args);
  expect([status, stderr]).toEqual([0, expect.stringContaining("6 files in")]);
  const said: Said & Record<string, unknown> = JSON.parse(stdout);
  expect(said).toMatchObject({ classifier: "tiny", complete: true, files: 6 });
  expect(said.maximised.map(({ of }) => of)).toEqual(["layer2 unit 3", "layer2 unit 5", "c"]);
  for (const { before, after } of said.maximised) {
    expect(before).toHaveLength(2);
    for (const [i, value] of after.entries()) expect(value).toBeGreaterThan(before[i]!);
  }
  const names = (await readdir(at("actmax/tiny"))).filter((name) => !name.startsWith(".")).sort();
  expect(names).toEqual(["class_c_0.png", "class_c_1.png", "layer2"]);
  const picture = decode(await readFile(at("actmax/tiny/layer2/unit_5_1.png")));
  expect([picture.width, picture.height]).toEqual([EDGE, EDGE]);
  expect(new Set(picture.data).size).toBeGreaterThan(16);
});

test("takes units of the last map where no layer is named, and a class by its number", async () => {
  const { status, stdout, stderr } = await actmax(...CLASSIFIER, ...FEW, "--units", "0", "--class", "9");
  expect([status, stderr]).toEqual([0, expect.stringContaining("units are of layer3, the last map")]);
  expect(stdout).toMatch(/layer3 unit 0 .*\n\s*9 /);
});

test("info tells a classifier's family, classes, layers and cost", async () => {
  const info = (...args: readonly string[]) => run(["info", "tiny.safetensors", ...args], { cwd: home });
  const { status, stdout } = await info("--json");
  expect(status).toBe(0);
  const [told] = JSON.parse(stdout);
  expect(told).toMatchObject({ name: "tiny", architecture: "ResNet-10" });
  expect(told.facts).toMatchObject({
    container: "safetensors",
    classes: 10,
    sees: "32×32 of photographs scaled to 32",
  });
  expect(told.facts.layers).toMatch(/^relu 16@32², .*layer3 64@8²/);
  expect(told.cost.flops).toBeGreaterThan(0);
  // Twice the edge: four times the work, less what larger maps spare (Winograd's tiles) and the
  // last matrix.
  const [larger] = JSON.parse((await info("--size", "64", "--json")).stdout);
  expect(larger.facts.sees).toMatch(/^64×64/);
  expect(larger.cost.flops / told.cost.flops).toBeGreaterThan(3);
  expect(larger.cost.flops / told.cost.flops).toBeLessThan(4);
  const wrong = await info("--half");
  expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining("--half are for segmenters")]);
});

test.each([
  [[], "What is to be maximised?"],
  [["--class", "3"], "A class is a classifier's"],
  [CLASSIFIER, "Give --class tabby or --units 3,17"],
  [[...CLASSIFIER, "--concept", "tree"], "knows classes, and no concepts"],
  [[...CLASSIFIER, "--model", "scenes64", "--class", "3"], "is no generator"],
  [[...CLASSIFIER, "--class", "10"], '"10" is no class of the network'],
  [[...CLASSIFIER, "--units", "64"], "layer3 has no unit 64"],
  [[...CLASSIFIER, "--layer", "layer9", "--units", "1"], 'no layer "layer9"'],
])("%j is refused", async (args, said) => {
  const { status, stderr } = await actmax(...args);
  expect([status, stderr]).toEqual([2, expect.stringContaining(said)]);
});
