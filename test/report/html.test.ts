import { inflateRawSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import type { Dissection } from "../../src/dissect/result.ts";
import { embeddedJson, HtmlPage, viewerSource } from "../../src/report/html.ts";
import { maskPainter } from "../../src/report/upsample.ts";
import { fixture, HOSTILE, layerOf, PROVENANCE } from "./fixture.ts";
import { pageOf } from "./pages.ts";

let html: string;

const dataOf = (page: string) => JSON.parse(/<script id="data"[^>]*>(.*?)<\/script>/s.exec(page)![1]!);

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

  test("says how wide and how high the images are", async () => {
    expect(html).toContain("<dt>Images</dt><dd>64 × 64</dd>");
    const { dissection } = fixture({ images: 1, examples: 1, extent: [24, 64] });
    expect(await new HtmlPage(dissection, PROVENANCE).finish()).toContain("<dt>Images</dt><dd>64 × 24</dd>");
  });

  test("embeds each image once", () => {
    const data = dataOf(html);
    const images = new Set(
      fixture().dissection.layers.flatMap(({ units }) => units.flatMap(({ top }) => top.map(({ image }) => image))),
    );
    expect(data.pictures.files).toHaveLength(images.size);
    expect(new Set(Object.keys(data.pictures.place).map(Number))).toEqual(images);
  });

  test("holds each unit's five best concepts, and the scores that one can sort by", async () => {
    const labels = ["-", "sky", "tree", "grass", "house", "brick", "road"].map((name) => ({
      name,
      category: "object",
    }));
    const layer = layerOf([{ label: 2, iou: 0.1 }, { label: 1 }, { label: 0, interpretable: false }], labels.length);
    layer.tables.iou.set([
      ...[9, 9, 9], // no label
      ...[0.25, 0.0005, 0],
      ...[0.123456, 0.00049, 0],
      ...[0.25, 0, 0],
      ...[0.75, 0, 0],
      ...[0.0625, 0, 0],
      ...[0.5, 0, 1],
    ]);
    const { dissection } = fixture();
    const named = { ...dissection, labels, categories: ["object"], layers: [layer] };
    const page = async (of: Dissection) => dataOf(await new HtmlPage(of, PROVENANCE).finish());
    const { layers, names, categoryColors } = await page(named);
    expect(layers[0].best).toEqual([
      [
        [4, 0.75],
        [6, 0.5],
        [1, 0.25],
        [3, 0.25],
        [2, 0.12346],
      ],
      [[1, 0.0005]],
      [[6, 1]],
    ]);
    expect(layers[0].scores).toEqual({ 1: [0.25, 0.0005, 0], 2: [0.12346, 0.00049, 0] });
    expect(layers[0].labelPosition).toEqual([0, 1, 2]);
    expect(names).toEqual(labels.map(({ name }) => name));
    expect(Object.keys(categoryColors)).toEqual(["object"]);
    const swapped = { ...layer, units: layer.units.map((unit, i) => ({ ...unit, interpretable: i === 2 })) };
    expect((await page({ ...named, layers: [swapped] })).layers[0].labelPosition[2]).toBe(0);
    const bare = { ...named, labels: labels.slice(0, 1), labelPixels: [0], layers: [swapped] };
    expect((await page(bare)).layers[0]).toMatchObject({ labelPosition: [0, 1, 2], scores: {}, best: [[], [], []] });
  });

  test("has maps as small as planned", async () => {
    const { dissection } = fixture();
    const plan = { examples: 1, size: 16, featureSize: 4, estimatedBytes: 0 };
    const { layers } = dataOf(await new HtmlPage(dissection, PROVENANCE, plan).finish());
    expect(layers.map(({ shape }: { shape: number[] }) => shape)).toEqual([
      [4, 4],
      [4, 4],
    ]);
  });

  test("numbers have five digits, whole ones all of theirs", () => {
    expect(embeddedJson([0.123456, 123456.7, 123456789, 1e-7 / 3])).toBe("[0.12346,123460,123456789,3.3333e-8]");
  });

  test("draws the masks that are scored, but for pixels on their very edge", async () => {
    const data = dataOf(html);
    const packed = /<script id="features"[^>]*>(.*?)<\/script>/s.exec(html)![1]!;
    const bytes = new Int8Array(inflateRawSync(Buffer.from(packed, "base64")));
    const { dissection, pictures } = fixture();
    let [wrong, all] = [0, 0];
    for await (const { layer, unit, tops } of pictures()) {
      const index = dissection.layers.findIndex((found) => found.layer === layer);
      const [height, width] = dissection.layers[index]!.shape;
      const { level } = dissection.layers[index]!.units[unit]!;
      const { at, scale, images } = data.layers[index].features[unit];
      const paint = maskPainter([height, width], [64, 64]);
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
