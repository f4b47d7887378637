import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serve } from "../../scripts/serve.mjs";
import { BROWSERS, type BrowserName, type OpenPage, openPage } from "./open.ts";

// Runs: examples/page/page.js, src/index.ts

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/**
 * Where the page's picture is left for whoever wants to look: GANATOMY_SCREENSHOTS names a folder.
 */
const SCREENSHOTS = process.env["GANATOMY_SCREENSHOTS"];

/**
 * On two cores a dissection of few pictures takes some ten seconds; beside other work, much longer.
 */
const SLOW = 200_000;
const PATIENT = { timeout: 30_000, interval: 200 };

let server: { readonly url: string; close(): Promise<void> };
beforeAll(async () => {
  server = await serve(ROOT);
});
afterAll(() => server.close());

async function openExample(browser: BrowserName, query = ""): Promise<OpenPage> {
  const opened = await openPage(`${server.url}examples/page/${query}`, { browser, width: 1120, height: 900 });
  await opened.page.waitForSelector("button[type=submit]:enabled, #status.error", { timeout: SLOW });
  return opened;
}

/** What the screen shows where an element is: RGB or RGBA bytes. */
async function pixels({ page }: OpenPage, selector: string): Promise<Uint8Array> {
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  return decode(await (await page.$(selector))!.screenshot()).data as Uint8Array;
}

/** The standard deviation of bytes: zero for a blank canvas. */
function contrast(bytes: Uint8Array): number {
  const mean = bytes.reduce((a, b) => a + b, 0) / bytes.length;
  return Math.sqrt(bytes.reduce((a, b) => a + (b - mean) ** 2, 0) / bytes.length);
}

const text = (selector: string): string => `document.querySelector(${JSON.stringify(selector)}).textContent`;

async function start({ page }: OpenPage, size: number): Promise<void> {
  await page.evaluate(`document.querySelector("[name=size]").value = ${size}`);
  await page.click("#dissection button[type=submit]");
}

/** What the page says of the adapter; Firefox does not tell its name. */
const ADAPTER = { Chromium: /^Running on .*SwiftShader/i, Firefox: /^Running on an unnamed adapter, a software/ };

describe.each(BROWSERS)("the example page in %s", { timeout: SLOW + 40_000 }, (browser) => {
  test("draws, dissects and edits", async () => {
    const example = await openExample(browser);
    const { page, errors, close } = example;
    try {
      expect(await page.evaluate(text("#status"))).toMatch(ADAPTER[browser]);
      await expect.poll(async () => contrast(await pixels(example, "#pictures")), PATIENT).toBeGreaterThan(20);

      await start(example, 8);
      await page.waitForFunction(`/ units of layer4 detect a concept/.test(${text("#phase")})`, { timeout: SLOW });
      const concepts = await page.$$eval("#concepts b", (names) => names.map(({ textContent }) => textContent));
      expect(concepts).toEqual(expect.arrayContaining(["sky", "grass"]));
      if (SCREENSHOTS) {
        await mkdir(SCREENSHOTS, { recursive: true });
        await page.screenshot({ path: `${SCREENSHOTS}/example-${browser}.png`, fullPage: true });
      }

      const before = await pixels(example, "#pictures");
      await page.click("#concepts input[name=sky]");
      await expect.poll(async () => Buffer.compare(await pixels(example, "#pictures"), before), PATIENT).not.toBe(0);
      if (SCREENSHOTS) await page.screenshot({ path: `${SCREENSHOTS}/example-${browser}-sky-off.png`, fullPage: true });
      await page.click("#concepts input[name=sky]");
      await expect.poll(async () => Buffer.compare(await pixels(example, "#pictures"), before), PATIENT).toBe(0);
      expect(errors).toEqual([]);
    } finally {
      await close();
    }
  });

  test("uses a device the page already has, shows partial results, and stops when asked", async () => {
    const example = await openExample(browser, "?adopt");
    const { page, errors, close } = example;
    try {
      // By the page itself, with the first concepts there are: before a fast adapter finds all.
      await page.evaluate(`{
        const concepts = document.querySelector("#concepts");
        new MutationObserver(() => document.querySelector("#stop").click()).observe(concepts, { childList: true });
      }`);
      await start(example, 32); // two batches: a partial result comes between them
      await page.waitForSelector("#concepts li", { timeout: SLOW });
      await page.waitForSelector("#dissection button[type=submit]:enabled", { timeout: SLOW });
      expect(await page.evaluate(text("#phase"))).toMatch(/^Stopped/);
      expect(await page.$$("#concepts li")).not.toEqual([]);
      expect(errors).toEqual([]);
    } finally {
      await close();
    }
  });
});
