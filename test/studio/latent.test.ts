import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Recipe } from "../../src/session/recipe.ts";
import { violations } from "../browser/axe.ts";
import { openStudio, type StudioPage } from "./page.ts";

// Runs: studio/studio.ts, studio/latent.ts, studio/filmstrip.ts, src/session/worker.ts

/** Software adapters beside other work need their time. */
const SLOW = 400_000;
const PATIENT = { timeout: 60_000, interval: 200 };

let studio: StudioPage;
beforeAll(async () => {
  studio = await openStudio();
  await studio.open();
  await studio.page.click("#tab-Latent");
}, SLOW);
afterAll(async () => {
  expect(studio.errors).toEqual([]);
  await studio?.close();
});

const run = <T>(code: string): Promise<T> => studio.page.evaluate(code) as Promise<T>;
const recipe = () => run<Recipe>("document.querySelector('gan-paint').recipe");
const shares = async () => (await recipe()).toward?.map(({ share }) => share);
const undone = () => run("document.querySelector('#undo').disabled");
const picture = async (selector = "gan-paint") =>
  Buffer.from(await (await studio.page.$(selector))!.screenshot()).toString("base64");
/** Shares are from −1 to 1, up is positive. */
async function pointer(right: number, up: number): Promise<void> {
  const { x, y, width, height } = (await (await studio.page.$(".pad"))!.boundingBox())!;
  await studio.page.mouse.move(x + (width * (1 + right)) / 2, y + (height * (1 - up)) / 2);
}

describe("the latent pad", { timeout: SLOW }, () => {
  test("moves the picture while the pointer moves, as one step", async () => {
    expect(await recipe()).toMatchObject({ seed: 1, image: 3 });
    const before = await picture();
    await pointer(0, 0);
    await studio.page.mouse.down();
    await pointer(0.5, 0.25);
    await expect.poll(shares, PATIENT).toEqual([0.5, 0.25]);
    await expect.poll(picture, PATIENT).not.toBe(before);
    await pointer(0.5, -0.5);
    await studio.page.mouse.up();
    expect((await recipe()).toward).toEqual([
      { seed: 1, image: 4, share: 0.5 },
      { seed: 1, image: 5, share: -0.5 },
    ]);
    await studio.look("latent");
    await studio.page.click("#undo");
    expect(await recipe()).not.toHaveProperty("toward");
    expect(await undone()).toBe(true);
    await expect.poll(picture, PATIENT).toBe(before);
    await studio.page.click("#redo");
    expect(await shares()).toEqual([0.5, -0.5]);
  });

  test("is moved by keyboard alone, to another picture wholly, and back", async () => {
    await run("document.querySelector('.latent button').click()");
    expect(await recipe()).not.toHaveProperty("toward");
    await run("document.querySelector('.latent input[type=range]').focus()");
    for (let i = 0; i < 3; i += 1) await studio.page.keyboard.press("ArrowRight");
    expect(await shares()).toEqual([0.03, 0]);
    await studio.page.keyboard.press("End");
    expect(await shares()).toEqual([1, 0]);
    const alike = `(async () => {
      const { session } = document.querySelector("gan-session");
      const bytes = async (edited) => (await session.picture(edited)).data.join();
      const { seed, image, toward } = document.querySelector("gan-paint").recipe;
      return (await bytes({ seed, image, toward })) === (await bytes({ seed, image: image + 1 }));
    })()`;
    expect(await run(alike)).toBe(true);
    // Each press of a key is a step, as each letting go of a pointer is.
    await studio.page.click("#undo");
    expect(await shares()).toEqual([0.03, 0]);
  });

  test("leads to pictures of other seeds", async () => {
    await run(`(() => {
      const [seed] = document.querySelectorAll(".target input");
      seed.value = "77";
      seed.dispatchEvent(new Event("change"));
    })()`);
    expect((await recipe()).toward).toMatchObject([{ seed: 77, image: 4, share: 0.03 }, { seed: 1 }]);
    expect(await run("document.querySelector('.thumb.right').seed")).toBe(77);
  });

  test("keeps strokes where they are, and all of it in links and for the next visit", async () => {
    await run("document.querySelector('gan-paint').change([{ id: '1', op: 'remove', units: [3, 24] }])");
    const before = await recipe();
    await studio.page.click("#share");
    const link = () => run<string>("document.querySelector('#link').value");
    await expect.poll(link, PATIENT).toMatch(/#s=/);
    const lines = await run<string>("document.querySelector('#commands').value");
    expect(lines).toMatch(/\nganatomy generate --model scenes64 --recipe .*\n/);
    expect(lines).toMatch(/\n# the image lies between others, which only a recipe can say$/);
    const shared = await link();
    await run("document.querySelector('dialog[open]').close()");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await studio.open();
    await expect.poll(recipe, PATIENT).toEqual(before);
    expect(await undone()).toBe(true);
    const context = await studio.page.browser().createBrowserContext();
    const other = await context.newPage();
    await studio.open(shared, other);
    await expect.poll(() => other.evaluate("document.querySelector('gan-paint').recipe"), PATIENT).toEqual(before);
    await context.close();
  });

  test("moves all pictures of the seed if that is wished; one that is chosen is as it is shown", async () => {
    await studio.page.click("#tab-Latent");
    const strip = () => run("document.querySelectorAll('.strip gan-image')[7].toward.length");
    expect(await strip()).toBe(0);
    await run("document.querySelector('#all').click()");
    expect(await strip()).toBe(2);
    await run("document.querySelectorAll('.strip button')[7].click()");
    expect(await recipe()).toMatchObject({ image: 7, toward: [{ seed: 77 }, {}] });
    await run("document.querySelector('#all').click()");
    await run("document.querySelectorAll('.strip button')[8].click()");
    expect(await recipe()).not.toHaveProperty("toward");
    // What is taken back now was done to another picture, whose place is not this one's.
    await studio.page.click("#undo");
    expect(await recipe()).toMatchObject({ image: 8 });
    expect(await recipe()).not.toHaveProperty("toward");
  });

  test("has nothing that axe finds wrong, wide and narrow, light and dark", async () => {
    for (const [width, height] of [
      [1440, 900],
      [860, 1000],
      [390, 844],
    ] as const) {
      await studio.page.setViewport({ width, height });
      await studio.page.click("#tab-Latent");
      await pointer(0.4, 0.6);
      await studio.page.mouse.down();
      await studio.page.mouse.up();
      for (const value of ["light", "dark"]) {
        await studio.page.emulateMediaFeatures([
          { name: "prefers-color-scheme", value },
          { name: "prefers-reduced-motion", value: "reduce" },
        ]);
        expect([width, value, ...(await violations(studio.page))]).toEqual([width, value]);
        await studio.look(`latent-${width}-${value}`);
      }
      expect(await run("document.documentElement.scrollWidth")).toBe(width);
    }
  });
});
