import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { settleAce } from "../../src/causality/ace-options.ts";
import type { AceCorpus, Place } from "../../src/causality/ace-search.ts";
import { AceTrainer, orderOf } from "../../src/causality/ace-train.ts";
import type { AceOptions, AceSnapshot } from "../../src/causality/index.ts";
import { useSmallModels } from "../dissect/models.ts";
import { noise } from "../kernels/reference.ts";
import { type Edited, mean, plainAnswers, plainSlope } from "./plain-answers.ts";

interface Golden {
  readonly seed: number;
  readonly epochs: number;
  readonly orders: Record<string, { readonly present: number[]; readonly candidates: number[] }>;
}
const golden: Golden = JSON.parse(readFileSync(new URL("../golden/ace.json", import.meta.url), "utf8"));

// 4 × 4 cells of 24 units: more than the twenty that are evaluated. Label maps of 11 pixels, which
// cells share the edges of.
const [LAYER, CONCEPT, UNITS, EXTENT, CELLS] = ["layer2", "tree", 24, 11, 16];
const INITIAL = Float32Array.from({ length: UNITS }, (_, unit) => (unit % 5) - 0.5 + unit / 100);
const ALPHA = Float32Array.from({ length: UNITS }, (_, unit) => 0.2 + (0.6 * ((7 * unit) % UNITS)) / UNITS);

/** Made up: where things are need not be true. */
function corpusOf(trainSize: number, evalSize: number): AceCorpus {
  const place =
    (first: number) =>
    (_: unknown, i: number): Place => ({
      image: i,
      cell: (first * i + (i >> 2)) % CELLS,
      score: 1,
    });
  const feature = noise(6, UNITS).map((value) => 2 * value);
  const all = { length: trainSize + evalSize };
  return { present: Array.from(all, place(5)), candidates: Array.from(all, place(3)), trainSize, evalSize, feature };
}

const models = useSmallModels(0.02, [8, UNITS, 10, 6]);

const settings = (more: Partial<AceOptions> = {}) =>
  settleAce(models.generator, models.segmenter, {
    layer: LAYER,
    concept: CONCEPT,
    initial: INITIAL,
    searchSize: 60,
    segmentationSize: EXTENT,
    seed: golden.seed,
    epochs: golden.epochs,
    batch: 4,
    ...more,
  });

interface Told {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
}

/** The result of a phase, and what it told of its progress. */
async function finished<T>(phase: AsyncGenerator<Told, T>): Promise<{ readonly result: T; readonly told: Told[] }> {
  const told: Told[] = [];
  for (let step = await phase.next(); ; step = await phase.next()) {
    if (step.done) return { result: step.value, told };
    told.push(step.value);
  }
}

async function withTrainer<T>(
  corpus: AceCorpus,
  more: Partial<AceOptions>,
  run: (trainer: AceTrainer) => Promise<T>,
): Promise<T> {
  const trainer = await AceTrainer.create(models.generator, models.segmenter, corpus, settings(more));
  try {
    return await run(trainer);
  } finally {
    trainer.dispose();
  }
}

const QUESTION = { layer: LAYER, concept: CONCEPT, extent: EXTENT };
const ask = (images: number) => plainAnswers(models, { ...QUESTION, images });
const present = ({ image, cell }: Place): Edited => ({ seed: 10, image, cell });
const candidate = ({ image, cell }: Place): Edited => ({ seed: 11, image, cell });
const everywhere = (place: Place): Edited => ({ ...present(place), everywhere: true });
const NOTHING = new Float32Array(UNITS);

test("units are ordered by α, then by where they began, then by number", () => {
  expect(orderOf([0.5, 1, 0.5, 0, 1, 0.5], [0.1, 0.2, 0.3, 0.9, 0.2, 0.3])).toEqual([1, 4, 2, 5, 0, 3]);
});

test("α begins with the initial scores, the highest as 1 and those below 0 as 0", async () => {
  const initial = Array.from({ length: UNITS }, (_, unit) => (unit === 3 ? 0.5 : unit === 20 ? 0.125 : -1));
  await withTrainer(corpusOf(20, 2), { initial }, async (trainer) => {
    const { alpha, moments } = trainer.initial;
    expect([...alpha.entries()].filter(([, value]) => value !== 0)).toEqual([
      [3, 1],
      [20, 0.25],
    ]);
    expect(moments).toEqual(new Float32Array(4 * UNITS));
    trainer.start({ alpha, moments: moments.map((_, at) => at) });
    expect(await trainer.state()).toEqual({ alpha, moments: moments.map((_, at) => at) });
  });
});

