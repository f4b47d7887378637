// docs/tutorial.md as a page whose cells run (part of the site), and as a notebook for
// `deno jupyter`: `node scripts/tutorial.mjs` writes examples/tutorial.ipynb anew.
//
// Tests: test/site/tutorial.test.ts, test/site/notebook.test.ts
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import MarkdownIt from "markdown-it";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const GUIDE = "docs/tutorial.md";
const NOTEBOOK = "examples/tutorial.ipynb";
/** The model that cells load, beside the page. */
const WEIGHTS = ["generator.safetensors", "segmenter.safetensors", "labels.json"];

/**
 * @typedef {object} Cell a piece of the tutorial, in its order
 * @property {string} [text] Markdown
 * @property {string} [code] JavaScript, or
 * @property {number} line where it begins in the guide, from 1
 */

/**
 * Texts and code of a guide.
 * @param {string} guide Markdown with code fenced as js
 * @returns {Cell[]}
 */
export function cellsOf(guide) {
  const cells = [];
  let at = 0;
  const lineOf = (index) => guide.slice(0, index).split("\n").length;
  const push = (end) => {
    const text = guide.slice(at, end).replace(/^<!--.*-->\n/gm, "");
    if (text.trim() !== "") cells.push({ text: text.trim(), line: lineOf(at) });
  };
  for (const { index, 0: all, 1: code = "" } of guide.matchAll(/^```js\n([\s\S]*?)\n```$/gm)) {
    push(index);
    cells.push({ code, line: lineOf(index) + 1 });
    at = index + all.length;
  }
  push(guide.length);
  return cells;
}

const escaped = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/**
 * Writes the tutorial as a page into a folder of the site.
 *
 * @param {string} folder made if need be; `../guides/` has the other guides, `../assets/` the
 *   site's
 */
export async function buildTutorial(folder) {
  const guide = await readFile(join(ROOT, GUIDE), "utf8");
  const markdown = new MarkdownIt({ html: false });
  const [page, bundled] = await Promise.all([
    readFile(join(ROOT, "site/tutorial.html"), "utf8"),
    build({
      absWorkingDir: ROOT,
      entryPoints: ["site/tutorial.ts", "site/tutorial.css"],
      outdir: folder,
      bundle: true,
      minify: true,
      keepNames: true,
      format: "esm",
      target: "es2022",
      platform: "browser",
      legalComments: "none",
      logLevel: "warning",
    }),
  ]);
  if (bundled.errors.length > 0) throw new Error(bundled.errors[0].text);
  const title = /^# (.+)$/m.exec(guide)?.[1];
  if (!title) throw new Error(`${GUIDE} has no title.`);
  let heading = title;
  let number = 0;
  const parts = cellsOf(guide).map(({ text, code }) => {
    if (text !== undefined) {
      heading = [...text.matchAll(/^#+ (.+)$/gm)].at(-1)?.[1] ?? heading;
      return `<div class="text">\n${markdown.render(inSite(text))}</div>`;
    }
    number += 1;
    return cellPage(code, number, heading);
  });
  const html = page.replace("TITLE", escaped(title)).replace("CELLS", () => parts.join("\n"));
  await mkdir(join(folder, "weights"), { recursive: true });
  await writeFile(join(folder, "index.html"), html);
  await copyFile(join(ROOT, NOTEBOOK), join(folder, "tutorial.ipynb"));
  await copyFile(join(ROOT, "node_modules/acorn/LICENSE"), join(folder, "acorn-licence.txt"));
  for (const name of WEIGHTS) await copyFile(join(ROOT, "weights/scenes64", name), join(folder, "weights", name));
}

/** Links between guides as links between the site's pages. */
const inSite = (text) =>
  text
    .replaceAll("](../weights/scenes64/README.md)", "](../guides/scenes64.html)")
    .replaceAll("](../examples/tutorial.ipynb)", "](tutorial.ipynb)")
    .replace(/\]\((?!\.\.)([\w-]+)\.md(#[\w-]+)?\)/g, "](../guides/$1.html$2)");

const cellPage = (code, number, heading) => `<section class="cell" aria-label="Cell ${number}: ${escaped(heading)}">
<div class="code">
<div class="editor">
<pre aria-hidden="true"></pre>
<textarea aria-label="Code of cell ${number}" spellcheck="false" autocomplete="off" autocapitalize="off" wrap="off" rows="${code.split("\n").length}">
${escaped(code)}</textarea>
</div>
<div class="bar"><button class="run" type="button" aria-label="Run cell ${number}">Run</button>
<button class="reset" type="button" aria-label="Reset cell ${number}" hidden>Reset</button>
<span role="status"></span></div>
</div>
<div class="result" role="group" aria-label="Result of cell ${number}"></div>
</section>`;

/**
 * The tutorial as a notebook of Jupyter's format 4.5: a cell that says what `weights` and `display`
 * are, then the guide's texts and code, none of which was run.
 * @returns {Promise<string>} JSON
 */
export async function notebook() {
  const guide = await readFile(join(ROOT, GUIDE), "utf8");
  const [{ text: first }, ...rest] = cellsOf(guide);
  const steps = first.indexOf("\n## ");
  const about = `This cell is what the page has built in: \`file\` and \`display\`.
Start the notebook with [Deno](https://deno.com) as its kernel (\`deno jupyter --install\`), in a folder in which \`npm install ganatomy\` was said, or in a clone.`;
  const start = [
    { text: first.slice(0, steps) },
    { text: about },
    { code: await opening() },
    { text: first.slice(steps + 1) },
  ];
  const cells = [...start, ...rest].map(({ text, code }, index) => {
    const common = { id: `cell-${index}`, metadata: {}, source: linesOf(text === undefined ? code : atHome(text)) };
    if (text !== undefined) return { cell_type: "markdown", ...common };
    return { cell_type: "code", execution_count: null, outputs: [], ...common };
  });
  const metadata = {
    kernelspec: { display_name: "Deno", language: "typescript", name: "deno" },
    language_info: { file_extension: ".ts", mimetype: "text/x.typescript", name: "typescript" },
  };
  return `${JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }, undefined, 1)}\n`;
}

/** A notebook has the library from the package. */
const ofPackage = {
  name: "the library from the package",
  setup: ({ onResolve }) => {
    onResolve({ filter: /\/src\/node\/index\.ts$/ }, () => ({ path: "ganatomy/node", external: true }));
  },
};

/** Of site/notebook.ts. A cell exports nothing. */
async function opening() {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["site/notebook.ts"],
    external: ["node:*"],
    plugins: [ofPackage],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    logLevel: "warning",
  });
  const code = outputFiles[0].text.replace(/^export \{[^}]*\};\n/m, "").replace(/^\/\/ site\/.*\n/gm, "");
  return code.trim();
}

const linesOf = (text) => text.split(/(?<=\n)/);

/** Links as they lead from examples/. */
const atHome = (text) =>
  text
    .replace(/\]\(\.\.\/(?!examples\/)/g, "](../")
    .replace(/\]\(\.\.\/examples\//g, "](")
    .replace(/\]\((?!\.\.|https?:)([\w-]+\.md)/g, "](../docs/$1");

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(join(ROOT, NOTEBOOK), await notebook());
  console.log(`${NOTEBOOK} says what ${GUIDE} says.`);
}
