import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { beforeAll, expect, test } from "vitest";
import { type Cell, cellsOf } from "../../scripts/tutorial.mjs";
import { built } from "../built.ts";

// Runs: src/index.ts

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** What the guides' snippets do not make themselves: earlier ones, or the reader's page, do. */
const GIVEN = `import type { Device, Generator, Segmenter } from "ganatomy";
declare global {
  const device: Device;
  const generator: Generator;
  const segmenter: Segmenter;
  const canvas: HTMLCanvasElement;
}`;

interface Snippet {
  /** "docs/edits.md:14", where it begins. */
  readonly place: string;
  readonly code: string;
}

/** `const a: A; function f(): void;` as declarations. */
const declared = (given: string): string => given.replace(/(?<=^|; )(?=const|let|function)/g, "declare ");

/** The cells of a notebook as one module, in which every line has its number in the guide. */
function moduleOf(cells: readonly Cell[], given: string): string {
  const lines: string[] = [];
  for (const { code, line } of cells) {
    if (code === undefined) continue;
    while (lines.length < line - 1) lines.push("");
    lines.push(...code.split("\n"));
  }
  lines[0] = declared(given);
  return lines.join("\n");
}

const guides = [
  "README.md",
  ...(await readdir(join(ROOT, "docs"))).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`),
];

/**
 * The scripts in a guide: fenced as js or ts, or in a page's module. What a snippet takes from its
 * surroundings is declared in a comment before it: `<!-- given: const units: number[]; -->`. With
 * `<!-- given for all: … -->` they are the cells of a notebook, one module.
 */
async function snippetsOf(guide: string): Promise<Snippet[]> {
  const text = await readFile(join(ROOT, guide), "utf8");
  const forAll = /^<!-- given for all: (.*) -->$/m.exec(text)?.[1];
  if (forAll !== undefined) return [{ place: guide, code: moduleOf(cellsOf(text), forAll) }];
  const found = [...text.matchAll(/(?:^<!-- given: (.*) -->\n)?^```(js|ts|html)\n([\s\S]*?)^```$/gm)];
  return found.flatMap(({ index, 1: given, 2: kind, 3: body = "" }) => {
    const place = `${guide}:${text.slice(0, index).split("\n").length}`;
    if (kind !== "html") return { place, code: given ? `${declared(given)}\n${body}` : body };
    const modules = [...body.matchAll(/<script type="module">\n([\s\S]*?)<\/script>/g)];
    // A page's addresses are the names that a bundler would use.
    const named = (code: string): string =>
      code.replace(/"\.\/node_modules\/ganatomy\/dist\/(?:([\w/-]+)\/)?([\w-]+)\.min\.js"/g, (_, folder, name) => {
        const entry = [folder, name === "index" ? undefined : name].filter(Boolean).join("/");
        return `"ganatomy${entry ? `/${entry}` : ""}"`;
      });
    return modules.map(([, code = ""], at) => ({ place: `${place}${at ? `.${at}` : ""}`, code: named(code) }));
  });
}

const snippets = (await Promise.all(guides.map(snippetsOf))).flat();
/** What must be complained of. */
const WRONG: Snippet = { place: "wrong", code: "const run = await generator.forward([1], { retian: [] });" };

/** What the compiler says of each snippet, as a module of a project that has the package. */
function complaints(lib: readonly string[]): Map<string, string[]> {
  const files = new Map(
    [...snippets, WRONG, { place: "given", code: GIVEN }].map(({ place, code }) => [
      join(ROOT, `${place.replace(/\W/g, "-")}.mts`),
      { place, code },
    ]),
  );
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: [...lib],
    types: ["@webgpu/types", "node"],
    strict: true,
    noEmit: true,
    skipLibCheck: false,
  };
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  const contents = (path: string) => files.get(path) && `${files.get(path)!.code}\nexport {};\n`;
  host.readFile = (path) => contents(path) ?? readFile(path);
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.getSourceFile = (path, ...rest) => {
    const text = contents(path);
    return text
      ? ts.createSourceFile(path, text, {
          languageVersion: ts.ScriptTarget.ES2022,
          impliedNodeFormat: ts.ModuleKind.ESNext,
        })
      : getSourceFile(path, ...rest);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  const found = new Map(snippets.map(({ place }) => [place, [] as string[]]));
  for (const { file, start, messageText } of ts.getPreEmitDiagnostics(program)) {
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    const place = (file && files.get(file.fileName)?.place) ?? file?.fileName ?? "";
    found.set(place, [...(found.get(place) ?? []), `${line}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`]);
  }
  return found;
}

let said: Map<string, string[]>;
beforeAll(async () => {
  await built({ whole: true });
  said = complaints(["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.asynciterable.d.ts", "lib.esnext.disposable.d.ts"]);
}, 600_000); // builds the declarations, where nobody has

test.each(snippets)("$place is right by the declarations", ({ place }) => expect(said.get(place)).toEqual([]));

test("nothing else is wrong but what should be", () => {
  const wrong = [...said].filter(
    ([place, list]) => list.length > 0 && !snippets.some((snippet) => snippet.place === place),
  );
  expect(wrong).toEqual([["wrong", [expect.stringContaining("retian")]]]);
  expect(snippets.length).toBeGreaterThan(30);
});

test("TypeScript 7 says the same", async () => {
  // In the package, which goes by its own name here.
  const folder = await mkdtemp(join(ROOT, ".guides-"));
  try {
    const all = [...snippets, WRONG, { place: "given", code: GIVEN }];
    const write = ({ place, code }: Snippet) =>
      writeFile(join(folder, `${place.replace(/\W/g, "-")}.mts`), `${code}\nexport {};\n`);
    await Promise.all(all.map(write));
    const compilerOptions = {
      module: "nodenext",
      target: "es2022",
      lib: ["es2023", "dom", "dom.asynciterable", "esnext.disposable"],
      types: ["node"], // its DOM has WebGPU, with which @webgpu/types is at odds
      strict: true,
      noEmit: true,
      skipLibCheck: false,
    };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.mts"] }));
    const tsc = join(ROOT, "bench/node_modules/typescript-7/bin/tsc");
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, "--pretty", "false"], { cwd: folder }).catch(
      (error: { readonly stdout: string }) => error,
    );
    expect(stdout.trim().split("\n")).toEqual([expect.stringMatching(/^wrong\.mts\(1,\d+\): error TS\d+: .*retian/)]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** Headings' anchors, as GitHub makes them. */
const anchorsOf = (text: string): Set<string> =>
  new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/`/g, "")
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replace(/ /g, "-"),
    ),
  );

test.each([...guides, "CONTRIBUTING.md", "SECURITY.md", "bench/README.md"])(
  "%s links to what is there",
  async (guide) => {
    const text = await readFile(join(ROOT, guide), "utf8");
    const dead = [];
    for (const [, link = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      const [path = "", anchor] = link.split("#");
      const file = path === "" ? guide : join(dirname(guide), path);
      const there = await stat(join(ROOT, file)).catch(() => undefined);
      const named = anchor === undefined || (there && anchorsOf(await readFile(join(ROOT, file), "utf8")).has(anchor));
      if (!there || !named) dead.push(link);
    }
    expect(dead).toEqual([]);
  },
);

test("README is read in a minute, and leads to every guide", async () => {
  const text = await readFile(join(ROOT, "README.md"), "utf8");
  expect(text.split("\n").length).toBeLessThanOrEqual(150);
  expect(guides.filter((guide) => guide !== "README.md" && !text.includes(`(${guide})`))).toEqual([]);
});
