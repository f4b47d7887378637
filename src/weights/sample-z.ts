import { UsageError } from "../errors.ts";
import { checkCount, RandomState } from "./random.ts";

/** Options of `sampleZ`. */
export interface SampleZOptions {
  /** Rows. */
  readonly size: number;
  /** Columns: the generator's z dimension. */
  readonly depth: number;
  /** Integer, 0 ≤ seed < 2³². */
  readonly seed: number;
  /** First row; row i is the same whatever start and size are. */
  readonly start?: number;
}

/** Numbers of a table that can be reached: minutes of drawing, which nobody means to wait for. */
const MAX_NUMBERS = 2 ** 31;

/**
 * Rows [start, start + size) of gandissect's z table for a seed, [size, depth] row-major, without
 * truncation. How many random words a row takes is random itself, so there is no jumping to it; but
 * states on the way are remembered, for the last few seeds: what is far is drawn up to once.
 * @throws UsageError, also for rows that end beyond 2³¹ numbers of the table (row 4,194,304 at a
 *   depth of 512).
 */
export function sampleZ({ size, depth, seed, start = 0 }: SampleZOptions): Float32Array<ArrayBuffer> {
  const skipped = checkCount(checkCount(start) * checkCount(depth));
  const length = checkCount(checkCount(size) * depth);
  if (skipped + length > MAX_NUMBERS) {
    throw new UsageError(
      `Rows ${start} to ${start + size} of ${depth} numbers are too far: a table is drawn from its first row on.`,
      `Stay below row ${Math.floor(MAX_NUMBERS / depth)}, or take another seed.`,
    );
  }
  const random = wayTo(seed, skipped);
  const z = new Float32Array(length);
  for (let i = 0; i < length; i++) z[i] = random.nextNormal();
  return z;
}

/** Tables whose states are remembered, the last used ones; and how many states of each. */
const SEEDS = 8;
const STATES = 128;
/** Numbers between two remembered states, at first; drawing them takes less than a millisecond. */
const STEP = 2 ** 14;

/** States on the way along a table, `step` numbers apart: 0, step, 2 step, … */
interface Way {
  step: number;
  states: RandomState[];
}

/** By seed, the last used at the end. Less than 3 MB: a state has 2.5 kB. */
const ways = new Map<number, Way>();

/** The state of a seed after so many numbers. */
function wayTo(seed: number, numbers: number): RandomState {
  if (numbers < STEP) {
    const random = new RandomState(seed);
    random.skipNormals(numbers);
    return random;
  }
  const way = ways.get(seed) ?? { step: STEP, states: [new RandomState(seed)] };
  ways.delete(seed);
  ways.set(seed, way);
  if (ways.size > SEEDS) ways.delete(ways.keys().next().value!);
  while (numbers >= way.step * way.states.length) {
    if (way.states.length === STATES) {
      way.states = way.states.filter((_, i) => i % 2 === 0);
      way.step *= 2;
      continue;
    }
    const next = way.states.at(-1)!.clone();
    next.skipNormals(way.step);
    way.states.push(next);
  }
  const random = way.states[Math.floor(numbers / way.step)]!.clone();
  random.skipNormals(numbers % way.step);
  return random;
}
