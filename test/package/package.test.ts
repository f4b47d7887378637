import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { SourceMap } from "node:module";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CORE, CORE_BUDGET, gzipped, loadedWith } from "../../scripts/build.mjs";
import { serve } from "../../scripts/serve.mjs";
import { openPage } from "../browser/open.ts";
import { built } from "../built.ts";

// Runs: src/index.ts, src/causality/index.ts, src/networks/index.ts, src/runtime/index.ts,
// src/node/index.ts, src/cli/main.ts

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ENTRIES = [
  "ganatomy",
  "ganatomy/causality",
  "ganatomy/classifiers",
  "ganatomy/inversion",
  "ganatomy/compare",
  "ganatomy/look",
  "ganatomy/runtime",
  "ganatomy/report",
  "ganatomy/server",
  "ganatomy/node",
];
const WEB_ENTRIES = ENTRIES.slice(0, -1);

const run = async (file: string, args: readonly string[], cwd: string): Promise<string> => {
  const { stdout } = await promisify(execFile)(file, args, { cwd, maxBuffer: 2 ** 26 }).catch((error) => {
    throw new Error(`${file} ${args.join(" ")} failed:\n${error.stdout}\n${error.stderr}`);
  });
  return stdout;
};
const tool = (name: string): string => join(ROOT, "node_modules/.bin", name);

/** An empty project outside this tree with nothing installed but the packed package. */
let project: string;
let installed: string;
let tarball: string;
let packed: { readonly path: string; readonly size: number; readonly mode: number }[];
let packedBytes: number;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "ganatomy-package-"));
  await built({ whole: true });
  const report = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", project], ROOT);
  const [{ filename, files, size }] = JSON.parse(report);
  tarball = join(project, filename);
  packed = files;
  packedBytes = size;
  await writeFile(join(project, "package.json"), '{ "name": "consumer", "private": true, "type": "module" }\n');
  installed = join(project, "node_modules/ganatomy");
  await run("npm", ["install", tarball, "--omit=peer", "--offline", "--no-audit", "--no-fund"], project);
});
afterAll(() => rm(project, { recursive: true, force: true }));

