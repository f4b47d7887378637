import { checkNames, type NamesOf } from "../names.ts";
import { permutation } from "../weights/permutation.ts";
import { RandomState } from "../weights/random.ts";
import type { StepProgress } from "./progress.ts";
import { joined, rowsAt, type Vectors } from "./vectors.ts";

/** How far two sets of vectors are apart. */
export type Distance = (a: Vectors, b: Vectors) => Promise<number>;

const PERMUTATIONS = 200;

/** How many random sets chance is told by. */
export interface PermutationOptions {
  /** Random divisions, or swaps; 200 unless given. */
  readonly permutations?: number;
  /** Seed of them; 0 unless given. */
  readonly seed?: number;
  /** Told before each of them. */
  readonly onProgress?: (progress: StepProgress) => void;
}

/** How far sets are apart that differ by chance alone. */
export interface Permutation {
  /** Share of random divisions, the given one among them, that are no closer than it is. */
  readonly p: number;
  /** Median of the distances of random divisions. */
  readonly median: number;
  /** 95 % of random divisions are no further apart. */
  readonly q95: number;
  /** The largest of them. */
  readonly max: number;
  /** How many divisions. */
  readonly permutations: number;
}

const PERMUTATION_NAMES: NamesOf<PermutationOptions> = { permutations: true, seed: true, onProgress: true };

/**
 * Whether two sets differ by more than chance: their images are divided anew at random, into sets
 * of the same sizes, and the distances of these compared with the one that was found.
 * @throws what `distance` throws.
 */
export async function permutationTest(
  a: Vectors,
  b: Vectors,
  distance: Distance,
  found: number,
  options: PermutationOptions = {},
): Promise<Permutation> {
  checkNames("permutationTest", options, PERMUTATION_NAMES);
  const { permutations = PERMUTATIONS, seed = 0, onProgress } = options;
  const all = joined(a, b);
  const random = new RandomState(seed);
  const distances: number[] = [];
  for (let done = 0; done < permutations; done += 1) {
    onProgress?.({ done, total: permutations });
    const order = permutation(random, all.n);
    distances.push(await distance(rowsAt(all, order.subarray(0, a.n)), rowsAt(all, order.subarray(a.n))));
  }
  distances.sort((x, y) => x - y);
  const beyond = distances.filter((value) => value >= found).length;
  const middle = permutations / 2;
  return {
    p: (1 + beyond) / (permutations + 1),
    median: (distances[Math.ceil(middle) - 1]! + distances[Math.floor(middle)]!) / 2,
    q95: distances[Math.floor(0.95 * permutations)]!,
    max: distances.at(-1)!,
    permutations,
  };
}

/** How far a set is from another one, which is the same for all. */
export type DistanceOf = (set: Vectors) => Promise<number>;

/**
 * Whether images came nearer to others by more than chance when something was done to them: of
 * every image what it was before and what it is after, or both in turn, with even odds.
 * @param found the distance after − before
 *
 * @returns p: the share of random swaps, the given order among them, with which the distance falls
 *   at least as far
 *
 * @throws what `distance` throws.
 */
export async function swapTest(
  before: Vectors,
  after: Vectors,
  distance: DistanceOf,
  found: number,
  options: PermutationOptions = {},
): Promise<number> {
  checkNames("swapTest", options, PERMUTATION_NAMES);
  const { permutations = PERMUTATIONS, seed = 0, onProgress } = options;
  const all = joined(before, after);
  const random = new RandomState(seed);
  let beyond = 0;
  for (let done = 0; done < permutations; done += 1) {
    onProgress?.({ done, total: permutations });
    const swapped = Array.from(random.randomSample(before.n), (value) => value < 0.5);
    const first = swapped.map((is, i) => (is ? before.n + i : i));
    const second = swapped.map((is, i) => (is ? i : before.n + i));
    const change = (await distance(rowsAt(all, second))) - (await distance(rowsAt(all, first)));
    if (change <= found) beyond += 1;
  }
  return (1 + beyond) / (permutations + 1);
}

/** How subsets are drawn. */
export interface BySizeOptions {
  /** Random subsets of each size that are averaged over. */
  readonly draws: number;
  /** Seed of the subsets; 1 unless given. */
  readonly seed?: number;
  /** Told before each subset. */
  readonly onProgress?: (progress: StepProgress) => void;
}

/** What a distance would be for ever more images. */
export interface BySize {
  /** Images of a subset, ascending: up to five sizes. */
  readonly sizes: readonly number[];
  /** Mean distance of subsets of that size. */
  readonly distances: readonly number[];
  /** Where the line through them in 1/n meets 1/n = 0. */
  readonly extrapolated: number;
  /** Of that line: n images are about `extrapolated` + `slope` / n apart. */
  readonly slope: number;
}

/** Fifths of the images. */
const SIZES = 5;

const BY_SIZE_NAMES: NamesOf<BySizeOptions> = { draws: "needed", seed: true, onProgress: true };

/**
 * Fréchet distances of few images are too large, by about a multiple of 1/n (Chong and Forsyth
 * 2020, "Effectively unbiased FID"): from subsets of one to five fifths of the images, a line in
 * 1/n.
 * @throws what `distance` throws.
 */
export async function extrapolated(
  a: Vectors,
  b: Vectors,
  distance: Distance,
  options: BySizeOptions,
): Promise<BySize> {
  checkNames("extrapolated", options, BY_SIZE_NAMES);
  const { draws, seed = 1, onProgress } = options;
  const most = Math.min(a.n, b.n);
  const sizes = [...new Set(Array.from({ length: SIZES }, (_, i) => Math.floor((most * (i + 1)) / SIZES)))].filter(
    (n) => n >= 2,
  );
  const random = new RandomState(seed);
  const distances: number[] = [];
  for (const [index, n] of sizes.entries()) {
    let sum = 0;
    // Of all images there is one set only, and nothing to compute twice.
    let whole: number | undefined;
    for (let draw = 0; draw < draws; draw += 1) {
      onProgress?.({ done: index * draws + draw, total: sizes.length * draws });
      const [left, right] = [permutation(random, a.n), permutation(random, b.n)];
      const value = whole ?? (await distance(rowsAt(a, left.subarray(0, n)), rowsAt(b, right.subarray(0, n))));
      if (n === a.n && n === b.n) whole = value;
      sum += value;
    }
    distances.push(sum / draws);
  }
  return {
    sizes,
    distances,
    ...lineOf(
      sizes.map((n) => 1 / n),
      distances,
    ),
  };
}

/** The straight line of least squares. */
function lineOf(x: readonly number[], y: readonly number[]): { extrapolated: number; slope: number } {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const slope = mean(x.map((value, i) => (value - mx) * (y[i]! - my))) / mean(x.map((value) => (value - mx) ** 2));
  return { extrapolated: my - slope * mx, slope };
}
