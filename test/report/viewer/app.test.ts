import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixture, HOSTILE, hostile, LABELS } from "../fixture.ts";
import { Pages, pageOf, texts } from "../pages.ts";

let pages: Pages;

beforeAll(async () => {
  pages = await Pages.launch();
  pages.write("report.html", await pageOf(fixture()));
  pages.write("hostile.html", await pageOf(hostile()));
  pages.write("wide.html", await pageOf(fixture({ extent: [24, 64] })));
});

afterAll(() => pages?.dispose());

const hash = (page: Page) => page.evaluate(() => location.hash);
/** How much the pixels of a canvas differ from one another. */
const contrast = (page: Page, selector: string) =>
  page.$eval(selector, (canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
    return new Set(Array.from({ length: data.length / 4 }, (_, i) => data.slice(i * 4, i * 4 + 4).join())).size;
  });

describe("in a browser", () => {
  test("shows the layer, its concepts and its units with their pictures", async () => {
    const { page, complaints } = await pages.open("report.html");
    const { dissection } = fixture();
    expect(await texts(page, "h1")).toEqual(["drawn scenes"]);
    expect(await texts(page, ".card")).toHaveLength(12);
    expect(await texts(page, ".bar")).toHaveLength(5);
    await page.waitForSelector(".card canvas[data-painted=masked]");
    expect(await contrast(page, ".card canvas")).toBeGreaterThan(100);
    await page.click("nav a:nth-child(2)");
    await page.waitForSelector("body[data-ready=layer6]");
    expect(await texts(page, ".card")).toHaveLength(dissection.layers[1]!.units.length);
    expect(await hash(page)).toBe("#layer6");
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("filters by a bar, sorts, searches, and can go back", async () => {
    const { page, complaints } = await pages.open("report.html");
    const units = fixture().dissection.layers[0]!.units;
    const name = (await texts(page, ".bar .name"))[0]!;
    await page.click(".bar");
    await page.waitForFunction(() => location.hash.includes("concept="));
    expect(new Set(await texts(page, ".card .label"))).toEqual(new Set([name]));
    await page.select("#sort", "concept");
    expect(await texts(page, ".card")).toHaveLength(units.length);
    const scores = (await texts(page, ".card .score")).map(Number);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    await page.goBack();
    await page.goBack();
    await page.waitForFunction(() => !location.hash.includes("concept="));
    expect(await texts(page, ".card")).toHaveLength(units.length);
    await page.select("#sort", "unit");
    expect(
      (await texts(page, ".card .small span:first-child")).map((text) => Number.parseInt(text.slice(5), 10)),
    ).toEqual(units.map(({ unit }) => unit));
    await page.type("#query", "house");
    expect(await texts(page, ".card")).toHaveLength(
      units.filter(({ label }) => LABELS[label]!.name === "house").length,
    );
    await page.type("#query", " nothing");
    expect(await texts(page, "#cards .empty")).toEqual(["No unit matches. Show all units"]);
    await page.click("#cards .link");
    expect(await texts(page, ".card")).toHaveLength(units.length);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("opens a unit by click and by address, steps with arrows, closes with escape", async () => {
    const { page, complaints } = await pages.open("report.html", "#layer6/unit/3");
    expect(await texts(page, "#detail-where")).toEqual(["layer6 · unit 3 · object"]);
    await page.waitForSelector("#tiles[data-painted]");
    expect(await texts(page, "#tiles figure")).toHaveLength(6);
    expect(await contrast(page, "#tiles canvas")).toBeGreaterThan(100);
    expect((await texts(page, "#best li")).length).toBeGreaterThan(1);
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction(() => !location.hash.startsWith("#layer6/unit/3"));
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => location.hash === "#layer6");
    expect(await page.$("dialog[open]")).toBeNull();
    await page.click(".card");
    await page.waitForSelector("dialog[open]");
    expect(await hash(page)).toMatch(/^#layer6\/unit\/\d+$/);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("switches views by key, names labels under the pointer, and moves the level", async () => {
    const { page, complaints } = await pages.open("report.html", "#layer4/unit/0");
    await page.waitForSelector("#tiles[data-painted$=masked]");
    const bytes = () => page.$eval("#tiles canvas", (canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const masked = await bytes();
    await page.$eval("#level", (input) => {
      (input as HTMLInputElement).value = (input as HTMLInputElement).max;
      input.dispatchEvent(new Event("input"));
    });
    await page.waitForSelector("#level-reset:not([hidden])");
    await page.waitForFunction(
      (before) => document.querySelector<HTMLCanvasElement>("#tiles canvas")!.toDataURL() !== before,
      {},
      masked,
    );
    await page.click("#level-reset");
    await page.waitForFunction(
      (before) => document.querySelector<HTMLCanvasElement>("#tiles canvas")!.toDataURL() === before,
      {},
      masked,
    );
    await page.focus("#detail-title");
    await page.keyboard.press("4");
    await page.waitForSelector("#tiles[data-painted$=segmentation]");
    expect((await texts(page, "#legend li")).sort()).toEqual(["brick", "grass", "house", "sky", "tree"]);
    const box = (await (await page.$("#tiles canvas"))!.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + 2);
    expect(await texts(page, "#under b")).toEqual(["sky"]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("shows pictures in their proportions, and the labels of whatever one points at", async () => {
    const { page, complaints } = await pages.open("wide.html", "#layer4/unit/0");
    await page.waitForSelector("#tiles[data-painted$=masked]");
    await page.waitForSelector(".card canvas[data-painted=masked]");
    const extents = (selector: string) =>
      page.$eval(selector, (node) => {
        const { width, height, clientWidth, clientHeight } = node as HTMLCanvasElement;
        return { drawn: width / height, shown: clientWidth / clientHeight };
      });
    const tile = await extents("#tiles canvas");
    expect(Math.abs(tile.drawn - 64 / 24)).toBeLessThan(0.05);
    expect(Math.abs(tile.shown - 64 / 24)).toBeLessThan(0.05);
    const strip = await extents(".card canvas");
    expect(Math.abs(strip.shown - (5 * 64) / 24)).toBeLessThan(0.3);
    expect(Math.abs(strip.drawn / strip.shown - 1)).toBeLessThan(0.05);
    expect(await contrast(page, "#tiles canvas")).toBeGreaterThan(100);
    const box = (await (await page.$("#tiles canvas"))!.boundingBox())!;
    await page.mouse.move(box.x + box.width - 2, box.y + 2);
    expect(await texts(page, "#under b")).toEqual(["sky"]);
    await page.mouse.move(box.x + 2, box.y + box.height - 2);
    expect(await texts(page, "#under b")).toEqual(["grass"]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("says when nothing is interpretable, and shows attacks as text", async () => {
    const { page, complaints } = await pages.open("hostile.html", "#layer6");
    expect((await texts(page, "#chart .empty"))[0]).toMatch(/^No unit of layer6 is interpretable/);
    expect(await texts(page, "h1")).toEqual([HOSTILE]);
    await page.select("#concept", HOSTILE);
    expect(await texts(page, ".card .label")).toContain(HOSTILE);
    expect(await page.evaluate(() => "hacked" in window)).toBe(false);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
