import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type OpenPage, openPage } from "../browser/open.ts";
import { type PlainHost, plainHost, type StudioFolder, studioFolder } from "./folder.ts";

// Runs: studio/sw.ts, studio/doors.ts, studio/studio.ts, src/session/worker.ts

const SLOW = 150_000;

let folder: StudioFolder;
beforeAll(async () => {
  folder = await studioFolder();
});
afterAll(() => folder?.remove());

/** Waits until there is a picture. Pages that come from the worker may not be there yet. */
const picture = ({ page }: OpenPage) =>
  expect
    .poll(() => page.evaluate('document.querySelector("#waiting").hidden').catch(() => false), {
      timeout: SLOW,
      interval: 200,
    })
    .toBe(true);

/** Waits until the next visit needs no network. */
const kept = ({ page }: OpenPage) =>
  page.evaluate("navigator.serviceWorker.ready.then(() => caches.keys())") as Promise<string[]>;

/** The standard deviation of what the screen shows of the picture: 0 for a blank one. */
async function contrast({ page }: OpenPage): Promise<number> {
  const data = decode(await (await page.$("#paint"))!.screenshot()).data as Uint8Array;
  const mean = data.reduce((a, b) => a + b, 0) / data.length;
  return Math.sqrt(data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length);
}

/** What was asked of anybody, by the page and by what the browser says of its worker. */
const hosts = ({ page }: OpenPage) =>
  page.evaluate(
    '[...new Set(performance.getEntriesByType("resource").map(({ name }) => new URL(name).host))]',
  ) as Promise<string[]>;

/** The build that a page is of. */
const buildOf = ({ page }: OpenPage) => page.evaluate("document.documentElement.dataset.build") as Promise<string>;

/** Another build in the same folder: its page says so, and asks for its own files. */
async function anotherBuild(path: string): Promise<() => Promise<void>> {
  const files = ["index.html", "sw.js"].map((name) => join(path, name));
  const before = await Promise.all(files.map((file) => readFile(file, "utf8")));
  const [, build] = /data-build="(\w+)"/.exec(before[0]!)!;
  const write = (texts: readonly string[]) => Promise.all(files.map((file, i) => writeFile(file, texts[i]!)));
  await write(before.map((text) => text.replaceAll(build!, "another")));
  return async () => void (await write(before));
}

// In Firefox 153, headless on lavapipe, the tab is lost after some of the reloads
// (docs/troubleshooting.md).
describe("the studio in Chromium, under some path of a plain host", { timeout: 2 * SLOW }, () => {
  test("asks no other host, and after the first visit paints without any", async () => {
    const host: PlainHost = await plainHost(folder.path, "/some/where/");
    const opened = await openPage(host.url);
    const { page, errors, close } = opened;
    try {
      await picture(opened);
      expect(await kept(opened)).toHaveLength(1);
      expect(await hosts(opened)).toEqual([new URL(host.url).host]);
      expect(errors).toEqual([]);
      await host.close();
      await expect(fetch(host.url)).rejects.toThrow();
      await page.reload();
      await picture(opened);
      await expect.poll(() => contrast(opened), { timeout: SLOW }).toBeGreaterThan(20);
      // What comes after the picture is there too: the report, and the segmenter.
      const shown = 'document.querySelector("#session").session.loaded';
      await expect
        .poll(() => page.evaluate(`[!!${shown}.segmenter, ${shown}.report?.model.name]`).catch(String), {
          timeout: SLOW,
          interval: 200,
        })
        .toEqual([true, "scenes64"]);
    } finally {
      await close();
      await host.close();
    }
  });
});

test("a new build is seen at the next visit, and replaces the old one that was kept", {
  timeout: 2 * SLOW,
}, async () => {
  const host = await plainHost(folder.path, "/gan/");
  const opened = await openPage(host.url);
  const { page, close } = opened;
  try {
    await picture(opened);
    const [first] = await kept(opened);
    const old = await buildOf(opened);
    await page.evaluate('caches.open("ganatomy-studio http://elsewhere/ abc")');
    const restore = await anotherBuild(folder.path);
    try {
      await page.reload();
      expect(await buildOf(opened)).toBe("another");
      await picture(opened);
      await page.waitForFunction(
        "caches.keys().then((names) => names.length === 2 && names.some((name) => name.endsWith(' another')))",
        { timeout: SLOW },
      );
      const names = (await page.evaluate("caches.keys()")) as string[];
      expect(names).toEqual(
        expect.arrayContaining(["ganatomy-studio http://elsewhere/ abc", first!.replace(old, "another")]),
      );
      // What has the build's hash is not asked for again.
      host.asked();
      await page.reload();
      await picture(opened);
      expect(host.asked().filter((path) => path.includes("?b="))).toEqual([]);
    } finally {
      await restore();
    }
  } finally {
    await close();
    await host.close();
  }
});
