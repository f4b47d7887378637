import { describe, expect, test } from "vitest";
import { conceptGroups } from "../../src/report/concepts.ts";
import { type FoundJson, fromGandissect, KnownLabels } from "../../src/report/from-gandissect.ts";
import { toGandissect } from "../../src/report/gandissect.ts";
import { seenConcepts } from "../../src/report/rankings.ts";
import { toReport } from "../../src/report/report.ts";
import { fixture, PROVENANCE, severalChannels } from "./fixture.ts";
import { golden } from "./published.ts";

/** What the published code wrote, in which there are neither rankings nor top images. */
const published = {
  layers: golden().layers.map((layer) => ({
    ...layer,
    rankings: [],
    units: layer.units.map((unit) => ({ ...unit, top: [] })),
  })),
} as unknown as FoundJson;

describe("fromGandissect", () => {
  test("reads what the published code wrote: units, and the concepts that it grouped", () => {
    const dissection = fromGandissect(published, [256, 256]);
    const { labels, categories, layers } = dissection;
    for (const [i, { units, interpretable, labels: groups }] of golden().layers.entries()) {
      const found = layers[i]!;
      expect(found.units.filter((unit) => unit.interpretable)).toHaveLength(interpretable);
      expect(conceptGroups(found, labels, categories).map(({ label, units }) => [labels[label]!.name, units])).toEqual(
        groups.map(({ label, units }) => [label, units]),
      );
      units.forEach((unit, u) => {
        const { iou, iqr, level, pixels, activation, intersection, training } = found.units[u]!;
        expect([iou, iqr, level]).toEqual([unit["iou"], unit["iou_iqr"], unit["level"]]);
        expect([pixels, activation, intersection]).toEqual([unit["lc"], unit["cc"], unit["ic"]]);
        expect(labels[training!.maxiou.label]!.name).toBe(unit["maxiou_label"]);
        expect(training!.iqr).toMatchObject({
          score: unit["iqr"],
          quantile: unit["iqr_quantile"],
          iou: unit["iqr_iou"],
        });
      });
    }
    expect(dissection.settings).toMatchObject({ iouThreshold: 0.05, iqrThreshold: 0.01, seed: 1, trainSeed: 2 });
    expect(dissection.model).toMatchObject({ name: "unknown", resolution: 256 });
  });

  test.each([
    ["a dissection", fixture().dissection],
    ["one with a name in two categories", severalChannels().dissection],
  ])("what we write of %s comes back: units, scores by concept, thresholds", (_, dissection) => {
    const found = fromGandissect(toGandissect(dissection), [48, 64]);
    const name = (from: typeof dissection, label: number) => from.labels[label];
    dissection.layers.forEach((layer, i) => {
      const { units, tables } = found.layers[i]!;
      layer.units.forEach((unit, u) => {
        expect(name(found, units[u]!.label)).toEqual(name(dissection, unit.label));
        expect(name(found, units[u]!.mostCorrelated.label)).toEqual(name(dissection, unit.mostCorrelated.label));
        expect(units[u]).toMatchObject({ iou: unit.iou, iqr: unit.iqr, level: unit.level, top: unit.top });
        expect(units[u]!.interpretable).toBe(unit.interpretable);
      });
      // Of quarters ("sky-t") there are no rankings but those of the whole.
      for (const label of seenConcepts(dissection)) {
        if (label === 0) continue;
        const ours = found.labels.findIndex(
          (one) => one.name === dissection.labels[label]!.name && one.category === dissection.labels[label]!.category,
        );
        const row = (table: Float64Array, at: number) => [
          ...table.subarray(at * units.length, (at + 1) * units.length),
        ];
        expect(row(tables.iou, ours)).toEqual(row(layer.tables.iou, label));
        expect(row(tables.correlation, ours)).toEqual(row(layer.tables.correlation, label));
      }
    });
    const { name: model, ...rest } = found.model;
    expect(found.segmenter.name).toBe(dissection.segmenter.name);
    expect([model, rest]).toEqual([dissection.model.name, { resolution: 64, height: 48, width: 64, sizes: [] }]);
    expect(found.settings).toMatchObject({
      size: dissection.settings.size,
      segmentationHeight: 48,
      segmentationWidth: 64,
    });
    expect(() => toReport(found, PROVENANCE)).not.toThrow();
  });

  test("thresholds of gandissect's own form are read, and what is not of its form is not taken", () => {
    const list = fromGandissect({ ...published, iou_threshold: [0.04], iqr_threshold: 0.02 }, [8, 8]);
    expect(list.settings).toMatchObject({ iouThreshold: 0.04, iqrThreshold: 0.02 });
    const odd = {
      ...published,
      ...{ netname: 3, iou_threshold: "1", iqr_threshold: null, quantile_threshold: {}, segcolors: { "1,2,3": 4 } },
      settings: { size: "1e9x", segmenter: ["x"] },
    } as unknown as FoundJson;
    const { settings, model, segmenter } = fromGandissect(odd, [8, 8]);
    expect(settings).toMatchObject({ iouThreshold: 0.05, iqrThreshold: 0.01, quantileThreshold: "iqr", size: 0 });
    expect([model.name, segmenter.name]).toEqual(["unknown", "unknown"]);
  });
});