describe("the tarball", () => {
  test("holds the package and nothing else", () => {
    const known =
      /^(package\.json|README\.md|LICENSE|dist\/THIRD-PARTY-LICENSES\.txt|dist\/[\w./-]+\.(js|js\.map|d\.ts|json)|dist\/libjpegturbowasm_decode\.wasm|dist\/studio\/[\w-]+\.(html|css)|dist\/studio\/scenes64\/layer4\/quantiles\.npz|weights\/(scenes64|mosaic-ade20k32)\/([\w-]+\.(safetensors|json|md)|SHA256SUMS))$/;
    expect(packed.map(({ path }) => path).filter((path) => !known.test(path))).toEqual([]);
    expect(packed.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        "LICENSE",
        "README.md",
        "dist/chrome-page.js",
        "dist/libjpegturbowasm_decode.wasm",
        "dist/chrome-drawing-worker.js",
        "dist/photo-worker.js",
        "dist/cli.js",
        "dist/index.d.ts",
        "dist/index.js",
        "dist/index.min.js",
        "dist/THIRD-PARTY-LICENSES.txt",
        "dist/studio/index.html",
        "dist/studio/scenes64/report.json",
        "dist/studio/studio.js",
        "dist/studio/sw.js",
        "dist/schema/network-v1.schema.json",
        "dist/schema/recipe-v1.schema.json",
        "dist/schema/report-v1.schema.json",
        "weights/scenes64/generator.safetensors",
        "weights/scenes64/segmenter.safetensors",
        "weights/scenes64/labels.json",
        "weights/mosaic-ade20k32/LICENSE.md",
        "weights/mosaic-ade20k32/README.md",
        "weights/mosaic-ade20k32/segmenter.safetensors",
        "weights/mosaic-ade20k32/labels.json",
      ]),
    );
    expect(packed.find(({ path }) => path === "dist/cli.js")!.mode & 0o111).toBe(0o111);
  });

  // The embedded networks' weights are 7.4 MB of it.
  test("has maps whose sources are those of the tree line by line, but for comments", async () => {
    const [name] = packed.map(({ path }) => path).filter((path) => /^dist\/chunks\/core-.*\.map$/.test(path));
    const { sources, sourcesContent } = JSON.parse(await readFile(join(installed, name!), "utf8"));
    const at = (sources as string[]).findIndex((source) => source.endsWith("src/models/edits.ts"));
    const shown = (sourcesContent[at] as string).split("\n");
    const own = (await readFile(join(ROOT, "src/models/edits.ts"), "utf8")).split("\n");
    expect(shown).toHaveLength(own.length);
    expect(shown.filter((line, i) => line !== own[i] && line !== "")).toEqual([]);
    expect(own.filter((line, i) => line !== shown[i] && !/^\s*(\/\*\*|\*|\/\/)/.test(line))).toEqual([]);
    expect(shown.filter((line) => /^\s*(\/\*\*|\*|\/\/)/.test(line))).toEqual([]);
  });

  test("has maps by which every class and function of a script is found at its line, and kernels are not in them twice", async () => {
    const maps = packed.map(({ path }) => path).filter((path) => path.endsWith(".js.map"));
    let found = 0;
    for (const path of maps) {
      const map = JSON.parse(await readFile(join(installed, path), "utf8"));
      expect(map.sources.filter((source: string) => source.includes("/generated/"))).toEqual([]);
      const lines = (await readFile(join(installed, path.slice(0, -".map".length)), "utf8")).split("\n");
      const texts = new Map(
        (map.sources as string[]).map((source, at) => [source, map.sourcesContent[at].split("\n")]),
      );
      const reader = new SourceMap(map);
      for (const [at, line] of lines.entries()) {
        const [, kind, name] = /^(?:async )?(class|function\*?) (\w+)/.exec(line) ?? [];
        if (name === undefined) continue;
        const entry = reader.findEntry(at, line.indexOf(kind!));
        const said = "originalLine" in entry ? texts.get(entry.originalSource)?.[entry.originalLine] : undefined;
        // terser gives names that two modules have to one of them with a $1
        expect(said, `${path}:${at + 1} ${name}`).toMatch(new RegExp(`\\b${name.replace(/\$\d+$/, "")}\\b`));
        found += 1;
      }
    }
    expect(found).toBeGreaterThan(400);
  });

  test("is below 9.5 MB", () => expect(packedBytes).toBeLessThan(9.5e6));

  test("names no folder of the machine that built it", async () => {
    const texts = packed.filter(({ path }) => /\.(js|map|ts|json|md)$/.test(path));
    const folders = [ROOT, `${dirname(ROOT)}/`, `${homedir()}/`];
    const found = [];
    for (const { path } of texts) {
      const text = await readFile(join(installed, path), "utf8");
      if (folders.some((folder) => text.includes(folder))) found.push(path);
    }
    expect(found).toEqual([]);
  });

  test("passes on the licences of what the command line contains", async () => {
    const text = await readFile(join(installed, "dist/THIRD-PARTY-LICENSES.txt"), "utf8");
    for (const notice of [
      /^commander [\d.]+ \(MIT\)\n\n\(The MIT License\)/m,
      /^jpeg-js [\d.]+ \(BSD-3-Clause\)\n\nCopyright \(c\) 2014, Eugene Ware/m,
      /^@cornerstonejs\/codec-libjpeg-turbo-8bit [\d.]+ [\s\S]+in part on the work of the Independent JPEG Group/m,
      /Copyright \(C\) 2009-2026 D\. R\. Commander/,
      /^jpeg-js\/lib\/decoder\.js\n\nCopyright 2011 notmasteryet/m,
      /^jpeg-js\/lib\/encoder\.js\n\nCopyright \(c\) 2008, Adobe Systems Incorporated/m,
      /Apache License\s+Version 2\.0, January 2004[\s\S]+END OF TERMS AND CONDITIONS/,
    ]) {
      expect(text).toMatch(notice);
    }
  });

  test(`has a core of at most ${CORE_BUDGET / 1000} kB gzipped, the build's budget, that needs no other file until it reads Python's, downloads a whole file, recognises a network, times kernels, dissects, computes windows, draws images of a seed, halves objects, finds what fits into memory, or says what a browser lacks`, async () => {
    const loaded = await loadedWith(CORE);
    expect(await gzipped(loaded)).toBeLessThanOrEqual(CORE_BUDGET);
    const scripts = await Promise.all([...loaded].map((path) => readFile(join(installed, path), "utf8")));
    const names = (texts: readonly string[], kind: RegExp) =>
      new Set(texts.flatMap((text) => [...text.matchAll(kind)].map(([, name]) => name)));
    const [core, ...chunks] = scripts;
    expect(names([core!], /\.\/chunks\/([a-z-]+)-[\w-]{8}\.min\.js/g)).toEqual(new Set(["base", "core", "runtime"]));
    expect(chunks).toHaveLength(3);
    expect(names(chunks, /\bimport\("\.\/([a-z-]+)-[\w-]{8}\.min\.js"\)/g)).toEqual(
      new Set([
        ...[
          "advice",
          "batch-size",
          "components",
          "dissect",
          "families",
          "generator",
          "http-whole",
          "images",
          "label-list",
          "network",
        ],
        ...["python", "race", "recognise", "segmenter", "self", "windows"],
      ]),
    );
  });

  test("is as large as README says", async () => {
    const loaded = await loadedWith(CORE);
    const kB = async (paths: readonly string[]) => Math.round((await gzipped(paths)) / 1000);
    const scripts = await Promise.all([...loaded].map((path) => readFile(join(ROOT, path), "utf8")));
    const lazy = scripts.flatMap((text) => [...text.matchAll(/\bimport\("\.\/(([a-z-]+)-[\w-]{8}\.min\.js)"\)/g)]);
    /**
     * What chunks of this name add, the largest first: generators and segmenters both have a
     * "recognise".
     */
    const more = async (wanted: string) => {
      const files = [...new Set(lazy.filter(([, , name]) => name === wanted).map(([, file]) => file!))];
      const added = await Promise.all(
        files.map(async (file) =>
          kB([...(await loadedWith(`dist/chunks/${file}`))].filter((path) => !loaded.has(path))),
        ),
      );
      return added.sort((a, b) => b - a);
    };
    const [described, published] = await more("recognise");
    const readme = (await readFile(join(ROOT, "README.md"), "utf8")).replace(/\s+/g, " ");
    for (const claim of [
      `The library is ${await kB([...loaded])} kB gzipped; it fetches ${await more("families")} more`,
      `to load a generator of a known family, ${described} for one that is described,`,
      `${await more("generator")} for ONNX, ${await more("python")} to read what Python wrote`,
      `${published} for a published segmenter, and ${await more("dissect")} when it dissects.`,
    ]) {
      expect(readme.includes(claim), claim).toBe(true);
    }
  });

  test("passes publint", async () => {
    await run(tool("publint"), ["--strict", tarball], project);
  });

  test("passes attw", async () => {
    await run(tool("attw"), [tarball, "--profile", "esm-only", "--no-emoji"], project);
  });
});

