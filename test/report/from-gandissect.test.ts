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
