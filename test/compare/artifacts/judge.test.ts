import { expect, test } from "vitest";
import { ablationScores } from "../../../src/compare/artifacts/effects.ts";
import { judgeRankings } from "../../../src/compare/artifacts/judge.ts";
import type { Trials } from "../../../src/compare/artifacts/trials.ts";
import { permutation } from "../../../src/weights/permutation.ts";
import { RandomState } from "../../../src/weights/random.ts";

/** Units of the made-up layer; the first three of them harm every image. */
const UNITS = 12;
const SIZE = 40;
const noise = (seed: number, n: number) => new RandomState(seed).standardNormal(2 * n);
const real = { data: noise(9, 60), n: 60, d: 2 };

/**
 * Images whose vectors are noise, moved by every harmful unit there is and every other that is not.
 */
function madeUp(size = SIZE, seed = 1) {
  const asked: (readonly number[])[] = [];
  const trials: Trials = {
    generator: { name: "made-up", layer: () => ({ name: "layer1", channels: UNITS, height: 1, width: 1 }) },
    layer: "layer1",
    size,
    seed,
    async measure(edits) {
      const gone = edits.flatMap(({ units }) => units as number[]);
      asked.push(gone);
      const harmful = gone.filter((unit) => unit < 3).length;
      const harm = 3 - harmful + (gone.length - harmful);
      const labels = [
        { name: "-", category: "-" },
        { name: "tree", category: "object" },
      ];
      return {
        n: size,
        vectors: { data: noise(seed, size).map((value) => value + harm), n: size, d: 2 },
        areas: {
          counts: Uint32Array.from({ length: 2 * size }, (_, i) => (i % 2 ? gone.length : 16 - gone.length)),
          n: size,
          labels,
          pixels: 16,
        },
      };
    },
  };
  return { trials, asked };
}

const harmful = { name: "harmful", units: [2, 0, 1] };
const harmless = { name: "harmless", units: [9, 10, 11] };

test("a ranking that finds what harms is better than chance, and one that does not is not", async () => {
  const { trials, asked } = madeUp();
  const finished = new Map<string, readonly number[]>();
  const done: string[] = [];
  const options = { rankings: [harmful, harmless], draws: 5, permutations: 50, finished };
  const found = await judgeRankings(trials, real, {
    ...options,
    onProgress: (progress) => done.push(`${progress.done} of ${progress.total}`),
  });
  expect(found).toMatchObject({ layer: "layer1", images: SIZE, seed: 1, before: { pixels: [16, 0] } });
  expect(found.before.frechet.distance).toBeGreaterThan(15);
  expect(found.random.map(({ units }) => units)).toEqual(
    Array.from({ length: 5 }, (_, i) => [...permutation(new RandomState(i), UNITS).subarray(0, 3)]),
  );
  expect(found.random.every(({ p }) => p === undefined)).toBe(true);
  const [good, bad] = found.rankings;
  expect(good).toMatchObject({ ...harmful, better: true, chance: 1 / 6, together: { p: 1 / 51, pixels: [13, 3] } });
  expect(good!.together.frechet.distance).toBeLessThan(1);
  expect(good!.together.change).toBe(good!.together.frechet.distance - found.before.frechet.distance);
  expect(good!.alone.map(({ units, p }) => [units, p])).toEqual([
    [[2], 1 / 51],
    [[0], 1 / 51],
    [[1], 1 / 51],
  ]);
  expect(bad).toMatchObject({ ...harmless, better: false, together: { p: 1 } });
  expect(bad!.chance).toBeGreaterThan(0.5);
  expect(done[0]).toBe("0 of 13");
  expect(done.at(-1)).toBe("13 of 13");
  expect(asked).toHaveLength(1 + 13);

  asked.length = 0;
  expect(await judgeRankings(trials, real, options)).toEqual(found);
  expect(asked).toEqual([[]]);
  // Other images are others, to the cache too.
  const others = madeUp(SIZE, 2);
  await judgeRankings(others.trials, real, options);
  expect(others.asked).toHaveLength(1 + 13);
});

test("to be better, it has to be better than every draw, and than chance", async () => {
  const { trials } = madeUp();
  // One harmful unit, as some draw has, too: it is no further from real images then.
  const [same] = (await judgeRankings(trials, real, { rankings: [{ name: "same", units: [0] }], permutations: 40 }))
    .rankings;
  expect(same).toMatchObject({ better: false, together: { p: 1 / 41 } });
  expect(same!.together.change).toBeLessThan(0);
  expect(same!.chance).toBeGreaterThan(1.5 / 21);
  // What changes nothing is not better, though every draw is worse.
  const still: Trials = { ...trials, measure: (edits) => trials.measure(edits[0]?.units[0] === 7 ? [] : edits) };
  const [nothing] = (await judgeRankings(still, real, { rankings: [{ name: "nothing", units: [7] }], draws: 5 }))
    .rankings;
  expect(nothing).toMatchObject({ better: false, together: { change: 0, p: 1 } });
  // A single unit is drawn and named: of what is named there is a p.
  const [first = 0] = permutation(new RandomState(0), UNITS);
  const one = await judgeRankings(trials, real, {
    rankings: [{ name: "one", units: [first] }],
    draws: 5,
    permutations: 9,
  });
  expect(one.rankings[0]!.together.p).toBeTypeOf("number");
});

test("of many images there is no p, and chance alone decides", async () => {
  const { trials } = madeUp(450);
  const { rankings } = await judgeRankings(trials, real, { rankings: [harmful], draws: 5 });
  expect(rankings[0]).toMatchObject({ better: true });
  expect(rankings[0]!.together.p).toBeUndefined();
  // Few are 500 together, 60 of them real.
  const p = async (size: number) => {
    const found = await judgeRankings(madeUp(size).trials, real, { rankings: [harmful], draws: 5, permutations: 1 });
    return found.rankings[0]!.together.p;
  };
  expect([await p(440), await p(441)]).toEqual([1 / 2, undefined]);
});

test.each([
  ["none", [], 5, /as many units of each/],
  ["of other lengths", [harmful, { name: "b", units: [1] }], 5, /as many units of each/],
  ["of units that there are not", [{ name: "b", units: [12] }], 5, /no unit 12, which b names/],
  ["of a unit twice", [{ name: "b", units: [1, 1] }], 5, /b names a unit twice/],
  ["with too little chance", [harmful], 4, /4 random draws tell nothing/],
])("rankings %s are refused", async (_, rankings, draws, message) => {
  await expect(judgeRankings(madeUp().trials, real, { rankings, draws })).rejects.toThrow(message);
});

test("every unit by itself", async () => {
  const { trials, asked } = madeUp();
  const finished = new Map<string, readonly number[]>();
  const scores = await ablationScores(trials, real, { finished });
  expect(scores.map(({ unit }) => unit)).toEqual(Array.from({ length: UNITS }, (_, unit) => unit));
  expect(scores.filter(({ change }) => change < 0).map(({ unit }) => unit)).toEqual([0, 1, 2]);
  expect(scores[4]!.distance - scores[4]!.change).toBeCloseTo(scores[0]!.distance - scores[0]!.change, 9);
  asked.length = 0;
  expect(await ablationScores(trials, real, { finished, units: [5, 1] })).toEqual([scores[5], scores[1]]);
  expect(asked).toEqual([[]]);
});