describe("in Node", () => {
  test("every entry loads, and touches no global of a page or of WebGPU", async () => {
    const script = `
      for (const name of ["navigator", "window", "document", "self", "GPUBufferUsage"]) {
        Object.defineProperty(globalThis, name, { configurable: true, get() { throw new Error("touches " + name); } });
      }
      const names = {};
      for (const entry of ${JSON.stringify(ENTRIES)}) names[entry] = Object.keys(await import(entry));
      console.log(JSON.stringify(names));`;
    const names = JSON.parse(await run(process.execPath, ["--input-type=module", "--eval", script], project));
    expect(names["ganatomy"]).toEqual(
      expect.arrayContaining(
        "Device init loadGenerator loadSegmenter defineSegmenter mergeSegmenters conv dissect show GanatomyError".split(
          " ",
        ),
      ),
    );
    expect(names["ganatomy/causality"]).toEqual(
      expect.arrayContaining(["Experiment", "ablateEverywhere", "unitQuantiles"]),
    );
    expect(names["ganatomy/runtime"]).toEqual(expect.arrayContaining(["Device", "Tensor", "Graph", "Plan"]));
    expect(names["ganatomy/node"]).toContain("findGpu");
    expect(names["ganatomy/server"]).toContain("createHandler");
    expect(names["ganatomy/report"].length).toBeGreaterThan(0);
  });

  test("the command line starts", async () => {
    expect(await run(join(project, "node_modules/.bin/ganatomy"), ["--help"], project)).toMatch(/dissect/);
  });

  test("it serves the studio, whose networks are in the package once", async () => {
    expect(packed.filter(({ path }) => /^dist\/studio\/(weights|worker)/.test(path))).toEqual([]);
    const child = spawn(join(project, "node_modules/.bin/ganatomy"), ["studio", "--port", "0"], { cwd: project });
    try {
      const [line] = await once(child.stdout.setEncoding("utf8"), "data");
      const url = String(line).trim();
      for (const path of [
        "",
        "studio.js",
        "worker.min.js",
        "weights/scenes64/generator.safetensors",
        "scenes64/report.json",
      ]) {
        expect((await fetch(url + path)).status, path).toBe(200);
      }
    } finally {
      child.kill();
    }
  });

  test("schema and weights have addresses", async () => {
    const script = `
      import { readFileSync } from "node:fs";
      const read = (name) => readFileSync(new URL(import.meta.resolve(name)), "utf8");
      JSON.parse(read("ganatomy/schema/network-v1.schema.json"));
      JSON.parse(read("ganatomy/schema/report-v1.schema.json"));
      JSON.parse(read("ganatomy/schema/server-v1.openapi.json"));
      JSON.parse(read("ganatomy/weights/scenes64/labels.json"));
      JSON.parse(read("ganatomy/package.json"));`;
    await run(process.execPath, ["--input-type=module", "--eval", script], project);
  });
});

