// Kills commands at random moments, again and again, and compares what they have written in the end
// with what one run writes: `npm run kills -- [--kills 50] [--seed 1]`. It says which files differ,
// and which were left. On the adapter that VK_DRIVER_FILES names, of which Chromium takes its own;
// 50 kills take some minutes on lavapipe.
//
// Tests: test/scripts/kills.test.ts
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const CLI = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
/** What is made once for all: photographs, and dissections that are compared. */
const GIVEN = [
  ["generate", "--size", "24", "--seed", "5", "--outdir", "photos"],
  ["dissect", "--size", "20", "--layers", "layer4", "--examples", "1", "--outdir", "one"],
  ["dissect", "--size", "20", "--layers", "layer6", "--examples", "1", "--outdir", "two"],
];
/** Commands that go on where they were killed. */
const COMMANDS = {
  dissect: ["dissect", "--size", "40", "--batch", "8", "--layers", "layer4,layer6", "--examples", "4"],
  chrome: ["dissect", "--chrome", "--size", "16", "--batch", "4", "--layers", "layer4", "--examples", "2"],
  ablate: ["ablate", "--units", "1,2,3", "--layer", "layer4", "--size", "40", "--batch", "8"],
  ace: [
    ...["ace", "--concept", "tree", "--search-size", "60", "--train-size", "40", "--eval-size", "20", "--epochs", "2"],
    ...["--size", "8", "--steps", "4", "--batch", "8", "--dissection", "one"],
  ],
  artifacts: ["artifacts", "--layer", "layer6", "--real", "photos", "--size", "24", "--rank", "score", "--batch", "8"],
  compare: ["compare", "one", "two", "--force"],
  segment: ["segment", "photos", "--segmenter", "scenes64"],
};

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function* random(seed) {
  for (let state = seed | 0; ; ) {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    yield ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
}

/**
 * Runs a command, and kills it after so many milliseconds.
 *
 *
 * @param {readonly string[]} command
 *
 * @param {{ cwd: string, after?: number }} options
 *
 * @returns {Promise<{ status: number | null, ms: number, said: string }>}
 */
export function run(command, { cwd, after }) {
  const started = performance.now();
  const [program, ...args] = command;
  const child = spawn(program, args, { cwd, stdio: ["ignore", "ignore", "pipe"] });
  const said = [];
  child.stderr.on("data", (text) => said.push(text));
  const timer = after === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), after);
  return new Promise((resolve) =>
    child.on("close", (status) => {
      clearTimeout(timer);
      resolve({ status, ms: performance.now() - started, said: said.join("") });
    }),
  );
}

/**
 * A folder's files but for when they were made, how long that took, and where they are.
 *
 *
 * @param {string} folder
 *
 * @returns {Promise<Map<string, string>>} contents by paths
 */
export async function contents(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const found = new Map();
  for (const path of paths.sort()) {
    const bytes = await readFile(path);
    const text = /\.(json|html|ganatomy)$/.test(path)
      ? bytes
          .toString("utf8")
          .replaceAll(/"created":\s*"[^"]*"|\d{4}-\d\d-\d\d[T ][\d:.]+Z?|"seconds":\s*[\d.]+|Time<\/dt><dd>[^<]*/g, "")
          .replaceAll(/(?:whole|killed)-\w+/g, "OUT")
      : bytes.toString("latin1");
    found.set(relative(folder, path), text);
  }
  return found;
}

/**
 * Kills a command at random moments until one of its runs ends, or as often as is left.
 *
 *
 * @param {readonly string[]} command which ends with its folder
 *
 * @param {{ cwd: string, longest: number, most: number, numbers: Iterator<number> }} options
 *   milliseconds that a whole run took, kills at most
 *
 * @returns {Promise<{ kills: number, ms: number, said: string }>}
 */
async function killed(command, { cwd, longest, most, numbers }) {
  let [kills, ms] = [0, 0];
  for (;;) {
    const after = kills < most ? numbers.next().value * longest : undefined;
    const ended = await run(command, { cwd, after });
    ms += ended.ms;
    if (ended.status !== null) {
      if (ended.status !== 0) throw new Error(`${command.join(" ")} ended with ${ended.status}:\n${ended.said}`);
      return { kills, ms, said: ended.said };
    }
    kills += 1;
  }
}

/**
 *
 * @param {{ kills: number, seed: number, commands?: Readonly<Record<string, readonly string[]>>,
 *   given?: readonly (readonly string[])[], cli?: readonly string[], say?: (line: string) => void
 *   }} options how many kills, over all commands
 *
 *
 * @returns {Promise<{ kills: number, faults: string[] }>} what differs, or was left behind
 */
export async function kill({
  kills,
  seed,
  commands = COMMANDS,
  given = GIVEN,
  cli = [process.execPath, CLI],
  say = console.log,
}) {
  const cwd = await mkdtemp(join(tmpdir(), "ganatomy-kills-"));
  const numbers = random(seed);
  const faults = [];
  let done = 0;
  try {
    for (const args of given) {
      const { status, said } = await run([...cli, ...args], { cwd });
      if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}:\n${said}`);
    }
    const wholes = new Map();
    for (const [name, args] of Object.entries(commands)) {
      const { status, ms, said } = await run([...cli, ...args, "--outdir", `whole-${name}`], { cwd });
      if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}:\n${said}`);
      wholes.set(name, { ms, files: await contents(join(cwd, `whole-${name}`)) });
    }
    while (done < kills) {
      for (const [name, args] of Object.entries(commands)) {
        const whole = wholes.get(name);
        const outdir = `killed-${name}`;
        const options = { cwd, longest: whole.ms, most: Math.min(5, kills - done), numbers };
        const ended = await killed([...cli, ...args, "--outdir", outdir], options);
        done += ended.kills;
        const found = differences(whole.files, await contents(join(cwd, outdir)));
        faults.push(...found.map((fault) => `${name}: ${fault}`));
        const times = (ended.ms / whole.ms).toFixed(1);
        say(`${name}: killed ${ended.kills} times, ${times} times as long as one run; ${found.length} faults`);
        await rm(join(cwd, outdir), { recursive: true, force: true });
        if (done >= kills) break;
      }
    }
    return { kills: done, faults };
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

/** What one folder has other than another. */
function differences(whole, found) {
  const names = new Set([...whole.keys(), ...found.keys()]);
  return [...names].flatMap((name) => {
    if (!found.has(name)) return [`${name} is missing`];
    if (!whole.has(name)) return [`${name} was left`];
    return whole.get(name) === found.get(name) ? [] : [`${name} differs`];
  });
}

async function main() {
  const { values } = parseArgs({
    options: { kills: { type: "string", default: "50" }, seed: { type: "string", default: "1" } },
  });
  const { kills, faults } = await kill({ kills: Number(values.kills), seed: Number(values.seed) });
  for (const fault of faults) console.error(fault);
  console.log(`${kills} kills, ${faults.length} faults (seed ${values.seed})`);
  process.exit(faults.length > 0 ? 1 : 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
