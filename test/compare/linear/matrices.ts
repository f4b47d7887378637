import { RandomState } from "../../../src/weights/random.ts";

/** Rows and columns of numbers from N(0, 1). */
export const noise = (seed: number, rows: number, columns: number): Float64Array =>
  new RandomState(seed).standardNormal(rows * columns);

/** AᵀB of A [rows, m] and B [rows, n], as it is defined. */
export function transposeTimes(a: ArrayLike<number>, b: ArrayLike<number>, rows: number): Float64Array {
  const [m, n] = [a.length / rows, b.length / rows];
  const result = new Float64Array(m * n);
  for (let i = 0; i < m; i += 1) {
    for (let j = 0; j < n; j += 1) {
      for (let r = 0; r < rows; r += 1) result[i * n + j]! += a[r * m + i]! * b[r * n + j]!;
    }
  }
  return result;
}

/** The largest |a − b|. */
export function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values instead of ${b.length}`);
  let most = 0;
  for (let i = 0; i < a.length; i += 1) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
}

/** Lets nobody else have a turn. */
export const atOnce = async (): Promise<void> => {};
