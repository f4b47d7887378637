import { describe, expect, test } from "vitest";
import { tileBytes, tileColors } from "../../src/kernels/maps/picture.ts";
import { nodeEncoder } from "../../src/node/photo/encoder.ts";
import { colorTable, labelColors, segcolors } from "../../src/report/colors.ts";
import { expectKept } from "./kept.ts";

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

  test("of tiles are those of their images", () => {
    const labels = ["-", "sky", "tree", "tree+sky"].map((name) => ({ name, category: "tile" }));
    const [none, first, second, union] = labelColors(labels, tileBytes(2));
    expect(none).toEqual([0, 0, 0]);
    expect([first, second]).toEqual(tileBytes(2));
    expect(tileBytes(2)[0]).toEqual([...tileColors(2).subarray(0, 3)].map((v) => Math.floor(((v + 1) / 2) * 255)));
    expect(union).toEqual(colorTable()[3]); // of several tiles
    // a segmenter that looks at them has labels of its own
    const others = labels.map(({ name }) => ({ name, category: "object" }));
    expect(labelColors(others, tileBytes(2))).toEqual(labelColors(others));
    expect(Object.keys(segcolors(labels, tileBytes(2)))[1]).toBe(first!.join());
  });

  test("labels that share a colour share its entry", () => {
    const labels = Array.from({ length: 300 }, (_, i) => ({ name: `n${i}`, category: "object" }));
    const entries = segcolors(labels);
    expect(entries["0,0,0"]).toBe("n0");
    // each has its place in the table, which begins anew behind black
    const [black, ...others] = colorTable();
    expect(labelColors(labels)).toEqual([black, ...others, ...others, ...others].slice(0, 300));
    expect(entries[labelColors(labels)[1]!.join(",")]).toBe("n1/n128/n255");
    expect(Object.values(entries).join("/").split("/")).toHaveLength(300);
  });

  test("tell labels of one name apart in the legend", () => {
    const labels = Array.from({ length: 129 }, (_, i) => ({ name: `n${i}`, category: "object" }));
    labels[128] = { name: "n1", category: "material" };
    expect(segcolors(labels)[labelColors(labels)[1]!.join(",")]).toBe("n1 (object)/n1 (material)");
  });
});

test("all colours are as they were looked at: the table row by row, below it those of known names", async () => {
  const known = ["tree", "building", "sky", "cloud", "grass", "water", "sea", "mountain", "path", "road", "house"];
  const names = ["-", ...known, "roof", "door", "window", "person"];
  const colors = [...colorTable(), ...labelColors(names.map((name) => ({ name, category: "object" })))];
  const edge = 4;
  const data = new Uint8Array(16 * 9 * edge ** 2 * 3);
  colors.forEach((rgb, i) => {
    for (let p = 0; p < edge ** 2; p++) {
      const y = Math.floor(i / 16) * edge + Math.floor(p / edge);
      data.set(rgb, (y * 16 * edge + (i % 16) * edge + (p % edge)) * 3);
    }
  });
  expect(colors).toHaveLength(16 * 9);
  const image = { width: 16 * edge, height: 9 * edge, channels: 3 as const, data };
  expectKept("colors.png", await nodeEncoder().png(image));
});
