import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scoresOf } from "../../src/causality/class-scores.ts";
import { classesWithout } from "../../src/causality/classes-without.ts";
import { shuffledUnits } from "../../src/causality/ranking.ts";
import {
  type UnitImportance,
  type UnitImportanceOptions,
  unitImportance,
} from "../../src/causality/unit-importance.ts";
import { type Device, UsageError } from "../../src/index.ts";
import { Classifier } from "../../src/models/classifier.ts";
import { recogniseClassifier } from "../../src/networks/classifiers/recognise.ts";
import { requestDevice } from "../gpu.ts";
import { imageOf, stateOf } from "../models/recipe.ts";

const { shapes } = JSON.parse(readFileSync(new URL("../golden/classifiers.json", import.meta.url), "utf8")).cifar;
const EDGE = 16;
const COUNT = 22;
const UNITS = 64;
const CLASSES = 10;
const state = new Map(stateOf("", shapes));

/**
 * Bytes of made-up photographs, of several contrasts so that they are not all taken for one class.
 */
const pixels = imageOf(COUNT, EDGE, EDGE);
const photographs = {
  count: COUNT,
  read: (number: number) => {
    const own = pixels.subarray(number * 4 * EDGE ** 2, (number + 1) * 4 * EDGE ** 2).filter((_, at) => at % 4 < 3);
    const contrast = 1 - (number % 7) / 8;
    return {
      width: EDGE,
      height: EDGE,
      rgb: Uint8Array.from(own, (value) => Math.round((value * contrast + 1) * 127.5)),
    };
  },
};

let device: Device;
let classifier: Classifier;
/** Features [photographs][units] of layer3, averaged over its places, as the logits see them. */
let means: number[][];
let weight: Float32Array;
let bias: Float32Array<ArrayBuffer>;
beforeAll(async () => {
  device = await requestDevice();
  const network = recogniseClassifier(state, { edge: EDGE });
  weight = await network.state.get("linear.weight")!.read();
  classifier = await Classifier.define(network, { device });
  const plan = await classifier.compile({ batch: COUNT, until: "layer3", retain: ["layer3"] });
  const pictures = new Float32Array(COUNT * EDGE ** 2 * 4);
  for (let i = 0; i < COUNT; i += 1) {
    photographs.read(i).rgb.forEach((byte, at) => {
      pictures[4 * (i * EDGE ** 2 + Math.floor(at / 3)) + (at % 3)] = byte / 127.5 - 1;
    });
  }
  plan.input.write(pictures);
  plan.run();
  const maps = await plan.layers.get("layer3")!.read();
  const area = maps.length / COUNT / UNITS;
  means = Array.from({ length: COUNT }, (_, i) =>
    Array.from({ length: UNITS }, (_, u) => {
      let sum = 0;
      for (let at = 0; at < area; at += 1) sum += maps[(i * area + at) * UNITS + u]!;
      return sum / area;
    }),
  );
  plan.dispose();
  classifier.dispose();
  // Made-up weights take everything for one class; less every class's mean logit they do not.
  bias = Float32Array.from({ length: CLASSES }, (_, c) =>
    means.reduce(
      (sum, units) => sum - units.reduce((all, mean, u) => all + mean * weight[c * UNITS + u]!, 0) / COUNT,
      0,
    ),
  );
  classifier = await biased(bias);
});
afterAll(() => {
  classifier?.dispose();
  device?.dispose();
});

/** The classifier with these biases of its logits. */
async function biased(values: Float32Array<ArrayBuffer>): Promise<Classifier> {
  const other = new Map([...state, ["linear.bias", { ...state.get("linear.bias")!, read: async () => values }]]);
  return Classifier.define(recogniseClassifier(other, { edge: EDGE }), { device, name: "tiny" });
}

/** The class of a photograph with units off, in double precision. */
function classOf(photograph: number, off: ReadonlySet<number>): number {
  const logits = Array.from({ length: CLASSES }, (_, c) =>
    means[photograph]!.reduce((sum, mean, u) => sum + (off.has(u) ? 0 : mean) * weight[c * UNITS + u]!, bias[c]!),
  );
  return logits.indexOf(Math.max(...logits));
}

/** Balanced accuracy of a class as a 2 × 2 table has it. */
function balanced(
  of: number,
  truth: readonly number[],
  photographs: readonly number[],
  off: readonly number[],
): number {
  const table = { tp: 0, fn: 0, fp: 0, tn: 0 };
  for (const photograph of photographs) {
    const is = truth[photograph] === of;
    const said = classOf(photograph, new Set(off)) === of;
    table[is ? (said ? "tp" : "fn") : said ? "fp" : "tn"] += 1;
  }
  return (table.tp / (table.tp + table.fn) + table.tn / (table.tn + table.fp)) / 2;
}

