import { readdirSync, readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { testsOf } from "../scripts/tests-of.mjs";

// Runs: src/index.ts, src/causality/index.ts, src/classifiers/index.ts, src/compare/index.ts,
// src/inversion/index.ts, src/look/index.ts,
// src/networks/index.ts, src/runtime/index.ts, src/node/index.ts, src/cli/main.ts

/** Which rooms of src/ each room may enter; "type" lets only types through. `cli` may enter all. */
const MAY_ENTER: Record<string, Record<string, "all" | "type">> = {
  "errors.ts": {},
  "version.ts": {},
  "names.ts": { "errors.ts": "all" },
  runtime: { "errors.ts": "all", "names.ts": "all", "version.ts": "all" },
  kernels: { "errors.ts": "all", "names.ts": "all", runtime: "all" },
  gradient: { "errors.ts": "all", "names.ts": "all", runtime: "all", kernels: "all" },
  weights: { "errors.ts": "all", "names.ts": "all" },
  networks: { "errors.ts": "all", "names.ts": "all", runtime: "all", kernels: "all", weights: "all" },
  models: { "errors.ts": "all", "names.ts": "all", runtime: "all", kernels: "all", weights: "all", networks: "all" },
  dissect: {
    "errors.ts": "all",
    "names.ts": "all",
    runtime: "all",
    kernels: "all",
    weights: "all",
    networks: "all",
    models: "all",
  },
  look: {
    "errors.ts": "all",
    "names.ts": "all",
    runtime: "all",
    kernels: "all",
    weights: "all",
    networks: "all",
    models: "all",
    dissect: "all",
  },
  // report.json as it is read: by what compares, shows and writes dissections, which do not know
  // each other.
  "report-json.ts": { "errors.ts": "all", weights: "all", dissect: "type" },
  report: {
    "errors.ts": "all",
    "names.ts": "all",
    "report-json.ts": "all",
    weights: "all",
    dissect: "type",
    causality: "type",
    compare: "type",
  },
  "load.ts": {
    "errors.ts": "all",
    "names.ts": "all",
    runtime: "all",
    weights: "all",
    networks: "all",
    models: "all",
    dissect: "all",
  },
  causality: {
    "errors.ts": "all",
    "names.ts": "all",
    runtime: "all",
    kernels: "all",
    gradient: "all",
    weights: "all",
    networks: "all",
    models: "all",
    dissect: "all",
  },
  classifiers: {
    "errors.ts": "all",
    "names.ts": "all",
    runtime: "all",
    weights: "all",
    networks: "all",
    models: "all",
    dissect: "all",
    causality: "all",
  },
  compare: {
    "errors.ts": "all",
    "names.ts": "all",
    "report-json.ts": "all",
    runtime: "all",
    kernels: "all",
    weights: "all",
    networks: "all",
    models: "all",
    dissect: "all",
    causality: "all",
  },
  inversion: {
    "errors.ts": "all",
    "names.ts": "all",
    runtime: "all",
    kernels: "all",
    gradient: "all",
    networks: "all",
    models: "all",
    causality: "all",
    compare: "all",
  },
  session: {
    "errors.ts": "all",
    "names.ts": "all",
    "version.ts": "all",
    "report-json.ts": "all",
    runtime: "all",
    weights: "all",
    networks: "all",
    models: "all",
    dissect: "all",
    causality: "all",
    look: "all",
    report: "all",
    "load.ts": "all",
  },
  server: {
    "errors.ts": "all",
    "names.ts": "all",
    "version.ts": "all",
    "load.ts": "all",
    runtime: "all",
    weights: "all",
    networks: "type",
    models: "all",
    report: "all",
    dissect: "all",
    look: "all",
    session: "all",
  },
  node: {
    "errors.ts": "all",
    "names.ts": "all",
    runtime: "type",
    weights: "all",
    report: "all",
    causality: "type",
    server: "all",
  },
  elements: { "errors.ts": "all", "names.ts": "all", session: "all" },
  "index.ts": {
    "load.ts": "all",
    "errors.ts": "all",
    "names.ts": "all",
    runtime: "all",
    kernels: "all",
    weights: "all",
    networks: "all",
    models: "all",
    dissect: "all",
    report: "all",
  },
};
const BEYOND_THE_WEB = /^(node|cli)\//;
/**
 * The script inside report.html, that of workers, and what defines elements: what runs by itself,
 * and is no library.
 */
const PAGE_SCRIPT = /^report\/viewer\/|^session\/worker\.ts$|^elements\/define\.ts$/;

const SRC = new URL("../src/", import.meta.url);
const paths = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
const room = (path: string) => path.split("/")[0]!;

const MAX_LINES = 350;
const MAX_FUNCTION_LINES = 80;

/**
 * What opens a file by its name waits for good where that is a pipe, so that `node/regular-file.ts`
 * alone does; the others open what no user names, or to write.
 */
const OPENS = new Set(["readFile", "readFileSync", "open", "openSync", "createReadStream"]);
const MAY_OPEN = new Set([
  "node/regular-file.ts",
  "node/folder-files.ts", // at once, and then it looks what it is
  "node/write-whole.ts", // its own temporary file
  "node/lock.ts", // its own lock, and files of /proc
  "node/swiftshader.ts", // a package from npm
  "node/optional.ts", // a package's own package.json
  "node/install.ts", // /etc/os-release
  "cli/chrome/server.ts", // the page's script
]);

interface Import {
  readonly from: string;
  readonly names: readonly string[];
  readonly typeOnly: boolean;
}

interface Module {
  readonly imports: readonly Import[];
  readonly identifiers: ReadonlySet<string>;
  readonly functions: readonly { readonly name: string; readonly lines: number }[];
  /** Whether it has any code of its own: not only types, imports of types and names handed on. */
  readonly runs: boolean;
}

const TYPES_ONLY = new Set([ts.SyntaxKind.InterfaceDeclaration, ts.SyntaxKind.TypeAliasDeclaration]);

const hasNoCode = (statement: ts.Statement): boolean =>
  TYPES_ONLY.has(statement.kind) ||
  (ts.isImportDeclaration(statement) && statement.importClause?.isTypeOnly === true) ||
  ts.isExportDeclaration(statement);

/** What the rules ask of a module, from its syntax tree. */
function read(text: string): Module {
  const imports: Import[] = [];
  const identifiers = new Set<string>();
  const functions: { name: string; lines: number }[] = [];
  const file = ts.createSourceFile("module.ts", text, ts.ScriptTarget.ES2022, true);
  const line = (position: number) => file.getLineAndCharacterOfPosition(position).line;
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) identifiers.add(node.text);
    const add = (from: ts.Node | undefined, typeOnly: boolean, names: readonly string[] = []) =>
      from && ts.isStringLiteralLike(from) && imports.push({ from: from.text, typeOnly, names });
    if (ts.isImportDeclaration(node)) {
      const named = node.importClause?.namedBindings;
      const elements = named && ts.isNamedImports(named) ? named.elements : [];
      const names = elements.map(({ name, propertyName }) => (propertyName ?? name).text);
      add(node.moduleSpecifier, node.importClause?.isTypeOnly ?? false, names);
    }
    if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    if (ts.isFunctionLike(node) && "body" in node && node.body)
      functions.push({ name: node.name?.getText() ?? "=>", lines: line(node.end) - line(node.getStart()) + 1 });
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { imports, identifiers, functions, runs: !file.statements.every(hasNoCode) };
}

