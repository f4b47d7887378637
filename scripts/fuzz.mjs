// Opens files that nobody wrote, until one costs more than it may or breaks a reader:
//
//   npm run fuzz -- --minutes 10
//   npm run fuzz -- --minutes 1 --format pickle --seed 7
//
// Mutants are made by test/fuzz/: of every format that is read, by its structure, and damaged. Each
// is opened in a process of its own or of a batch, and must be refused by an error of ours or be
// read, within the memory and the CPU time of test/fuzz/rule.ts. The file of a finding is kept, and
// its seed and number make it again.
//
//   --minutes N   how long; 1 unless given
//   --seed S      where to begin; the seed is printed, and unless given another each time
//   --format F    pickle, zip, npy, safetensors, index, tfjs, inversion, onnx, labels, report,
//                 recipe, masks, png, jpeg, state or description; all in turn unless given
import { rmSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

/** Mutants of one seed and format, before the next one's turn. */
const TURN = 1000;

process.chdir(fileURLToPath(new URL("../", import.meta.url)));
const { values } = parseArgs({
  options: { minutes: { type: "string", default: "1" }, seed: { type: "string" }, format: { type: "string" } },
});
const main = `dist/.fuzz-${process.pid}.mjs`;
process.once("exit", () => rmSync(main, { force: true }));
await build({
  entryPoints: ["test/fuzz/fuzz.ts"],
  outfile: main,
  ...{ bundle: true, format: "esm", platform: "node", target: "node20", packages: "external" },
});
/** @type {typeof import("../test/fuzz/fuzz.ts")} */
const { bundled, FORMATS, fuzzed, removeBundles, told } = await import(pathToFileURL(main).href);

const minutes = Number(values.minutes);
let seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
let formats = values.format === undefined ? Object.keys(FORMATS) : [values.format];
if (!(minutes > 0) || !Number.isSafeInteger(seed) || !formats.every((format) => Object.hasOwn(FORMATS, format))) {
  console.error(`Usage: npm run fuzz -- --minutes N [--seed S] [--format ${Object.keys(FORMATS).join("|")}]`);
  process.exit(2);
}
console.log(`Seed ${seed}.`);
const script = await bundled();
process.once("exit", removeBundles);
const end = Date.now() + 60_000 * minutes;
let [mutants, findings] = [0, 0];
for (; Date.now() < end && formats.length > 0; seed += 1) {
  for (const format of formats) {
    if (Date.now() >= end) break;
    const outcome = await fuzzed(script, format, seed, 0, TURN);
    mutants += outcome.mutants;
    console.log(`${format}, seed ${seed}: ${outcome.mutants} mutants, ${outcome.refused} refused`);
    if (!outcome.finding) continue;
    findings += 1;
    console.error(told(outcome.finding));
    formats = formats.filter((other) => other !== format); // one at a time is mended
  }
}
console.log(`${mutants} mutants, ${findings} findings.`);
process.exitCode = findings > 0 ? 1 : 0;
