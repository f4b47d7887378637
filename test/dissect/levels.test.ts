import { describe, expect, test } from "vitest";
import {
  chooseLevel,
  countable,
  emptySearch,
  FRACTIONS,
  searchLevels,
  type TrainingCounts,
} from "../../src/dissect/levels.ts";
import { agree } from "../../src/dissect/scores.ts";

describe("the search for levels", () => {
  test("tries a thousandth to all of the pixels", () => {
    expect(FRACTIONS).toHaveLength(100);
    expect([FRACTIONS[0], FRACTIONS[33], FRACTIONS[66], FRACTIONS[99]]).toEqual([0.001, 0.01, 0.1, 1]);
  });

  test("by fractions that are the doubles next to 10^(t/33 - 3), whatever engine this is", () => {
    const bits = new DataView(new ArrayBuffer(8));
    for (const [t, fraction] of FRACTIONS.entries()) {
      bits.setFloat64(0, fraction);
      const word = bits.getBigUint64(0);
      const mantissa = (word & (2n ** 52n - 1n)) + 2n ** 52n;
      const exponent = (word >> 52n) - 1075n; // the fraction is mantissa * 2^exponent
      // Between the middles to its neighbours, (2m - 1) 2^(e-1) and (2m + 1) 2^(e-1), to the power
      // of 33.
      const truth = 2n ** (33n * (1n - exponent));
      const scale = 10n ** BigInt(99 - t);
      expect((2n * mantissa - 1n) ** 33n * scale <= truth).toBe(true);
      expect(truth <= (2n * mantissa + 1n) ** 33n * scale).toBe(true);
    }
  });

  const PIXELS = 1e6;
  const LAST = FRACTIONS.length - 1;
  /** [label][category, pixels]; the first `pixels` in order of activation unless noted. */
  const CONCEPTS = [
    { category: 0, pixels: 0 },
    { category: 0, pixels: 1e5 }, // 1: exactly where a unit exceeds its tenth
    { category: 0, pixels: 99 }, // 2: too rare to have a distribution
    { category: 0, pixels: 500 }, // 3: too rare to inform
    { category: 0, pixels: 5e5 }, // 4: everywhere alike: agrees with nothing above 0.8
    { category: 0, pixels: 9.7e5 }, // 5: exactly where a unit exceeds its minimum
    // 6: in a category on a quarter of the pixels, where a quarter of the activations are
    { category: 1, pixels: 2e4 },
  ];
  /** The last level is the minimum, which only some exceed. */
  const activeAt = (t: number): number => (t === LAST ? 0.97 * PIXELS : Math.round(FRACTIONS[t]! * PIXELS));
  const intersectionAt = (label: number, t: number): number => {
    const { pixels } = CONCEPTS[label]!;
    return label === 4 ? Math.round(activeAt(t) / 2) : Math.min(activeAt(t), pixels);
  };
  /**
   * Three units that activate on the same pixels, with levels above zero, below, and zero from t =
   * 50 on.
   */
  const levels = Float32Array.from({ length: 3 * FRACTIONS.length }, (_, at) => {
    const t = Math.floor(at / 3);
    return [200 - t, -1 - t, t < 50 ? 50 - t : 0][at % 3]!;
  });
  /** [levels, ascending][units] of what descends with t. */
  const ascending = (of: (t: number) => number) =>
    Uint32Array.from({ length: 3 * FRACTIONS.length }, (_, at) => of(LAST - Math.floor(at / 3)));
  const read: number[] = [];
  const training: TrainingCounts = {
    counts: {
      intersection: async (label: number) => {
        read.push(label);
        return ascending((t) => intersectionAt(label, t));
      },
      activation: async (category: number) => {
        if (category > 1) throw new Error(`There is no category ${category}.`);
        return ascending((t) => activeAt(t) / (category === 1 ? 4 : 1));
      },
    },
    counted: CONCEPTS.map((_, label) => label).slice(1),
    units: 3,
    levels,
    labels: CONCEPTS.length,
    categoryOf: CONCEPTS.map(({ category }) => category),
    categories: 2,
    labelPixels: CONCEPTS.map(({ pixels }) => pixels),
    pixels: PIXELS,
    categoryPixels: [PIXELS, PIXELS / 4],
  };

  test("finds the best level of every unit and concept, and skips what cannot be judged", async () => {
    read.length = 0;
    const { iqr, maxiou } = await searchLevels(training);
    const at = (label: number, unit: number) => label * 3 + unit;
    expect(read).toEqual([1, 3, 4, 5, 6]);
    expect(countable(training.labelPixels, PIXELS)).toEqual(read);

    // A unit and a concept that are the same pixels at t = 66, a tenth.
    expect(iqr.fraction[at(1, 0)]).toBe(66);
    expect(iqr.score[at(1, 0)]).toBeCloseTo(1, 9);
    expect(iqr.iou[at(1, 0)]).toBeCloseTo(1, 9);
    expect(maxiou.fraction[at(1, 0)]).toBe(66);
    expect(maxiou.score[at(1, 0)]).toBeCloseTo(1, 9);

    expect([iqr.score[at(2, 0)], maxiou.score[at(2, 0)]]).toEqual([0, 0]);
    expect(iqr.score[at(3, 0)]).toBe(0);
    // 500 of 1000 pixels, at the smallest fraction
    expect(maxiou.score[at(3, 0)]).toBeCloseTo(0.5, 9);
    expect(iqr.score[at(4, 0)]).toBe(0);
    expect(maxiou.fraction[at(4, 0)]).toBe(99);
    expect(maxiou.score[at(4, 0)]).toBeCloseTo(0.485 / 0.985, 9);
    expect(maxiou.fraction[at(5, 0)]).toBe(99);
    expect(maxiou.score[at(5, 0)]).toBeCloseTo(1, 9);
    expect(iqr.fraction[at(5, 0)]).not.toBe(99); // exceeding the minimum tells nothing

    // The category's own pixels are what counts: a unit's fraction of all pixels is that of the
    // category's here.
    const best = FRACTIONS.map((_, t) =>
      agree({ intersection: intersectionAt(6, t) / PIXELS, active: activeAt(t) / 4 / (PIXELS / 4), truth: 0.02 }),
    );
    const most = Math.max(...best.map(({ iou }) => iou));
    expect(maxiou.score[at(6, 0)]).toBeCloseTo(most, 6);
    expect(maxiou.fraction[at(6, 0)]).toBe(best.findIndex(({ iou }) => iou === most));

    // Levels of zero and below are no detectors; the best one above zero is taken.
    for (let label = 0; label < CONCEPTS.length; label += 1) expect(iqr.score[at(label, 1)]).toBe(0);
    expect(maxiou.score[at(1, 1)]).toBeCloseTo(1, 9);
    expect(iqr.fraction[at(1, 2)]).toBe(49);
  });

  test("finds the same when the concepts are counted in groups", async () => {
    const whole = await searchLevels(training);
    const first = await searchLevels({ ...training, counted: [6, 3, 2] });
    expect(await searchLevels({ ...training, counted: [5, 1, 4] }, first)).toEqual(whole);
  });

  test("gives a unit the level of its best concept", async () => {
    const { iqr, maxiou } = await searchLevels(training);
    const chosen = chooseLevel(iqr, training, 0);
    expect(chosen).toMatchObject({ label: 1, level: 200 - 66 });
    expect(chosen.quantile).toBeCloseTo(0.1, 12);
    expect(chosen.iou).toBeCloseTo(1, 9);
    // Labels 1 and 5 both reach an IoU of 1: the first stays, and above half of the pixels none
    // may.
    expect(chooseLevel(maxiou, training, 0)).toMatchObject({ label: 1 });
    expect(
      chooseLevel({ ...maxiou, score: maxiou.score.map((v, i) => (i === 15 ? 2 : v)) }, training, 0),
    ).toMatchObject({
      label: 5,
      quantile: 1,
      level: 200 - 99,
    });
    const belowHalf = { belowHalf: true };
    expect(
      chooseLevel({ ...maxiou, score: maxiou.score.map((v, i) => (i === 15 ? 2 : v)) }, training, 0, belowHalf),
    ).toMatchObject({ label: 1 });
    // Nothing qualifies: no label, and the highest level.
    expect(chooseLevel(iqr, training, 1)).toEqual({ label: 0, score: 0, level: -1, quantile: FRACTIONS[0], iou: 0 });
  });
});

