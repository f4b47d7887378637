import { describe, expect, test } from "vitest";
import { type LayerLevels, type LayerStatistics, levelsOf, scoreLayer } from "../../src/dissect/layer.ts";
import { chooseLevel, emptySearch, FRACTIONS } from "../../src/dissect/levels.ts";
import type { QuantileThreshold } from "../../src/dissect/result.ts";
import type { Generator, Segmenter } from "../../src/index.ts";
import { random } from "../kernels/reference.ts";
import { scores } from "./tally.ts";

const UNITS = 4;
const LABELS = ["-", "tree", "sky", "door", "brick", "never"].map((name, label) => ({
  name,
  category: label === 4 ? "material" : "object",
}));
const CATEGORIES = ["object", "material"];
const MODELS = {
  subject: { layer: () => ({ height: 5, width: 7, channels: UNITS }) } as unknown as Generator,
  segmenter: { labels: LABELS, categories: CATEGORIES } as unknown as Segmenter,
};
const PIXELS = { labels: [0, 1000, 2000, 300, 500, 0], categories: [10_000, 8000], all: 12_000, blocks: 3 };

/**
 * Random counts, correlations and top images, as the GPU's would be read; every read is written
 * down.
 */
function statistics(seed: number) {
  const draw = random(seed);
  const below = (most: number) => Math.floor(draw() * most);
  const activation = CATEGORIES.map(() => Uint32Array.from({ length: UNITS }, () => 500 + below(3000)));
  const intersection = LABELS.map(({ category }, label) => {
    const active = activation[CATEGORIES.indexOf(category)]!;
    return active.map((count) => below(Math.min(count, PIXELS.labels[label]!) + 1));
  });
  // In eighths, so that the first of equals shows; label 0 has none.
  const correlation = Float64Array.from({ length: LABELS.length * UNITS }, (_, at) =>
    at < UNITS ? 0 : below(9) / 8 - 0.5,
  );
  const top = Array.from({ length: UNITS }, () => [{ image: below(9), activation: draw() }]);
  const asked: unknown[] = [];
  const read = <T>(table: readonly T[], index: number): T => {
    if (table[index] === undefined) throw new Error(`There is no ${index}.`);
    return table[index];
  };
  const fakes = {
    counts: {
      activations: async (k: number) => inBlocks(read(activation, k)),
      intersections: async (label: number) => {
        asked.push(label);
        return inBlocks(read(intersection, label));
      },
    },
    moments: {
      correlations: async (...pixels: unknown[]) => {
        expect(pixels).toEqual([PIXELS.all, PIXELS.labels]);
        return correlation;
      },
    },
    top: { read: async () => top },
  } as unknown as LayerStatistics;
  return { activation, intersection, correlation, top, asked, fakes };
}

/** A search in which some label is a unit's best. */
function search(seed: number) {
  const draw = random(seed);
  const found = emptySearch(LABELS.length, UNITS);
  for (const { score, fraction, iou } of [found.iqr, found.maxiou]) {
    for (let at = UNITS; at < score.length; at += 1) {
      score[at] = draw();
      fraction[at] = Math.floor(100 * draw());
      if (iou !== score) iou[at] = draw();
    }
  }
  const levels = Float32Array.from({ length: UNITS * FRACTIONS.length }, () => draw());
  return { found, training: { levels, units: UNITS, labels: LABELS.length } };
}

/** Counts in three blocks, which add up to them: a third, all that is left, and nothing. */
const inBlocks = (counts: Uint32Array) => {
  const third = counts.map((count) => Math.floor(count / 3));
  return [third, counts.map((count, at) => count - third[at]!), new Uint32Array(counts.length)];
};

const argmax = (table: Float64Array, unit: number) =>
  LABELS.map((_, label) => label).reduce((best, label) =>
    table[label * UNITS + unit]! > table[best * UNITS + unit]! ? label : best,
  );

describe("levels", () => {
  test.each(["iqr", "maxiou"] as const)("by %s are those of the best concepts", (threshold) => {
    const { found, training } = search(1);
    const levels = levelsOf("layer1", found, training, threshold);
    expect(levels).toMatchObject({ layer: "layer1", channels: UNITS, search: { found, training } });
    const expected = Array.from({ length: UNITS }, (_, unit) => chooseLevel(found[threshold], training, unit).level);
    expect([...levels.levels]).toEqual(expected);
    expect(new Set(expected).size).toBe(UNITS);
  });
});

