import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ElementHandle, Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadGenerator } from "../../src/load.ts";
import type { Recipe } from "../../src/session/recipe.ts";
import { writeSafetensors } from "../../src/weights/safetensors.ts";
import { violations } from "../browser/axe.ts";
import { requestDevice } from "../gpu.ts";
import { scenes64 } from "../session/places.ts";
import { openStudio, type StudioPage } from "./page.ts";

// Runs: studio/own.ts, studio/first.ts, studio/filmstrip.ts, studio/keeping.ts, studio/studio.ts,
// src/session/worker.ts

/** Software adapters beside other work need their time. */
const SLOW = 400_000;
const PATIENT = { timeout: 60_000, interval: 200 };

let studio: StudioPage;
let home: string;
/** As `ganatomy invert` writes them: features of layer4 and a weight behind it; z alone. */
const path = (name: string): string => join(home, name);
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ganatomy-own-"));
  const device = await requestDevice();
  const generator = await loadGenerator((await scenes64()).generator, { device, name: "scenes64" });
  const z = generator.sample({ size: 2, seed: 9, start: 4 });
  using run = await generator.forward(z.subarray(0, generator.zSize), { retain: ["layer4"] });
  const { height, width, channels } = generator.layer("layer4");
  const float32 = (shape: readonly number[], data: Float32Array) => ({ dtype: "float32" as const, shape, data });
  const [key, tensor] = [...generator.network.state].findLast(([, { shape }]) => shape.length === 4)!;
  const weight = Float32Array.from(await tensor.read(), (value) => 0.8 * value);
  const inversion = {
    z: float32([1, generator.zSize], z.slice(0, generator.zSize)),
    layer4: float32([1, height, width, channels], await run.layers.get("layer4")!.read()),
    [`weights.${key}`]: float32(tensor.shape, weight),
  };
  await writeFile(path("inversion.safetensors"), writeSafetensors(inversion, { model: "scenes64" }));
  await writeFile(path("church.safetensors"), writeSafetensors(inversion, { model: "church" }));
  await writeFile(path("rows.safetensors"), writeSafetensors({ z: float32([2, generator.zSize], z) }));
  device.dispose();
  studio = await openStudio();
  await studio.open();
}, SLOW);
afterAll(async () => {
  expect(studio.errors).toEqual([]);
  await studio?.close();
  await rm(home, { recursive: true, force: true });
});

const run = <T>(code: string, page: Page = studio.page): Promise<T> => page.evaluate(code) as Promise<T>;
const recipe = (page?: Page) => run<Recipe>("document.querySelector('gan-paint').recipe", page);
const shownOf = async (page?: Page) => (await recipe(page))?.latents?.name;
const notices = (page?: Page) => run<string>("document.querySelector('#notices').innerText", page);
const dismiss = () => run("document.querySelector('#notices').replaceChildren()");
const pressed = () =>
  run<string[]>("[...document.querySelectorAll('.frame[aria-pressed=true]')].map((frame) => frame.ariaLabel)");
/** The bytes of the picture that is painted on, as the session makes them. */
const picture = (page?: Page) =>
  run<string>(
    `document.querySelector("gan-session").session.picture(document.querySelector("gan-paint").edited)
      .then(({ data }) => data.join())`,
    page,
  );
const screenshot = async () => Buffer.from(await (await studio.page.$("gan-paint"))!.screenshot()).toString("base64");
const give = async (name: string, page: Page) =>
  ((await page.$("#files")) as ElementHandle<HTMLInputElement>).uploadFile(path(name));

/** Paints from left to right. */
async function stroke(page: Page = studio.page): Promise<void> {
  const { x, y, width, height } = (await (await page.$("gan-paint"))!.boundingBox())!;
  await page.mouse.move(x + width * 0.3, y + height * 0.5);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.7, y + height * 0.5, { steps: 4 });
  await page.mouse.up();
  await page.mouse.move(2, 2);
}

