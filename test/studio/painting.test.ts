import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ElementHandle } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Recipe } from "../../src/session/recipe.ts";
import { type OpenPage, openPage } from "../browser/open.ts";
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

// In Firefox 153, headless on lavapipe, the tab is lost in one try of three.
describe("the built studio in Chromium", () => {
  let opened: OpenPage;
  beforeAll(async () => {
    opened = await openPage(host.url, { width: 1440, height: 900 });
  }, SLOW);
  afterAll(async () => {
    expect(opened.errors).toEqual([]);
    await opened.close();
  });
  const run = <T>(code: string): Promise<T> => opened.page.evaluate(code) as Promise<T>;
  const paint = async () => (await opened.page.$("gan-paint")) as ElementHandle;
  const picture = async () => Buffer.from(await (await paint()).screenshot()).toString("base64");
  const strokes = async () => (await run<Recipe>("document.querySelector('gan-paint').recipe")).strokes;

  test("opens", { timeout: SLOW }, async () => {
    // By the page's policy nobody evaluates text in it, as waitForFunction would.
    const loaded = () => run("document.querySelector('gan-session').session?.loaded?.segmenter !== undefined");
    await expect.poll(loaded, PATIENT).toBe(true);
  });

  test("paints a stroke, which changes pixels, and takes it back", { timeout: SLOW }, async () => {
    await run("document.querySelector('input[value=sky]').click()");
    await run("[...document.querySelectorAll('.segments button')][1].click()");
    await opened.page.mouse.move(2, 2);
    const before = await picture();
    const { x, y, width, height } = (await (await paint()).boundingBox())!;
    const { mouse } = opened.page;
    await mouse.move(x + 0.1 * width, y + 0.2 * height);
    await mouse.down();
    await mouse.move(x + 0.6 * width, y + 0.2 * height, { steps: 4 });
    await mouse.up();
    await mouse.move(2, 2);
    expect(await strokes()).toMatchObject([{ op: "remove", units: { concept: "sky", top: 10 } }]);
    await expect.poll(picture, PATIENT).not.toBe(before);
    await expect.poll(() => run("document.querySelector('#said').textContent"), PATIENT).toMatch(/ [+−]\d+ px/);
    await opened.page.click("#undo");
    expect(await strokes()).toEqual([]);
    await expect.poll(picture, PATIENT).toBe(before);
    expect(await run("document.querySelector('#notices').textContent")).toBe("");
  });
});

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
