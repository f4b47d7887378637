// One run of one build: what it took and what it printed.
import { spawn } from "node:child_process";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const USAGE = new URL("usage.mjs", import.meta.url).href;
const GANDISSECT = fileURLToPath(new URL("../gandissect/dissect.py", import.meta.url));

/** Runs a case on a build; `folder` takes what it writes. */
export async function measure({ finish, command }, { root, environment }, folder) {
  const outdir = join(folder, "out");
  const usage = join(folder, "usage.json");
  await Promise.all([outdir, usage].map((path) => rm(path, { recursive: true, force: true })));
  await mkdir(folder, { recursive: true });
  const start = Date.now();
  const args = ["--import", USAGE, ...command(root, outdir)];
  const { wall, stdout } = await run(process.execPath, args, { ...environment, GANATOMY_BENCH_USAGE: usage });
  const { cpu, children, rss } = JSON.parse(await readFile(usage, "utf8"));
  const printed = lastLine(stdout);
  return { wall, cpu: cpu + (children ?? 0), rss, ...printed, ...(await finish?.(outdir, printed, start)), outdir };
}

/** Runs the published program, which writes down itself what it used. */
export async function measurePublished({ size }, { python, checkout, weights, threads, environment }, folder) {
  const outdir = join(folder, "out");
  await rm(outdir, { recursive: true, force: true }); // it would go on from what it finds there
  await mkdir(folder, { recursive: true });
  const options = { gandissect: checkout, weights, outdir, size, threads };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  const { wall, stdout } = await run(python, ["-W", "ignore", GANDISSECT, ...args], environment);
  return { wall, ...lastLine(stdout), outdir };
}

/** The numbers in the JSON that a program ends with, if it does. */
export function lastLine(stdout) {
  const line = stdout.trimEnd().split("\n").at(-1);
  if (!line.startsWith("{") || !line.endsWith("}")) return {};
  try {
    return JSON.parse(line);
  } catch {
    return {}; // the end of something longer
  }
}

async function run(program, args, environment) {
  const began = performance.now();
  const child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) {
    child[name].setEncoding("utf8").on("data", (text) => {
      said[name] += text;
    });
  }
  const status = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(signal ?? code));
  });
  const wall = (performance.now() - began) / 1000;
  if (status === 0) return { wall, ...said };
  const why = said.stderr.trim().split("\n").slice(-3).join(" ");
  throw new Error(`It ended with ${status}: ${why || "and said nothing"}`);
}
