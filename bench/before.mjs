// `node bench/before.mjs REV CASE…`: any revision's build beside the working tree's, in turns. See
// README.md.
import { existsSync, rmSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildRevision, buildWorkingTree, environmentOf } from "./before/builds.mjs";
import { caseOf, NAMES } from "./before/cases.mjs";
import { measure, measurePublished } from "./before/measure.mjs";
import { compareFolders, compareUnits } from "./before/outputs.mjs";
import { heading, paired, rows } from "./before/pairs.mjs";
import { ROOT } from "./hosts/build.mjs";
import { findTorch } from "./hosts/torch.mjs";

const HELP = `node bench/before.mjs REV CASE… [options]
node bench/before.mjs --against gandissect --gandissect DIR CASE… [options]

Cases: ${NAMES}.

  --runs N           runs of each, in turns, after one of each that is not counted (default: 5)
  --adapter NAME     default, lavapipe or swiftshader, for both
  --json             one line of JSON a case, and nothing else
  --against NAME     gandissect: the published program on PyTorch, instead of a revision; no pictures
  --gandissect DIR   its checkout, which you fetched: bench/gandissect/README.md
  --threads N        threads of PyTorch (default: 1)
`;

const OPTIONS = {
  runs: { type: "string", default: "5" },
  adapter: { type: "string", default: "default" },
  json: { type: "boolean", default: false },
  against: { type: "string" },
  gandissect: { type: "string" },
  threads: { type: "string", default: "1" },
  help: { type: "boolean", short: "h", default: false },
};

const whole = (name, text) => {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--${name} takes a whole number above 0, and not ${text}.`);
};

/** Who is measured first in every turn: a revision's build, or the published program. */
async function opponent({ against, gandissect, threads, revision }, folder) {
  if (against === undefined) return { ...(await buildRevision(revision, folder)), measure };
  if (!gandissect || !existsSync(join(gandissect, "netdissect"))) {
    const where = gandissect ? `${gandissect} is no checkout of gandissect` : "Where is the checkout? --gandissect DIR";
    throw new Error(`${where}; see bench/gandissect/README.md.`);
  }
  const { python, version, why } = findTorch();
  if (!python) throw new Error(`No Python here has PyTorch: ${why}`);
  const label = `gandissect, ${version.replace(/ on .*/, "")} on the CPU, ${threads} ${threads === 1 ? "thread" : "threads"}`;
  const weights = join(ROOT, "test/golden/scenes64");
  return { label, python, checkout: gandissect, weights, threads, measure: measurePublished };
}

/** One case, in turns. */
async function race(which, before, after, { runs, folder }) {
  const taken = [];
  const sides = { before, after };
  let outputs = {};
  for (let turn = 0; turn <= runs; turn += 1) {
    const pair = {};
    for (const [name, side] of Object.entries(sides)) {
      const at = join(folder, name);
      pair[name] = await side.measure(which, side, at);
    }
    // The first turn fills the caches of drivers; the one after it would otherwise be compared with
    // nothing alike.
    if (turn > 0) taken.push(pair);
    if (turn === runs) outputs = await compareOutputs(which, before, pair);
  }
  return { metrics: paired(taken), outputs };
}

async function compareOutputs({ files }, before, pair) {
  const folders = [pair.before.outdir, pair.after.outdir];
  if (before.measure === measure) return compareFolders(...folders, files);
  const published = JSON.parse(await readFile(join(folders[0], "dissect.json"), "utf8"));
  const { units, same, level, iou } = compareUnits(await readFile(join(folders[1], "units.csv"), "utf8"), published);
  const medians = `median difference of levels ${(100 * level).toFixed(2)} % of the layer's largest, of IoU ${iou.toFixed(4)}`;
  return { units: `${same} of ${units} have the same label; of those, ${medians}` };
}

async function main() {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  if (values.help) return void process.stdout.write(HELP);
  const [revision, names] = values.against ? [undefined, positionals] : [positionals[0], positionals.slice(1)];
  if (names.length === 0) throw new Error(`Which revision and cases?\n\n${HELP}`);
  const cases = names.map(caseOf);
  if (values.against && values.against !== "gandissect") {
    throw new Error(`--against takes gandissect, and not ${values.against}.`);
  }
  const bad = values.against && cases.find(({ pictures }) => pictures !== false);
  if (bad) throw new Error(`The published program is run without pictures: a case such as dissect-48-no-pictures.`);
  const [runs, threads] = [whole("runs", values.runs), whole("threads", values.threads)];

  const folder = await mkdtemp(join(tmpdir(), "ganatomy-before-"));
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => {
      rmSync(folder, { recursive: true, force: true });
      process.kill(process.pid, signal);
    });
  }
  try {
    const environment = await environmentOf(values.adapter, folder);
    console.error(`Building ${values.against ? "the working tree" : `${revision} and the working tree`} …`);
    const at = (name) => join(folder, name);
    // What one build compiles is not there for the other.
    const own = (name) => ({ ...environment, XDG_CACHE_HOME: at(`${name}-cache`) });
    const before = {
      ...(await opponent({ ...values, threads, revision }, at("before"))),
      environment: own("before"),
    };
    const after = { ...(await buildWorkingTree()), environment: own("after"), measure };
    const setting = {
      before: before.label,
      after: after.label,
      adapter: values.adapter === "default" ? (process.env.VK_DRIVER_FILES ?? "default") : values.adapter,
      runtime: `Node ${process.version}`,
      processor: `${cpus()[0]?.model ?? "unknown"} ×${cpus().length}`,
      runs,
    };
    if (!values.json) console.log(heading({ ...setting, load: loadavg()[0] }));
    for (const which of cases) {
      let outcome;
      const load = loadavg()[0];
      try {
        outcome = await race(which, before, after, { runs, folder });
      } catch (error) {
        outcome = { error: error.message };
        process.exitCode = 1;
      }
      const told = { case: which.name, ...setting, load, ...outcome };
      console.log(values.json ? JSON.stringify(told, rounded) : rows(told));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Digits beyond the sixth are noise. */
const rounded = (_, value) => (typeof value === "number" ? Number(value.toPrecision(6)) : value);

await main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
