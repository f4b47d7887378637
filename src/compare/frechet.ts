import { checkNames, type NamesOf } from "../names.ts";
import { cholesky } from "./linear/cholesky.ts";
import { eigenvalues } from "./linear/eigenvalues.ts";
import { columnsOf, product, rowsOf, square } from "./linear/products.ts";
import { nuclearNorm } from "./linear/singular-values.ts";
import { type Turns, turns } from "./linear/turns.ts";
import { checkedPair, type Moments, meanOf, type Vectors } from "./vectors.ts";

/** The Fréchet distance and what it is the sum of. */
export interface Frechet {
  /** `mean` + `covariance`, in squared units of the features. */
  readonly distance: number;
  /** |m₁ − m₂|². */
  readonly mean: number;
  /** tr S₁ + tr S₂ − 2 tr (S₁ S₂)^½. */
  readonly covariance: number;
}

/** What a distance may be told. */
export interface FrechetOptions {
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Up to so many numbers a vector, distances are exact to rounding errors whatever the rank. */
const EXACT = 768;

const NAMES: NamesOf<FrechetOptions> = { signal: true };

/**
 * The Fréchet distance of the normal distributions with these sets' means and covariances (Dowson
 * and Landau 1982; Heusel et al. 2017), in double precision: |m₁ − m₂|² + tr S₁ + tr S₂ − 2 tr (S₁
 * S₂)^½, covariances over n − 1. The last term is the sum of the singular values of A Bᵀ for any A
 * and B with AᵀA = S₁ and BᵀB = S₂: centred vectors where there are no more of them than numbers in
 * one, so that no covariance is formed, and Cholesky's L of the covariance else. Of longer vectors
 * than 768 it is the sum of the roots of the eigenvalues of Lᵀ S₂ L, with errors of some 1e-6.
 * @throws UsageError for sets of other vectors or of less than two; the signal's reason.
 */
export async function frechetDistance(
  a: Vectors | Moments,
  b: Vectors | Moments,
  options: FrechetOptions = {},
): Promise<Frechet> {
  checkNames("frechetDistance", options, NAMES);
  checkedPair(a, b);
  const pause = turns(options.signal);
  return between(await Gaussian.of(a, pause), await Gaussian.of(b, pause), pause);
}

/**
 * The Fréchet distances of many sets to one, of which everything is computed once; see
 * `frechetDistance`.
 * @throws UsageError, from what it resolves with too; the signal's reason.
 */
export async function frechetTo(
  b: Vectors | Moments,
  options: FrechetOptions = {},
): Promise<(a: Vectors | Moments) => Promise<Frechet>> {
  checkNames("frechetTo", options, NAMES);
  checkedPair(b, b);
  const pause = turns(options.signal);
  const to = await Gaussian.of(b, pause);
  return async (a) => {
    checkedPair(a, b);
    return between(await Gaussian.of(a, pause), to, pause);
  };
}

async function between(a: Gaussian, b: Gaussian, pause: Turns): Promise<Frechet> {
  let mean = 0;
  for (let i = 0; i < a.d; i += 1) mean += (a.mean[i]! - b.mean[i]!) ** 2;
  const overlap = await overlapOf(a, b, pause);
  const covariance = a.trace + b.trace - 2 * overlap;
  return { distance: mean + covariance, mean, covariance };
}

/** tr (S₁ S₂)^½. */
async function overlapOf(a: Gaussian, b: Gaussian, pause: Turns): Promise<number> {
  const { d } = a;
  if (d > EXACT && !a.few && !b.few) {
    const { lower, rank, order } = await cholesky((await a.covariance()).slice(), d, pause);
    const other = await permuted(await b.covariance(), d, order, pause);
    const l = { ...columnsOf(lower, d, d), count: rank };
    const half = await product(columnsOf(other, d, d), l, pause, { from: (_, j) => j });
    const whole = await product(l, { ...columnsOf(half, d, rank) }, pause, { lower: true, from: (i) => i });
    const values = await eigenvalues(whole, rank, pause);
    return values.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
  }
  const [x, y] = [await a.factor(), await b.factor()];
  const m = await product(rowsOf(x.data, x.rows, d), rowsOf(y.data, y.rows, d), pause);
  return nuclearNorm(m, x.rows, y.rows, pause);
}

/**
 * Rows and columns of a symmetric matrix in another order; only what is below the diagonal is read.
 */
async function permuted(s: Float64Array, n: number, order: Uint32Array, pause: Turns): Promise<Float64Array> {
  const result = new Float64Array(n * n);
  for (let r = 0; r < n; r += 1) {
    for (let c = 0; c < n; c += 1) result[r * n + c] = s[order[r]! * n + order[c]!]!;
    await pause();
  }
  return result;
}

/** A set's mean and covariance, in whichever form is asked for; each is computed once. */
class Gaussian {
  readonly d: number;
  readonly mean: Float64Array;
  readonly trace: number;
  /** Whether there are no more vectors than numbers in one: their covariance is singular. */
  readonly few: boolean;
  readonly #given: Vectors | Moments;
  readonly #pause: Turns;
  #covariance: Promise<Float64Array> | undefined;
  #factor: Promise<{ readonly data: Float64Array; readonly rows: number }> | undefined;

