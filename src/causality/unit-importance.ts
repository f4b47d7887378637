import type { Photographs } from "../dissect/photographed.ts";
import { UsageError } from "../errors.ts";
import type { Classifier } from "../models/classifier.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { RandomState } from "../weights/random.ts";
import { ClassPredictions } from "./class-predictions.ts";
import { type ClassScore, countClasses, scoresOf } from "./class-scores.ts";
import type { Measurements } from "./measurements.ts";
import { ascending, shuffledUnits } from "./ranking.ts";

/** Whose units are turned off, and how thoroughly chance is looked at. */
export interface UnitImportanceOptions {
  /** The layer whose units are turned off. */
  readonly layer: string;
  /** The class of each photograph, its place among the classifier's. */
  readonly truth: ArrayLike<number>;
  /**
   * So many of each class's most damaging units are also turned off together, and all others
   * without them: 20 unless given, of the paper's 1, 2, 3, 4, 5, 20, 64, 128, 256. Numbers that
   * leave no other unit are left out: of a layer of 20 units results have none unless given.
   */
  readonly together?: readonly number[];
  /** As many units by chance beside them, so often; 5 unless given. */
  readonly random?: number;
  /**
   * Seed of those, a whole number below 2³²; 1 unless given. Later draws have the seeds behind it.
   */
  readonly seed?: number;
  /** Photographs at a time. Results do not depend on it. */
  readonly batch?: number;
  /** A cache of measurements: what it has is not measured again. */
  readonly finished?: Measurements;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<UnitImportanceOptions> = {
  layer: "needed",
  truth: "needed",
  together: "list",
  random: true,
  seed: true,
  batch: true,
  finished: true,
  signal: true,
};

/** A class's most damaging units off together. Balanced accuracies, of the scored photographs. */
export interface TogetherScore {
  /** How many of them are off. */
  readonly units: number;
  /** With them off. */
  readonly without: number;
  /** With all other units off. */
  readonly alone: number;
  /** With as many units by chance off, each time. */
  readonly random: readonly number[];
}

/** What the units of a layer do for one class. */
export interface ClassImportance {
  /** Its place among the classifier's. */
  readonly class: number;
  /** Its name among the classifier's. */
  readonly name: string;
  /** Photographs of it that units are ranked by: every second. */
  readonly ranked: number;
  /** Photographs of it that are scored: the others. */
  readonly scored: number;
  /** Score on the ranking photographs, with all units. */
  readonly ranking: ClassScore;
  /** Score on the others, with all units. */
  readonly score: ClassScore;
  /**
   * `[units]`: what turning off each alone takes from the balanced accuracy of the ranking ones.
   */
  readonly rankingDrop: Float64Array;
  /** `[units]`: the same of those that are scored, which had no part in the ranking. */
  readonly drop: Float64Array;
  /** Units, those with the largest `rankingDrop` first, and equals by number. */
  readonly order: readonly number[];
  /** One for each of the numbers in `together`. */
  readonly together: readonly TogetherScore[];
}

/** What units do for every class. */
export interface UnitImportance {
  /** The layer's name. */
  readonly layer: string;
  /** How many units it has. */
  readonly units: number;
  /** Classes with at least two photographs, in the classifier's order. */
  readonly classes: readonly ClassImportance[];
  /** Photographs that classes have too few of: one of a class is neither ranked nor scored. */
  readonly left: readonly number[];
}

/** How far a phase is. */
export interface UnitImportanceProgress {
  /** Nothing is found yet. */
  readonly type: "progress";
  /** Units alone on the ranking photographs and on those that are scored, and then together. */
  readonly phase: "ranking" | "scores" | "together";
  /** Sets of units that were off, times batches. */
  readonly done: number;
  /** Of so many. */
  readonly total: number;
}

/** What `unitImportance` says on its way; the last is its result. */
export type UnitImportanceEvent =
  | UnitImportanceProgress
  | {
      /** All is done; it comes once and last. */
      readonly type: "result";
      /** Everything that was found. */
      readonly importance: UnitImportance;
    };

type Sets = readonly (readonly number[])[];

/**
 * What each unit of a layer does for every class (Bau et al., PNAS 2020, §1.3): units are turned
 * off, x[:, u] = 0, one at a time, and ranked by what that takes from the balanced accuracy of a
 * class on every second of its photographs; the others are scored, with units off alone and
 * together. What lies before the layer is computed once a photograph in each phase.
 *
 * @throws UsageError for options that make no sense, and photographs of fewer than two classes, all
 *   before anything is measured.
 */
export async function* unitImportance(
  classifier: Classifier,
  photographs: Photographs,
  options: UnitImportanceOptions,
): AsyncGenerator<UnitImportanceEvent, void, undefined> {
  checkNames("unitImportance", options, NAMES);
  const { channels: units } = classifier.layer(options.layer);
  const together = togetherOf(options, units);
  const orders = ordersByChance(options, units);
  const { ranked, scored, left } = halves(classifier, photographs, options);
  const order = [...ranked, ...scored];
  const read = (place: number) => photographs.read(order[place]!);
  const { layer, batch, finished, signal } = options;
  const how = { layer, batch, finished, signal };
  const predictions = await ClassPredictions.create(classifier, { count: order.length, read }, how);
  try {
    const truth = order.map((photograph) => options.truth[photograph]!);
    /** The scores of every class with each of these sets of units off. */
    async function* scores(phase: UnitImportanceProgress["phase"], sets: Sets, first: number, end: number) {
      const total = sets.length * predictions.batches(first, end);
      const steps = predictions.of(sets, first, end);
      let [done, step] = [0, await steps.next()];
      for (; !step.done; step = await steps.next()) {
        done += step.value;
        yield { type: "progress", phase, done, total } as const;
      }
      const seen = truth.slice(first, end);
      const counts = countClasses(seen);
      return step.value.map((predicted) => scoresOf(seen, predicted, counts));
    }
    const alone: Sets = [[], ...Array.from({ length: units }, (_, unit) => [unit])];
    const ranking = yield* scores("ranking", alone, 0, ranked.length);
    const scoring = yield* scores("scores", alone, ranked.length, order.length);
    const classes = [...ranking[0]!.keys()].sort((a, b) => a - b);
    const drops = classes.map((name) => {
      const rankingDrop = dropsOf(ranking, name);
      return { rankingDrop, drop: dropsOf(scoring, name), order: ascending(Array.from(rankingDrop, (drop) => -drop)) };
    });
    const plan = togetherSets(drops, together, orders);
    const found = yield* scores("together", plan.sets, ranked.length, order.length);
    const numberOf = (half: readonly number[], name: number): number =>
      half.filter((photograph) => options.truth[photograph] === name).length;
    const importances = classes.map((name, index): ClassImportance => {
      const balanced = (set: number): number => found[set]!.get(name)!.balanced;
      return {
        ...{ class: name, name: classifier.classes[name]! },
        ...{ ranked: numberOf(ranked, name), scored: numberOf(scored, name) },
        ...{ ranking: ranking[0]!.get(name)!, score: scoring[0]!.get(name)! },
        ...drops[index]!,
        together: together.map((count, at) => ({
          units: count,
          without: balanced(plan.without(index, at)),
          alone: balanced(plan.without(index, at) + 1),
          random: plan.random(at).map(balanced),
        })),
      };
    });
    yield { type: "result", importance: { layer, units, classes: importances, left } };
  } finally {
    predictions.dispose();
  }
}

/** What each unit's absence takes from a class's balanced accuracy; the first set is all units. */
function dropsOf([before, ...alone]: readonly ReadonlyMap<number, ClassScore>[], name: number): Float64Array {
  return Float64Array.from(alone, (scores) => before!.get(name)!.balanced - scores.get(name)!.balanced);
}

/** The sets of units that are off together, and where each stands. */
function togetherSets(
  classes: readonly { readonly order: readonly number[] }[],
  together: readonly number[],
  orders: readonly (readonly number[])[],
) {
  const chance = together.flatMap((count) => orders.map((order) => order.slice(0, count)));
  const own = classes.flatMap(({ order }) => together.flatMap((count) => [order.slice(0, count), order.slice(count)]));
  return {
    sets: [...chance, ...own],
    /** Where a class's most damaging units are off; behind it all others are. */
    without: (index: number, at: number): number => chance.length + 2 * (index * together.length + at),
    random: (at: number): number[] => orders.map((_, draw) => at * orders.length + draw),
  };
}

/** How many units are off together: those numbers that leave some. */
function togetherOf({ together = [20] }: UnitImportanceOptions, units: number): number[] {
  const wrong = together.find((count) => !Number.isInteger(count) || count < 1);
  if (wrong !== undefined) {
    throw new UsageError(`${wrong} units cannot be off together.`, "Give whole numbers from 1.");
  }
  return together.filter((count) => count < units);
}

/** All units by chance, as often as asked for: before the long work, which a seed could end. */
function ordersByChance({ random = 5, seed = 1 }: UnitImportanceOptions, units: number): number[][] {
  if (!Number.isInteger(random) || random < 0) {
    throw new UsageError(`${random} random draws make no sense.`, "Give a whole number from 0.");
  }
  new RandomState(seed); // refuses what is no seed, also where nothing is drawn
  return Array.from({ length: random }, (_, draw) => shuffledUnits(units, (seed + draw) % 2 ** 32));
}

/** Every second photograph of each class, from its second on, and the others. */
function halves({ name, classes }: Classifier, { count }: Photographs, { truth }: UnitImportanceOptions) {
  if (truth.length !== count) {
    throw new UsageError(`There are ${count} photographs and ${truth.length} classes.`, "Give each its class.");
  }
  const photographs = new Map<number, number[]>();
  for (let i = 0; i < count; i += 1) {
    const of = truth[i]!;
    if (!(Number.isInteger(of) && of >= 0 && of < classes.length)) {
      throw new UsageError(`${name} has no class ${of}.`, `Its classes are 0…${classes.length - 1}.`);
    }
    const own = photographs.get(of);
    if (own) own.push(i);
    else photographs.set(of, [i]);
  }
  const kept = [...photographs.values()].filter(({ length }) => length > 1);
  if (kept.length < 2) {
    throw new UsageError(
      `Only ${kept.length} class${kept.length === 1 ? " has" : "es have"} two photographs or more.`,
      "A class is told from others: give photographs of two classes at least, some to rank units by and some to score.",
    );
  }
  const half = (which: number): number[] =>
    kept.flatMap((own) => own.filter((_, index) => index % 2 === which)).sort((a, b) => a - b);
  const left = [...photographs.values()].filter(({ length }) => length === 1).flat();
  return { ranked: half(1), scored: half(0), left };
}
