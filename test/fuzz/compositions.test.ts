import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { COMPOSITIONS } from "./compositions.ts";
import { type Broken, bundled, costOf, removeBundles } from "./fuzz.ts";
import { LARGE_FILES, NEEDED_BYTES, writeLarge } from "./large.ts";

// Runs: src/weights/checkpoint.ts, src/networks/onnx/generator.ts, src/models/segmenter-files.ts,
// src/compare/dissections/open.ts, src/session/recipe-link.ts, src/cli/classifier/masks.ts,
// src/node/photo/decode.ts, src/node/marker.ts, src/cli/state-file.ts, src/cli/parts/plan.ts

let folder: string;
let script: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ganatomy-compositions-"));
  script = await bundled();
});
afterAll(() => {
  removeBundles();
  rmSync(folder, { recursive: true, force: true });
});

/** What it costs to open one, in a process of its own. */
async function opened(name: string, by = script) {
  const { kind, make } = COMPOSITIONS.find((each) => each.name === name)!;
  const path = join(folder, "file");
  writeFileSync(path, make());
  return costOf(by, { kind, path, folder });
}

test.each(COMPOSITIONS.map(({ kind, name }) => [kind, name]))("%s: %s", async (_, name) => {
  const { fault, peak, granted, said } = await opened(name);
  expect(fault, said).toBeUndefined();
  expect(peak, said).toBeGreaterThan(1e6); // it was looked at
  expect(peak, said).toBeLessThanOrEqual(granted);
});

/** What it costs to read one small tensor of a large file. */
async function readLarge(name: string, by = script) {
  const path = join(folder, "large");
  writeLarge(path, LARGE_FILES.find((each) => each.name === name)!);
  return costOf(by, { large: path, needed: NEEDED_BYTES });
}

const WHOLE: Broken = {
  module: "node/files.ts",
  line: "return await readRange(handle, path, start, end, signal);",
  by: "return (await readRange(handle, path, 0, before.size, signal)).slice(start, end);",
};

test.each(LARGE_FILES.map(({ name }) => name))("of %s of 250 MB what is needed is in memory alone", async (name) => {
  const { fault, peak, granted } = await readLarge(name);
  expect(fault).toBeUndefined();
  expect(peak).toBeGreaterThan(NEEDED_BYTES);
  expect(peak).toBeLessThanOrEqual(granted);
});

test("a large file that is read whole takes more than it may", async () => {
  const { fault, peak, granted } = await readLarge("safetensors", await bundled(WHOLE));
  expect(fault !== undefined || peak > granted, `${peak} of ${granted}`).toBe(true);
});

const BUDGET: Broken = {
  module: "weights/budget.ts",
  line: "if (this.#left < 0)",
  by: "if (this.#left === 0.5)",
};
const DEPTH: Broken = { module: "weights/json.ts", line: "depth > MAX_DEPTH", by: "depth > 1e9" };
const ROOM: Broken = { module: "report/photo-fault.ts", line: "|| bytes >= LARGE", by: "|| true" };

test.each<[string, Broken]>([
  ["a megabyte of empty dicts", BUDGET],
  [
    "an array of zeros, deflated a thousandfold",
    { ...BUDGET, module: "weights/zip.ts", line: "unpacked.spend(entry.size)", by: "" },
  ],
  ["brackets for labels", DEPTH],
  ["a PNG of a hundred megapixels of one grey", ROOM],
])("without its guard %s takes more than it may", async (name, broken) => {
  const { fault, peak, granted } = await opened(name, await bundled(broken));
  expect(fault !== undefined || peak > granted, `${peak} of ${granted}`).toBe(true);
});