const resolve = (from: string, path: string) => new URL(from, new URL(path, SRC)).href.slice(SRC.href.length);

/**
 * The circles among modules, by Tarjan's strongly connected components; the imports of types count
 * too.
 */
function circles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const [index, low, stack] = [new Map<string, number>(), new Map<string, number>(), [] as string[]];
  const open = (path: string): void => {
    index.set(path, index.size);
    low.set(path, index.get(path)!);
    stack.push(path);
    for (const to of imports.get(path) ?? []) {
      if (!imports.has(to)) continue;
      if (!index.has(to)) open(to);
      if (stack.includes(to)) low.set(path, Math.min(low.get(path)!, low.get(to)!));
    }
    if (low.get(path) !== index.get(path)) return;
    const circle = stack.splice(stack.indexOf(path));
    if (circle.length > 1) found.push(circle.sort());
  };
  for (const path of imports.keys()) if (!index.has(path)) open(path);
  return found;
}

/** What in this module breaks the rules of the house. */
function faults(path: string, text: string): string[] {
  const { imports, identifiers, functions, runs } = read(text);
  const found: string[] = [];
  const free = BEYOND_THE_WEB.test(path);
  for (const { from, typeOnly, names } of imports) {
    if (!from.startsWith(".")) {
      if (!free) found.push(`imports ${from}`);
      const opens = /^node:fs/.test(from) && !MAY_OPEN.has(path) ? names.filter((name) => OPENS.has(name)) : [];
      if (free) found.push(...opens.map((name) => `opens files by ${name}`));
      continue;
    }
    const to = resolve(from, path);
    const allowed = room(path) === "cli" || room(to) === room(path) ? "all" : MAY_ENTER[room(path)]?.[room(to)];
    // What is generated of a kernel imports its parts, and nothing else.
    if (path.endsWith(".wgsl.ts") && !/^kernels\/generated\/parts\/[\w-]+\.wgsl\.ts$/.test(to))
      found.push(`imports ${to}`);
    else if (!allowed || (allowed === "type" && !typeOnly)) found.push(`imports ${to}`);
  }
  if (identifiers.has("navigator") && !free && !PAGE_SCRIPT.test(path) && path !== "runtime/host.ts")
    found.push("names navigator");
  const lines = text.split("\n").length - 1;
  if (path.endsWith(".wgsl.ts")) return found;
  if (lines > MAX_LINES) found.push(`has ${lines} lines`);
  for (const { name, lines } of functions) if (lines > MAX_FUNCTION_LINES) found.push(`${name} has ${lines} lines`);
  const tests = testsOf(path, text);
  found.push(...tests.missing.map((file) => `names ${file}, which does not exist`));
  if (runs && tests.found.length === 0) found.push("says nothing of its tests");
  if (path !== "names.ts" && /onWarning\?\.\(/.test(text)) found.push("tells a warning as it is, not by `warn`");
  // Compiled, it looks Symbol.dispose up when it runs, which Safari and Chrome before 134 do not
  // have.
  if (!free && /^\s*(await )?using /m.test(text)) found.push("declares with `using`");
  return found;
}

describe("rooms", () => {
  for (const path of paths) {
    test(`src/${path} keeps to its room`, () => {
      expect(faults(path, readFileSync(new URL(path, SRC), "utf8"))).toEqual([]);
    });
  }

  test.each([
    ["runtime/plan.ts", 'import { conv } from "../kernels/conv.ts";', ["imports kernels/conv.ts"]],
    ["dissect/dissect.ts", "// Tests: test/setup.ts\nusing scope = new Scope();", ["declares with `using`"]],
    ["report/csv.ts", 'import { dissect } from "../dissect/dissect.ts";', ["imports dissect/dissect.ts"]],
    ["report/csv.ts", 'import type { Unit } from "../dissect/result.ts";', []],
    ["networks/operations.ts", 'export { x } from "../dissect/result.ts";', ["imports dissect/result.ts"]],
    ["networks/operations.ts", 'const x = await import("../dissect/result.ts");', ["imports dissect/result.ts"]],
    ["weights/float16.ts", 'let x: import("../runtime/device.ts").Device;', ["imports runtime/device.ts"]],
    ["node/drawing-threads.ts", 'import { Progress } from "../cli/progress.ts";', ["imports cli/progress.ts"]],
    ["node/drawing-threads.ts", 'import { existsSync } from "node:fs";', []],
    ["node/drawing-threads.ts", 'import { readFile as r } from "node:fs/promises";', ["opens files by readFile"]],
    ["weights/float16.ts", 'import { readFile } from "node:fs";', ["imports node:fs"]],
    ["kernels/generated/a.wgsl.ts", 'import { a } from "../b.ts";', ["imports kernels/b.ts"]],
    ["kernels/generated/a.wgsl.ts", 'import part0 from "./parts/b.wgsl.ts";', []],
    ["dissect/iou.ts", "// Tests: test/setup.ts\nexport const f = () => navigator.gpu;", ["names navigator"]],
    ["dissect/iou.ts", "// navigator\n".repeat(351), ["has 351 lines"]],
    ["report/csv.ts", `const f = () => {\n${"f();\n".repeat(79)}};`, ["=> has 81 lines"]],
    ["report/csv.ts", "// Tests: test/setup.ts, test/no.test.ts", ["names test/no.test.ts, which does not exist"]],
    ["new.ts", "// Tests: test/setup.ts,\n// test/no.test.ts\nf();", ["names test/no.test.ts, which does not exist"]],
    ["new.ts", "// Tests: test/setup.ts\nonWarning?.(name);", ["tells a warning as it is, not by `warn`"]],
    ["new.ts", "export const x = 1;", ["says nothing of its tests"]],
    ["new.ts", "export interface X {}", []],
    ["new.ts", "// Tests: test/setup.ts\nexport const x = 1;", []],
  ])("the rules notice faults in %s: %s", (path, text, expected) => expect(faults(path, text)).toEqual(expected));
});

describe("circles", () => {
  test("no module needs itself, not for its types either", () => {
    const modules = paths.map((path): [string, string[]] => {
      const { imports } = read(readFileSync(new URL(path, SRC), "utf8"));
      return [path, imports.filter(({ from }) => from.startsWith(".")).map(({ from }) => resolve(from, path))];
    });
    expect(circles(new Map(modules))).toEqual([]);
  });

  test("circles of any length are seen", () => {
    const imports = { a: ["b"], b: ["c", "d"], c: ["a"], d: ["e"], e: ["d", "f"], f: [] };
    expect(circles(new Map(Object.entries(imports)))).toEqual([
      ["d", "e"],
      ["a", "b", "c"],
    ]);
  });
});

describe("imports", () => {
  // What every JavaScript host has; anything else of a page, a worker or Node is poison while
  // modules load.
  const UNIVERSAL = { TextEncoder, TextDecoder, URL };
  const LANGUAGE = new Set<string>(runInContext("Object.getOwnPropertyNames(globalThis)", createContext({})));
  LANGUAGE.delete("console");
  const PAGE = ["navigator", "window", "document", "self", "location", "caches", "indexedDB", "GPUBufferUsage"];
  const HOST = new Set([...Object.getOwnPropertyNames(globalThis), ...PAGE]);
  async function load(entry: string): Promise<void> {
    const { outputFiles } = await build({
      stdin: { contents: entry, resolveDir: new URL(".", SRC).pathname },
      bundle: true,
      format: "iife",
      target: "es2022",
      globalName: "modules",
      ignoreAnnotations: true, // `sideEffects: false` would drop what is under test
      treeShaking: false,
      write: false,
      logLevel: "silent",
    });
    const context = createContext({ ...UNIVERSAL });
    for (const name of HOST) {
      if (name in UNIVERSAL || LANGUAGE.has(name)) continue;
      Object.defineProperty(context, name, {
        get: () => {
          throw new Error(`touches the global ${name}`);
        },
      });
    }
    runInContext(outputFiles[0]!.text, context);
  }

  test("no module of the web library touches a global when it is imported", async () => {
    const modules = paths.filter((path) => !BEYOND_THE_WEB.test(path) && !PAGE_SCRIPT.test(path));
    await load(modules.map((path, index) => `export * as m${index} from "./${path}";`).join("\n"));
  });

  test.each(["navigator.gpu;", "globalThis.document;", "const n = performance.now();", "console.log(1);"])(
    "%s would be noticed",
    async (code) => await expect(load(`export const x = 1;\n${code}`)).rejects.toThrow(/touches the global/),
  );
});
