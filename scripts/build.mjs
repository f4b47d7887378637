// dist/: the library as ES modules, one minified file for CDNs, the command line, the page it
// drives in Chrome, and declarations. `--quick` leaves the declarations as they are, which is all
// that running from a clone needs.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build as esbuild, transform } from "esbuild";
import { rollup } from "rollup";
import { minify } from "terser";
import { generate } from "./wgsl.mjs";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DIST = join(ROOT, "dist");
const ENTRIES = [
  "src/index.ts",
  "src/causality/index.ts",
  "src/networks/index.ts",
  "src/runtime/index.ts",
  "src/node/index.ts",
  "src/node/drawing-worker.ts",
  "src/report/index.ts",
];
const KERNELS = join(ROOT, "src/kernels/generated");
const CORE = "dist/index.min.js";
/** Not a file: see coreEntry. */
const CORE_ENTRY = join(ROOT, "src/core.ts");
const target = "es2022";
/** JSON Schemas that are published, by their paths in src. */
const SCHEMAS = ["report/report-v1.schema.json", "networks/network-v1.schema.json", "session/recipe-v1.schema.json"];
const LICENSES = "THIRD-PARTY-LICENSES.txt";
/** The Apache License, which some notices name but do not contain. */
const APACHE = "weights/mosaic-ade20k32/LICENSE.md";
const RULE = "=".repeat(80);
/** The core in one file, gzipped, stays below this many bytes. */
export const CORE_BUDGET = 60_000;

const shared = {
  absWorkingDir: ROOT,
  bundle: true,
  format: "esm",
  target,
  external: ["node:*", "webgpu", "puppeteer-core"],
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
};

const bundles = [
  {
    entryPoints: ENTRIES,
    outbase: "src",
    outdir: "dist",
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    sourcemap: true,
  },
  {
    entryPoints: { cli: "src/cli/main.ts" },
    outdir: "dist",
    splitting: true,
    chunkNames: "cli-[name]-[hash]", // beside the entry: modules find files from where they are
    platform: "node",
    banner: {
      // commander and jpeg-js are CommonJS and ask for Node's modules with `require`.
      js: '#!/usr/bin/env node\nimport { createRequire as requireFrom } from "node:module";\nconst require = requireFrom(import.meta.url);',
    },
  },
  { entryPoints: ["src/cli/chrome/page.ts"], outfile: "dist/chrome-page.js", platform: "browser" },
];

/**
 * Kernels have no side effects, and what is imported for nothing else is dropped; here it is put at
 * its place.
 */
const typescript = {
  name: "typescript",
  resolveId: (id, importer) => ({
    id: resolve(importer ? dirname(importer) : ROOT, id),
    moduleSideEffects: id.endsWith(".wgsl.ts"),
  }),
  load: async (id) =>
    id === CORE_ENTRY
      ? coreEntry()
      : transform(await readFile(id, "utf8"), { loader: "ts", target, sourcemap: true, sourcefile: id }),
};

/**
 * The public names. gzip looks back 32 KB: with all shaders in a row, shortest first, it finds what
 * they share, which takes 2 kB off what users load.
 */
async function coreEntry() {
  const kernels = (await readdir(KERNELS)).filter((file) => file.endsWith(".wgsl.ts"));
  const sizes = await Promise.all(kernels.map(async (file) => (await stat(join(KERNELS, file))).size));
  const order = kernels.map((file, index) => ({ file, size: sizes[index] })).sort((a, b) => a.size - b.size);
  return `${order.map(({ file }) => `import "./kernels/generated/${file}";`).join("\n")}\nexport * from "./index.ts";`;
}

/**
 * The core for CDNs: one file, and one for what it imports on demand. By rollup, because esbuild
 * would put what both need into a third; and by terser, whose names repeat more than esbuild's do.
 */
async function core() {
  const bundle = await rollup({
    input: CORE_ENTRY,
    plugins: [typescript],
    preserveEntrySignatures: "allow-extension",
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
  });
  const { output } = await bundle.generate({
    dir: DIST, // so that its maps name sources as seen from there
    entryFileNames: basename(CORE),
    chunkFileNames: "chunks/[name]-[hash].min.js",
    sourcemap: true,
  });
  await bundle.close();
  const outputs = {};
  for (const { type, fileName, code, map } of output) {
    if (type !== "chunk") continue; // its map, which is written with the minified code
    const path = `dist/${fileName}`;
    const minified = await minify(code, {
      module: true,
      ecma: 2020,
      compress: { passes: 3 },
      sourceMap: { content: map, includeSources: true, url: `${basename(fileName)}.map` },
    });
    await mkdir(dirname(join(ROOT, path)), { recursive: true });
    await writeFile(join(ROOT, path), minified.code);
    await writeFile(join(ROOT, `${path}.map`), minified.map);
    outputs[path] = outputs[`${path}.map`] = {};
  }
  return { metafile: { inputs: {}, outputs } };
}

