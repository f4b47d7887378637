import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeSafetensors } from "../../../src/index.ts";
import { imageOf, stateOf } from "../../models/recipe.ts";
import { run } from "../ganatomy.ts";

const EDGE = 16;
let home: string;
const at = (...path: string[]): string => join(home, ...path);
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-occlude-"));
  const own = imageOf(1, EDGE, EDGE).filter((_, place) => place % 4 < 3);
  const data = Uint8Array.from(own, (value) => Math.round((value + 1) * 127.5));
  await writeFile(at("photo.png"), encode({ width: EDGE, height: EDGE, channels: 3, depth: 8, data }));
  const { cifar } = JSON.parse(await readFile(new URL("../../golden/classifiers.json", import.meta.url), "utf8"));
  const tensors = await Promise.all(
    [...stateOf("", cifar.shapes)].map(async ([name, tensor]) => {
      return [name, { dtype: "float32" as const, shape: tensor.shape, data: await tensor.read() }] as const;
    }),
  );
  await writeFile(at("tiny.safetensors"), writeSafetensors(Object.fromEntries(tensors)));
  await writeFile(at("names.txt"), [..."abcdefghij"].join("\n"));
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
  const other = await occlude(...CLASSIFIER, "--class", `${"abcdefghij".indexOf(found.class)}`, "--json");
  expect(JSON.parse(other.stdout).drops).toEqual(found.drops);
  expect((await readdir(at("occlude"))).sort()).toContain(`photo.${found.class}.png`);
});

test.each([
  [[], "What is looked for?"],
  [["--class", "3"], "A class is a classifier's"],
  [[...CLASSIFIER, "--concept", "tree"], "knows classes, and no concepts"],
  [[...CLASSIFIER, "--class", "z"], 'tiny has no class "z"'],
])("%j is refused", async (args, said) => {
  const { status, stderr } = await occlude(...args);
  expect([status, stderr]).toEqual([2, expect.stringContaining(said)]);
});