describe("the evaluation", () => {
  test.each([1, 0.25])("is what plain plans compute for the pairs kept for it, α times %d", async (times) => {
    const corpus = corpusOf(20, 5);
    const lambda = 0.25;
    const alpha = ALPHA.map((a) => times * a);
    const kept = { present: corpus.present.slice(20), candidates: corpus.candidates.slice(20) };
    const ranked = [...alpha.keys()].sort((a, b) => alpha[b]! - alpha[a]! || INITIAL[b]! - INITIAL[a]!);
    const only = (count: number, value = (unit: number) => alpha[unit]!) =>
      NOTHING.map((_, unit) => (ranked.indexOf(unit) < count ? value(unit) : 0));
    const { result, told } = await withTrainer(corpus, { lambda }, (trainer) => finished(trainer.evaluate(alpha)));

    const plain = await ask(5);
    const shares = async (of: "score" | "mask", alpha: Float32Array) => ({
      erase: mean((await plain.ask(of, kept.present.map(present), alpha, NOTHING)).map(({ share }) => share)),
      add: mean((await plain.ask(of, kept.candidates.map(candidate), alpha, corpus.feature)).map(({ share }) => share)),
    });
    const left = async (alpha: Float32Array) =>
      mean((await plain.ask("mask", kept.present.map(everywhere), alpha, NOTHING)).map(({ total }) => total));
    const soft = await shares("score", alpha);
    const hard = await shares(
      "mask",
      only(20, () => 1),
    );
    const [left10, left20] = [await left(only(10)), await left(only(20))];
    const full = [await left(only(10, () => 1)), await left(only(20, () => 1)), await left(alpha)];
    // or they could stand for each other
    if (times < 1) expect(new Set([left10, left20, ...full]).size).toBe(5);
    const regularizer = lambda * alpha.reduce((sum, a) => sum + a * a, 0);
    plain.dispose();

    expect(result.erase).toBeCloseTo(soft.erase, 5);
    expect(result.add).toBeCloseTo(soft.add, 5);
    expect(result.regularizer).toBeCloseTo(regularizer, 6);
    expect(result.loss).toBeCloseTo(soft.erase - soft.add + regularizer, 5);
    expect(result.both20).toBeCloseTo(hard.erase - hard.add, 5);
    expect(result.left10).toBeCloseTo(left10, 3);
    expect(result.left20).toBeCloseTo(left20, 3);
    // Inserted, the concept is in some labels: without, `both20` would be the same with either
    // sign.
    expect(hard.add).toBeGreaterThan(0.01);
    // All of which are different, so that none can stand for another.
    const numbers = Object.values(result);
    expect(new Set(numbers.map((value) => value.toFixed(4))).size).toBe(numbers.length);
    // Four runs over five pairs, two at a time.
    const done = [2, 4, 5, 7, 9, 10, 12, 14, 15, 17, 19, 20];
    expect(told).toEqual(done.map((count) => ({ type: "progress", phase: "evaluate", done: count, total: 20 })));
  });
});

