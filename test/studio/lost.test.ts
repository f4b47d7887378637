import type { WebWorker } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Recipe } from "../../src/session/recipe.ts";
import { violations } from "../browser/axe.ts";
import { openStudio, type StudioPage } from "./page.ts";

// Runs: studio/studio.ts, studio/working.ts, src/session/worker.ts

/** Software adapters beside other work need their time. */
const SLOW = 400_000;
const PATIENT = { timeout: 100_000, interval: 100 };

let studio: StudioPage;
beforeAll(async () => {
  studio = await openStudio();
  await studio.open();
}, SLOW);
afterAll(async () => {
  expect(studio.errors).toEqual([]);
  await studio?.close();
});

const run = <T>(code: string): Promise<T> => studio.page.evaluate(code) as Promise<T>;
const strokes = async () => (await run<Recipe>("document.querySelector('gan-paint').recipe")).strokes;
const notices = () => run<string>("document.querySelector('#notices').innerText");
const rendered = () =>
  run(`new Promise((resolve) => {
    document.querySelector("gan-paint").addEventListener("gan-rendered", () => resolve(), { once: true });
  })`);
const worker = (): WebWorker => studio.page.workers().at(-1)!;
const devices = () => worker().evaluate("devices.length") as Promise<number>;
/** What a driver that restarts does to the page, as far as the page can tell. */
const lose = () => worker().evaluate("devices.at(-1).destroy()");

describe("a GPU that goes away", { timeout: SLOW }, () => {
  test("once: is called back, and the strokes are as they were", async () => {
    await run("document.querySelector('gan-paint').change([{ id: '1', op: 'remove', units: [3, 24] }])");
    await rendered();
    const bytes = (): Promise<string> =>
      run(`(async () => {
        const { data } = await document.querySelector("gan-session").session.picture(document.querySelector("gan-paint").edited);
        return data.join();
      })()`);
    const before = await bytes();
    const again = rendered();
    await lose();
    await again;
    expect(await bytes()).toBe(before);
    await expect.poll(notices, PATIENT).toBe("");
    expect(await strokes()).toHaveLength(1);
  });

  test("again within a minute: says what to do, for as long as somebody needs to read it", async () => {
    const again = rendered();
    await lose();
    await again;
    await expect.poll(notices, PATIENT).toMatch(/went away again.*fewer pictures.*graphics driver/s);
    expect(await violations(studio.page)).toEqual([]);
    await studio.look("lost-again");
  });

  test("again and again: is given up soon, and reloading brings everything back", async () => {
    const before = await devices();
    const stop = setInterval(() => void lose().catch(() => {}), 200);
    await expect.poll(notices, PATIENT).toMatch(/lost 4 times, each soon after the one before/);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    clearInterval(stop);
    expect(await devices()).toBe(before + 1);
    await studio.look("lost-for-good");
    await run("document.querySelector('gan-paint').change([{ id: '2', op: 'remove', units: [5] }])");
    await run(
      "[...document.querySelectorAll('.notice button')].find(({ innerText }) => innerText === 'Reload').click()",
    );
    await studio.page.waitForNavigation();
    await studio.page.waitForFunction("document.querySelector('gan-session')?.session?.loaded?.segmenter", {
      timeout: 0,
    });
    expect(await strokes()).toMatchObject([{ id: "2" }]);
    expect(await notices()).toBe("");
  });
});
