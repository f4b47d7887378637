import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import type { Cost, Fault, Task } from "./child.ts";
import { FORMATS, mutant } from "./mutants.ts";

/** The repository: tests and scripts run there, and this file may be bundled. */
const ROOT = process.cwd();

/** For what hangs; what is merely slow is found by its CPU time. */
const SILENT_MS = 120_000;
/**
 * Files that a process opens before another one takes over: memory is looked at for all of them.
 */
const BATCH = 500;

/** A file that breaks the rule. */
export interface Finding extends Fault {
  readonly format: string;
  readonly seed: number;
  readonly size: number;
  /** Where it was put. */
  readonly path: string;
}

/** A line of a module that is taken for another one, so that a test sees what is found then. */
export interface Broken {
  readonly module: string;
  readonly line: string;
  readonly by: string;
}

const folders: string[] = [];

/** Removes what was bundled. */
export function removeBundles(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Bundles what runs in processes: Node reads no TypeScript. Returns the script. */
export async function bundled(broken?: Broken): Promise<string> {
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  // within the repository: what is not bundled is found from there
  const outdir = mkdtempSync(join(ROOT, "dist/.fuzz-"));
  folders.push(outdir);
  await build({
    entryPoints: [join(ROOT, "test/fuzz/child.ts")],
    outdir,
    ...{ bundle: true, splitting: true, format: "esm", platform: "node", target: "node20" },
    // of JPEGs, which find their own files
    external: ["@cornerstonejs/*", "jpeg-js"],
    outExtension: { ".js": ".mjs" },
    plugins: broken ? [breaking(broken)] : [],
    logLevel: "error",
  });
  return join(outdir, "child.mjs");
}

const breaking = ({ module, line, by }: Broken): Plugin => ({
  name: "a broken line",
  setup(building) {
    building.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (!path.endsWith(module)) return undefined;
      const text = readFileSync(path, "utf8");
      if (!text.includes(line)) throw new Error(`${module} has no line ${line}`);
      return { contents: text.replace(line, by), loader: "ts" };
    });
  },
});

/** What a task costs, in a process of its own; a fault where it ends or hangs. */
export function costOf(script: string, task: Task): Promise<Cost> {
  return new Promise((resolve) => {
    const child: ChildProcess = fork(script, {
      cwd: ROOT,
      execArgv: ["--max-old-space-size=2048"],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let [at, words] = ["first" in task ? task.first : 0, ""];
    let timer: NodeJS.Timeout | undefined;
    const broken = (what: string): void => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      resolve({ peak: 0, granted: 0, refused: 0, opened: 0, said: "", fault: { index: at, what } });
    };
    const wait = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => broken(`kept a reader busy for ${SILENT_MS / 1000} s`), SILENT_MS);
    };
    child.stderr!.on("data", (data: Buffer) => {
      words = `${words}${data}`.slice(-400);
    });
    child.on("message", (message: { at?: number; cost?: Cost }) => {
      wait();
      if (message.at !== undefined) at = message.at;
      if (!message.cost) return;
      clearTimeout(timer);
      child.kill("SIGKILL");
      resolve(message.cost);
    });
    child.on("exit", (status, signal) => broken(`ended its process (${signal ?? status}): ${words}`));
    wait();
    child.send(task);
  });
}

/** How many mutants were made, and the first that broke the rule. */
export interface Outcome {
  readonly mutants: number;
  readonly refused: number;
  readonly finding?: Finding;
}

/**
 * Opens mutants [first, end) of a seed. Where they take too much memory together, halves of them
 * are opened again, until one is found that takes it alone.
 */
export async function fuzzed(
  script: string,
  format: string,
  seed: number,
  first: number,
  end: number,
): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "ganatomy-fuzz-"));
  let refused = 0;
  try {
    for (let from = first; from < end; from += BATCH) {
      const to = Math.min(end, from + BATCH);
      const { fault, cost } = await faultOf(script, { format, seed, first: from, end: to, folder });
      refused += cost.refused;
      if (fault) return { mutants: from - first + 1, refused, finding: kept(fault, format, seed) };
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { mutants: end - first, refused };
}

type Mutants = Extract<Task, { readonly format: string }>;

async function faultOf(script: string, task: Mutants): Promise<{ fault?: Fault; cost: Cost }> {
  const cost = await costOf(script, task);
  if (cost.fault) return { fault: cost.fault, cost };
  if (cost.peak <= cost.granted) return { cost };
  const { first, end } = task;
  if (end - first === 1) {
    const what = `took ${megabytes(cost.peak)} MB of memory where ${megabytes(cost.granted)} are granted`;
    return { cost, fault: { index: first, what } };
  }
  const middle = Math.floor((first + end) / 2);
  for (const half of [
    { ...task, end: middle },
    { ...task, first: middle },
  ]) {
    const { fault } = await faultOf(script, half);
    if (fault) return { fault, cost };
  }
  return { cost }; // garbage of many, of which none takes too much
}

const megabytes = (bytes: number): number => Math.round(bytes / 1e6);

function kept(fault: Fault, format: string, seed: number): Finding {
  const folder = join(tmpdir(), "ganatomy-fuzz-findings");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${format}-${seed}-${fault.index}`);
  const bytes = mutant(format, seed, fault.index);
  writeFileSync(path, bytes);
  return { ...fault, size: bytes.length, format, seed, path };
}

/** What is said of a finding. */
export const told = ({ format, seed, index, size, what, path }: Finding): string =>
  `Mutant ${index} of ${format}, seed ${seed} (${size} bytes, kept as ${path}), ${what}`;

export { FORMATS };
