import type { CDPSession } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Recipe } from "../../src/session/recipe.ts";
import { openStudio, type StudioPage } from "./page.ts";

// Runs: studio/studio.ts, studio/working.ts, src/session/worker.ts

/** Software adapters beside other work need their time. */
const SLOW = 400_000;
const PATIENT = { timeout: 60_000, interval: 200 };

let studio: StudioPage;
let browser: CDPSession;
beforeAll(async () => {
  studio = await openStudio();
  await studio.open();
  browser = await studio.page.createCDPSession();
}, SLOW);
afterAll(async () => {
  expect(studio.errors).toEqual([]);
  await studio?.close();
});

const run = <T>(code: string): Promise<T> => studio.page.evaluate(code) as Promise<T>;
const strokes = async () => (await run<Recipe>("document.querySelector('gan-paint').recipe")).strokes;
/** Submissions to the GPU so far, of whatever the worker computes. */
const submitted = () => studio.page.workers().at(-1)!.evaluate("submitted") as Promise<number>;

describe("a studio whose tab is put aside", { timeout: SLOW }, () => {
  test("in the middle of a stroke: computes nothing, keeps the stroke, and is painted on when it is back", async () => {
    await run("document.querySelector('input[value=sky]').click()");
    await run("[...document.querySelectorAll('.segments button')][1].click()");
    const { x, y, width, height } = (await (await studio.page.$("gan-paint"))!.boundingBox())!;
    const { mouse } = studio.page;
    await mouse.move(x + 0.2 * width, y + 0.2 * height);
    await mouse.down();
    await mouse.move(x + 0.5 * width, y + 0.2 * height, { steps: 3 });
    await expect.poll(async () => (await strokes()).length, PATIENT).toBe(1);
    await studio.page
      .workers()
      .at(-1)!
      .evaluate(`
      globalThis.submitted = 0;
      const submit = GPUQueue.prototype.submit;
      GPUQueue.prototype.submit = function (commands) {
        globalThis.submitted += 1;
        return submit.call(this, commands);
      };`);
    // What was under way, such as the strip's pictures, comes to its end.
    let before = -1;
    await expect
      .poll(
        async () => {
          const now = await submitted();
          const rests = now === before;
          before = now;
          return rests;
        },
        { timeout: 100_000, interval: 3000 },
      )
      .toBe(true);
    await browser.send("Page.setWebLifecycleState", { state: "frozen" });
    await new Promise((resolve) => setTimeout(resolve, 5000));
    expect(await submitted()).toBe(before);
    await browser.send("Page.setWebLifecycleState", { state: "active" });
    await mouse.move(x + 0.5 * width, y + 0.6 * height, { steps: 3 });
    await mouse.up();
    await mouse.move(x + 0.2 * width, y + 0.8 * height);
    await mouse.down();
    await mouse.up();
    expect((await strokes()).length).toBe(2);
    await expect.poll(submitted, PATIENT).toBeGreaterThan(before);
  });
});
