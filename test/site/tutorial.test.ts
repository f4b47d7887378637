import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildTutorial, cellsOf } from "../../scripts/tutorial.mjs";
import { violations } from "../browser/axe.ts";
import { type OpenPage, openPage } from "../browser/open.ts";
import { type PlainHost, plainHost } from "../studio/folder.ts";

// Runs: site/tutorial.ts, site/results.ts, site/tutorial.css

const SLOW = 600_000;
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

test("a guide is texts and code in turn, each with its line", () => {
  const guide =
    "# A\n\nb\n\n<!-- given for all: const c: 1; -->\n```js\nd();\n\ne();\n```\n\n```sh\nf\n```\n\n```js\ng\n```\n";
  expect(cellsOf(guide)).toEqual([
    { text: "# A\n\nb", line: 1 },
    { code: "d();\n\ne();", line: 7 },
    { text: "```sh\nf\n```", line: 10 },
    { code: "g", line: 17 },
  ]);
});

describe("the page in Chromium", { timeout: SLOW }, () => {
  let work: string;
  let host: PlainHost;
  let open: OpenPage;
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), "ganatomy-tutorial-test-"));
    // What the site has beside it.
    await mkdir(join(work, "assets"));
    await writeFile(join(work, "assets/custom.js"), "");
    await copyFile(join(ROOT, "site/icon.svg"), join(work, "assets/favicon.svg"));
    await buildTutorial(join(work, "tutorial"));
    host = await plainHost(work, "/");
    open = await openPage(`${host.url}tutorial/`);
  }, SLOW);
  afterAll(async () => {
    await open?.close();
    await host?.close();
    await rm(work, { recursive: true, force: true });
  });

  /** Evaluates until there is something. */
  async function eventually<T>(expression: string): Promise<T> {
    for (;;) {
      const value = await open.page.evaluate(expression);
      if (value) return value as T;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  const inCell = (index: number, expression: string): string =>
    `(({ cell }) => ${expression})({ cell: document.querySelectorAll(".cell")[${index}] })`;
  /** What a cell says once it has run. */
  const ended = (index: number): Promise<string> =>
    eventually(inCell(index, '/^(done|stopped)/.exec(cell.querySelector("[role=status]").textContent)?.[0]'));
  /** Types into a cell, in place of what is there. */
  async function type(index: number, code: string): Promise<void> {
    await open.page.evaluate(
      inCell(
        index,
        `{ const text = cell.querySelector("textarea"); text.focus(); text.value = ${JSON.stringify(code)};
          text.dispatchEvent(new InputEvent("input", { bubbles: true })); }`,
      ),
    );
  }
  async function press(...keys: ("Control" | "Shift" | "Enter" | "Tab")[]): Promise<void> {
    for (const key of keys) await open.page.keyboard.down(key);
    for (const key of keys.toReversed()) await open.page.keyboard.up(key);
  }

  test("says what the guide says, and is accessible as it is opened", async () => {
    const guide = cellsOf(await readFile(join(ROOT, "docs/tutorial.md"), "utf8"));
    const codes = await open.page.evaluate("[...document.querySelectorAll('textarea')].map(({ value }) => value)");
    expect(codes).toEqual(guide.flatMap(({ code }) => code ?? []));
    // The coloured text is the same, and what is there lies over it.
    const colored = await open.page.evaluate("[...document.querySelectorAll('.editor pre')].map((e) => e.textContent)");
    expect(colored).toEqual((codes as string[]).map((code) => `${code}\n`));
    expect(await violations(open.page)).toEqual([]);
  });

  test("all cells run, each shows something, and nothing is asked of other hosts", async () => {
    // Of fewer images, for which SwiftShader takes a fraction of the time; the notebook's test runs
    // the guide as it is.
    const guide = cellsOf(await readFile(join(ROOT, "docs/tutorial.md"), "utf8"));
    const fewer = guide.flatMap(({ code }) => code?.replaceAll(/\bsize: (?:20|50|60|100)\b/g, "size: 10") ?? []);
    for (const [index, code] of fewer.entries()) if (code.includes("size: 10")) await type(index, code);
    await open.page.click("#run-all");
    const state = await eventually<string>(
      "document.getElementById('state').textContent.match(/^(all done|stopped at cell \\d+)/)?.[0]",
    );
    const said = await open.page.evaluate("[...document.querySelectorAll('.error')].map((e) => e.textContent)");
    expect([state, said]).toEqual(["all done", []]);
    const shown = (await open.page.evaluate(
      "[...document.querySelectorAll('.result')].map((e) => [...e.children].map((one) => one.className || one.localName))",
    )) as string[][];
    expect(shown.length).toBeGreaterThan(15);
    expect(shown.filter((things) => things.length === 0)).toEqual([]);
    expect(shown.flat().filter((one) => one === "img").length).toBe(2);
    // No picture is of one colour.
    const flat = `[...document.querySelectorAll('.pictures canvas')].filter((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.every((byte, at) => byte === data[at % 4]);
    }).length`;
    expect(await open.page.evaluate(flat)).toBe(0);
    expect(open.errors).toEqual([]);
    const hosts = "[...new Set(performance.getEntriesByType('resource').map(({ name }) => new URL(name).origin))]";
    expect(await open.page.evaluate(hosts)).toEqual([new URL(host.url).origin]);
    expect(await violations(open.page)).toEqual([]);
  });

  test("is as wide as a telephone, in the dark too", async () => {
    await open.page.setViewport({ width: 390, height: 844 });
    await open.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    expect(await open.page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    expect(await violations(open.page)).toEqual([]);
    await open.page.setViewport({ width: 1000, height: 800 });
    await open.page.emulateMediaFeatures([]);
  });

  test("a changed cell shows something else, and can be reset", async () => {
    await type(
      1,
      "const z = generator.sample({ size: 3, seed: 2 });\nawait display(generator.images({ rows: z }));\nz.length",
    );
    await press("Control", "Enter");
    expect(await ended(1)).toBe("done");
    const shown = inCell(1, '[cell.querySelectorAll("canvas").length, cell.querySelector(".result p")?.textContent]');
    expect(await open.page.evaluate(shown)).toEqual([3, "384"]);
    await open.page.evaluate(inCell(1, 'cell.querySelector(".reset").click()'));
    const text = await open.page.evaluate(inCell(1, 'cell.querySelector("textarea").value'));
    expect(text).toContain("size: 8");
    expect(await open.page.evaluate(shown)).toEqual([0, null]);
  });

  test("an error says what is wrong and what helps, and the next cell can be run", async () => {
    await type(2, 'const run = await generator.forward(z, { retain: ["layer44"] });');
    await press("Control", "Enter");
    expect(await ended(2)).toBe("stopped");
    const said = await open.page.evaluate(inCell(2, 'cell.querySelector(".error").textContent'));
    expect(said).toMatch(/^UsageError: .*no layer "layer44".* \S+/);
    await type(2, "const a = ;");
    await press("Control", "Enter");
    expect(
      await eventually(inCell(2, 'cell.querySelector(".error")?.textContent.match(/^SyntaxError.*1:10/)?.[0]')),
    ).toBeTruthy();
    await type(2, 'import { x } from "left-pad";');
    await press("Control", "Enter");
    expect(
      await eventually(
        inCell(2, 'cell.querySelector(".error")?.textContent.match(/no module "left-pad". It has ganatomy,/)?.[0]'),
      ),
    ).toBeTruthy();
    await type(2, "2 * z.length");
    await press("Control", "Enter");
    expect(await eventually(inCell(2, 'cell.querySelector(".result p:not(.error)")?.textContent'))).toBe("768");
  });

  test("keys: Shift and Enter goes on to the next cell, Tab leaves a cell's code", async () => {
    const focused = `[...document.querySelectorAll(".cell")].findIndex((cell) => cell.contains(document.activeElement))
      + " " + document.activeElement.localName + " " + document.activeElement.className`;
    await type(1, "const z = generator.sample({ size: 1, seed: 1 });");
    await press("Shift", "Enter");
    expect(await ended(1)).toBe("done");
    expect(await open.page.evaluate(focused)).toBe("2 textarea ");
    await press("Tab");
    expect(await open.page.evaluate(focused)).toBe("2 button run");
    await open.page.keyboard.press("Enter");
    expect(await eventually(inCell(2, 'cell.querySelector(".result p")?.textContent'))).toBe("256");
  });

  test("everything can be reset, and run from the first cell on", async () => {
    await open.page.click("#reset-all");
    const left =
      "[document.querySelectorAll('.result > *').length, document.querySelectorAll('.reset:not([hidden])').length]";
    expect(await open.page.evaluate(left)).toEqual([0, 0]);
    await open.page.evaluate(inCell(1, 'cell.querySelector(".run").click()'));
    expect(await ended(1)).toBe("stopped");
    const said = await open.page.evaluate(inCell(1, 'cell.querySelector(".error").textContent'));
    expect(said).toBe("ReferenceError: generator is not defined");
  });
});
