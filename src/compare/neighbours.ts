import { UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { blocks, rowsOf } from "./linear/products.ts";
import { type Turns, turns } from "./linear/turns.ts";
import { checkedPair, type Vectors } from "./vectors.ts";

/** The neighbour whose distance is a ball's radius, as in Naeem et al. (2020). */
const NEAREST = 5;

/** How two sets cover each other. */
export interface Coverage {
  /** Share of generated vectors in the ball of any real one: what is drawn looks real. */
  readonly precision: number;
  /** Share of real vectors in the ball of any generated one: what is real can be drawn. */
  readonly recall: number;
  /** Real balls in which a generated vector is, on average, by `nearest`; can be above 1. */
  readonly density: number;
  /** Share of real vectors with a generated one in their ball. */
  readonly coverage: number;
  /** Which neighbour's distance was the balls' radius. */
  readonly nearest: number;
}

/** How large the balls are. */
export interface CoverageOptions {
  /**
   * Which neighbour's distance is the radius of a vector's ball, in its own set; 5 unless given.
   */
  readonly nearest?: number;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<CoverageOptions> = { nearest: true, signal: true };

/**
 * Precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020) of
 * generated vectors beside real ones: around every vector is a ball, open, as far as its k-th
 * neighbour in its own set.
 * @throws UsageError for sets of other vectors or of no more than k; the signal's reason.
 */
export async function coverageOf(generated: Vectors, real: Vectors, options: CoverageOptions = {}): Promise<Coverage> {
  checkNames("coverageOf", options, NAMES);
  const { nearest = NEAREST, signal } = options;
  checkedPair(generated, real);
  if (!Number.isInteger(nearest) || nearest < 1 || Math.min(generated.n, real.n) <= nearest) {
    throw new UsageError(
      `A set of ${Math.min(generated.n, real.n)} images has no neighbour number ${nearest}.`,
      "Give more images.",
    );
  }
  const pause = turns(signal);
  const [lengths, others] = [lengthsOf(generated), lengthsOf(real)];
  const radius = await radii(generated, lengths, nearest, pause);
  const realRadius = await radii(real, others, nearest, pause);
  /**
   * Real balls that a generated vector is in; whether a real one is in a ball, and has one in its
   * own.
   */
  const balls = new Uint32Array(generated.n);
  const [reached, covered] = [new Uint8Array(real.n), new Uint8Array(real.n)];
  const [x, y] = [generated, real].map(({ data, n, d }) => rowsOf(data, n, d));
  for await (const { i, j, height, width, at } of blocks(x!, y!, pause)) {
    for (let r = 0; r < height; r += 1) {
      for (let c = 0; c < width; c += 1) {
        const distance = Math.max(0, lengths[i + r]! + others[j + c]! - 2 * at(r, c));
        if (distance < realRadius[j + c]!) {
          balls[i + r]! += 1;
          covered[j + c] = 1;
        }
        if (distance < radius[i + r]!) reached[j + c] = 1;
      }
    }
  }
  const share = (flags: ArrayLike<number>): number => {
    let count = 0;
    for (let i = 0; i < flags.length; i += 1) if (flags[i]) count += 1;
    return count / flags.length;
  };
  return {
    precision: share(balls),
    recall: share(reached),
    density: balls.reduce((sum, count) => sum + count, 0) / nearest / generated.n,
    coverage: share(covered),
    nearest,
  };
}

/** Squared lengths. */
function lengthsOf({ data, n, d }: Vectors): Float64Array {
  const lengths = new Float64Array(n);
  for (let i = 0, at = 0; i < n; i += 1) for (let j = 0; j < d; j += 1, at += 1) lengths[i]! += data[at]! ** 2;
  return lengths;
}

/** The squared distance of each vector's `nearest`-th neighbour in its set. */
async function radii(
  { data, n, d }: Vectors,
  lengths: Float64Array,
  nearest: number,
  pause: Turns,
): Promise<Float64Array> {
  const rows = rowsOf(data, n, d);
  /** Of each vector the squared distances of its nearest neighbours, rising. */
  const near = new Float64Array(n * nearest).fill(Number.POSITIVE_INFINITY);
  const insert = (i: number, distance: number): void => {
    let at = (i + 1) * nearest - 1;
    if (distance >= near[at]!) return;
    for (; at > i * nearest && near[at - 1]! > distance; at -= 1) near[at] = near[at - 1]!;
    near[at] = distance;
  };
  for await (const { i, j, height, width, at } of blocks(rows, rows, pause, { lower: true })) {
    for (let r = 0; r < height; r += 1) {
      const columns = Math.min(width, i + r - j);
      for (let c = 0; c < columns; c += 1) {
        const distance = Math.max(0, lengths[i + r]! + lengths[j + c]! - 2 * at(r, c));
        insert(i + r, distance);
        insert(j + c, distance);
      }
    }
  }
  return Float64Array.from({ length: n }, (_, i) => near[(i + 1) * nearest - 1]!);
}
