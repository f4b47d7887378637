// Tests: test/compare/frechet.test.ts, test/compare/kid.test.ts

import { UsageError } from "../errors.ts";
import type { Turns } from "./linear/turns.ts";

/** Vectors, one an image: rows of `data` [n, d]. */
export interface Vectors {
  /** Row-major. */
  readonly data: Float32Array | Float64Array;
  /** How many vectors. */
  readonly n: number;
  /** Numbers of each. */
  readonly d: number;
}

/** What is left of vectors whose mean [d] and covariance [d, d] alone were kept. */
export interface Moments {
  /** [d]. */
  readonly mean: Float64Array;
  /** Row-major [d, d], over n − 1. */
  readonly covariance: Float64Array;
  /** Numbers of a vector. */
  readonly d: number;
}

/** These rows of a set. */
export function rowsAt({ data, d }: Vectors, rows: ArrayLike<number>): Vectors {
  const chosen = data instanceof Float32Array ? new Float32Array(rows.length * d) : new Float64Array(rows.length * d);
  for (let i = 0; i < rows.length; i += 1) chosen.set(data.subarray(rows[i]! * d, (rows[i]! + 1) * d), i * d);
  return { data: chosen, n: rows.length, d };
}

/** One set behind the other. */
export function joined(a: Vectors, b: Vectors): Vectors {
  const data = new Float64Array((a.n + b.n) * a.d);
  data.set(a.data.subarray(0, a.n * a.d));
  data.set(b.data.subarray(0, b.n * b.d), a.n * a.d);
  return { data, n: a.n + b.n, d: a.d };
}

/** @throws UsageError unless both are of at least two vectors, as long as each other's. */
export function checkedPair(a: Vectors | Moments, b: Vectors | Moments): void {
  if (a.d !== b.d) {
    throw new UsageError(
      `Vectors of ${a.d} and of ${b.d} numbers have no distance.`,
      "Use the same features for both.",
    );
  }
  const least = Math.min(...[a, b].map((set) => ("n" in set ? set.n : 2)));
  if (least >= 2) return;
  throw new UsageError(
    `A set of ${least} ${least === 1 ? "image" : "images"} has no covariance.`,
    "Give at least two images.",
  );
}

/** The mean of vectors, [d]. */
export async function meanOf({ data, n, d }: Vectors, pause: Turns): Promise<Float64Array> {
  const mean = new Float64Array(d);
  for (let i = 0, at = 0; i < n; i += 1) {
    for (let j = 0; j < d; j += 1, at += 1) mean[j]! += data[at]!;
    await pause();
  }
  for (let j = 0; j < d; j += 1) mean[j]! /= n;
  return mean;
}
