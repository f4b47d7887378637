import { UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { permutation } from "../weights/permutation.ts";
import { RandomState } from "../weights/random.ts";
import { blocks, rowsOf } from "./linear/products.ts";
import { type Turns, turns } from "./linear/turns.ts";
import { checkedPair, rowsAt, type Vectors } from "./vectors.ts";

/** What published tools average over (torch-fidelity, clean-fid). */
const SUBSETS = 100;
const SUBSET_SIZE = 1000;

/** How subsets are drawn. */
export interface KidOptions {
  /** Random subsets that are averaged over; 100 unless given. */
  readonly subsets?: number;
  /**
   * Vectors in each, of either set; 1000 unless given. If a set has no more, all of both are used,
   * once.
   */
  readonly subsetSize?: number;
  /** Seed of the subsets; 0 unless given. */
  readonly seed?: number;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The kernel distance of two sets. */
export interface Kid {
  /** The estimate, which can be negative; not multiplied by 1000. */
  readonly kid: number;
  /** Standard deviation over subsets; undefined where all vectors were used at once. */
  readonly deviation?: number;
  /** Subsets that were averaged over; 1 where all vectors were used at once. */
  readonly subsets: number;
  /** Vectors of each set in one. */
  readonly subsetSize: number;
}

const NAMES: NamesOf<KidOptions> = { subsets: true, subsetSize: true, seed: true, signal: true };

/**
 * The squared maximum mean discrepancy of two sets by the polynomial kernel (x · y / d + 1)³, by
 * its unbiased estimator, which can be negative (Bińkowski et al. 2018, "Demystifying MMD GANs"):
 * averaged over random subsets, or of all vectors where there are few.
 *
 * @throws UsageError for sets of other vectors or of less than two; the signal's reason.
 */
export async function kernelDistance(a: Vectors, b: Vectors, options: KidOptions = {}): Promise<Kid> {
  checkNames("kernelDistance", options, NAMES);
  const { subsets = SUBSETS, subsetSize = SUBSET_SIZE, seed = 0, signal } = options;
  checkedPair(a, b);
  if (subsetSize < 2 || subsets < 1) {
    throw new UsageError(`${subsets} subsets of ${subsetSize} make no sense.`, "Use at least one, of two or more.");
  }
  const pause = turns(signal);
  if (Math.min(a.n, b.n) <= subsetSize) {
    return { kid: await discrepancy(a, b, pause), subsets: 1, subsetSize: Math.min(a.n, b.n) };
  }
  const random = new RandomState(seed);
  const draw = (set: Vectors): Vectors => rowsAt(set, permutation(random, set.n).subarray(0, subsetSize));
  const found: number[] = [];
  for (let i = 0; i < subsets; i += 1) found.push(await discrepancy(draw(a), draw(b), pause));
  const kid = found.reduce((sum, value) => sum + value, 0) / subsets;
  const deviation = Math.sqrt(found.reduce((sum, value) => sum + (value - kid) ** 2, 0) / subsets);
  return { kid, deviation, subsets, subsetSize };
}

/** By products, which are the same everywhere: engines' own powers differ in the last bit. */
const cube = (x: number): number => x * x * x;

/** The unbiased estimate of all of two sets. */
async function discrepancy(a: Vectors, b: Vectors, pause: Turns): Promise<number> {
  const [x, y] = [a, b].map(({ data, n, d }) => rowsOf(data, n, d));
  const within = async (rows: typeof x): Promise<number> => {
    let sum = 0;
    for await (const { i, j, height, width, at } of blocks(rows!, rows!, pause, { lower: true })) {
      for (let r = 0; r < height; r += 1) {
        // Below the diagonal: what is above is the same.
        const columns = Math.min(width, i + r - j);
        for (let c = 0; c < columns; c += 1) sum += cube(at(r, c) / a.d + 1);
      }
    }
    return (2 * sum) / (rows!.count * (rows!.count - 1));
  };
  let across = 0;
  for await (const { height, width, at } of blocks(x!, y!, pause)) {
    for (let r = 0; r < height; r += 1) for (let c = 0; c < width; c += 1) across += cube(at(r, c) / a.d + 1);
  }
  return (await within(x)) + (await within(y)) - (2 * across) / (a.n * b.n);
}
