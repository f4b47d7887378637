import type { Measurements } from "../../causality/measurements.ts";
import { UsageError } from "../../errors.ts";
import { checkNames, type NamesOf } from "../../names.ts";
import type { Label } from "../../networks/segmenters/network.ts";
import { permutation } from "../../weights/permutation.ts";
import { RandomState } from "../../weights/random.ts";
import { type Frechet, frechetTo } from "../frechet.ts";
import type { StepProgress } from "../progress.ts";
import type { Areas } from "../segmentation-distance.ts";
import { swapTest } from "../significance.ts";
import type { Vectors } from "../vectors.ts";
import { keptBy } from "./effects.ts";
import type { Trials, Tried } from "./trials.ts";

/** Units in the order in which some rule wants them ablated. */
export interface Ranking {
  /** What its rule is called. */
  readonly name: string;
  /** The first of them, as many in each ranking. */
  readonly units: readonly number[];
}

/** What becomes of images without some units. */
export interface Ablated {
  /** All that are ablated. */
  readonly units: readonly number[];
  /** Their Fréchet distance from real images. */
  readonly frechet: Frechet;
  /** That less the distance with all units: below 0 they are nearer to real ones. */
  readonly change: number;
  /**
   * How often it falls as far when before and after are swapped at random, image by image; of few
   * images, and not of random units.
   */
  readonly p?: number;
  /** Pixels of every label in an image, on average; without a segmenter none. */
  readonly pixels: readonly number[];
}

/** A ranking, beside chance. */
export interface JudgedRanking extends Ranking {
  /** All of its units at once. */
  readonly together: Ablated;
  /** Each of its units alone. */
  readonly alone: readonly Ablated[];
  /** Share of random draws, it among them, without which the distance is no larger. */
  readonly chance: number;
  /**
   * Whether it lowers the distance, further than every random draw, and where p is known by more
   * than chance (p ≤ 0.05).
   */
  readonly better: boolean;
}

/** What rankings are worth, beside chance. */
export interface Judgement {
  /** The layer whose units are ablated. */
  readonly layer: string;
  /** How many images. */
  readonly images: number;
  /** Seed of their z. */
  readonly seed: number;
  /** With all units. */
  readonly before: {
    /** Distance of the unedited images from real ones. */
    readonly frechet: Frechet;
    /** As `Ablated.pixels`. */
    readonly pixels: readonly number[];
  };
  /** Without as many units, drawn at random. */
  readonly random: readonly Ablated[];
  /** In the order in which they were given. */
  readonly rankings: readonly JudgedRanking[];
  /** Those of `pixels`. */
  readonly labels: readonly Label[];
}