  private constructor(given: Vectors | Moments, { mean, trace }: { mean: Float64Array; trace: number }, pause: Turns) {
    this.#given = given;
    this.#pause = pause;
    this.d = given.d;
    this.few = "n" in given && given.n <= given.d;
    this.mean = mean;
    this.trace = trace;
  }

  static async of(given: Vectors | Moments, pause: Turns): Promise<Gaussian> {
    if ("n" in given) {
      const mean = await meanOf(given, pause);
      return new Gaussian(given, { mean, trace: (await spread(given, mean, pause)) / (given.n - 1) }, pause);
    }
    const { mean, covariance, d } = given;
    return new Gaussian(given, { mean, trace: mean.reduce((sum, _, i) => sum + covariance[i * d + i]!, 0) }, pause);
  }

  /** S [d, d]. */
  covariance(): Promise<Float64Array> {
    this.#covariance ??= this.#covarianceOf();
    return this.#covariance;
  }

  async #covarianceOf(): Promise<Float64Array> {
    const given = this.#given;
    if (!("n" in given)) return given.covariance;
    const s = await square({ ...columnsOf(given.data, given.n, given.d), mean: this.mean }, this.#pause);
    for (let i = 0; i < s.length; i += 1) s[i]! /= given.n - 1;
    return s;
  }

  /** A [rows, d] with AᵀA = S. */
  factor(): Promise<{ readonly data: Float64Array; readonly rows: number }> {
    this.#factor ??= this.#factorOf();
    return this.#factor;
  }

  async #factorOf() {
    const given = this.#given;
    const { d } = this;
    if ("n" in given && this.few) {
      const { n, data } = given;
      const scale = 1 / Math.sqrt(n - 1);
      return { data: Float64Array.from(data, (value, i) => (value - this.mean[i % d]!) * scale), rows: n };
    }
    const { lower, rank, order } = await cholesky((await this.covariance()).slice(), d, this.#pause);
    const factor = new Float64Array(rank * d);
    for (let i = 0; i < d; i += 1) for (let r = 0; r < rank; r += 1) factor[r * d + order[i]!] = lower[i * d + r]!;
    return { data: factor, rows: rank };
  }
}

/** Σ |x − mean|². */
async function spread({ data, n, d }: Vectors, mean: Float64Array, pause: Turns): Promise<number> {
  let sum = 0;
  for (let i = 0, at = 0; i < n; i += 1) {
    for (let j = 0; j < d; j += 1, at += 1) sum += (data[at]! - mean[j]!) ** 2;
    await pause();
  }
  return sum;
}
