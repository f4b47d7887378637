import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Recipe } from "../../src/session/recipe.ts";
import type { Loaded } from "../../src/session/session.ts";
import { openStudio, type StudioPage } from "./page.ts";

// Runs: studio/studio.ts, studio/opening.ts, studio/dropping.ts, src/session/worker.ts

const MODEL = fileURLToPath(new URL("../../weights/scenes64", import.meta.url));
const REPORT = fileURLToPath(new URL("../../studio/scenes64/report.json", import.meta.url));
/** Software adapters beside other work need their time. */
const SLOW = 400_000;
const PATIENT = { timeout: 100_000, interval: 100 };

let studio: StudioPage;
let files: string;
/** Folders of one generator by several names, each with a report of that name. */
const folder = (name: string): string => join(files, name);
beforeAll(async () => {
  files = await mkdtemp(join(tmpdir(), "ganatomy-racing-"));
  const report = JSON.parse(await readFile(REPORT, "utf8"));
  for (const name of ["ash", "birch", "cedar"]) {
    await mkdir(folder(name));
    await copyFile(join(MODEL, "generator.safetensors"), join(folder(name), "generator.safetensors"));
    await writeFile(join(folder(name), "report.json"), JSON.stringify({ ...report, model: { ...report.model, name } }));
  }
  await copyFile(join(MODEL, "generator.safetensors"), join(files, "dogwood.safetensors"));
  await writeFile(join(files, "broken.pth"), "no checkpoint");
  studio = await openStudio();
}, SLOW);
afterAll(async () => {
  expect(studio.errors).toEqual([]);
  await studio?.close();
  await rm(files, { recursive: true, force: true });
});

const run = <T>(code: string): Promise<T> => studio.page.evaluate(code) as Promise<T>;
const recipe = () => run<Recipe>("document.querySelector('gan-paint').recipe");
const notices = () => run<string>("document.querySelector('#notices').innerText");
/** What is shown, and whose report is with it. */
const shown = async () => {
  const loaded = await run<Loaded | undefined>("document.querySelector('gan-session').session?.loaded");
  return [loaded?.model?.name, loaded?.report?.model.name];
};
/** Nothing is under way any more. */
const settled = () =>
  expect
    .poll(() => run("!document.querySelector('gan-paint').disabled && document.querySelector('#busy').hidden"), PATIENT)
    .toBe(true);

describe("drops that come fast", { timeout: SLOW }, () => {
  test("while the page itself opens: a broken one changes nothing, and what adds to it waits", async () => {
    await studio.page.goto(studio.url);
    await studio.page.waitForSelector("gan-paint:defined");
    await studio.drop(join(files, "broken.pth"));
    await studio.drop(REPORT);
    await expect.poll(notices, PATIENT).toMatch(/broken\.pth/);
    await expect.poll(notices, PATIENT).toMatch(/The report is open/);
    expect(await shown()).toEqual(["scenes64", "scenes64"]);
    expect(await run("document.querySelector('#waiting').hidden")).toBe(true);
    await run("document.querySelector('#notices').replaceChildren()");
  });

  test("the last is shown with what is its own, and nothing of those before comes later", async () => {
    // A moment before the first drop somebody paints, which is kept.
    const stroke = { id: "1", op: "remove", units: [3] };
    await run(`document.querySelector("gan-paint").change([${JSON.stringify(stroke)}])`);
    await run("document.querySelector('#tab-Units').click(), document.querySelector('gan-paint').units = [5]");
    for (const name of ["ash", "birch", "cedar"]) await studio.drop(folder(name));
    await expect.poll(shown, PATIENT).toEqual(["cedar", "cedar"]);
    await settled();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(await shown()).toEqual(["cedar", "cedar"]);
    expect(await notices()).toBe("");
    expect((await recipe()).strokes).toEqual([]);
    expect(await run("document.querySelector('gan-paint').units")).toEqual([]);
    const kept = await run(`new Promise((resolve) => {
      indexedDB.open("ganatomy-studio").onsuccess = ({ target }) => {
        const reading = target.result.transaction("recipes").objectStore("recipes").get("scenes64");
        reading.onsuccess = () => resolve(reading.result.strokes);
      };
    })`);
    expect(kept).toEqual([stroke]);
  });

  test("a generator by itself does not get the report of the one that it replaces", async () => {
    await studio.drop(folder("ash"));
    await studio.drop(join(files, "dogwood.safetensors"));
    await expect.poll(shown, PATIENT).toEqual(["dogwood", undefined]);
    await settled();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(await shown()).toEqual(["dogwood", undefined]);
    expect(await notices()).toBe("");
  });

  test("a report that is dropped right after its generator waits for it", async () => {
    await studio.drop(join(folder("birch"), "generator.safetensors"), join(folder("birch"), "report.json"));
    await studio.drop(join(folder("ash"), "report.json"));
    await studio.drop(join(folder("birch"), "report.json"));
    await expect.poll(notices, PATIENT).toMatch(/The report is open/);
    expect(await notices()).toMatch(/report of ash/);
    expect(await shown()).toEqual(["birch", "birch"]);
    await run("document.querySelector('#notices').replaceChildren()");
  });

  test("a folder and a file that are dropped together are opened together", async () => {
    const mine = join(files, "mine");
    await mkdir(mine);
    await copyFile(join(folder("ash"), "report.json"), join(mine, "report.json"));
    await copyFile(join(MODEL, "generator.safetensors"), join(files, "anything.safetensors"));
    await studio.drop(mine, join(files, "anything.safetensors"));
    await expect.poll(shown, PATIENT).toEqual(["ash", "ash"]);
    expect(await notices()).toBe("");
  });
});
