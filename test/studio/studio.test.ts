import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ElementHandle } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Recipe } from "../../src/session/recipe.ts";
import { packRecipe } from "../../src/session/recipe-link.ts";
import type { Loaded } from "../../src/session/session.ts";
import { violations } from "../browser/axe.ts";
import { reportJson } from "../report/report-json.ts";
import { openStudio, type StudioPage } from "./page.ts";

// Runs: studio/studio.ts, studio/index.html, studio/studio.css, src/session/worker.ts

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Software adapters beside other work need their time. */
const SLOW = 400_000;
const TABS = ["History", "Here", "Units", "Effect", "Latent"];
const PATIENT = { timeout: 60_000, interval: 200 };

let studio: StudioPage;
let files: string;
beforeAll(async () => {
  files = await mkdtemp(join(tmpdir(), "ganatomy-dropped-"));
  studio = await openStudio();
  await studio.open();
}, SLOW);
afterAll(async () => {
  expect(studio.errors).toEqual([]);
  expect(studio.elsewhere).toEqual([]);
  await studio?.close();
  await rm(files, { recursive: true, force: true });
});

const run = <T>(code: string): Promise<T> => studio.page.evaluate(code) as Promise<T>;
const recipe = () => run<Recipe>("document.querySelector('gan-paint').recipe");
const strokes = async () => (await recipe()).strokes;
const notices = () => run<string>("document.querySelector('#notices').innerText");
const dismiss = () => run("document.querySelector('#notices').replaceChildren()");
const concept = (name: string) => run(`document.querySelector('input[value=${name}]').click()`);
const picture = async () => {
  const paint = (await studio.page.$("gan-paint")) as ElementHandle;
  return Buffer.from(await paint.screenshot()).toString("base64");
};

/** Removes what the brush has along a line; fractions of the picture. */
async function paintLine(from: readonly [number, number], to: readonly [number, number]): Promise<void> {
  await run("[...document.querySelectorAll('.segments button')][1].click()");
  const { x, y, width, height } = (await (await studio.page.$("gan-paint"))!.boundingBox())!;
  const { mouse } = studio.page;
  await mouse.move(x + width * from[0], y + height * from[1]);
  await mouse.down();
  await mouse.move(x + width * to[0], y + height * to[1], { steps: 4 });
  await mouse.up();
  await mouse.move(2, 2);
}

/** Gives a file to the page, as if somebody had chosen it. */
async function give(name: string, contents: string): Promise<void> {
  const path = join(files, name);
  await writeFile(path, contents);
  await ((await studio.page.$("#files")) as ElementHandle<HTMLInputElement>).uploadFile(path);
}

