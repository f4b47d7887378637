import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ElementHandle } from "puppeteer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Recipe } from "../../src/session/recipe.ts";
import { BROWSERS, inPage, type OpenPage, openPage } from "../browser/open.ts";
import { type PlainHost, plainHost, type StudioFolder, studioFolder } from "./folder.ts";

// Runs: studio/studio.ts, src/session/worker.ts

/** Software adapters beside other work need their time. */
const SLOW = 400_000;
const PATIENT = { timeout: 100_000, interval: 300 };
/** Before a worker's own code: what browsers are like that have WebGPU in pages alone. */
const WITHOUT = 'Object.defineProperty(WorkerNavigator.prototype, "gpu", { value: undefined });\n';

let folder: StudioFolder;
let host: PlainHost;
beforeAll(async () => {
  folder = await studioFolder();
  host = await plainHost(folder.path, "/studio/");
}, SLOW);
afterAll(async () => {
  await host?.close();
  await folder?.remove();
});

/** Paints on the built studio, takes the stroke back, and sees that the picture follows. */
async function paints({ page, errors }: OpenPage): Promise<void> {
  const run = <T>(code: string): Promise<T> => page.evaluate(code) as Promise<T>;
  const paint = async () => (await page.$("gan-paint")) as ElementHandle;
  const picture = async () => Buffer.from(await (await paint()).screenshot()).toString("base64");
  const strokes = async () => (await run<Recipe>("document.querySelector('gan-paint').recipe")).strokes;
  // By the page's policy nobody evaluates text in it, as waitForFunction would.
  const loaded = () => run("document.querySelector('gan-session').session?.loaded?.segmenter !== undefined");
  await expect.poll(loaded, PATIENT).toBe(true);

  await run("document.querySelector('input[value=sky]').click()");
  await run("[...document.querySelectorAll('.segments button')][1].click()");
  await page.mouse.move(2, 2);
  const before = await picture();
  const { x, y, width, height } = (await (await paint()).boundingBox())!;
  const { mouse } = page;
  await mouse.move(x + 0.1 * width, y + 0.2 * height);
  await mouse.down();
  await mouse.move(x + 0.6 * width, y + 0.2 * height, { steps: 4 });
  await mouse.up();
  await mouse.move(2, 2);
  expect(await strokes()).toMatchObject([{ op: "remove", units: { concept: "sky", top: 10 } }]);
  await expect.poll(picture, PATIENT).not.toBe(before);
  await expect.poll(() => run("document.querySelector('#said').textContent"), PATIENT).toMatch(/ [+−]\d+ px/);
  await page.click("#undo");
  expect(await strokes()).toEqual([]);
  await expect.poll(picture, PATIENT).toBe(before);
  expect(await run("document.querySelector('#notices').textContent")).toBe("");
  expect(errors).toEqual([]);
}

test.each(BROWSERS)(
  "the built studio in %s: a stroke changes the picture, and is taken back",
  { timeout: SLOW },
  (browser) => inPage(host.url, { browser, width: 1440, height: 900 }, paints),
);

test("where workers have no WebGPU it says so, and what helps", { timeout: SLOW }, async () => {
  const script = join(folder.path, "worker.min.js");
  await writeFile(script, WITHOUT + (await readFile(script, "utf8")));
  const { page, errors, close } = await openPage(host.url);
  const notices = () => page.evaluate("document.querySelector('#notices').innerText");
  await expect.poll(notices, PATIENT).toMatch(/no WebGPU in workers, where the studio computes\.\s+Use Chrome or Edge/);
  expect(await page.evaluate("document.querySelector('#waiting').textContent")).toBe("There is no picture.");
  expect(errors).toEqual([]);
  await close();
});
