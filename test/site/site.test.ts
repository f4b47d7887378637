import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildSite } from "../../scripts/site.mjs";
import type { Unit } from "../../src/dissect/result.ts";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import { toReport } from "../../src/report/report.ts";
import { violations } from "../browser/axe.ts";
import { openPage } from "../browser/open.ts";
import { built } from "../built.ts";
import { fixture, PROVENANCE } from "../report/fixture.ts";
import { plainHost } from "../studio/folder.ts";

// Runs: site/keep.ts, site/sw.ts, site/site.css, scripts/gallery.mjs

const JPEG = Buffer.from(
  await nodeEncoder().jpeg({ width: 2, height: 1, channels: 3, data: Uint8Array.of(9, 9, 9, 99, 99, 99) }, 80),
);
const SLOW = 300_000;
const REPORT =
  '<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>a report</title><h1>A report</h1></html>\n';

let work: string;
let folder: string;
let best: Unit;
let said: Awaited<ReturnType<typeof buildSite>>;
beforeAll(async () => {
  await built();
  work = await mkdtemp(join(tmpdir(), "ganatomy-site-test-"));
  folder = join(work, "site");
  const report = join(work, "scenes");
  await mkdir(join(report, "layer4", "image"), { recursive: true });
  await writeFile(join(report, "report.html"), REPORT);
  const { dissection } = fixture();
  await writeFile(join(report, "report.json"), JSON.stringify(toReport(dissection, PROVENANCE)));
  best = dissection.layers[0]!.units.filter((unit) => unit.interpretable).sort((a, b) => b.iou - a.iou)[0]!;
  await writeFile(join(report, "layer4", "image", `${best.unit}-top.jpg`), JPEG);
  said = await buildSite(folder, { reports: [report] });
}, SLOW);
afterAll(() => rm(work, { recursive: true, force: true }));

test("every export says what it is", () => expect(said.undocumented).toEqual([]));

test("guides and docstrings lead to what is there", () => expect(said.messages).toEqual([]));

test("pages lead to files of the site, and load nothing of other hosts", async () => {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  const there = new Set(files);
  const lost: string[] = [];
  for (const page of files.filter((path) => /^(?!studio|reports).*\.html$/.test(path))) {
    const text = await readFile(join(folder, page), "utf8");
    for (const [, attribute, address = ""] of text.matchAll(/\s(href|src)="([^"#?]+)/g)) {
      const foreign = /^[a-z]+:/.test(address);
      if (foreign ? attribute === "src" : !there.has(join(dirname(page), decodeURI(address)))) {
        lost.push(`${page}: ${address}`);
      }
    }
    for (const [tag] of text.matchAll(/<(link|script)\s[^>]*="https?:[^>]*>/g)) lost.push(`${page}: ${tag}`);
  }
  expect([...new Set(lost)]).toEqual([]);
  expect(files.filter((path) => path.endsWith(".html")).length).toBeGreaterThan(300);
});

test("the gallery leads to reports, and shows the unit that agrees best", async () => {
  const text = await readFile(join(folder, "gallery.html"), "utf8");
  const { layers, labels } = fixture().dissection;
  const detectors = layers[0]!.units.filter(({ interpretable }) => interpretable).length;
  expect(text).toContain('href="reports/scenes/report.html"');
  expect(text).toContain(`<td>${detectors} of ${layers[0]!.units.length}</td>`);
  const what = `layer4 unit ${best.unit}: ${labels[best.label]!.name}, IoU ${best.iou.toFixed(2)}`;
  expect(text).toContain(`<figcaption>${what}</figcaption>`);
  const [, picture] = /<img src="(media\/[^"]+)"/.exec(text)!;
  expect(await readFile(join(folder, picture!))).toEqual(JPEG);
});

test("a folder that holds something else stays as it is", async () => {
  const mine = join(work, "mine");
  await mkdir(mine);
  await writeFile(join(mine, "thesis.txt"), "42");
  await expect(buildSite(mine)).rejects.toThrow(/holds other things than a site/);
  expect(await readdir(mine)).toEqual(["thesis.txt"]);
});

test("reports of one name are not mixed", async () => {
  const reports = [join(work, "a", "scenes"), join(work, "b", "scenes")];
  await expect(buildSite(join(work, "two"), { reports })).rejects.toThrow('Two reports are called "scenes"');
  expect(await readdir(work)).not.toContain("two");
});

describe("in Chromium, under some path of a plain host", { timeout: SLOW }, () => {
  test("pages are without errors and accessible, and open without a network afterwards", async () => {
    const host = await plainHost(folder, "/some/where/");
    const { page, errors, close } = await openPage(host.url, { webgpu: false });
    try {
      for (const path of [
        "",
        "gallery.html",
        "guides/edits.html",
        "modules/ganatomy_inversion.html",
        "interfaces/ganatomy.Edit.html",
        "tutorial/",
      ]) {
        await page.goto(host.url + path);
        expect(await violations(page), path).toEqual([]);
      }
      await page.evaluate("navigator.serviceWorker.ready.then(() => {})");
      await page.goto(`${host.url}reports/scenes/report.html`);
      expect(errors).toEqual([]);
      await host.close();
      const titles: string[] = [];
      for (const path of [
        "",
        "guides/studio.html",
        "modules/ganatomy_compare.html",
        "reports/scenes/report.html",
        "tutorial/",
      ]) {
        await page.goto(host.url + path);
        titles.push((await page.evaluate("document.querySelector('h1').textContent")) as string);
      }
      expect(titles).toEqual([
        "ganatomy",
        "The studio: paint, and see who did it",
        "Module ganatomy/compare",
        "A report",
        "A tutorial: what has this GAN learned?",
      ]);
      // with the model that it loads
      const model =
        "fetch('weights/generator.safetensors').then((file) => file.arrayBuffer()).then((b) => b.byteLength)";
      expect(await page.evaluate(model)).toBeGreaterThan(2e6);
    } finally {
      await close();
      await host.close().catch(() => {});
    }
  });
});