describe("scores of a layer", () => {
  async function scored(seed: number, threshold: QuantileThreshold) {
    const counted = statistics(seed);
    const searched = search(seed);
    const levels: LayerLevels =
      typeof threshold === "number"
        ? { layer: "layer1", channels: UNITS, levels: Float32Array.of(1, 2, 3, 4) }
        : levelsOf("layer1", searched.found, searched.training, threshold);
    const result = await scoreLayer(MODELS, levels, counted.fakes, PIXELS, threshold);
    return { ...counted, ...searched, levels, result };
  }

  test.each(["iqr", "maxiou", 0.01] as const)("by %s come from the counts of the test set", async (threshold) => {
    let interpretable = 0;
    for (let seed = 1; seed <= 40; seed += 1) {
      const { result, levels, found, training, ...counted } = await scored(seed, threshold);
      expect(result).toMatchObject({ layer: "layer1", shape: [5, 7] });
      expect(counted.asked).toEqual([1, 2, 3, 4]); // what does not occur is not read
      const { tables } = result;
      LABELS.forEach(({ category }, label) => {
        const k = CATEGORIES.indexOf(category);
        const [total, shown] = [PIXELS.categories[k]!, PIXELS.labels[label]!];
        for (let unit = 0; unit < UNITS; unit += 1) {
          const both = counted.intersection[label]![unit]!;
          const expected =
            shown === 0
              ? { iou: 0, iqr: 0, mi: 0 }
              : scores(both / total, counted.activation[k]![unit]! / total, shown / total);
          const at = label * UNITS + unit;
          expect(tables.intersection[at]).toBe(shown === 0 ? 0 : both);
          for (const name of ["iou", "iqr", "mi"] as const)
            expect(Math.abs(tables[name][at]! - expected[name])).toBeLessThan(1e-12);
        }
      });
      expect([...tables.activation]).toEqual(counted.activation.flatMap((row) => [...row]));
      const shown = [1, 2, 3, 4];
      const blocks = { intersection: new Uint32Array(3 * 4 * UNITS), activation: new Uint32Array(3 * 2 * UNITS) };
      for (let block = 0; block < 3; block += 1) {
        shown.forEach((label, row) => {
          const counts = inBlocks(Uint32Array.from(counted.intersection[label]!))[block]!;
          blocks.intersection.set(counts, (block * 4 + row) * UNITS);
        });
        counted.activation.forEach((row, k) => {
          blocks.activation.set(inBlocks(row)[block]!, (block * 2 + k) * UNITS);
        });
      }
      expect(tables.blocks).toEqual(blocks);
      expect(tables.correlation).toBe(counted.correlation);
      expect([tables.trainingIqr, tables.trainingMaxiou]).toEqual(
        threshold === 0.01 ? [undefined, undefined] : [found.iqr.score, found.maxiou.score],
      );

      result.units.forEach((unit, index) => {
        const label =
          threshold === 0.01
            ? argmax(tables.iou, index)
            : chooseLevel(found[threshold as "iqr" | "maxiou"], training, index).label;
        const at = label * UNITS + index;
        const k = CATEGORIES.indexOf(LABELS[label]!.category);
        const correlated = argmax(counted.correlation, index);
        expect(unit).toEqual({
          unit: index,
          level: levels.levels[index],
          label,
          iou: tables.iou[at],
          iqr: tables.iqr[at],
          mi: tables.mi[at],
          correlation: counted.correlation[at],
          intersection: tables.intersection[at],
          activation: counted.activation[k]![index],
          pixels: PIXELS.labels[label],
          interpretable: tables.iqr[at]! > 0.01 && tables.iou[at]! > 0.05,
          top: counted.top[index],
          ...(threshold === 0.01
            ? {}
            : {
                training: {
                  iqr: chooseLevel(found.iqr, training, index, { belowHalf: true }),
                  maxiou: chooseLevel(found.maxiou, training, index),
                },
              }),
          mostCorrelated: { label: correlated, correlation: counted.correlation[correlated * UNITS + index] },
        });
        if (unit.interpretable) interpretable += 1;
      });
    }
    expect(interpretable).toBeGreaterThan(20);
    expect(interpretable).toBeLessThan(150);
  });

  test("find a unit interpretable above an IoU of 0.05 and an IQR of 0.01, both", async () => {
    /** One concept on `truth` of 2²⁰ pixels, of which the unit has `both`, and `active` in all. */
    const judged = async (both: number, active: number, truth: number) => {
      const { fakes } = statistics(1);
      const counts = { activations: async () => [Uint32Array.of(active)], intersections: async () => [[both]] };
      const result = await scoreLayer(
        { ...MODELS, segmenter: { labels: LABELS.slice(0, 2), categories: ["object"] } as unknown as Segmenter },
        { layer: "layer1", channels: 1, levels: Float32Array.of(1) },
        {
          counts: counts as unknown as LayerStatistics["counts"],
          moments: { correlations: async () => new Float64Array(2) } as unknown as LayerStatistics["moments"],
          top: fakes.top,
        },
        { labels: [0, truth], categories: [2 ** 20], all: 2 ** 20, blocks: 1 },
        0.005,
      );
      expect(result.tables.blocks).toBeUndefined();
      const { iou, iqr, interpretable } = result.units[0]!;
      return { iou, iqr, interpretable };
    };
    // An IoU of exactly one in twenty, where a rare concept still tells much.
    const boundary = await judged(100, 1100, 1000);
    expect(boundary).toMatchObject({ iou: 0.05, interpretable: false });
    expect(boundary.iqr).toBeGreaterThan(0.01);
    expect(await judged(101, 1100, 1000)).toMatchObject({ interpretable: true });
    expect(await judged(100, 1101, 1000)).toMatchObject({ interpretable: false });
    // A common concept that a unit tells little of, around an IQR of 0.01.
    const [less, more] = [await judged(304_600, 2 ** 19, 2 ** 19), await judged(306_500, 2 ** 19, 2 ** 19)];
    expect([less.interpretable, more.interpretable]).toEqual([less.iqr > 0.01, more.iqr > 0.01]);
    expect([less.iqr > 0.009, less.iqr < 0.01, more.iqr > 0.01, more.iqr < 0.011]).toEqual([true, true, true, true]);
  });
});
