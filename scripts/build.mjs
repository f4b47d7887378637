// dist/: the library's public entries on chunks they share, scripts that are one file, the command
// line, and declarations. `--quick` leaves the declarations as they are, which is all that running
// from a clone needs; `--declarations` makes nothing else.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build as esbuild, transform } from "esbuild";
import { rollup } from "rollup";
import { parseAst } from "rollup/parseAst";
import { minify } from "terser";
import { manifest } from "./elements-manifest.mjs";
import { elementTypes } from "./elements-types.mjs";
import { quiet } from "./quiet-maps.mjs";
import { buildStudio } from "./studio.mjs";
import { bare, generate } from "./wgsl.mjs";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DIST = join(ROOT, "dist");
const SRC = join(ROOT, "src/");
/** Says of which sources dist/ was made, and whether with declarations. Not published. */
const MADE_OF = join(DIST, ".made-of");
/**
 * Scripts that are one file, dynamic imports included, by their paths in dist/: what starts them
 * gives one address. Nobody imports them, so that they may have a runtime of their own. The public
 * entries are all other scripts that `exports` of package.json names.
 */
export const ALONE = {
  "chrome-drawing-worker.js": "src/cli/chrome/drawing-worker.ts",
  "node/drawing-worker.js": "src/node/drawing-worker.ts",
  "worker.min.js": "src/session/worker.ts",
};
export const CORE = "dist/index.min.js";
/**
 * What CORE loads at once is these chunks, one for a few floors of the house, so that who only
 * writes reports or has kernels of their own does not load the networks. Left to itself, rollup
 * makes ten, whose gzip is 3 kB more, and another few for every new entry.
 */
const FLOORS = { "errors.ts": "base", "names.ts": "base", "version.ts": "base", weights: "base", runtime: "runtime" };
const target = "es2022";
/** JSON Schemas that are published, by their paths in src. */
const SCHEMAS = [
  "report/report-v1.schema.json",
  "networks/network-v1.schema.json",
  "session/recipe-v1.schema.json",
  "server/server-v1.openapi.json",
];
/** What else dist/ depends on. */
const MAKERS = [
  ...["build", "wgsl", "elements-manifest", "elements-types", "quiet-maps", "studio"].map(
    (name) => `scripts/${name}.mjs`,
  ),
  ...["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json"],
];
/** What the JPEG decoder loads, beside it. */
const JPEG_DECODER = "@cornerstonejs/codec-libjpeg-turbo-8bit/dist/libjpegturbowasm_decode.wasm";
const LICENSES = "THIRD-PARTY-LICENSES.txt";
/** Licences of packages that bring none, by what their sources say. */
const NOTICES = { "@cornerstonejs/codec-libjpeg-turbo-8bit": "scripts/notices/libjpeg-turbo.txt" };
/** The Apache License, which some notices name but do not contain. */
const APACHE = "weights/mosaic-ade20k32/LICENSE.md";
const RULE = "=".repeat(80);
/** What a page loads for CORE, gzipped, stays below this many bytes. */
export const CORE_BUDGET = 60_000;

