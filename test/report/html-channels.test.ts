import { inflateRawSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planPage } from "../../src/report/page-plan.ts";
import { fixture, LABELS, severalChannels } from "./fixture.ts";
import { Pages, pageOf, texts } from "./pages.ts";

let pages: Pages;
let several: string;

beforeAll(async () => {
  pages = await Pages.launch();
  several = await pageOf(severalChannels());
  pages.write("several.html", several);
});

afterAll(() => pages?.dispose());

describe("a page of several labels a pixel", () => {
  test("holds all of an image's label maps, one byte a label or two", async () => {
    const made = severalChannels();
    const many = { ...made, dissection: { ...made.dissection } };
    many.dissection.labels = Array.from(
      { length: 300 },
      (_, i) => LABELS[i] ?? { name: `more ${i}`, category: "part" },
    );
    for (const [text, bytes] of [
      [several, 1],
      [await pageOf(many), 2],
    ] as const) {
      const { pictures } = JSON.parse(/<script id="data"[^>]*>(.*?)<\/script>/s.exec(text)![1]!);
      expect(pictures).toMatchObject({ channels: 3, labelBytes: bytes, labelShape: [32, 32] });
      const packed = inflateRawSync(Buffer.from(/<script id="labels"[^>]*>(.*?)<\/script>/s.exec(text)![1]!, "base64"));
      const labels = bytes === 1 ? packed : new Uint16Array(new Uint8Array(packed).buffer);
      expect(labels).toHaveLength(pictures.files.length * 3 * 32 ** 2);
      for await (const { tops } of made.pictures()) {
        for (const { picture } of tops) {
          const start = pictures.place[picture.image] * 3 * 32 ** 2;
          expect([...labels.subarray(start, start + 3 * 32 ** 2)]).toEqual([...picture.labels]);
        }
      }
    }
  });

  test("refuses pictures with other label maps than the dissection's", async () => {
    const { dissection, pictures } = fixture();
    const other = { ...dissection, segmenter: { name: "three", channels: 3 } };
    await expect(pageOf({ dissection: other, pictures })).rejects.toThrow("has 1024 values, not 3 · 32×32");
  });

  test("reckons with the label maps of every channel", () => {
    const bytes = (channels: number) => {
      const { dissection } = fixture();
      return planPage({ ...dissection, segmenter: { name: "", channels } }).estimatedBytes;
    };
    expect(bytes(5) - bytes(1)).toBe(2 * (bytes(3) - bytes(1)));
    expect(bytes(5)).toBeGreaterThan(bytes(1));
  });

  test("names all labels of a pixel, and paints the rarest", async () => {
    const { page, complaints } = await pages.open("several.html", "#layer4/unit/0?view=segmentation");
    await page.waitForSelector("#tiles[data-painted$=segmentation]");
    const shown = new Set(await texts(page, "#legend li"));
    for (const name of ["sky", "sky-t", "tree (object)", "tree (material)"]) expect(shown).toContain(name);
    const box = (await (await page.$("#tiles canvas"))!.boundingBox())!;
    const at = async (x: number, y: number) => {
      await page.mouse.move(box.x + box.width * x, box.y + box.height * y);
      return (await texts(page, "#under b"))[0];
    };
    expect(await at(0.5, 0.02)).toBe("sky, sky-t");
    expect(await at(0.5, 0.2)).toBe("sky"); // which it is twice
    expect(await at(0.02, 0.98)).toMatch(/^(grass|tree \(object\)), tree \(material\)$/);
    // Where the unit is off, the top row is in the colour of the quarter, which is rarer than its
    // whole.
    const report = JSON.parse(/<script id="data"[^>]*>(.*?)<\/script>/s.exec(several)![1]!).report;
    const colors = await page.$eval("#tiles canvas", (canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
      const row = (y: number) => {
        const from = 4 * width * Math.floor(y * height);
        return [...data.subarray(from, from + 4 * width)];
      };
      return { top: row(0.03), below: row(0.2) };
    });
    const distance = (row: number[], label: number) => {
      const rgb: number[] = report.labels[label].color;
      const pixels = Array.from({ length: row.length / 4 }, (_, i) => row.slice(i * 4, i * 4 + 3));
      return Math.min(...pixels.map((pixel) => Math.hypot(...pixel.map((v, c) => v - rgb[c]!))));
    };
    expect(distance(colors.top, 7)).toBeLessThan(distance(colors.top, 1));
    expect(distance(colors.below, 1)).toBeLessThan(distance(colors.below, 7));
    expect(complaints).toEqual([]);
    await page.close();
  });
});