describe("what may be matched", () => {
  const LAST = FRACTIONS.length - 1;
  /**
   * One unit and one concept that have these pixels at the level of t = 40, and nothing in common
   * at others.
   */
  async function searchAt({
    pixels = 1e6,
    truth,
    active,
    both,
    level = 1,
    t = 40,
  }: {
    readonly pixels?: number;
    readonly truth: number;
    readonly active: number;
    readonly both: number;
    readonly level?: number;
    readonly t?: number;
  }) {
    const row = (value: number) => Uint32Array.from(FRACTIONS, (_, at) => (at === LAST - t ? value : 0));
    const { iqr, maxiou } = await searchLevels({
      counts: { intersection: async () => row(both), activation: async () => row(active) },
      counted: [1],
      units: 1,
      levels: Float32Array.from(FRACTIONS, (_, at) => (at === t ? level : -1)),
      labels: 2,
      categoryOf: [0, 0],
      categories: 1,
      labelPixels: [0, truth],
      pixels,
      categoryPixels: [pixels],
    });
    return { iqr: iqr.score[1]!, maxiou: maxiou.score[1]!, found: [iqr.fraction[1], maxiou.fraction[1]] };
  }

  test("by IQR agrees on more than four fifths of the pixels", async () => {
    // 0.4 of both and 0.4 of neither: exactly 0.8, in floating point too.
    const boundary = { truth: 400_000, active: 600_000, both: 400_000 };
    expect(agree({ intersection: 0.4, active: 0.6, truth: 0.4 })).toMatchObject({ agreement: 0.8 });
    expect(await searchAt(boundary)).toMatchObject({ iqr: 0, maxiou: expect.closeTo(2 / 3, 9), found: [0, 40] });
    const beyond = await searchAt({ ...boundary, active: 599_990 });
    expect(beyond.iqr).toBeGreaterThan(0.1);
    expect(beyond.found).toEqual([40, 40]);
  });

  test("by IQR has a level above zero, which is not the minimum", async () => {
    const same = { truth: 1e5, active: 1e5, both: 1e5 };
    expect((await searchAt({ ...same, level: 1e-30 })).iqr).toBeCloseTo(1, 9);
    expect((await searchAt({ ...same, level: 0 })).iqr).toBe(0);
    expect((await searchAt({ ...same, t: LAST - 1 })).iqr).toBeCloseTo(1, 9);
    expect((await searchAt({ ...same, t: LAST })).iqr).toBe(0);
  });

  test("by IQR is on a thousandth of the pixels, and by IoU on a ten-thousandth", async () => {
    const on = (truth: number) => searchAt({ truth, active: truth, both: truth });
    expect((await on(1000)).iqr).toBeCloseTo(1, 9);
    expect(await on(999)).toMatchObject({ iqr: 0, maxiou: 1 });
    expect((await on(100)).maxiou).toBe(1);
    expect((await on(99)).maxiou).toBe(0);
    expect(countable([5000, 100, 99, 5e5, 0], 1e6)).toEqual([1, 3]); // label 0 is none
  });

  test("is the first of the equally good levels, which are the highest", async () => {
    const row = new Uint32Array(FRACTIONS.length).fill(1e5);
    const { iqr, maxiou } = await searchLevels({
      counts: { intersection: async () => row, activation: async () => row },
      counted: [1],
      units: 1,
      levels: new Float32Array(FRACTIONS.length).fill(1),
      labels: 2,
      categoryOf: [0, 0],
      categories: 1,
      labelPixels: [0, 1e5],
      pixels: 1e6,
      categoryPixels: [1e6],
    });
    expect([iqr.fraction[1], maxiou.fraction[1]]).toEqual([0, 0]);
    expect([iqr.score[1], iqr.iou[1]]).toEqual([expect.closeTo(1, 9), 1]);
  });

  test("is each unit's own", async () => {
    // Unit 1 is the concept at t = 30, unit 0 half of it there, and nothing is anything elsewhere.
    const rows = (of: readonly number[]) =>
      Uint32Array.from({ length: 2 * FRACTIONS.length }, (_, at) =>
        Math.floor(at / 2) === LAST - 30 ? of[at % 2]! : 0,
      );
    const { maxiou } = await searchLevels({
      counts: { intersection: async () => rows([5e4, 1e5]), activation: async () => rows([5e4, 1e5]) },
      counted: [1],
      units: 2,
      levels: new Float32Array(2 * FRACTIONS.length).fill(1),
      labels: 2,
      categoryOf: [0, 0],
      categories: 1,
      labelPixels: [0, 1e5],
      pixels: 1e6,
      categoryPixels: [1e6],
    });
    expect([...maxiou.score]).toEqual([0, 0, expect.closeTo(0.5, 9), 1]);
    expect([...maxiou.fraction]).toEqual([0, 0, 30, 30]);
  });

  test("starts with tables of nothing, as large as labels × units", () => {
    const { iqr, maxiou } = emptySearch(3, 5);
    for (const table of [iqr.score, iqr.iou, iqr.fraction, maxiou.score, maxiou.fraction, maxiou.iou])
      expect([...table]).toEqual(new Array(15).fill(0));
    expect(maxiou.iou).toBe(maxiou.score);
    expect(iqr.iou).not.toBe(iqr.score);
  });
});

