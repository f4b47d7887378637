import { existsSync, readFileSync, rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundled, FORMATS, fuzzed, removeBundles, told } from "./fuzz.ts";
import { mutant } from "./mutants.ts";

// Runs: src/weights/checkpoint.ts, src/networks/onnx/generator.ts, src/models/segmenter-files.ts,
// src/compare/dissections/open.ts, src/session/recipe-link.ts, src/cli/classifier/masks.ts,
// src/node/photo/decode.ts, src/node/marker.ts, src/cli/state-file.ts, src/cli/parts/plan.ts

const formats = Object.keys(FORMATS);
/** Mutants of all formats together. */
const MUTANTS = 20_000;
const SEED = 18;

let script: string;
beforeAll(async () => {
  script = await bundled();
});
afterAll(removeBundles);

test.each(formats)("mutants of %s are read, or refused by an error of ours, for what they may cost", async (format) => {
  const each = Math.ceil(MUTANTS / formats.length);
  const { mutants, refused, finding } = await fuzzed(script, format, SEED, 0, each);
  expect(finding && told(finding)).toBeUndefined();
  expect(mutants).toBe(each);
  expect(refused).toBeGreaterThan(each / 4);
});

test.each(formats)("a mutant of %s is the same each time, and others are others", (format) => {
  expect(mutant(format, 7, 3)).toEqual(mutant(format, 7, 3));
  const different = new Set(
    [0, 1, 2, 3, 4, 5, 6, 7].map((index) => Buffer.from(mutant(format, 7, index)).toString("hex")),
  );
  expect(different.size).toBeGreaterThan(4);
});

const BUSY = "const until = process.cpuUsage().user + 2e6; while (process.cpuUsage().user < until);";

test.each([
  // what a damaged mask said until the fuzzer found it
  ["masks", "cli/classifier/masks.ts", "throw named(cause,", "throw cause && (cause,", "no error of ours"],
  [
    "state",
    "cli/parts/plan.ts",
    "return next === size;",
    "new Uint8Array(3e8).fill(1); return next === size;",
    "MB of memory where",
  ],
  ["recipe", "session/recipe-link.ts", "return isMarks(given)", `${BUSY} return isMarks(given)`, "ms of CPU where"],
  [
    "labels",
    "models/segmenter-files.ts",
    "return listedLabels(text",
    "process.exit(3); return listedLabels(text",
    "ended its process",
  ],
])("what breaks the rule for %s (%s) is found, and kept", async (format, module, line, by, what) => {
  const { finding } = await fuzzed(await bundled({ module, line, by }), format, SEED, 0, 1000);
  expect(finding?.what).toContain(what);
  expect(told(finding!)).toContain(`of ${format}, seed ${SEED} (`);
  expect(existsSync(finding!.path)).toBe(true);
  expect(new Uint8Array(readFileSync(finding!.path))).toEqual(mutant(format, SEED, finding!.index));
  rmSync(finding!.path);
});
