import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { chromeServer } from "../../src/cli/chrome/server.ts";
import { memoryFolder } from "../../src/report/folder.ts";
import type { Outcome, Trouble } from "./drawing-workers.ts";
import { openPage } from "./open.ts";

// Runs: test/browser/drawing-workers.ts

test("a page's workers write what the page writes by itself, whatever befalls them, and are gone afterwards", async () => {
  const home = await mkdtemp(join(tmpdir(), "ganatomy-drawing-"));
  const outfile = join(home, "chrome-page.js");
  const entry = fileURLToPath(new URL("./drawing-workers.ts", import.meta.url));
  await build({ entryPoints: [entry], bundle: true, format: "esm", target: "es2022", outfile, logLevel: "silent" });
  const server = await chromeServer(outfile, memoryFolder());
  const { page, close } = await openPage(server.url);
  try {
    let started = 0;
    page.on("workercreated", () => started++);
    const compare = async (trouble: Trouble): Promise<Outcome> => {
      started = 0;
      const outcome = (await page.evaluate(`compare("${trouble}")`)) as Outcome;
      expect(outcome.different).toEqual([]);
      expect(outcome.files).toBe(130 * 8 + 7);
      expect(outcome.urls).toBe(0);
      expect(page.workers()).toHaveLength(0);
      return outcome;
    };
    const { width, lost } = await compare("none");
    expect(started).toBe(Math.min(2, await page.evaluate(() => navigator.hardwareConcurrency)));
    expect([width, lost]).toEqual([2 * started, []]);

    const without = await compare("no script");
    expect([without.width, without.lost, started]).toEqual([undefined, [], 0]);

    const broken = await compare("broken script");
    expect(broken.lost).toEqual([expect.stringContaining("ended: Uncaught Error: no such thing.")]);

    const unread = await compare("unreadable answers");
    expect(unread.lost).toEqual([expect.stringContaining("ended: what it drew could not be read.")]);
  } finally {
    await close();
    await server.close();
    await rm(home, { recursive: true, force: true });
  }
});