describe("an epoch", () => {
  /** α and Adam's moments after one that does not move α. */
  const still = (more: Partial<AceOptions> = {}, trainSize = 40, epoch = 1) =>
    withTrainer(corpusOf(trainSize, 1), { rate: 0, lambda: 0, trainSize, ...more }, async (trainer) => {
      trainer.start({ alpha: ALPHA, moments: new Float32Array(4 * UNITS) });
      const { result: trained, told } = await finished(trainer.epoch(epoch));
      return { trained, told, ...(await trainer.state()) };
    });
  const first = ({ moments }: Pick<AceSnapshot, "moments">) =>
    Float32Array.from({ length: UNITS }, (_, unit) => moments[4 * unit]!);

  test("follows the slope of its pairs, twenty a step, in NumPy's orders", async () => {
    const { trained, told, alpha, moments } = await still();
    expect(alpha).toEqual(ALPHA);
    const corpus = corpusOf(40, 1);
    const orders = golden.orders[1]!;
    const erased = orders.present.map((index) => present(corpus.present[index]!));
    const added = orders.candidates.map((index) => candidate(corpus.candidates[index]!));
    const plain = await ask(40);
    const left = (await plain.ask("score", erased, ALPHA, NOTHING)).map(({ share }) => share);
    const there = (await plain.ask("score", added, ALPHA, corpus.feature)).map(({ share }) => share);
    plain.dispose();
    expect(trained).toBeCloseTo(mean(left) - mean(there), 5);
    const slopes = [];
    for (const step of [0, 20]) {
      const twenty = (all: readonly Edited[]) => all.slice(step, step + 20);
      const erase = await plainSlope(models, QUESTION, twenty(erased), ALPHA, NOTHING);
      const add = await plainSlope(models, QUESTION, twenty(added), ALPHA, corpus.feature);
      slopes.push(erase.map((slope, unit) => slope - add[unit]!));
    }
    const [one, two] = slopes as [Float32Array, Float32Array];
    // The first step's gradient has decayed once (Adam, β₁ = 0.9), the second's has not.
    const expected = one.map((slope, unit) => 0.1 * (0.9 * slope + two[unit]!));
    const scale = Math.hypot(...expected);
    first({ moments }).forEach((value, unit) => {
      expect(Math.abs(value - expected[unit]!)).toBeLessThan(1e-4 * scale);
    });
    expect(Math.hypot(...one.map((slope, unit) => slope - two[unit]!))).toBeGreaterThan(0.1 * Math.hypot(...one));
    // Two steps: 1 − β₁² and 1 − β₂².
    for (let unit = 0; unit < UNITS; unit += 1) {
      expect(moments[4 * unit + 2]).toBeCloseTo(1 - 0.9 ** 2, 6);
      expect(moments[4 * unit + 3]).toBeCloseTo(1 - 0.999 ** 2, 6);
    }
    const done = Array.from({ length: 20 }, (_, i) => 2 * (i + 1));
    expect(told).toEqual(done.map((count) => ({ type: "progress", phase: "optimise", done: count, total: 40 })));
  });

  test("has an order of its own for every seed of 32 bits, beyond which they begin again", async () => {
    const [one, next, last] = [
      await still({ seed: 0, epochs: 5 }, 40, 1),
      await still({ seed: 2 ** 32 - 1, epochs: 5 }, 40, 6), // 5 · 2³² + 1
      await still({ seed: 2 ** 31, epochs: 1 }, 40, 1),
    ];
    expect(next.moments).toEqual(one.moments);
    expect(last.moments).not.toEqual(one.moments);
  });

  test("has the same gradient however many pairs are run at once", async () => {
    const few = await still({ batch: 2 });
    for (const batch of [8, 40]) {
      const many = await still({ batch });
      const scale = Math.hypot(...first(few));
      first(many).forEach((value, unit) => {
        expect(Math.abs(value - first(few)[unit]!)).toBeLessThan(1e-5 * scale);
      });
    }
  });

  test("adds λ Σα² of every pair of a step to what it learns from", async () => {
    const lambda = 0.05;
    const [without, withIt] = [await still({}, 20), await still({ lambda }, 20)];
    // ∂(20 λ Σα²) / ∂α, of which Adam's first moment has a tenth after a step.
    ALPHA.forEach((alpha, unit) => {
      const decay = first(withIt)[unit]! - first(without)[unit]!;
      expect(decay).toBeCloseTo(0.1 * 20 * lambda * 2 * alpha, 4);
    });
    expect(withIt.trained).toBe(without.trained);
  });

  test("moves α by the rate, against the slope, step by step", async () => {
    const rate = 1e-3;
    const slope = first(await still({}, 20));
    const { alpha } = await still({ rate }, 20);
    ALPHA.forEach((value, unit) => {
      // Adam's first step, of ε = 1e-8 beside the gradient.
      if (Math.abs(slope[unit]!) > 1e-4) expect(alpha[unit]).toBeCloseTo(value - Math.sign(slope[unit]!) * rate, 6);
    });
    // With α as it was after the first step the second has another slope.
    const [moved, stays] = [await still({ rate: 0.3 }), await still()];
    expect(moved.trained).not.toBeCloseTo(stays.trained, 4);
  });

  test("stops with the signal's reason and frees everything", async () => {
    await still({}, 20); // weights stay
    await models.device.idle();
    const before = { ...models.device.live };
    for (const phase of ["epoch", "evaluate"] as const) {
      const controller = new AbortController();
      const stopped = withTrainer(corpusOf(20, 1), { signal: controller.signal, trainSize: 20 }, async (trainer) => {
        trainer.start(trainer.initial);
        controller.abort(new Error("enough"));
        await (phase === "epoch" ? finished(trainer.epoch(0)) : finished(trainer.evaluate(ALPHA)));
      });
      await expect(stopped).rejects.toThrow("enough");
    }
    await models.device.idle();
    expect(models.device.live).toEqual(before);
  });
});
