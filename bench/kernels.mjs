// `node bench/kernels.mjs [REV]`: what each kernel of a dissection costs, beside a revision's. See
// README.md.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { build } from "esbuild";
import { generate } from "../scripts/wgsl.mjs";
import { buildRevision, environmentOf } from "./before/builds.mjs";
import { ROOT } from "./hosts/build.mjs";
import { PARTS } from "./kernels/parts.mjs";
import { table } from "./kernels/table.mjs";

const HELP = `node bench/kernels.mjs [REV] [options]

CPU milliseconds that each kernel takes an image of a dissection of scenes64, all threads together; on a GPU the time on the wall.

  --adapter NAME   default, lavapipe or swiftshader
  --json           one line of JSON a build, and nothing else
`;
const OPTIONS = {
  adapter: { type: "string", default: "default" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
};
const CHILD = fileURLToPath(new URL("kernels/measure.mjs", import.meta.url));

/** Kernels' milliseconds in the sources below `root`. */
async function measure(root, folder, env) {
  const there = Object.entries(PARTS).filter(([path]) => existsSync(join(root, `src/${path}.ts`)));
  const parts = there.map(([path, name]) => `export { ${name} } from "./src/${path}.ts";`);
  const outfile = join(folder, "parts.mjs");
  await mkdir(folder, { recursive: true });
  await build({
    stdin: { contents: parts.join("\n"), resolveDir: root },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "es2023",
    external: ["webgpu"],
    logLevel: "error",
    outfile,
  });
  const args = [CHILD, outfile, join(root, "weights/scenes64")];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env } });
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

async function main() {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  if (values.help) return void process.stdout.write(HELP);
  if (positionals.length > 1) throw new Error("One revision at most.");
  // Within the repository, where Node finds the package `webgpu`.
  const folder = await mkdtemp(join(ROOT, "node_modules", ".kernels-"));
  const temporary = await mkdtemp(join(tmpdir(), "ganatomy-kernels-"));
  try {
    const env = await environmentOf(values.adapter, temporary);
    const sides = [];
    for (const revision of positionals) {
      const { root, label } = await buildRevision(revision, temporary);
      sides.push({ label, ...(await measure(root, join(folder, "before"), env)) });
    }
    await generate(); // the kernels' modules, of which a clone has none
    sides.push({ label: "working tree", ...(await measure(ROOT, join(folder, "after"), env)) });
    const text = values.json ? sides.map((side) => JSON.stringify(side)).join("\n") : table(sides);
    process.stdout.write(`${text}\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(temporary, { recursive: true, force: true });
  }
}

await main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
