import { inflateRawSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { embeddedJson, viewerSource } from "../../src/report/html.ts";
import { maskPainter } from "../../src/report/upsample.ts";
import { fixture, HOSTILE } from "./fixture.ts";
import { pageOf } from "./pages.ts";

let html: string;

beforeAll(async () => {
  html = await pageOf(fixture());
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