describe("in a bundler", () => {
  const bundle = (entries: readonly string[], options: { minify?: boolean } = {}) =>
    build({
      stdin: {
        contents: entries.map((entry, index) => `export * as m${index} from "${entry}";`).join("\n"),
        resolveDir: project,
      },
      bundle: true,
      platform: "browser",
      format: "esm",
      write: false,
      metafile: true,
      logLevel: "silent",
      ...options,
    });

  test("the entries for pages bundle without anything of Node's", async () => {
    const { metafile, warnings } = await bundle(WEB_ENTRIES);
    expect(warnings).toEqual([]);
    expect(Object.values(metafile.outputs).flatMap((output) => output.imports)).toEqual([]);
  });

  test("the entry for Node is refused in a page, loudly", async () => {
    await expect(bundle(["ganatomy/node"])).rejects.toThrow(/Could not resolve "node:/);
  });

  test("what is not used is left out", async () => {
    const { outputFiles } = await build({
      stdin: { contents: 'export { GanatomyError } from "ganatomy";', resolveDir: project },
      bundle: true,
      format: "esm",
      minify: true,
      write: false,
    });
    // Among what stays are tables of the weights' readers; shaders and models are gone (58 kB when
    // they were not).
    expect(outputFiles[0]!.contents.length).toBeLessThan(6000);
    expect(outputFiles[0]!.text).not.toContain("@compute");
  });
});

describe("in a page", () => {
  test('<script type="module"> imports the minified entry and computes on the GPU', async () => {
    const page_ = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
      <script type="module">
        import { Device, loadGenerator } from "./node_modules/ganatomy/dist/index.min.js";
        try {
          const device = await Device.request();
          const generator = await loadGenerator("./node_modules/ganatomy/weights/scenes64/generator.safetensors", { device });
          const pickled = await loadGenerator("./tiny.pth", { device });
          const layers = [generator.layers.length, pickled.layers.length];
          const lone = await import("./lone/dist/index.min.js");
          const { code, message } = await lone.loadGenerator("./tiny.pth", { device }).catch((error) => error);
          globalThis.outcome = { software: device.adapter.software, layers, code, message };
        } catch (error) {
          globalThis.outcome = { error: String(error?.stack ?? error) };
        }
      </script>`;
    await writeFile(join(project, "index.html"), page_);
    await copyFile(join(ROOT, "test/golden/progan-tiny.zip.pth"), join(project, "tiny.pth"));
    // The core without the chunks it imports on demand.
    await mkdir(join(project, "lone/dist/chunks"), { recursive: true });
    for (const path of await loadedWith(CORE)) await copyFile(join(installed, path), join(project, "lone", path));
    const server = await serve(project);
    const { page, errors, close } = await openPage(server.url);
    try {
      await page.waitForFunction("globalThis.outcome !== undefined", { timeout: 60_000 });
      expect(await page.evaluate("globalThis.outcome")).toEqual({
        software: true,
        layers: [11, 9],
        code: "network",
        message: expect.stringContaining("Serve the whole `dist` folder"),
      });
      expect(errors).toEqual([expect.stringContaining("404")]);
    } finally {
      await close();
      await server.close();
    }
  });
});

describe("in TypeScript", () => {
  const SOURCE = `
    import { Device, type Dissection, GanatomyError } from "ganatomy";
    import { Experiment } from "ganatomy/causality";
    import { Tensor } from "ganatomy/runtime";
    import * as report from "ganatomy/report";
    import { findGpu } from "ganatomy/node";
    export async function main(dissection: Dissection): Promise<number> {
      const device: Device = await Device.request({ gpu: await findGpu() });
      const tensor = Tensor.from(device, "x", [2], "f32", Float32Array.of(1, 2));
      const values: Float32Array = await tensor.read();
      // @ts-expect-error an f32 tensor is read as floats
      const wrong: Uint32Array = await tensor.read();
      // @ts-expect-error there is no such option
      await Device.request({ gpus: 1 });
      if (!(dissection instanceof GanatomyError)) console.log(report, wrong, Experiment);
      return values.length + dissection.layers.length;
    }\n`;

  beforeAll(async () => {
    await writeFile(join(project, "main.ts"), SOURCE);
    for (const types of ["@webgpu/types", "@types/node", "undici-types"]) {
      const target = join(project, "node_modules", types);
      await mkdir(dirname(target), { recursive: true });
      await symlink(join(ROOT, "node_modules", types), target);
    }
  });

  test.each([
    ["nodenext", ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
    ["bundler", ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
  ])("the declarations are whole under %s", (_, module, moduleResolution) => {
    const program = ts.createProgram([join(project, "main.ts")], {
      module,
      moduleResolution,
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.asynciterable.d.ts", "lib.esnext.disposable.d.ts"],
      types: ["@webgpu/types", "node"],
      typeRoots: [join(project, "node_modules/@types"), join(project, "node_modules")],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
    });
    // All but what is wrong with others' declarations beside ours, which takes most of the time and
    // test/package/guides.test.ts asks for.
    const files = program
      .getSourceFiles()
      .filter(({ fileName }) => !/\/node_modules\/(@types|@webgpu|typescript|undici-types)\//.test(fileName));
    expect(files.length).toBeGreaterThan(100);
    const diagnostics = [
      ...program.getOptionsDiagnostics(),
      ...program.getGlobalDiagnostics(),
      ...files.flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]),
    ];
    const host = {
      getCanonicalFileName: (name: string) => name,
      getCurrentDirectory: () => project,
      getNewLine: () => "\n",
    };
    expect(ts.formatDiagnostics(diagnostics, host)).toBe("");
  });
});