/** A layer of three units: of the sky, of trees and of nothing. */
const LAYER = {
  layer: "layer4",
  units: [
    {
      ...{ unit: 0, interp: true, level: 0.5, iou: 0.25, iou_iqr: 0.125, lc: 40, cc: 20, ic: 10 },
      ...{ iou_label: "sky", iou_cat: "object", cor: 0.5, cor_label: "tree", cor_cat: "object" },
      top: [{ imgnum: 4, maxact: 2 }],
    },
    {
      ...{ unit: 1, interp: false, level: null, iou: 0.75, iou_iqr: 0.375, lc: 50, cc: 2, ic: 1 },
      ...{ iou_label: "tree", iou_cat: "object", cor: -0.25, cor_label: "tree", cor_cat: "object" },
      top: [],
    },
    {
      ...{ unit: 2, interp: true, level: 1, iou: 0.0625, iou_iqr: 0.5, lc: 60, cc: -1, ic: 2.5 },
      ...{ iou_label: "-", iou_cat: "-", cor: null },
      top: [
        { imgnum: 1, maxact: 3 },
        { imgnum: 2, maxact: null },
      ],
    },
  ],
  rankings: [
    { name: "unit", score: [0, 1, 2] },
    { name: "tree-iou", metric: "iou", concept: "tree", score: [-0.1, -0.7, -0] },
    { name: "sky-cor", metric: "cor", concept: "sky", score: [-0.2, 0, null] },
    { name: "tree-cor", metric: "cor", concept: "tree", score: [0.3, -0.6, 0] },
    { name: "tree-mi", metric: "mi", concept: "tree", score: [1, 2, 3] },
    { name: "nothing-iou", metric: "iou", concept: "-", score: [4, 5, 6] },
  ],
};

test("a layer's tables, units and labels, number by number", () => {
  const found = fromGandissect({ layers: [LAYER] } as unknown as FoundJson, [8, 8]);
  expect(found.labels.map(({ name }) => name)).toEqual(["-", "sky", "tree"]);
  expect(found.categories).toEqual(["object"]);
  expect([...found.labelPixels]).toEqual([0, 40, 50]);
  expect(found.settings).toMatchObject({ layers: ["layer4"], examples: 2, size: 0 });
  expect(found.adapter).toEqual({ vendor: "", architecture: "", description: "", software: false });
  const [{ units, tables, shape }] = found.layers as [(typeof found.layers)[number]];
  expect(shape).toEqual([8, 8]);
  // Rows are none, sky and tree; a unit's own label has the score that the unit says.
  expect([...tables.iou]).toEqual([0, 0, 0, /**/ 0.25, 0, 0, /**/ 0.1, 0.75, 0]);
  expect([...tables.iqr]).toEqual([0, 0, 0, /**/ 0.125, 0, 0, /**/ 0, 0.375, 0]);
  expect([...tables.correlation]).toEqual([0, 0, 0, /**/ 0.2, 0, 0, /**/ -0.3, 0.6, 0]);
  expect([tables.mi, tables.intersection].map(({ length }) => length)).toEqual([9, 9]);
  expect([...tables.activation]).toEqual([0, 0, 0]);
  const none = Number.NaN;
  expect(units).toMatchObject([
    { unit: 0, label: 1, iou: 0.25, iqr: 0.125, correlation: 0.2, mi: none, level: 0.5, interpretable: true },
    { unit: 1, label: 2, iou: 0.75, iqr: 0.375, correlation: 0.6, mi: none, level: none, interpretable: false },
    { unit: 2, label: 0, iou: 0.0625, iqr: 0.5, correlation: none, mi: none, level: 1, interpretable: false },
  ]);
  expect(units.map(({ pixels, activation, intersection }) => [pixels, activation, intersection])).toEqual([
    [40, 20, 10],
    [50, 2, 1],
    [60, 0, 0],
  ]);
  expect(units.map(({ mostCorrelated: { label, correlation } }) => [label, correlation])).toEqual([
    [2, 0.5],
    [2, -0.25],
    [0, none],
  ]);
  expect(units.map(({ top }) => top)).toEqual([
    [{ image: 4, activation: 2 }],
    [],
    [
      { image: 1, activation: 3 },
      { image: 2, activation: none },
    ],
  ]);
  expect(units.some((unit) => "training" in unit)).toBe(false);
});

