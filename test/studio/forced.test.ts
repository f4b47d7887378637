import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStudio, type StudioPage } from "./page.ts";

// Runs: studio/studio.css, studio/latent.ts, studio/brushes.ts

const REPORT = fileURLToPath(new URL("../../studio/scenes64/report.json", import.meta.url));
/** Software adapters beside other work need their time. */
const SLOW = 400_000;

let studio: StudioPage;
let files: string;
beforeAll(async () => {
  files = await mkdtemp(join(tmpdir(), "ganatomy-forced-"));
  studio = await openStudio();
  await studio.open();
  // Concepts of two categories, which are listed by them.
  const report = JSON.parse(await readFile(REPORT, "utf8"));
  const parts = ["house", "roof", "door", "window"];
  const labels = report.labels.map((label: { name: string }) =>
    parts.includes(label.name) ? { ...label, category: "part" } : label,
  );
  await writeFile(join(files, "report.json"), JSON.stringify({ ...report, labels }));
  await studio.drop(join(files, "report.json"));
  await studio.page.waitForSelector(".concepts [role=group]");
}, SLOW);
afterAll(async () => {
  expect(studio.errors).toEqual([]);
  await studio?.close();
  await rm(files, { recursive: true, force: true });
});

const run = <T>(code: string): Promise<T> => studio.page.evaluate(code) as Promise<T>;
/** A property of the style that an element ends up with. */
const styleOf = (selector: string, name: string) =>
  run<string>(`getComputedStyle(document.querySelector(${JSON.stringify(selector)}))[${JSON.stringify(name)}]`);

describe.each(["light", "dark"])("forced colours, %s", (scheme) => {
  test("leave what is chosen, framed and filled to be seen", { timeout: SLOW }, async () => {
    const browser = await studio.page.createCDPSession();
    await browser.send("Emulation.setEmulatedMedia", {
      features: [
        { name: "forced-colors", value: "active" },
        { name: "prefers-color-scheme", value: scheme },
        { name: "prefers-reduced-motion", value: "reduce" },
      ],
    });
    await studio.page.click("#tab-Latent");
    const paper = await styleOf("body", "backgroundColor");
    for (const selector of [".concept:has(:checked)", ".segments [aria-pressed=true]", ".knob"]) {
      expect([selector, await styleOf(selector, "backgroundColor")]).not.toEqual([selector, paper]);
    }
    expect(await styleOf(".tabs [aria-selected=true]", "borderBottomColor")).not.toBe(
      await styleOf(".tabs [aria-selected=false]", "borderBottomColor"),
    );
    for (const selector of [".pad", ".swatch", "progress"]) {
      expect([selector, await styleOf(selector, "borderTopWidth")]).toEqual([selector, "1px"]);
      expect([selector, await styleOf(selector, "borderTopColor")]).not.toEqual([selector, paper]);
    }
    await studio.look(`forced-${scheme}`);
  });
});