describe("a unit's choice", () => {
  const [UNITS, LABELS] = [3, 4];
  const training = {
    units: UNITS,
    labels: LABELS,
    levels: Float32Array.from({ length: FRACTIONS.length * UNITS }, (_, at) => 1000 - at),
  };
  /** Tables in which unit 1 has these [score, t] by label. */
  function best(...rows: readonly (readonly [score: number, t: number])[]) {
    const tables = {
      score: new Float64Array(LABELS * UNITS).fill(9), // other units' would win
      fraction: new Uint8Array(LABELS * UNITS).fill(7),
      iou: new Float64Array(LABELS * UNITS).fill(0.9),
    };
    rows.forEach(([score, t], label) => {
      tables.score[label * UNITS + 1] = score;
      tables.fraction[label * UNITS + 1] = t;
      tables.iou[label * UNITS + 1] = score / 100;
    });
    return tables;
  }
  const choice = (label: number, score: number, t: number) => ({
    label,
    score,
    level: 1000 - (t * UNITS + 1),
    quantile: FRACTIONS[t],
    iou: score / 100,
  });

  test("is the highest score, the first of equals, with its own level", () => {
    expect(chooseLevel(best([0, 0], [0.2, 10], [0.3, 20], [0.1, 30]), training, 1)).toEqual(choice(2, 0.3, 20));
    expect(chooseLevel(best([0, 0], [0.1, 10], [0.3, 20], [0.4, 98]), training, 1)).toEqual(choice(3, 0.4, 98));
    expect(chooseLevel(best([0, 0], [0.3, 10], [0.3, 20], [0.3, 30]), training, 1)).toEqual(choice(1, 0.3, 10));
    expect(chooseLevel(best([0, 0], [0, 10], [0, 20], [0, 30]), training, 1)).toEqual(choice(0, 0, 0));
  });

  test("is on at most half of the pixels where that is asked for", () => {
    expect([FRACTIONS[89]! < 0.5, FRACTIONS[90]! > 0.5]).toEqual([true, true]);
    const rows = best([0, 0], [0.2, 10], [0.3, 89], [0.4, 90]);
    expect(chooseLevel(rows, training, 1, { belowHalf: true })).toEqual(choice(2, 0.3, 89));
    expect(chooseLevel(rows, training, 1, { belowHalf: false })).toEqual(choice(3, 0.4, 90));
    expect(chooseLevel(rows, training, 1)).toEqual(choice(3, 0.4, 90));
  });
});