async function declarations() {
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const child = spawn(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: ROOT, stdio: ["ignore", 2, 2] });
  const status = await new Promise((resolve) => child.on("close", resolve));
  if (status !== 0) throw new Error(`tsc failed with status ${status}`);
}

/**
 * What the packages in the bundles ask to be passed on: their licences, and notices of single files
 * under others.
 */
async function licenses(metafiles) {
  const inputs = [...new Set(metafiles.flatMap(({ inputs }) => Object.keys(inputs)))].sort();
  const packageOf = (path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
  const parts = ["The scripts of ganatomy's command line contain these packages."];
  let apache = false;
  for (const folder of new Set(inputs.map(packageOf).filter(Boolean))) {
    const { name, version, license } = JSON.parse(await readFile(join(ROOT, folder, "package.json"), "utf8"));
    const texts = (await readdir(join(ROOT, folder))).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
    if (texts.length === 0) throw new Error(`${name} is bundled and has no licence file`);
    parts.push(`${RULE}\n${name} ${version} (${license})`);
    for (const file of texts) parts.push((await readFile(join(ROOT, folder, file), "utf8")).trim());
    for (const path of inputs.filter((path) => packageOf(path) === folder)) {
      const notice = /\/\*[\s*]*(Copyright[\s\S]*?)\*\//.exec(await readFile(join(ROOT, path), "utf8"))?.[1].trim();
      if (!notice) continue;
      apache ||= /Apache License/.test(notice);
      parts.push(`${"-".repeat(80)}\n${name}${path.slice(folder.length)}`, notice.replace(/^ {1,3}/gm, ""));
    }
  }
  if (apache) parts.push(RULE, (await readFile(join(ROOT, APACHE), "utf8")).trimEnd().replace(/^\n+/, ""));
  return `${parts.join("\n\n")}\n`;
}

/** Builds `dist` and returns each script's size gzipped, by its path from the root. */
export async function build({ quick = false } = {}) {
  await generate();
  const [results] = await Promise.all([
    Promise.all([...bundles.map((options) => esbuild({ ...shared, ...options })), core()]),
    quick ? undefined : declarations(),
  ]);
  await chmod(join(DIST, "cli.js"), 0o755);
  await mkdir(join(DIST, "schema"), { recursive: true });
  for (const path of SCHEMAS) await copyFile(join(ROOT, "src", path), join(DIST, "schema", basename(path)));

  await writeFile(join(DIST, LICENSES), await licenses(results.map(({ metafile }) => metafile)));

  const written = results.flatMap(({ metafile }) => Object.keys(metafile.outputs));
  if (!quick) await prune(new Set(written));
  const sizes = {};
  for (const path of written.filter((path) => path.endsWith(".js"))) {
    sizes[path] = gzipSync(await readFile(join(ROOT, path)), { level: 9 }).length;
  }
  if (sizes[CORE] > CORE_BUDGET) {
    throw new Error(`${CORE} has ${sizes[CORE]} bytes gzipped; the budget is ${CORE_BUDGET}`);
  }
  return sizes;
}

/**
 * Removes scripts and declarations of earlier builds: chunk names change with contents, modules
 * move.
 */
async function prune(written) {
  for (const entry of await readdir(DIST, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const built = relative(ROOT, path);
    const source = built.replace(/^dist/, "src").replace(/\.d\.ts$/, ".ts");
    const stale = /\.js(\.map)?$/.test(entry.name)
      ? !written.has(built)
      : /\.d\.ts$/.test(entry.name) && !existsSync(join(ROOT, source));
    if (stale) await rm(path);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const start = performance.now();
  const sizes = await build({ quick: process.argv.includes("--quick") });
  for (const [path, bytes] of Object.entries(sizes)) {
    console.error(`${(bytes / 1000).toFixed(1).padStart(7)} kB gzipped  ${path}`);
  }
  console.error(`built in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
