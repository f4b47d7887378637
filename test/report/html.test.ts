import { inflateRawSync } from "node:zlib";
import type { Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { embeddedJson, viewerSource } from "../../src/report/html.ts";
import { planPage } from "../../src/report/page-plan.ts";
import { maskPainter } from "../../src/report/upsample.ts";
import { permalink } from "../../src/report/viewer/permalink.ts";
import { type Fixture, fixture, LABELS } from "./fixture.ts";
import { Pages, pageOf, texts } from "./pages.ts";

const HOSTILE = `</script><script>window.hacked=1</script><img src=x onerror="window.hacked=1">`;

/** The same dissection with nothing interpretable in its second layer and with names that attack the page. */
function hostile(): Fixture {
  const made = fixture({ labels: LABELS.map((label, i) => (i === 2 ? { ...label, name: HOSTILE } : label)) });
  const { dissection } = made;
  const [first, second] = [dissection.layers[0]!, dissection.layers[1]!];
  const units = second.units.map((unit) => ({ ...unit, interpretable: false }));
  return {
    ...made,
    dissection: { ...dissection, model: { ...dissection.model, name: HOSTILE }, layers: [first, { ...second, units }] },
  };
}

let pages: Pages;
let html: string;

beforeAll(async () => {
  pages = await Pages.launch();
  html = await pageOf(fixture());
  pages.write("report.html", html);
  pages.write("hostile.html", await pageOf(hostile()));
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

describe("the text of the page", () => {
  test("holds its data as JSON, and asks nobody for anything", () => {
    const json = /<script id="data" type="application\/json">(.*?)<\/script>/s.exec(html)![1]!;
    const data = JSON.parse(json);
    expect(data.report.schemaVersion).toBe(1);
    expect(data.layers).toHaveLength(2);
    expect(html).not.toMatch(/https?:|src=|@import|url\(/);
    expect(html).toContain("default-src 'none'");
  });

  test("embeds each image once", () => {
    const data = JSON.parse(/<script id="data"[^>]*>(.*?)<\/script>/s.exec(html)![1]!);
    const images = new Set(
      fixture().dissection.layers.flatMap(({ units }) => units.flatMap(({ top }) => top.map(({ image }) => image))),
    );
    expect(data.pictures.jpegs).toHaveLength(images.size);
    expect(new Set(Object.keys(data.pictures.place).map(Number))).toEqual(images);
  });

  test("draws the masks that are scored, but for pixels on their very edge", async () => {
    const data = JSON.parse(/<script id="data"[^>]*>(.*?)<\/script>/s.exec(html)![1]!);
    const packed = /<script id="features"[^>]*>(.*?)<\/script>/s.exec(html)![1]!;
    const bytes = new Int8Array(inflateRawSync(Buffer.from(packed, "base64")));
    const { dissection, pictures } = fixture();
    let [wrong, all] = [0, 0];
    for await (const { layer, unit, tops } of pictures()) {
      const index = dissection.layers.findIndex((found) => found.layer === layer);
      const [height, width] = dissection.layers[index]!.shape;
      const { level } = dissection.layers[index]!.units[unit]!;
      const { at, scale, images } = data.layers[index].features[unit];
      const paint = maskPainter(height, width, 64);
      tops.forEach(({ picture, feature }, i) => {
        expect(images[i]).toBe(picture.image);
        const start = at + i * height * width;
        const shown = Float32Array.from(bytes.subarray(start, start + height * width), (byte) => level + scale * byte);
        const [expected, drawn] = [new Uint8Array(4096), new Uint8Array(4096)];
        paint(feature, level, expected);
        paint(shown, level, drawn);
        expected.forEach((on, j) => {
          wrong += Number(on !== drawn[j]);
        });
        all += 4096;
      });
    }
    expect(all).toBe(22 * 6 * 4096);
    expect(wrong / all).toBeLessThan(0.0005);
    expect(html.length).toBeLessThan(300_000);
  });

  test("does not let data end its element", () => {
    expect(embeddedJson({ name: HOSTILE })).not.toContain("<");
    expect(JSON.parse(embeddedJson({ name: HOSTILE }))).toEqual({ name: HOSTILE });
    expect(viewerSource()).not.toMatch(/<\/script|<!--/i);
  });
});

describe("the plan", () => {
  test("of the usual run keeps everything", () => {
    const layers = [
      { layer: "layer4", units: 128, size: 8 },
      { layer: "layer6", units: 128, size: 16 },
    ];
    expect(planPage(fixture({ layers, images: 50, examples: 20 }).dissection)).toMatchObject({
      examples: 20,
      size: 64,
    });
  });

  test("of a huge run cuts examples first, then sizes, and stays within its budget", () => {
    const { dissection } = fixture({ layers: [{ layer: "layer4", units: 1, size: 8 }], images: 20, examples: 20 });
    const layer = dissection.layers[0]!;
    const unit = layer.units[0]!;
    const units = Array.from({ length: 512 }, (_, u) => ({
      ...unit,
      unit: u,
      top: unit.top.map((top, i) => ({ ...top, image: (u * 7 + i * 131) % 1000 })),
    }));
    const big = { ...dissection, model: { ...dissection.model, resolution: 256 } };
    const plans = [1, 4, 16].map((count) =>
      planPage({
        ...big,
        layers: Array.from({ length: count }, () => ({ ...layer, shape: [32, 32] as const, units })),
      }),
    );
    expect(plans[0]).toMatchObject({ examples: 5, size: expect.any(Number) });
    for (const { estimatedBytes, size } of plans) {
      expect(estimatedBytes).toBeLessThanOrEqual(15e6);
      expect(size).toBeLessThanOrEqual(128);
    }
  });
});

test("addresses read back as they were written", () => {
  const { parse, format } = permalink();
  const layers = ["layer4", "a/b?c#d"];
  for (const address of [
    "#layer4",
    "#layer4/unit/17",
    "#layer4?concept=tree&sort=iou",
    "#layer4/unit/3?q=a+b&view=mask",
  ]) {
    expect(format(parse(address, layers))).toBe(address);
  }
  const strange = { ...parse("", layers), layer: "a/b?c#d", concept: "x&y=z (object)", interpretable: true };
  expect(parse(format(strange), layers)).toEqual(strange);
  expect(parse("#nothing/unit/x?sort=up&view=no%", layers)).toMatchObject({
    layer: "layer4",
    unit: undefined,
    sort: "label",
  });
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
