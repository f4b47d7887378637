import { describe, expect, test } from "vitest";
import { bargraphSvg, CATEGORY_COLORS, colorsOf } from "../../src/report/bargraph.ts";
import { conceptGroups } from "../../src/report/concepts.ts";
import { fixture } from "./fixture.ts";
import { expectKept } from "./kept.ts";

const { dissection } = fixture();

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
  });

  test("of nothing is an empty graph", () => {
    expect(bargraphSvg([], labels, categories)).toMatch(/^<svg [^>]+><\/svg>\n$/);
  });
});

describe("the kept pictures", () => {
  /** Groups of so many units of each label. */
  const groupsOf = (...counts: readonly number[]) =>
    counts.map((count, label) => ({ label, units: Array.from({ length: count }, (_, unit) => unit), bestIou: 0.5 }));
  const kinds = (...names: readonly string[]) => names.map((name) => ({ name, category: name.split(":")[0]! }));

  test("of one bar a category, and of categories that have no colour of their own", () => {
    const categories = ["object", "scene", "part", "piece", "material", "texture", "color", "shape", "mood"];
    const names = categories.map((category) => ({ name: `${category}_one-s`, category }));
    expectKept("bargraph-categories.svg", bargraphSvg(groupsOf(9, 8, 7, 6, 5, 4, 3, 2, 1), names, categories));
  });

  test("of ties, an even number of units, names that are long and hold markup", () => {
    const names = kinds("object:sky", "object:tree", "object:a very long name of a concept", "part:<b>&", "part:x");
    const category = (at: number) => ({ name: names[at]!.name.split(":")[1]!, category: names[at]!.category });
    const some = names.map((_, at) => category(at));
    expectKept("bargraph-ties.svg", bargraphSvg(groupsOf(8, 8, 3, 1, 1), some, ["object", "part"]));
  });

  test("of hundreds of units, whose numbers stand beside the name of the axis", () => {
    const names = [
      { name: "sky", category: "object" },
      { name: "tree", category: "object" },
    ];
    expectKept("bargraph-many.svg", bargraphSvg(groupsOf(512, 100), names, ["object"]));
  });

  test("of one unit", () => {
    expectKept("bargraph-one.svg", bargraphSvg(groupsOf(1), [{ name: "sky", category: "object" }], ["object"]));
  });
});
