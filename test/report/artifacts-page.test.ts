import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import { afterAll, expect, test } from "vitest";
import { artifactsPage } from "../../src/report/artifacts-page.ts";
import { encodeJpeg } from "../../src/report/jpeg.ts";
import { checkMarks } from "../../src/session/marks.ts";
import { violations } from "../browser/axe.ts";
import { type OpenPage, openPage } from "../browser/open.ts";
import { artifactFindings } from "./artifact-findings.ts";
import { PROVENANCE } from "./fixture.ts";

const home = await mkdtemp(join(tmpdir(), "ganatomy-artifacts-page-"));
let opened: OpenPage | undefined;
afterAll(async () => {
  await opened?.close();
  await rm(home, { recursive: true, force: true });
});

const jpeg = encodeJpeg({ width: 8, height: 8, channels: 3, data: new Uint8Array(192).fill(99) }, 80);
const pictures = [0, 1, 2, 3, 7].map((image) => ({ image, jpeg }));
const around = { provenance: PROVENANCE, aspect: 1 };

test("it warns where no ranking did better than chance, fetches nothing, and takes names as text", () => {
  const bad = artifactsPage(artifactFindings(false), pictures, around);
  expect(bad).toMatch(/class="warning" role="note"><p><strong>No ranking did better than chance/);
  expect(bad).not.toMatch(/src="http|url\((?!data:image\/jpeg)/);
  expect(bad.match(/url\(data:/g)).toHaveLength(5);
  expect(bad).toContain("1 file was skipped");
  const good = artifactsPage(artifactFindings(true), pictures, around);
  expect(good).toContain('class="good"');
  expect(good).not.toContain('class="warning"');
  const evil = artifactsPage({ ...artifactFindings(false), model: '"><script>x' }, [], around);
  expect(evil).not.toContain("<script>x");
});

test("what the note is for can be read as a whole, on a phone and on a desk", async () => {
  const path = join(home, "note.html");
  await writeFile(path, artifactsPage(artifactFindings(false), pictures, around));
  const { page, close } = await openPage(`file://${path}`);
  for (const width of [390, 1440]) {
    await page.setViewport({ width, height: 800 });
    const [text, room, across] = await page.$eval("#note", (note) => {
      const style = getComputedStyle(note);
      const context = document.createElement("canvas").getContext("2d")!;
      context.font = style.font;
      const { width: text } = context.measureText((note as HTMLInputElement).placeholder);
      const around = Number.parseFloat(style.paddingLeft) + Number.parseFloat(style.paddingRight);
      return [text, note.clientWidth - around, document.documentElement.scrollWidth];
    });
    expect(text!).toBeGreaterThan(150);
    expect(text!).toBeLessThanOrEqual(room!);
    expect(across).toBe(width);
  }
  await close();
});

const said = (page: Page) => page.$eval("#count", ({ textContent }) => textContent);
const order = (page: Page) =>
  page.$$eval(".unit", (cards) => cards.map((card) => Number((card as HTMLElement).dataset["unit"])));

test("units are marked, sorted, saved as a file and read from one", async () => {
  const path = join(home, "artifacts.html");
  const findings = artifactFindings(false);
  // What ablating changes is ordered neither as units nor as scores are.
  const changes = [0.3, -0.1, -0.5, 1234.5];
  const units = findings.units.map((unit, at) => ({ ...unit, change: changes[at]! }));
  await writeFile(path, artifactsPage({ ...findings, units }, pictures, around));
  opened = await openPage(`file://${path}#units=1,99`);
  const { page, errors } = opened;
  expect(await violations(page)).toEqual([]);
  expect([await said(page), new URL(page.url()).hash]).toEqual(["1 of 4 marked", "#units=1"]);
  expect(await order(page)).toEqual([3, 1, 0, 2]);
  const shown = await page.$$eval(".unit span", (tiles) => tiles.map((tile) => getComputedStyle(tile).backgroundImage));
  expect(shown.filter((image) => image.startsWith('url("data:image/jpeg'))).toHaveLength(12);
  await page.click('.unit[data-unit="3"] button');
  await page.click('.unit[data-unit="2"] button');
  await page.click('.unit[data-unit="1"] button');
  expect([await said(page), new URL(page.url()).hash]).toEqual(["2 of 4 marked", "#units=2,3"]);
  expect(await page.$$eval("[aria-pressed=true]", (found) => found.length)).toBe(2);
  await page.select("#sort", "change");
  expect(await order(page)).toEqual([2, 1, 0, 3]);
  await page.select("#sort", "marked");
  expect(await order(page)).toEqual([2, 3, 0, 1]);

  // What it saves is what `ablate` and the studio read.
  await page.evaluate(() => {
    URL.createObjectURL = (blob) => {
      (blob as Blob).text().then((text) => {
        document.documentElement.dataset["saved"] = text;
      });
      return "data:,";
    };
  });
  await page.type("#note", " frames ");
  await page.click("#save");
  await page.waitForFunction(() => document.documentElement.dataset["saved"]);
  const text = await page.$eval(":root", (root) => (root as HTMLElement).dataset["saved"]!);
  const saved = checkMarks(JSON.parse(text));
  expect(saved).toEqual({ model: "scenes64", layer: "layer6", units: [2, 3], note: "frames" });
  expect(text).toBe(`${JSON.stringify(saved, null, 1)}\n`);

  await page.click("#clear");
  expect([await said(page), new URL(page.url()).hash]).toEqual(["0 of 4 marked", ""]);
  expect(await page.$eval("#save", (button) => (button as HTMLButtonElement).disabled)).toBe(true);
  const input = (await page.$("#open"))! as Awaited<ReturnType<typeof page.waitForSelector<"input">>>;
  const read = async (name: string, content: string): Promise<string | null> => {
    await writeFile(join(home, name), content);
    await page.$eval("#said", (element) => element.replaceChildren("?"));
    await input!.uploadFile(join(home, name));
    await page.waitForFunction(() => document.querySelector("#said")!.textContent !== "?");
    return page.$eval("#said", ({ textContent }) => textContent);
  };
  expect(await read("other.json", JSON.stringify({ ...saved, layer: "layer4" }))).toMatch(/is of layer4 of scenes64/);
  expect(await read("none.json", "[]")).toBe("none.json holds no marks.");
  expect(await read("broken.json", "{")).toBe("broken.json is no JSON.");
  expect(await said(page)).toBe("0 of 4 marked");
  expect(await read("marks.json", JSON.stringify(saved))).toBe("");
  expect([await said(page), await page.$eval("#note", (note) => (note as HTMLInputElement).value)]).toEqual([
    "2 of 4 marked",
    "frames",
  ]);
  expect(errors).toEqual([]);
});