/** What is judged, and how thoroughly. */
export interface JudgeOptions {
  /** One or more, of equally many units. */
  readonly rankings: readonly Ranking[];
  /** Random draws; 20 unless given, and no fewer than 5. */
  readonly draws?: number;
  /** Random swaps for p; 200 unless given. */
  readonly permutations?: number;
  /** A cache: what it has is not measured again. */
  readonly finished?: Measurements;
  /** Told before each ablation and at the end. */
  readonly onProgress?: (progress: StepProgress) => void;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<JudgeOptions> = {
  rankings: "list",
  draws: true,
  permutations: true,
  finished: true,
  onProgress: true,
  signal: true,
};
/** With 19 and more, to be better than all is what chance does one time in twenty or less. */
const DRAWS = 20;
const FEWEST_DRAWS = 5;
/** Together no more images than this have p computed: two distances for each swap. */
const FEW = 500;
const PERMUTATIONS = 200;

/**
 * Whether rankings find units that are better gone: the first units of each are ablated together
 * and each alone, and as many random ones, and what is left is compared with real images. To be
 * fair it has to be of other images than those that the rankings were made on.
 * @param real features of real images, as `trials` makes them of its own
 *
 * @throws UsageError; the signal's reason, with what was measured in `finished`.
 */
export async function judgeRankings(trials: Trials, real: Vectors, options: JudgeOptions): Promise<Judgement> {
  checkNames("judgeRankings", options, NAMES);
  const { rankings, draws = DRAWS, permutations = PERMUTATIONS, finished, onProgress, signal } = options;
  const { layer, generator } = trials;
  const { channels } = generator.layer(layer);
  const m = checkedCount(rankings, channels, draws);
  const random = Array.from({ length: draws }, (_, seed) => [
    ...permutation(new RandomState(seed), channels).subarray(0, m),
  ]);
  const sets = rankings.flatMap(({ units }) => [units, ...units.map((unit) => [unit])]);
  const total = new Set(random.map(String)).size + new Set(sets.map(String)).size;
  const distance = await frechetTo(real, { signal });
  const as = await trials.measure([], { signal });
  const before = { frechet: await distance(as.vectors), pixels: meansOf(as.areas) };
  const hasP = trials.size + real.n <= FEW;
  const kept = await keptBy(finished, [trials, before.frechet, before.pixels, hasP ? permutations : 0]);
  const measured = new Map<string, Promise<Ablated>>();
  const ablated = (units: readonly number[], isRandom: boolean): Promise<Ablated> => {
    const key = `${isRandom} ${units}`;
    if (!measured.has(key)) onProgress?.({ done: measured.size, total });
    const found = measured.get(key) ?? ablate(units, isRandom);
    measured.set(key, found);
    return found;
  };
  const ablate = async (units: readonly number[], isRandom: boolean): Promise<Ablated> => {
    const withP = hasP && !isRandom;
    const numbers = await kept([withP ? 1 : 0, ...units], async () => {
      const { vectors, areas }: Tried = await trials.measure([{ layer, units }], { signal });
      const { distance: found, mean, covariance } = await distance(vectors);
      const plain = async (set: Vectors): Promise<number> => (await distance(set)).distance;
      const change = found - before.frechet.distance;
      const p = withP ? [await swapTest(as.vectors, vectors, plain, change, { permutations })] : [];
      return [found, mean, covariance, ...p, ...meansOf(areas)];
    });
    const [found = 0, mean = 0, covariance = 0, ...rest] = numbers;
    const frechet = { distance: found, mean, covariance };
    const change = found - before.frechet.distance;
    return { units, frechet, change, ...(withP && { p: rest.shift()! }), pixels: rest };
  };
  const drawn: Ablated[] = [];
  for (const units of random) drawn.push(await ablated(units, true));
  const judged: JudgedRanking[] = [];
  for (const ranking of rankings) {
    const together = await ablated(ranking.units, false);
    const alone: Ablated[] = [];
    for (const unit of ranking.units) alone.push(await ablated([unit], false));
    judged.push({ ...ranking, together, alone, ...verdict(together, drawn) });
  }
  onProgress?.({ done: total, total });
  const labels = as.areas?.labels ?? [];
  return { layer, images: trials.size, seed: trials.seed, before, random: drawn, rankings: judged, labels };
}

function verdict(
  { frechet, change, p = 0 }: Ablated,
  random: readonly Ablated[],
): Pick<JudgedRanking, "chance" | "better"> {
  const asGood = random.filter((other) => other.frechet.distance <= frechet.distance).length;
  return { chance: (1 + asGood) / (random.length + 1), better: change < 0 && asGood === 0 && p <= 0.05 };
}

/** The number of units that all rankings have. */
function checkedCount(rankings: readonly Ranking[], channels: number, draws: number): number {
  const counts = [...new Set(rankings.map(({ units }) => units.length))];
  const [m = 0] = counts;
  if (counts.length !== 1 || m < 1) {
    throw new UsageError("Rankings are compared by as many units of each.", "Give as many, from 1.");
  }
  for (const { name, units } of rankings) {
    const wrong = units.find((unit) => !Number.isInteger(unit) || unit < 0 || unit >= channels);
    if (wrong !== undefined) {
      throw new UsageError(`There is no unit ${wrong}, which ${name} names.`, `Units are 0…${channels - 1}.`);
    }
    if (new Set(units).size < m) throw new UsageError(`${name} names a unit twice.`, "Name each once.");
  }
  if (!Number.isInteger(draws) || draws < FEWEST_DRAWS) {
    throw new UsageError(`${draws} random draws tell nothing of chance.`, `Use ${FEWEST_DRAWS} or more.`);
  }
  return m;
}

/** Pixels of every label in an image, on average. */
function meansOf(areas: Areas | undefined): number[] {
  const { counts, n, labels } = areas ?? { counts: [], n: 1, labels: [] };
  return labels.map((_, label) => {
    let sum = 0;
    for (let i = 0; i < n; i += 1) sum += counts[i * labels.length + label]!;
    return sum / n;
  });
}