describe("pictures of one's own", { timeout: SLOW }, () => {
  let plain: string;

  test("are shown when they are dropped, first among the pictures", async () => {
    const [before, onScreen] = [await picture(), await screenshot()];
    await studio.drop(path("inversion.safetensors"));
    await expect.poll(shownOf, PATIENT).toBe("inversion.safetensors");
    await expect.poll(screenshot, PATIENT).not.toBe(onScreen);
    plain = await picture();
    expect(plain).not.toBe(before);
    expect(await pressed()).toEqual(["Picture inversion.safetensors"]);
    expect(await run("document.querySelector('#strip').firstElementChild.ariaLabel")).toBe(
      "Picture inversion.safetensors",
    );
    expect(await run("document.querySelectorAll('#strip gan-image').length")).toBe(17);
    expect(await notices()).toBe("");
    expect(await violations(studio.page)).toEqual([]);
    await studio.look("own");
  });

  test("are shown when the address names them, and what was painted on them stays", async () => {
    await mkdir(join(studio.folder, "given/latents"), { recursive: true });
    await copyFile(path("inversion.safetensors"), join(studio.folder, "given/latents/inversion.safetensors"));
    // as `ganatomy studio --latents` says it
    const open = { latents: "latents/inversion.safetensors" };
    await writeFile(join(studio.folder, "given/open.json"), JSON.stringify(open));
    const context = await studio.page.browser().createBrowserContext();
    const other = await context.newPage();
    await other.setViewport({ width: 1440, height: 900 });
    const address = `${studio.url}?open=given/open.json`;
    await studio.open(address, other);
    await expect.poll(() => shownOf(other), PATIENT).toBe("inversion.safetensors");
    expect(await picture(other)).toBe(plain);
    await stroke(other);
    const mine = await recipe(other);
    expect(mine.strokes).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 1000)); // it is kept
    await studio.open(address, other);
    await expect.poll(() => shownOf(other), PATIENT).toBe("inversion.safetensors");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(await recipe(other)).toEqual(mine);
    await context.close();
    await studio.page.bringToFront();
  });

  test("are painted on, step by step and back, and compared with what was before", async () => {
    const unpainted = await screenshot();
    await stroke();
    expect((await recipe()).strokes).toHaveLength(1);
    expect(await picture()).not.toBe(plain);
    await expect
      .poll(
        () =>
          run(
            "document.querySelectorAll('gan-history li').length || document.querySelector('gan-history').shadowRoot.querySelectorAll('li').length",
          ),
        PATIENT,
      )
      .toBe(1);
    await studio.page.click("#undo");
    expect(await picture()).toBe(plain);
    await expect.poll(screenshot, PATIENT).toBe(unpainted);
    await studio.page.click("#redo");
    expect(await picture()).not.toBe(plain);
    await studio.page.click("#compare");
    const before = "document.querySelector('gan-compare gan-image')";
    await expect.poll(() => run(`${before}?.latents?.name`), PATIENT).toBe("inversion.safetensors");
    expect(await run(`${before}.edited.strokes.length`)).toBe(0);
    await studio.page.click("#compare");
    await studio.page.click("#tab-Effect");
    await expect.poll(() => run("document.querySelector('table.effect').innerText"), PATIENT).toMatch(/tree/);
  });

  test("are there when the studio is opened again, with their strokes", async () => {
    const before = await picture();
    const { latents, strokes } = await recipe();
    await new Promise((resolve) => setTimeout(resolve, 1000)); // what changed is kept after 400 ms
    await studio.open();
    await expect.poll(async () => (await recipe())?.strokes, PATIENT).toEqual(strokes);
    expect((await recipe()).latents).toEqual(latents);
    expect(await picture()).toBe(before);
    expect(await pressed()).toEqual(["Picture inversion.safetensors"]);
  });

  test("are left for one of the seed's, and chosen again; what they do not have cannot be chosen", async () => {
    await run("document.querySelector('[aria-label=\"Picture 5\"]').click()");
    expect(await recipe()).toMatchObject({ image: 5, strokes: [{}] });
    expect(await shownOf()).toBeUndefined();
    const layers = () =>
      run<string[]>(
        "[...document.querySelector('#layer').options].filter(({ disabled }) => disabled).map(({ value }) => value)",
      );
    expect(await layers()).toEqual([]);
    await run(
      "document.querySelector('#layer').value = 'layer2'; document.querySelector('#layer').dispatchEvent(new Event('change'))",
    );
    expect((await recipe()).layer).toBe("layer2");
    await dismiss();
    await run("document.querySelector('#strip').firstElementChild.click()");
    expect(await recipe()).toMatchObject({ layer: "layer4", image: 0, strokes: [{}] });
    expect(await shownOf()).toBe("inversion.safetensors");
    expect(await layers()).toEqual(["layer1", "layer2", "layer3"]);
    await studio.page.click("#tab-Latent");
    expect(await run("document.querySelector('.latent').innerText")).toMatch(
      /^inversion.safetensors is features of layer4/,
    );
    expect(await run("document.querySelector('.pad').checkVisibility()")).toBe(false);
    expect(await notices()).toBe("");
  });

  test("that are rows of z move like a seed's, each by itself", async () => {
    await studio.drop(path("rows.safetensors"));
    await expect.poll(shownOf, PATIENT).toBe("rows.safetensors");
    await dismiss();
    const first = await picture();
    await run("document.querySelector('[aria-label=\"Picture 1 of rows.safetensors\"]').click()");
    expect(await pressed()).toEqual(["Picture 1 of rows.safetensors"]);
    expect(await picture()).not.toBe(first);
    await run(`document.querySelector("gan-paint").move([{ seed: 1, image: 3, share: 0.5 }])`);
    expect(await run("document.querySelector('.pad').checkVisibility()")).toBe(true);
    expect(await notices()).toBe("");
    await run("document.querySelector('#strip').firstElementChild.click()");
    expect(await shownOf()).toBe("inversion.safetensors");
    expect(await recipe()).not.toHaveProperty("toward");
  });

  test("of another model are refused in words", async () => {
    const before = await recipe();
    await studio.drop(path("church.safetensors"));
    await expect
      .poll(notices, PATIENT)
      .toMatch(/"church.safetensors" is of church, and the generator here is scenes64/);
    await dismiss();
    expect(await recipe()).toEqual(before);
  });

  test("are named by a link, which asks for the file that it cannot hold", async () => {
    const mine = await recipe();
    await studio.page.click("#share");
    const link = () => run<string>("document.querySelector('#link').value");
    await expect.poll(link, PATIENT).toMatch(/#s=[\w-]+$/);
    expect(await run("document.querySelector('dialog[open]').innerText")).toMatch(/cannot hold that file/);
    const line =
      "ganatomy generate --model scenes64 --recipe scenes64-inversion-picture-0.json --latents inversion.safetensors";
    expect(await run("document.querySelector('#commands').value")).toContain(line);
    const context = await studio.page.browser().createBrowserContext();
    const other = await context.newPage();
    await studio.open(await link(), other);
    await expect
      .poll(() => notices(other), PATIENT)
      .toMatch(/strokes are on inversion.safetensors, a picture whose file is not here/);
    expect(await shownOf(other)).toBeUndefined();
    await give("inversion.safetensors", other);
    await expect.poll(() => recipe(other), PATIENT).toEqual(mine);
    expect(await picture(other)).toBe(await picture());
    await context.close();
    await run("document.querySelector('dialog[open]').close()");
  });

  test("have nothing that axe finds wrong, wide and narrow, light and dark", async () => {
    for (const value of ["light", "dark"]) {
      await studio.page.emulateMediaFeatures([
        { name: "prefers-color-scheme", value },
        { name: "prefers-reduced-motion", value: "reduce" },
      ]);
      for (const width of [1440, 390]) {
        await studio.page.setViewport({ width, height: 900 });
        expect(await run("document.documentElement.scrollWidth")).toBe(width);
        expect(await violations(studio.page)).toEqual([]);
        await studio.look(`own-${value}-${width}`);
        await studio.page.click("#share");
        await expect.poll(() => run("document.querySelector('#commands').checkVisibility()"), PATIENT).toBe(true);
        expect(await violations(studio.page)).toEqual([]);
        await studio.look(`own-shared-${value}-${width}`);
        await run("document.querySelector('dialog[open]').close()");
      }
    }
    await studio.page.setViewport({ width: 1440, height: 900 });
    await studio.page.emulateMediaFeatures([]);
  });

  test("are forgotten if that is wished, and back when they are dropped", async () => {
    await studio.page.click("#forget");
    expect(await shownOf()).toBeUndefined();
    expect(await run("document.querySelector('#forget').hidden")).toBe(true);
    expect(await run("document.querySelectorAll('.frame.own').length")).toBe(2);
    const held = "document.querySelector('gan-session').session.loaded.latents.map(({ name }) => name)";
    await expect.poll(() => run(held), PATIENT).toEqual(["rows.safetensors"]);
    expect(await notices()).toMatch(/^inversion.safetensors is forgotten here/);
    await dismiss();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await studio.open();
    await expect.poll(() => run("document.querySelectorAll('.frame.own').length"), PATIENT).toBe(2);
    await studio.drop(path("inversion.safetensors"));
    await expect.poll(shownOf, PATIENT).toBe("inversion.safetensors");
    await dismiss();
    expect(await picture()).toBe(plain);
  });
});