test.each([
  [{ netname: "church", settings: { model: "other" } }, "church"],
  [{ settings: { model: "other" } }, "other"],
  [{}, "unknown"],
])("%j is of the model %s", (json, name) => {
  expect(fromGandissect({ ...json, layers: [] }, [8, 8]).model.name).toBe(name);
});

test.each([
  [1, 1],
  ["200", 200],
  [0, 0],
  [-3, 0],
  [2.5, 0],
  [2 ** 53, 0],
])("a size of %j is %i images", (size, images) => {
  const { settings } = fromGandissect({ layers: [], settings: { size } }, [8, 8]);
  expect(settings).toMatchObject({ size: images, examples: 0 });
});

test.each([0.01, "iqr", "maxiou"])("a threshold %j is kept", (threshold) => {
  const { settings } = fromGandissect({ layers: [], quantile_threshold: threshold }, [8, 8]);
  expect(settings.quantileThreshold).toBe(threshold);
});

test("labels that rankings and legends name alone are known too, and a name of two categories is the first's", () => {
  const units = ["object", "material"].map((category) => ({ iou_label: "sky", iou_cat: category }));
  const rankings = ["sky (material)", "grass", "-"].map((concept) => ({ concept }));
  const json = { layers: [{ units, rankings }], segcolors: { "1,2,3": "sky/water" } } as unknown as FoundJson;
  const known = new KnownLabels(json);
  expect(known.labels).toEqual([
    { name: "-", category: "object" },
    { name: "sky", category: "object" },
    { name: "sky", category: "material" },
    { name: "grass", category: "object" },
    { name: "water", category: "object" },
  ]);
  const names = ["sky", "sky (object)", "sky (material)", "grass", "water/sky", "nowhere/grass", "-"];
  expect(names.map((name) => known.named(name))).toEqual([1, 1, 2, 3, 4, 0, 0]);
  expect([known.of("sky", "material"), known.of("sky", "part"), known.of("grass", undefined)]).toEqual([2, 0, 3]);
});

test("a name with a slash is that label's own before it is two, and no category is that of objects", () => {
  const units = ["road/path", "road", "path"].map((name) => ({ iou_label: name, iou_cat: "object" }));
  const known = new KnownLabels({ layers: [{ units, rankings: [] }] } as unknown as FoundJson);
  expect(["road/path", "road", "path", "path/road"].map((name) => known.named(name))).toEqual([1, 2, 3, 3]);
  expect(["object", undefined].map((category) => known.of("path", category))).toEqual([3, 3]);
});

test("labels are found by the names of rankings, and by the first of those in one colour", () => {
  const { dissection } = severalChannels();
  const known = new KnownLabels(toGandissect(dissection));
  const named = (name: string) => known.labels[known.named(name)];
  expect(named("sky")).toEqual({ name: "sky", category: "object" });
  expect(named("sky/nothing/else")).toEqual({ name: "sky", category: "object" });
  expect(named("nowhere")).toEqual(known.labels[0]);
  expect(known.of("-", "object")).toBe(0);
  expect(known.of(undefined, undefined)).toBe(0);
});