describe("the studio", { timeout: SLOW }, () => {
  test("keeps no layer that was only there until the report was", async () => {
    await new Promise((resolve) => setTimeout(resolve, 1000)); // what changed is kept after 400 ms
    const kept = await run(`new Promise((resolve, reject) => {
      const opening = indexedDB.open("ganatomy-studio");
      opening.onupgradeneeded = () => opening.result.createObjectStore("recipes");
      opening.onsuccess = () => {
        const reading = opening.result.transaction("recipes").objectStore("recipes").get("scenes64");
        reading.onsuccess = () => resolve(reading.result?.layer ?? "none");
      };
      opening.onerror = () => reject(opening.error);
    })`);
    expect(["none", "layer4"]).toContain(kept);
    expect(await run("document.querySelector('#layer').value")).toBe("layer4");
  });

  test("knows at what the first layer's units are inserted, without counting", async () => {
    const told = await run(`(async () => {
      const { session } = document.querySelector("gan-session");
      const phases = [];
      session.on("progress", ({ phase }) => phases.push(phase));
      const [levels] = await session.levels({ layer: "layer4", quantiles: [0.99] });
      return { phases, units: levels.length };
    })()`);
    expect(told).toEqual({ phases: [], units: 128 });
  });

  test("paints: pixels are others, the history has the stroke, and what it did is said", async () => {
    await concept("sky");
    const before = await picture();
    await paintLine([0.1, 0.2], [0.6, 0.2]);
    expect(await strokes()).toMatchObject([{ op: "remove", units: { concept: "sky", top: 10 } }]);
    await expect.poll(picture, PATIENT).not.toBe(before);
    await expect.poll(() => run("document.querySelector('#said').textContent"), PATIENT).toMatch(/ [+−]\d+ px/);
    expect(await run("document.querySelector('gan-history').shadowRoot.querySelectorAll('li').length")).toBe(1);
    expect(await run("document.querySelector('#ms').textContent")).toMatch(/^\d+ ms$/);
    await studio.look("painted");
  });

  test("takes back and brings again, by button and by key", async () => {
    await studio.page.click("#undo");
    expect(await strokes()).toEqual([]);
    await studio.page.click("#redo");
    expect(await strokes()).toHaveLength(1);
    await studio.page.keyboard.press("z");
    expect(await strokes()).toEqual([]);
    await studio.page.keyboard.down("Shift");
    await studio.page.keyboard.press("Z");
    await studio.page.keyboard.up("Shift");
    expect(await strokes()).toHaveLength(1);
  });

  test("is painted on by keyboard alone, and single keys can be switched off", async () => {
    await run("document.querySelector('gan-paint').focus()");
    for (const key of ["ArrowUp", "Space", "ArrowLeft"]) await studio.page.keyboard.press(key as "Space");
    expect(await strokes()).toHaveLength(2);
    await run("document.activeElement.blur()");
    await studio.page.keyboard.press("2");
    expect(await run("document.querySelector('gan-paint').concept")).not.toBe("sky");
    await run("document.querySelector('#keys').click()");
    await studio.page.keyboard.press("z");
    expect(await strokes()).toHaveLength(2);
    await run("document.querySelector('#keys').click()");
  });

  test("says clearly what it does not open, and nothing is lost", async () => {
    const before = await recipe();
    await give("holiday.txt", "sun");
    await expect.poll(notices, PATIENT).toMatch(/holiday.txt is nothing that the studio opens/);
    expect(await notices()).not.toContain("ganatomy invert");
    await dismiss();
    await give("holiday.png", "a photo, to its name");
    await expect.poll(notices, PATIENT).toMatch(/holiday.png is nothing that[\s\S]*ganatomy invert/);
    await dismiss();
    await give("broken.pth", "no checkpoint");
    await expect.poll(notices, PATIENT).toMatch(/broken\.pth/);
    await dismiss();
    await give("other.json", JSON.stringify({ ...before, model: { name: "church" } }));
    await expect.poll(notices, PATIENT).toMatch(/strokes are of church/);
    await dismiss();
    await give("marks.json", JSON.stringify({ model: "bedroom", layer: "layer4", units: [3] }));
    await expect.poll(notices, PATIENT).toMatch(/strokes are of bedroom/);
    await dismiss();
    await give("report.json", JSON.stringify(reportJson({ model: "church", labels: [], layers: [] })));
    await expect.poll(notices, PATIENT).toMatch(/report of church/);
    await dismiss();
    await run("location.hash = '#s=broken'");
    await expect.poll(notices, PATIENT).toMatch(/link/);
    await dismiss();
    await run(`location.hash = "#s=${await packRecipe({ ...before, layer: "layer99" })}"`);
    await expect.poll(notices, PATIENT).toMatch(/"layer99", which scenes64 does not have/);
    await dismiss();
    const [stroke] = before.strokes;
    await give("units.json", JSON.stringify({ ...before, strokes: [{ ...stroke, units: [5000] }] }));
    await expect.poll(notices, PATIENT).toMatch(/unit 5000, which layer4 does not have/);
    await dismiss();
    expect(await recipe()).toEqual(before);
  });

  test("opens the folder of a dissection, and of a model, by drop; a network replaces no other", async () => {
    const loaded = () => run<Loaded>("document.querySelector('gan-session').session.loaded");
    const report = join(files, "mine");
    await mkdir(join(report, "layer4"), { recursive: true });
    for (const name of ["report.json", "dissect.json"]) {
      await copyFile(join(ROOT, "studio/scenes64", name), join(report, name));
    }
    await studio.drop(report);
    await expect.poll(notices, PATIENT).toMatch(/The report is open/);
    await dismiss();
    await studio.drop(files);
    await expect.poll(notices, PATIENT).toMatch(/broken\.pth/);
    await dismiss();
    const model = join(ROOT, "weights/scenes64");
    await studio.drop(join(model, "segmenter.safetensors"));
    await expect.poll(notices, PATIENT).toMatch(/a segmenter without its labels/);
    await dismiss();
    // One that is called "generator" is what the report beside it calls it.
    await run("document.querySelector('gan-session').session.mine = true");
    await studio.drop(
      ...["generator", "segmenter"].map((name) => join(model, `${name}.safetensors`)),
      join(model, "labels.json"),
      join(report, "dissect.json"),
    );
    await expect.poll(() => run("document.querySelector('gan-session').session?.mine"), PATIENT).toBeUndefined();
    await expect.poll(async () => (await loaded())?.segmenter?.name, PATIENT).toBe("segmenter");
    expect(await loaded()).toMatchObject({ model: { name: "scenes64" }, rankings: { layer4: expect.anything() } });
    expect(await notices()).toBe("");
    expect(await strokes()).toHaveLength(2);
  });

  test("is shared by a link, which another browser opens", async () => {
    const before = await recipe();
    await studio.page.click("#share");
    const link = () => run<string>("document.querySelector('#link').value");
    await expect.poll(link, PATIENT).toMatch(/#s=[\w-]+$/);
    expect(await run("document.querySelector('#commands').value")).toMatch(
      /\nganatomy generate --model scenes64 --recipe scenes64-seed-1-picture-3\.json\n[\s\S]*\nganatomy ablate --model scenes64 /,
    );
    expect(await violations(studio.page)).toEqual([]);
    await studio.look("shared");
    const context = await studio.page.browser().createBrowserContext();
    const other = await context.newPage();
    await studio.open(await link(), other);
    const its = () => other.evaluate("document.querySelector('gan-paint').recipe");
    await expect.poll(its, PATIENT).toEqual(before);
    expect(other.url()).toBe(studio.url);
    await context.close();
    await run("document.querySelector('dialog[open]').close()");
  });

  test("looks without painting under Here, where that is wished, and nowhere else", async () => {
    const before = (await strokes()).length;
    const place = () => run("document.querySelector('gan-inspect').place");
    await studio.page.click("#tab-Here");
    await run(
      "[...document.querySelectorAll('.here button')].find(({ innerText }) => innerText === 'Look only').click()",
    );
    await paintLine([0.2, 0.2], [0.6, 0.6]);
    expect((await strokes()).length).toBe(before);
    await expect.poll(place, PATIENT).toEqual({ y: 38, x: 38 });
    await studio.page.click("#tab-History");
    expect(await run("document.querySelector('gan-paint').inspect")).toBe(false);
  });

  test("has nothing that axe finds wrong, in any tab, light or dark", async () => {
    for (const value of ["light", "dark"]) {
      await studio.page.emulateMediaFeatures([
        { name: "prefers-color-scheme", value },
        { name: "prefers-reduced-motion", value: "reduce" },
      ]);
      for (const tab of TABS) {
        await studio.page.click(`#tab-${tab}`);
        await studio.look(`${tab}-${value}`);
        expect([tab, value, ...(await violations(studio.page))]).toEqual([tab, value]);
      }
    }
  });

  test("fits a phone, with targets of 24 pixels", async () => {
    await studio.page.setViewport({ width: 390, height: 844 });
    await studio.page.click("#tab-Brush");
    expect(await run("document.documentElement.scrollWidth")).toBe(390);
    const small = `[...document.querySelectorAll("button, select, input:not([type=file], [type=radio], [type=checkbox])")]
      .filter((node) => node.checkVisibility()).map((node) => [node.outerHTML.slice(0, 60), node.getBoundingClientRect()])
      .filter(([, { width, height }]) => width < 24 || height < 24).map(([name]) => name)`;
    expect(await run(small)).toEqual([]);
    await studio.look("phone");
    for (const tab of ["Brush", ...TABS]) {
      await studio.page.click(`#tab-${tab}`);
      expect([tab, ...(await violations(studio.page))]).toEqual([tab]);
    }
    await studio.page.setViewport({ width: 1440, height: 900 });
  });

  test("goes on where it was left when it is opened again", async () => {
    const before = await recipe();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await studio.open();
    await expect.poll(recipe, PATIENT).toEqual(before);
    // A link that cannot be shown keeps nobody from it either.
    await studio.page.goto("about:blank");
    await studio.open(`${studio.url}#s=${await packRecipe({ ...before, layer: "layer99" })}`);
    expect(await notices()).toMatch(/"layer99", which scenes64 does not have/);
    expect(await recipe()).toEqual(before);
    expect(await run("document.querySelector('#layer').value")).toBe("layer4");
  });
});
