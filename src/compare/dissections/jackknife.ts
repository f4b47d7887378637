/**
 * The jackknife's standard error of a statistic, from its values with each of n blocks left out:
 * √((n − 1)/n · Σ (θ₍ᵢ₎ − θ̄)²) (Efron & Stein 1981). Undefined of fewer than two.
 */
export function jackknife(leftOut: readonly number[]): number | undefined {
  const { length: n } = leftOut;
  if (n < 2) return undefined;
  const mean = leftOut.reduce((sum, value) => sum + value, 0) / n;
  return Math.sqrt(((n - 1) / n) * leftOut.reduce((sum, value) => sum + (value - mean) ** 2, 0));
}

/** What was found in all images, and in those without each of the blocks. */
export interface Parts<T> {
  readonly whole: T;
  /** Empty where nothing was counted in blocks. */
  readonly without: readonly T[];
}

/**
 * The error of a statistic of two inputs. Of the same images the same block is left out of both, so
 * that what they have in common cancels; of others each is left out alone, and squares add up.
 */
export function errorOfTwo<T>(
  statistic: (a: T, b: T) => number,
  a: Parts<T>,
  b: Parts<T>,
  paired: boolean,
): number | undefined {
  if (paired && a.without.length === b.without.length) {
    return jackknife(a.without.map((part, block) => statistic(part, b.without[block]!)));
  }
  const ofA = jackknife(a.without.map((part) => statistic(part, b.whole)));
  const ofB = jackknife(b.without.map((part) => statistic(a.whole, part)));
  return ofA === undefined || ofB === undefined ? undefined : Math.hypot(ofA, ofB);
}
