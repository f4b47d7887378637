import { describe, expect, test } from "vitest";
import type { Dissection } from "../../src/dissect/result.ts";
import { conceptGroups } from "../../src/report/concepts.ts";
import { toVegaLite, type VegaLiteFigure } from "../../src/report/vega-lite.ts";
import { fixture, severalChannels } from "./fixture.ts";
import { drawn as drawnSpec } from "./vega.ts";

/** A figure as it is drawn: the names of its marks. */
const drawn = (dissection: Dissection, figure: VegaLiteFigure, allowed?: RegExp) =>
  drawnSpec(toVegaLite(dissection, figure), allowed);

const two = fixture().dissection;
const one = { ...two, layers: two.layers.slice(0, 1) };

describe("toVegaLite", () => {
  test.each([
    ["two layers", two],
    ["one layer", one],
  ])("concepts of %s: a bar a concept of each layer, as high as it has units", async (_, dissection) => {
    const { labels, categories } = dissection;
    const { marks, svg } = await drawn(dissection, "concepts");
    const expected = dissection.layers.flatMap((layer) =>
      conceptGroups(layer, labels, categories).map(({ label, units }) => ({
        name: labels[label]!.name,
        units: units.length,
      })),
    );
    expect(expected.length).toBeGreaterThan(2);
    expect(marks).toHaveLength(expected.length);
    expected.forEach(({ name, units }, i) => {
      expect(marks[i]).toMatch(new RegExp(`units: ${units}; concept: ${name};|concept: ${name}; units: ${units};`));
    });
    expect(svg).toContain("#4B4CBF"); // objects, as the bar graph has them
    expect(svg).toContain("#F0883B"); // materials
  });

  test("scores: a point a unit that has a concept, and both thresholds", async () => {
    const { marks, svg } = await drawn(two, "scores");
    const units = two.layers.flatMap((layer) => layer.units.filter(({ label }) => label > 0));
    expect(marks).toHaveLength(units.length);
    expect(svg.match(/aria-roledescription="rule mark container"/g)).toHaveLength(4);
    expect(toVegaLite(two, "scores").data.values).toContainEqual({
      layer: two.layers[0]!.layer,
      unit: units[0]!.unit,
      concept: two.labels[units[0]!.label]!.name,
      category: two.labels[units[0]!.label]!.category,
      iou: units[0]!.iou,
      iqr: units[0]!.iqr,
      interpretable: units[0]!.interpretable,
    });
  });

  test("agreement: a cell an interpretable unit and concept, units of one concept beside each other", async () => {
    const { marks } = await drawn(two, "agreement");
    const values = toVegaLite(two, "agreement").data.values as {
      layer: string;
      unit: number;
      concept: string;
      iou: number;
    }[];
    expect(marks).toHaveLength(values.length);
    const [layer] = two.layers;
    const order = [...new Set(values.filter((value) => value.layer === layer!.layer).map(({ unit }) => unit))];
    const found = order.map((unit) => layer!.units[unit]!);
    expect(order.toSorted((a, b) => a - b)).toEqual(
      layer!.units.filter(({ interpretable }) => interpretable).map(({ unit }) => unit),
    );
    const runs = found.filter((unit, i) => unit.label !== found[i - 1]?.label);
    expect(new Set(runs.map(({ label }) => label)).size).toBe(runs.length);
    found.forEach((unit, i) => {
      if (unit.label === found[i - 1]?.label) expect(unit.iou).toBeLessThanOrEqual(found[i - 1]!.iou);
      const own = values.find(
        (value) =>
          value.unit === unit.unit && value.layer === layer!.layer && value.concept === two.labels[unit.label]!.name,
      );
      expect(own?.iou).toBe(layer!.tables.iou[unit.label * layer!.units.length + unit.unit]);
    });
  });

  test("what a chart says besides its numbers, whole", () => {
    const without = (dissection: Dissection, figure: VegaLiteFigure) => {
      const { data: _, $schema, description, ...view } = toVegaLite(dissection, figure);
      expect($schema).toBe("https://vega.github.io/schema/vega-lite/v6.json");
      expect(description).toMatch(/ of drawn scenes, by drawn labels$/);
      return view;
    };
    const nominal = { type: "nominal" };
    const quantitative = { type: "quantitative" };
    const byLayer = { field: "layer", ...nominal, sort: ["layer4", "layer6"] };
    const scale = { domain: ["object", "material"], range: ["#4B4CBF", "#F0883B"] };
    const category = { field: "category", ...nominal, scale, title: "category" };
    const tips = (...fields: string[]) => fields.map((field) => ({ field }));
    // Layers have units and concepts of their own.
    const resolve = { scale: { x: "independent" } };

    const bars = {
      x: { field: "concept", ...nominal, sort: null, title: null },
      y: { field: "units", ...quantitative, axis: { tickMinStep: 1 }, title: "units" },
      color: category,
      tooltip: tips("concept", "category", "units", "best_iou"),
    };
    expect(without(one, "concepts")).toEqual({ mark: "bar", encoding: bars, resolve });
    expect(without(two, "concepts")).toEqual({ mark: "bar", encoding: { ...bars, row: byLayer }, resolve });

    const rule = { type: "rule", strokeDash: [4, 4], color: "#888" };
    const points = {
      x: { field: "iou", ...quantitative, title: "IoU" },
      y: { field: "iqr", ...quantitative, title: "information quality ratio" },
      color: category,
      opacity: { condition: { test: "datum.interpretable", value: 0.9 }, value: 0.25 },
      tooltip: tips("layer", "unit", "concept", "iou", "iqr"),
    };
    const layer = [
      { mark: rule, encoding: { x: { datum: 0.05 } } },
      { mark: rule, encoding: { y: { datum: 0.01 } } },
      { mark: { type: "point", filled: true }, encoding: points },
    ];
    expect(without(one, "scores")).toEqual({ layer });
    expect(without(two, "scores")).toEqual({ facet: { row: byLayer }, spec: { layer } });

    const cells = {
      x: { field: "unit", type: "ordinal", sort: null, title: "unit" },
      y: { field: "concept", ...nominal, sort: ["sky", "tree", "brick", "grass", "house"], title: null },
      color: { field: "iou", ...quantitative, title: "IoU", scale: { scheme: "viridis", domainMin: 0 } },
      tooltip: tips("unit", "concept", "iou"),
    };
    expect(without(two, "agreement")).toEqual({ mark: "rect", encoding: { ...cells, row: byLayer }, resolve });
    // A unit of no concept adds no row.
    const units = one.layers[0]!.units.map((unit, at) => (at === 0 ? { ...unit, label: 0 } : unit));
    const some = { ...one, layers: [{ ...one.layers[0]!, units }] };
    const { encoding } = without(some, "agreement") as { encoding: { y: { sort: string[] } } };
    expect(encoding.y.sort.length).toBeGreaterThan(2);
    expect(encoding.y.sort).not.toContain("-");
    expect(encoding).not.toHaveProperty("row");
  });

  test("concepts of one name in two categories stay apart", () => {
    const { dissection } = severalChannels();
    const [layer] = dissection.layers;
    const units = layer!.units.map((unit, i) => ({ ...unit, interpretable: true, label: i % 2 ? 2 : 6 }));
    const spec = toVegaLite({ ...dissection, layers: [{ ...layer!, units }] }, "concepts");
    const names = spec.data.values.map((value) => (value as { concept: string }).concept);
    expect(names.toSorted()).toEqual(["tree (material)", "tree (object)"]);
  });

  test("nothing found is an empty chart, and what is not finite no number", async () => {
    const [layer] = one.layers;
    const none = layer!.units.map((unit) => ({ ...unit, interpretable: false, label: 0, iou: Number.NaN }));
    const empty = { ...one, layers: [{ ...layer!, units: none }] };
    for (const figure of ["concepts", "scores", "agreement"] as const) {
      expect((await drawn(empty, figure, /^Infinite extent for field/)).marks).toEqual([]);
    }
    const unknown = {
      ...one,
      layers: [{ ...layer!, units: layer!.units.map((unit) => ({ ...unit, iqr: Number.NaN })) }],
    };
    expect((toVegaLite(unknown, "scores").data.values[0] as { iqr: unknown }).iqr).toBeNull();
  });
});
