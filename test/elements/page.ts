import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Page } from "puppeteer-core";
import { serve } from "../../scripts/serve.mjs";
import { openPage } from "../browser/open.ts";

/** Where pictures of pages are left for whoever wants to look: a folder's path. */
const SCREENSHOTS = process.env["GANATOMY_SCREENSHOTS"];

export interface ElementsPage {
  readonly page: Page;
  /** Errors that nobody caught. */
  readonly errors: string[];
  /** Shows other HTML in the body, with sessions that are not real unless told. */
  show(body: string, options?: { readonly fakes?: boolean }): Promise<void>;
  /** Runs an expression or statements in the page, and waits until the elements are done. */
  run<T = unknown>(code: string): Promise<T>;
  /** Types of the events heard since the last time, except how long drawing took. */
  heard(): Promise<string[]>;
  /** Leaves a picture, if anybody wants to look. */
  look(name: string): Promise<void>;
  close(): Promise<void>;
}

/** A page in Chromium with the elements and `FakeSession`; see page-script.ts. */
export async function elementsPage(viewport?: { width: number; height: number }): Promise<ElementsPage> {
  const home = await mkdtemp(join(tmpdir(), "ganatomy-elements-"));
  await build({
    entryPoints: [fileURLToPath(new URL("./page-script.ts", import.meta.url))],
    bundle: true,
    format: "esm",
    target: "es2022",
    outfile: join(home, "page.js"),
    logLevel: "silent",
  });
  await writeFile(
    join(home, "index.html"),
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Elements</title><link rel="icon" href="data:,">
    <meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
    <style>body { background: Canvas; color: CanvasText; font: 14px system-ui, sans-serif; margin: 16px; max-width: 640px; }</style>
    <script type="module" src="page.js"></script><body></body></html>`,
  );
  const server = await serve(home);
  const { page, errors, close } = await openPage(server.url, viewport);
  await page.waitForFunction("globalThis.settle !== undefined");
  const run = <T>(code: string): Promise<T> => {
    const body = /^\s*(const|let|for|if|return|await)\b|;/.test(code) ? code : `return (${code});`;
    return page.evaluate(
      `(async () => { const done = await (async () => { ${body} })(); await settle(); return done; })()`,
    ) as Promise<T>;
  };
  return {
    page,
    errors,
    run,
    async show(body, { fakes = true } = {}) {
      await run(`document.body.innerHTML = ${JSON.stringify(body)}; ${fakes ? "useFakes();" : ""}`);
      await run("heard.length = details.length = 0;");
    },
    async heard() {
      const events = await run<string[]>(
        "const events = heard.filter((event) => !event.startsWith('gan-rendered')); heard.length = 0; return events;",
      );
      return events;
    },
    async look(name) {
      if (!SCREENSHOTS) return;
      await mkdir(SCREENSHOTS, { recursive: true });
      await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: false });
    },
    async close() {
      await close();
      await server.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}