const commandLine = {
  absWorkingDir: ROOT,
  bundle: true,
  format: "esm",
  target,
  external: ["node:*", "webgpu", "puppeteer-core"],
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
  // The page of --chrome computes with the command line's own chunks, which have nothing of Node's.
  // The thread that decodes large photos is on them, too.
  entryPoints: {
    cli: "src/cli/main.ts",
    "chrome-page": "src/cli/chrome/page.ts",
    "photo-worker": "src/node/photo/decoding-worker.ts",
  },
  outdir: "dist",
  // An eighth less, gzipped. In lines, as Node shows the one that threw.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
  splitting: true,
  chunkNames: "cli-[name]-[hash]", // beside the entry: modules find files from where they are
  platform: "node",
  define: { __dirname: "import.meta.dirname" }, // where the JPEG decoder looks for its own file
  plugins: [
    {
      name: "packages in CommonJS, without require",
      setup: ({ onLoad }) =>
        onLoad({ filter: /\/node_modules\/.+\.js$/ }, async ({ path }) => ({
          contents: (await readFile(path, "utf8")).replace(/\brequire\(["'](?:node:)?(\w+)["']\)/g, (call, name) =>
            isBuiltin(name) ? `globalThis.process.getBuiltinModule("${name}")` : call,
          ),
        })),
    },
  ],
};

/** A module in which shaders of its own are as bare as kernels. */
const bareShaders = async (id) => (await readFile(id, "utf8")).replace(/(?<=\/\* wgsl \*\/ `)[^`$]+(?=`)/g, bare);

const typescript = {
  name: "typescript",
  resolveId: (id, importer) => (id.startsWith(".") ? resolve(dirname(importer), id) : null),
  load: async (id) => transform(await bareShaders(id), { loader: "ts", target, sourcemap: true, sourcefile: id }),
};

/**
 * By terser, whose names repeat more than esbuild's do. Functions and classes keep theirs and
 * statements have lines of their own, 1.4 kB of the core in all: stack traces can be read, and Node
 * shows the line that threw, not the whole file.
 */
const terser = {
  name: "terser",
  renderChunk: (code) =>
    minify(code, {
      module: true,
      ecma: 2020,
      keep_classnames: true,
      keep_fnames: true,
      format: { semicolons: false },
      sourceMap: true,
    }),
};

const quietMaps = {
  name: "maps of lines",
  generateBundle(_, files) {
    for (const [name, file] of Object.entries(files)) {
      if (name.endsWith(".map")) file.source = JSON.stringify(quiet(JSON.parse(file.source)));
    }
  },
};

/**
 * Writes scripts into dist/, minified and with maps if their names say so, and returns the paths of
 * all that was written.
 */
async function bundle(input, output) {
  const bundle = await rollup({
    input,
    external: [/^node:/, "webgpu"],
    plugins: [typescript],
    preserveEntrySignatures: "strict",
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
  });
  const minified = output.entryFileNames.endsWith(".min.js") && { sourcemap: true, plugins: [terser, quietMaps] };
  const { output: files } = await bundle.write({ dir: DIST, ...minified, ...output });
  await bundle.close();
  return files.map(({ fileName }) => `dist/${fileName}`);
}

/**
 * The public entries, `X.min.js` and `X.js`. Both are doors to the same chunks: classes have
 * private fields and are asked for with `instanceof`, so that a page which mixes two copies of one
 * would see neither work. What `exports` names, X.js, has no code; sources are in the maps.
 */
async function library() {
  const { exports } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const scripts = Object.values(exports).flatMap((entry) => /^\.\/dist\/(.+)\.js$/.exec(entry.default)?.[1] ?? []);
  const entries = scripts.filter((name) => !(`${name}.js` in ALONE));
  const written = await bundle(Object.fromEntries(entries.map((name) => [name, join(SRC, `${name}.ts`)])), {
    entryFileNames: "[name].min.js",
    chunkFileNames: "chunks/[name]-[hash].min.js",
    manualChunks: floorOf(new Set()),
  });
  for (const name of entries) {
    await writeFile(join(DIST, `${name}.js`), `export * from "./${basename(name)}.min.js";\n`);
  }
  return [...written, ...entries.map((name) => `dist/${name}.js`)];
}

/** For rollup: the chunk of a module that CORE loads at once. */
const floorOf =
  (core) =>
  (id, { getModuleInfo }) => {
    const collect = (id) => {
      if (core.has(id)) return;
      core.add(id);
      getModuleInfo(id).importedIds.forEach(collect);
    };
    const entry = join(SRC, "index.ts");
    collect(entry);
    return core.has(id) && id !== entry ? (FLOORS[id.slice(SRC.length).split("/")[0]] ?? "core") : undefined;
  };

/** A script that needs no other. Without a map, which would have all sources once more: 2 MB. */
async function alone([fileName, source]) {
  const whole = { inlineDynamicImports: true, sourcemap: false, plugins: [terser] };
  return bundle(join(ROOT, source), { entryFileNames: fileName, ...whole });
}

/** The paths of what a module of dist/ loads before it runs, its own among them. */
export async function loadedWith(path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  for (const { type, source } of parseAst(await readFile(join(ROOT, path), "utf8")).body) {
    if (type !== "ImportDeclaration" && !type.startsWith("Export")) continue;
    if (source?.value.startsWith(".")) await loadedWith(join(dirname(path), source.value), found);
  }
  return found;
}

/** Bytes of these files, each gzipped by itself. */
export async function gzipped(paths) {
  const files = await Promise.all([...paths].map((path) => readFile(resolve(ROOT, path))));
  return files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0);
}

async function declarations() {
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const child = spawn(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: ROOT, stdio: ["ignore", 2, 2] });
  const status = await new Promise((resolve) => child.on("close", resolve));
  if (status !== 0) throw new Error(`tsc failed with status ${status}`);
  await pruneDeclarations();
  return [];
}

/** Removes declarations that no entry's types are made of: two thirds, of what is ours alone. */
async function pruneDeclarations() {
  const { exports } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const needed = new Set();
  const visit = async (path) => {
    // Those of frameworks are written after these, or were by a quick build before.
    if (needed.has(path) || !existsSync(path)) return;
    needed.add(path);
    const text = await readFile(path, "utf8");
    for (const [, named] of text.matchAll(/\b(?:from |import |import\()"(\.[^"]+)\.[tj]s"/g)) {
      await visit(`${join(dirname(path), named)}.d.ts`);
    }
  };
  for (const { types } of Object.values(exports)) if (types) await visit(join(ROOT, types));
  for (const entry of await readdir(DIST, { recursive: true })) {
    const path = join(DIST, entry);
    if (/\.d\.ts$/.test(entry) && !needed.has(path)) await rm(path);
  }
}

/**
 * What the packages in the bundles ask to be passed on: their licences, and notices of single files
 * under others.
 */
async function licenses(inputs) {
  const packageOf = (path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
  const parts = ["The scripts of ganatomy's command line contain these packages."];
  let apache = false;
  for (const folder of new Set(inputs.map(packageOf).filter(Boolean).sort())) {
    const { name, version, license } = JSON.parse(await readFile(join(ROOT, folder, "package.json"), "utf8"));
    const texts = (await readdir(join(ROOT, folder))).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
    if (texts.length === 0 && !NOTICES[name]) throw new Error(`${name} is bundled and has no licence file`);
    parts.push(`${RULE}\n${name} ${version} (${license})`);
    if (NOTICES[name]) parts.push((await readFile(join(ROOT, NOTICES[name]), "utf8")).trim());
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

/** A hash of all that dist/ is made of. What is generated in src/ follows from the rest. */
async function sources() {
  const inside = (await readdir(SRC, { recursive: true })).filter((name) => /\.(?<!wgsl\.)\w+$/.test(name));
  const studio = (await readdir(join(ROOT, "studio"), { recursive: true })).filter((name) => /\.\w+$/.test(name));
  const files = [
    ...inside.sort().map((name) => join("src", name)),
    ...studio.sort().map((name) => join("studio", name)),
    ...MAKERS,
  ];
  const hash = createHash("sha256");
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(await readFile(join(ROOT, file)))
      .update("\0");
  return hash.digest("hex");
}

/**
 * Whether `dist` is what the sources make, with declarations unless `quick`. A stranger's change to
 * `dist` itself is not seen.
 */
export async function isBuilt({ quick = false } = {}) {
  const [made, whole] = (await readFile(MADE_OF, "utf8").catch(() => "")).split(" ");
  return made === (await sources()) && (quick || whole === "whole");
}

/** Builds `dist` and returns each script's size gzipped, by its path from the root. */
export async function build({ quick = false } = {}) {
  const whole = !quick || (await isBuilt());
  const from = await sources(); // as they are now: what changes meanwhile may be in it or not
  await rm(MADE_OF, { force: true });
  await generate();
  const [cli, ...scripts] = await Promise.all([
    esbuild(commandLine),
    library(),
    ...Object.entries(ALONE).map(alone),
    quick ? [] : declarations(),
  ]);
  await chmod(join(DIST, "cli.js"), 0o755);
  await copyFile(join(ROOT, "node_modules", JPEG_DECODER), join(DIST, basename(JPEG_DECODER)));
  await mkdir(join(DIST, "schema"), { recursive: true });
  for (const path of SCHEMAS) await copyFile(join(ROOT, "src", path), join(DIST, "schema", basename(path)));
  const elements = await manifest();
  await writeFile(join(DIST, "custom-elements.json"), `${JSON.stringify(elements, null, 2)}\n`);
  const types = Object.entries(elementTypes(elements));
  await Promise.all(types.map(([path, text]) => writeFile(join(DIST, path), text)));

  await writeFile(join(DIST, LICENSES), await licenses(Object.keys(cli.metafile.inputs)));

  const studio = (await buildStudio(join(DIST, "studio"))).map((path) => relative(ROOT, path));
  const declared = types.map(([path]) => `dist/${path}`);
  const written = [...Object.keys(cli.metafile.outputs), ...scripts.flat(), ...studio, ...declared];
  await prune(new Set(written));
  const sizes = {};
  for (const path of written.filter((path) => path.endsWith(".js"))) sizes[path] = await gzipped([path]);
  const core = await gzipped(await loadedWith(CORE));
  if (core > CORE_BUDGET) throw new Error(`${CORE} loads ${core} bytes gzipped; the budget is ${CORE_BUDGET}`);
  await writeFile(MADE_OF, `${from} ${whole ? "whole" : "quick"}`);
  return sizes;
}

/** After a quick build, which stays as it is: others may be running it. */
async function complete() {
  const from = await sources();
  if (!(await isBuilt({ quick: true }))) throw new Error("dist/ is not what the sources make: build it first");
  await declarations();
  await writeFile(MADE_OF, `${from} whole`);
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
      : /\.d\.ts$/.test(entry.name) && !written.has(built) && !existsSync(join(ROOT, source));
    if (stale) await rm(path);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const start = performance.now();
  const only = process.argv.includes("--declarations");
  const sizes = only ? await complete() : await build({ quick: process.argv.includes("--quick") });
  for (const [path, bytes] of Object.entries(sizes ?? {})) {
    console.error(`${(bytes / 1000).toFixed(1).padStart(7)} kB gzipped  ${path}`);
  }
  console.error(`built in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
