import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { chromeServer } from "../../src/cli/chrome/server.ts";
import { memoryFolder } from "../../src/report/folder.ts";
import { openPage } from "./chrome.ts";
import type { Outcome } from "./studio.ts";

test("a page's workers write what the page writes by itself, and are gone afterwards", async () => {
  const home = await mkdtemp(join(tmpdir(), "ganatomy-web-studio-"));
  const outfile = join(home, "page.js");
  const entry = fileURLToPath(new URL("./studio.ts", import.meta.url));
  await build({ entryPoints: [entry], bundle: true, format: "esm", target: "es2022", outfile, logLevel: "silent" });
  const server = await chromeServer(outfile, memoryFolder());
  const { page, close } = await openPage(server.url);
  try {
    let started = 0;
    page.on("workercreated", () => started++);
    const { files, different, width } = (await page.evaluate("compare()")) as Outcome;
    expect(different).toEqual([]);
    expect(files).toBe(130 * 8 + 7);
    expect(started).toBe(Math.min(2, await page.evaluate(() => navigator.hardwareConcurrency)));
    expect(width).toBe(2 * started);
    expect(page.workers()).toHaveLength(0);
  } finally {
    await close();
    await server.close();
    await rm(home, { recursive: true, force: true });
  }
});
