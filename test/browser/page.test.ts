import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serve } from "../../scripts/serve.mjs";
import { built } from "../built.ts";
import { BROWSERS, type BrowserName, inPage } from "./open.ts";

// Runs: test/browser/page.js, src/index.ts

/**
 * On two cores a dissection of few pictures takes some ten seconds; beside other work, much longer.
 */
const SLOW = 240_000;

let server: { readonly url: string; close(): Promise<void> };
beforeAll(async () => {
  await built();
  server = await serve(fileURLToPath(new URL("../../", import.meta.url)));
});
afterAll(() => server?.close());

/** What a page of the library does in this browser. */
async function run(browser: BrowserName, call: string): Promise<unknown> {
  // for its origin
  return inPage(`${server.url}package.json`, { browser }, async ({ page, errors }) => {
    const outcome = await page.evaluate(`import("/test/browser/page.js").then((page) => page.${call})`);
    expect(errors.filter((error) => !/404/.test(error))).toEqual([]); // Chromium asks for a favicon
    return outcome;
  });
}

describe.each(BROWSERS)("a page in %s", { timeout: SLOW }, (browser) => {
  test("draws, dissects, and edits with what it found", async () => {
    const found = (await run(browser, "everything({ size: 8 })")) as {
      readonly software: boolean;
      readonly concepts: readonly string[];
      readonly colors: number;
      readonly changed: number;
      readonly back: number;
    };
    expect(found.software).toBe(true);
    expect(found.concepts).toEqual(expect.arrayContaining(["sky", "grass"]));
    expect(found.colors).toBeGreaterThan(50);
    expect(found.changed).toBeGreaterThan(1000);
    expect(found.back).toBe(0);
  });

  test("uses a device that it has already, has partial results, and stops when asked", async () => {
    // Two batches: a partial result comes between them.
    expect(await run(browser, "stopped({ size: 32 })")).toEqual({ own: true, partial: 1, reason: "enough" });
  });
});