async function importance(
  options: UnitImportanceOptions,
  of = photographs,
  by: Classifier = classifier,
): Promise<UnitImportance> {
  for await (const event of unitImportance(by, of, options)) if (event.type === "result") return event.importance;
  throw new Error("There is no result.");
}

/** Classes that photographs are taken for, or the next one for every fifth; and one of its own. */
const truths = (): number[] =>
  Array.from({ length: COUNT }, (_, i) => {
    const taken = classOf(i, new Set());
    return i === 3 ? 9 : i % 5 === 4 ? (taken + 1) % CLASSES : taken;
  });

test("what photographs are taken for without units of one's own is a computation in double precision's", async () => {
  const sets = [[], [3], [60, 1, 17], Array.from({ length: 40 }, (_, unit) => unit)];
  const told: string[] = [];
  const onProgress = ({ done, total }: { readonly done: number; readonly total: number }) =>
    told.push(`${done}/${total}`);
  const found = await classesWithout(classifier, photographs, { layer: "layer3", sets, batch: 8, onProgress });
  const expected = sets.map((set) => Array.from({ length: COUNT }, (_, i) => classOf(i, new Set(set))));
  expect(found.map((classes) => [...classes])).toEqual(expected);
  expect(new Set(expected.map(String)).size).toBe(sets.length); // something comes of each
  expect(told).toEqual(["4/12", "8/12", "12/12"]);
  expect(await classesWithout(classifier, photographs, { layer: "layer3", sets })).toEqual(found);
  const score = scoresOf(truths(), found[1]!).get(expected[0]![0]!)!.balanced;
  const all = Array.from({ length: COUNT }, (_, i) => i);
  expect(score).toBeCloseTo(balanced(expected[0]![0]!, truths(), all, [3]), 12);
});

test.each<readonly [string, readonly (readonly number[])[], string]>([
  ["a unit that there is not", [[1], [64]], "layer3 has no unit 64"],
  ["no set", [], "There is no set of units"],
])("%s is refused", async (_, sets, said) => {
  await expect(classesWithout(classifier, photographs, { layer: "layer3", sets })).rejects.toThrow(said);
});

test("ranks and scores units as a computation in double precision does", async () => {
  const truth = truths();
  const found = await importance({ layer: "layer3", truth, batch: 5, together: [1, 4, 40, 64], random: 2 });
  expect([found.layer, found.units]).toEqual(["layer3", UNITS]);
  const of = (name: number, which: number): number[] =>
    [...truth.keys()].filter((i) => truth[i] === name).filter((_, index) => index % 2 === which);
  const names = [...new Set(truth)].filter((name) => of(name, 1).length > 0).sort((a, b) => a - b);
  expect(found.classes.map((each) => each.class)).toEqual(names);
  const ranked = names.flatMap((name) => of(name, 1));
  const scored = names.flatMap((name) => of(name, 0));
  expect(found.left).toEqual([...truth.keys()].filter((i) => !ranked.includes(i) && !scored.includes(i)));
  for (const each of found.classes) {
    const score = (half: readonly number[], off: readonly number[]) => balanced(each.class, truth, half, off);
    expect([each.ranked, each.scored]).toEqual([of(each.class, 1).length, of(each.class, 0).length]);
    expect(each.ranking.balanced).toBeCloseTo(score(ranked, []), 12);
    expect(each.score.balanced).toBeCloseTo(score(scored, []), 12);
    for (let unit = 0; unit < UNITS; unit += 1) {
      expect([unit, each.rankingDrop[unit]]).toEqual([
        unit,
        expect.closeTo(score(ranked, []) - score(ranked, [unit]), 12),
      ]);
      expect([unit, each.drop[unit]]).toEqual([unit, expect.closeTo(score(scored, []) - score(scored, [unit]), 12)]);
    }
    const sorted = [...each.rankingDrop.keys()].sort((a, b) => each.rankingDrop[b]! - each.rankingDrop[a]! || a - b);
    expect(each.order).toEqual(sorted);
    expect(each.together.map(({ units }) => units)).toEqual([1, 4, 40]); // 64 would be all
    for (const { units, without, alone, random } of each.together) {
      expect(without).toBeCloseTo(score(scored, sorted.slice(0, units)), 12);
      expect(alone).toBeCloseTo(score(scored, sorted.slice(units)), 12);
      expect(random).toEqual(
        [1, 2].map((seed) => expect.closeTo(score(scored, shuffledUnits(UNITS, seed).slice(0, units)), 12)),
      );
    }
  }
  // The comparison says something only if there are classes, and units do something for them.
  expect(found.classes.length).toBeGreaterThan(2);
  expect(found.classes.some(({ rankingDrop }) => rankingDrop.some((drop) => drop > 0))).toBe(true);
  expect(await importance({ layer: "layer3", truth, batch: 22, together: [1, 4, 40], random: 2 })).toEqual(found);
});

