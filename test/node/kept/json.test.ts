import { mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { OutputError } from "../../../src/errors.ts";
import type { OutputFolder } from "../../../src/node/folder.ts";
import { KeptJson } from "../../../src/node/kept/json.ts";
import { outputFolder } from "../abandoned.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-kept-json-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const folder = (): Promise<OutputFolder> => outputFolder(home, { kind: "edits", keep: true });

const open = async (of: number, format = "numbers 1") =>
  KeptJson.open<readonly number[]>(await folder(), { path: "numbers", settings: { of }, format });

const files = async (): Promise<string[]> => (await readdir(home)).filter((name) => name.endsWith(".json"));

test.each([Number.NaN, Number.POSITIVE_INFINITY])("%d is refused, which would be read as 0", async (number) => {
  const ended = (await open(1)).write([1, number]);
  await expect(ended).rejects.toThrow(OutputError);
  await expect(ended).rejects.toThrow(new RegExp(`numbers-[0-9a-f]{8}\\.json" cannot be kept: ${number} is`));
  expect((await open(1)).found).toBeUndefined();
});

test("a state is found by its settings and its format, in the form that every version reads", async () => {
  await (await open(1)).write([1, 0.5]);
  expect((await open(1)).found).toEqual([1, 0.5]);
  expect((await open(2)).found).toBeUndefined();
  expect((await open(1, "numbers 2")).found).toBeUndefined();
  // Whoever changes these lines makes every file that people have worthless.
  expect(await files()).toEqual(["numbers-6f8792cc.json"]);
  expect(await readFile(join(home, "numbers-6f8792cc.json"), "utf8")).toBe(
    `{"format":"numbers 1","key":"6f8792ccc50cb4dfb67d66304880e143de4f294050c5334ce6af8a3f9b765091","sha256":"4153d42c8b6cac14a35cd168c8dba27c4cf3c9d1672d385ad7e4a8d95647c280","state":[1,0.5]}\n`,
  );
});

test("another key's state is not believed, though it lies under the name", async () => {
  await (await open(2)).write([2]);
  const [other] = await files();
  await (await open(1)).write([1]);
  const own = (await files()).find((name) => name !== other)!;
  await rename(join(home, other!), join(home, own));
  const again = await open(1);
  expect(again.found).toBeUndefined();
  await again.write([1]);
  expect((await open(1)).found).toEqual([1]);
});

test.each([
  ["cut", (text: string) => text.slice(0, -10)],
  ["altered", (text: string) => text.replace('"state":[1,2]', '"state":[1,3]')],
  ["of another format", (text: string) => text.replace("numbers 1", "numbers 2")],
  ["without its checksum", (text: string) => text.replace("sha256", "sha")],
  ["empty", () => ""],
])("a file that is %s is not believed, and stays", async (_, damage) => {
  const file = await open(1);
  await file.write([1, 2]);
  const [name] = await files();
  const text = await readFile(join(home, name!), "utf8");
  expect(damage(text)).not.toBe(text);
  await writeFile(join(home, name!), damage(text));
  await expect(open(1)).rejects.toThrow(/damaged, or was not written by ganatomy.*Remove it/);
  expect(await readFile(join(home, name!), "utf8")).toBe(damage(text));
});
