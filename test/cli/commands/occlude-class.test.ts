import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EDGE, photographs, writeClassifier } from "../classifier/tiny.ts";
import { run } from "../ganatomy.ts";

let home: string;
const at = (...path: string[]): string => join(home, ...path);
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-occlude-"));
  await writeFile(at("photo.png"), photographs(1)[0]!);
  await writeClassifier(at("tiny.safetensors"));
  await writeFile(at("names.txt"), [..."abcdefghij"].join("\n"));
  await writeFile(at("names.json"), JSON.stringify([..."abcdefghii"].map((name, index) => [`n${index}`, name])));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const CLASSIFIER = ["--classifier", "tiny.safetensors", "--edge", `${EDGE}`];
const occlude = (...args: readonly string[]) => run(["occlude", "photo.png", "--patch", "8", ...args], { cwd: home });

test("shows where a classifier looks for a class, unless told for what it takes the photo", async () => {
  const best = await occlude(...CLASSIFIER, "--class-names", "names.txt", "--json");
  const found = JSON.parse(best.stdout);
  expect([best.status, best.stderr]).toEqual([0, expect.stringContaining(`tiny takes the photo for ${found.class}.`)]);
  expect(found).toMatchObject({
    photo: "photo.png",
    classifier: "tiny",
    class: expect.stringMatching(/^[a-j]$/),
    rows: 3,
  });
  expect(found.whole).toBeGreaterThan(0.1); // the largest of ten
  const names = ["--class-names", "names.json", "--class", `n${"abcdefghij".indexOf(found.class)}`];
  const other = await occlude(...CLASSIFIER, ...names, "--json");
  expect(JSON.parse(other.stdout).drops).toEqual(found.drops);
  expect((await readdir(at("occlude"))).sort()).toContain(`photo.${found.class}.png`);
});

test("two classes of one name have their numbers with it", async () => {
  const { status, stdout } = await occlude(...CLASSIFIER, "--class-names", "names.json", "--class", "n9");
  expect([status, stdout]).toEqual([0, expect.stringContaining("i 9: mean probability")]);
  expect(await readdir(at("occlude"))).toContain("photo.i 9.png");
});

test.each([
  [[], "What is looked for?"],
  [["--class", "3"], "A class is a classifier's"],
  [[...CLASSIFIER, "--concept", "tree"], "knows classes, and no concepts"],
  [[...CLASSIFIER, "--class", "z"], '"z" is no class of the network.'],
  [[...CLASSIFIER, "--class-names", "names.json", "--class", "i"], '"i" is the name of 2 classes, 8, 9.'],
])("%j is refused", async (args, said) => {
  const { status, stderr } = await occlude(...args);
  expect([status, stderr]).toEqual([2, expect.stringContaining(said)]);
});
