import { describe, expect, test } from "vitest";
import { bargraphSvg, CATEGORY_COLORS, colorsOf, escapeXml } from "../../src/report/bargraph.ts";
import { colorTable, labelColors, segcolors } from "../../src/report/colors.ts";
import { conceptGroups, displayNames } from "../../src/report/concepts.ts";
import { NO_IMAGE, toTensors } from "../../src/report/tensors.ts";
import { openSafetensors } from "../../src/weights/safetensors.ts";
import { openSource } from "../../src/weights/source.ts";
import { fixture, LABELS } from "./fixture.ts";

const { dissection } = fixture();

describe("tensors", () => {
  test("hold the tables of every layer", async () => {
    const layer = dissection.layers[0]!;
    const units = layer.units.map((unit, i) => (i === 2 ? { ...unit, top: unit.top.slice(0, 1) } : unit));
    const bytes = toTensors({ ...dissection, layers: [{ ...layer, units }, dissection.layers[1]!] });
    const file = await openSafetensors(await openSource(bytes));
    expect([...file.tensors.keys()].sort()).toEqual(
      [
        "label_pixels",
        ...["layer4", "layer6"].flatMap((name) =>
          [
            ...["iou", "iqr", "mi", "correlation", "intersection", "activation", "training_iqr", "training_maxiou"],
            ...["level", "top_image", "top_activation"],
          ].map((table) => `${name}.${table}`),
        ),
      ].sort(),
    );
    expect(file.tensors.get("layer4.iou")!.shape).toEqual([6, 12]);
    expect(file.tensors.get("layer4.activation")!.shape).toEqual([2, 12]);
    const header = new TextDecoder().decode(
      bytes.subarray(8, 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))),
    );
    const { __metadata__: metadata, ...places } = JSON.parse(header);
    expect(JSON.parse(metadata.labels)).toEqual(LABELS.map(({ name, category }) => [name, category]));
    const data = bytes.subarray(8 + new TextEncoder().encode(header).length).slice().buffer;
    const at = (name: string) => places[name].data_offsets as [number, number];
    const iou = new Float32Array(data.slice(...at("layer4.iou")));
    expect(iou).toEqual(Float32Array.from(dissection.layers[0]!.tables.iou));
    const images = new Uint32Array(data.slice(...at("layer4.top_image")));
    expect([...images.subarray(12, 18)]).toEqual([layer.units[2]!.top[0]!.image, ...Array(5).fill(NO_IMAGE)]);
  });
});

describe("bar graph", () => {
  const { labels, categories } = dissection;
  const groups = conceptGroups(dissection.layers[0]!, labels, categories);

  test("has one bar a concept, as high as its units", () => {
    const svg = bargraphSvg(groups, labels, categories);
    const bars = [...svg.matchAll(/width="12" height="([\d.]+)" fill="([^"]+)"/g)].filter(([, , fill]) =>
      CATEGORY_COLORS.some(([bar]) => bar === fill),
    );
    expect(bars).toHaveLength(groups.length);
    const highest = Math.max(...groups.map(({ units }) => units.length));
    bars.forEach(([, height, fill], i) => {
      expect(Number(height)).toBeCloseTo((100 * groups[i]!.units.length) / highest, 1);
      expect(fill).toBe(colorsOf(labels[groups[i]!.label]!.category, categories)[0]);
    });
    expect(svg).toContain(`>${groups.filter(({ label }) => labels[label]!.category === "object").length} objects<`);
  });

  test("objects come before materials", () => {
    const order = groups.map(({ label }) => labels[label]!.category);
    expect(order).toEqual([...order].sort().reverse());
    expect(new Set(order).size).toBe(2);
  });

  test("names cannot break out", () => {
    const evil = labels.map(({ category }) => ({ name: `</text><script>"&\u0001`, category }));
    const svg = bargraphSvg(groups, evil, categories);
    expect(svg).not.toContain("<script>");
    expect(svg).not.toContain("\u0001");
    expect(escapeXml("<&>\"'")).toBe("&#60;&#38;&#62;&#34;&#39;");
  });

  test("of nothing is an empty graph", () => {
    expect(bargraphSvg([], labels, categories)).toMatch(/^<svg [^>]+><\/svg>\n$/);
  });
});

test("names that people read are unique", () => {
  const labels = [
    { name: "-", category: "object" },
    { name: "glass", category: "object" },
    { name: "glass", category: "material" },
    { name: "red", category: "object" },
    { name: "red-c", category: "color" },
    { name: "dining_table", category: "object" },
    { name: "dining table", category: "object" },
  ];
  expect(displayNames(labels)).toEqual([
    ...["-", "glass (object)", "glass (material)", "red (object)", "red (color)"],
    ...["dining table (object)", "dining table (object) #6"],
  ]);
});

describe("colours", () => {
  test("are black for nothing, distinct, and far apart at first", () => {
    const table = colorTable();
    expect(table[0]).toEqual([0, 0, 0]);
    expect(new Set(table.map(String)).size).toBe(table.length);
    const near = (count: number) => {
      let least = Number.POSITIVE_INFINITY;
      for (let i = 0; i < count; i++) {
        for (let j = 0; j < i; j++) {
          least = Math.min(least, Math.hypot(...table[i]!.map((v, c) => v - table[j]![c]!)));
        }
      }
      return least;
    };
    expect(near(16)).toBeGreaterThan(60);
    expect(near(64)).toBeGreaterThan(30);
  });

  test("trees and buildings have the colours people know", () => {
    const labels = ["-", "building", "x", "tree"].map((name) => ({ name, category: "object" }));
    const colors = labelColors(labels);
    expect([colors[0], colors[1], colors[3]]).toEqual([
      [0, 0, 0],
      [183, 151, 98],
      [0, 137, 65],
    ]);
  });

  test("labels that share a colour share its entry", () => {
    const labels = Array.from({ length: 300 }, (_, i) => ({ name: `n${i}`, category: "object" }));
    const entries = segcolors(labels);
    expect(entries["0,0,0"]).toBe("n0");
    expect(entries[labelColors(labels)[1]!.join(",")]).toBe("n1/n128/n255");
    expect(Object.values(entries).join("/").split("/")).toHaveLength(300);
  });

  test("tell labels of one name apart in the legend", () => {
    const labels = Array.from({ length: 129 }, (_, i) => ({ name: `n${i}`, category: "object" }));
    labels[128] = { name: "n1", category: "material" };
    expect(segcolors(labels)[labelColors(labels)[1]!.join(",")]).toBe("n1 (object)/n1 (material)");
  });
});
