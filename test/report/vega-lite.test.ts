import { beforeAll, describe, expect, test } from "vitest";
import { peer } from "../../bench/peers/installed.mjs";
import type { Dissection } from "../../src/dissect/result.ts";
import { conceptGroups } from "../../src/report/concepts.ts";
import { toVegaLite, type VegaLiteFigure } from "../../src/report/vega-lite.ts";
import { fixture, severalChannels } from "./fixture.ts";

// What draws them is Vega-Lite's own compiler, and Vega.
let vega: {
  readonly parse: (spec: unknown) => unknown;
  readonly View: new (runtime: unknown, options: object) => { toSVG(): Promise<string> };
};
let compile: (spec: unknown, options: object) => { readonly spec: unknown };
beforeAll(async () => {
  vega = await peer("vega");
  ({ compile } = await peer("vega-lite"));
});

/** A figure as it is drawn: the names of its marks. Whatever is warned of is a fault. */
async function drawn(
  dissection: Dissection,
  figure: VegaLiteFigure,
  allowed = /^$/,
): Promise<{ svg: string; marks: string[] }> {
  const warnings: string[] = [];
  const logger = {
    level: () => logger,
    info: () => logger,
    debug: () => logger,
    warn: (...said: unknown[]) => warnings.push(said.join(" ")) && logger,
    error: (...said: unknown[]) => warnings.push(said.join(" ")) && logger,
  };
  const spec = JSON.parse(JSON.stringify(toVegaLite(dissection, figure)));
  const svg = await new vega.View(vega.parse(compile(spec, { logger }).spec), { renderer: "none", logger }).toSVG();
  expect(warnings.filter((warning) => !allowed.test(warning))).toEqual([]);
  const marks = [...svg.matchAll(/aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="([^"]*)"/g)];
  return { svg, marks: marks.filter(([, , kind]) => /^(bar|point|rect mark)$/.test(kind!)).map(([, name]) => name!) };
}

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