test("goes on from what was measured, but not of another layer or another network", async () => {
  const truth = truths();
  const options = { truth, batch: 8, together: [2], random: 1 };
  const kept = new Map<string, readonly number[]>();
  const first = await importance({ ...options, layer: "layer2", finished: kept });
  let [hits, asked] = [0, 0];
  const finished = {
    get: (key: string) => {
      hits += Number(kept.has(key));
      return kept.get(key);
    },
    set: () => (asked += 1),
  };
  expect(await importance({ ...options, layer: "layer2", finished })).toEqual(first);
  expect([hits, asked]).toEqual([kept.size, 0]);
  await importance({ ...options, layer: "layer3", finished });
  expect([hits, asked > 0]).toEqual([kept.size, true]);
  const changed = await biased(bias.map((value, of) => value + (of === truth[0] ? 0.5 : 0)));
  asked = 0;
  const others = await importance({ ...options, layer: "layer2", finished }, photographs, changed);
  changed.dispose();
  expect([hits, asked]).toEqual([kept.size, kept.size]);
  expect(others).not.toEqual(first);
  // What is kept is what was seen, also where it makes another result.
  for (const [key, classes] of kept)
    kept.set(
      key,
      classes.map(() => 0),
    );
  const other = await importance({ ...options, layer: "layer2", finished });
  expect(other.classes.every(({ drop }) => drop.every((value) => value === 0))).toBe(true);
});

test("draws by the seeds behind the one given, after the last from 0 again", async () => {
  const options = { layer: "layer3", truth: truths(), batch: 22, together: [8, 32, 48], finished: new Map() };
  const draws = async (seed: number, random: number): Promise<number[][]> => {
    const { classes } = await importance({ ...options, seed, random });
    return classes.flatMap(({ together }) => together.map((each) => [...each.random]));
  };
  const [last, first] = [await draws(2 ** 32 - 1, 2), await draws(0, 1)];
  expect(last.map(([, second]) => [second])).toEqual(first);
  expect(last.some(([one, other]) => one !== other)).toBe(true);
});

test("stops where it is told to, and says how far it is", async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  const run = async () => {
    for await (const event of unitImportance(classifier, photographs, {
      ...{ layer: "layer3", truth: truths(), batch: 8, signal: stop.signal },
    })) {
      if (event.type === "progress") seen.push(`${event.phase} ${event.done} of ${event.total}`);
      if (seen.length === 3) stop.abort(new Error("enough"));
    }
  };
  await expect(run()).rejects.toThrow("enough");
  expect(seen.slice(0, 3)).toEqual(["ranking 32 of 65", "ranking 64 of 65", "ranking 65 of 65"]);
});

test("refuses what makes no sense", async () => {
  const truth = truths();
  const refused = (more: object, of = photographs) =>
    expect(importance({ layer: "layer3", truth, ...more }, of)).rejects;
  await refused({ layer: "layer9" }).toThrow('no layer "layer9"');
  await refused({ truth: truth.slice(1) }).toThrow("22 photographs and 21 classes");
  await refused({ truth: truth.map(() => 10) }).toThrow("tiny has no class 10");
  await refused({ truth: truth.map(() => 1) }).toThrow("Only 1 class has two photographs");
  await refused({ truth: truth.map((of) => (of === truth[0] ? -1 : of)) }).toThrow("tiny has no class -1");
  for (const wrong of [0.5, 1.5, 0, -2]) {
    await refused({ together: [4, wrong] }).toThrow(`${wrong} units cannot be off together`);
  }
  await refused({ random: -1 }).toThrow("-1 random draws");
  const unread = { ...photographs, read: () => expect.unreachable("A photograph was read.") };
  for (const seed of [1.5, -1, 2 ** 32, Number.NaN]) {
    await refused({ seed }, unread).toThrow(`Seed ${seed} is out of range`);
    await refused({ seed, random: 0 }, unread).toThrow(`Seed ${seed} is out of range`);
  }
  await refused({ layers: ["layer3"] }).toThrow(UsageError);
  // Two classes of two photographs are enough, the first and the last of the classifier's.
  const signal = AbortSignal.abort(new Error("enough"));
  const two = truth.map((_, i) => (i < 2 ? 0 : i < 4 ? CLASSES - 1 : 1 + (i % (CLASSES - 2))));
  await refused({ truth: two, signal }).toThrow("enough");
  const least = (i: number) => (i < 2 ? 0 : CLASSES - 1);
  await refused({ truth: truth.map((_, i) => least(i)), signal }).toThrow("enough");
});
