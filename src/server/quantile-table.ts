// Tests: test/server/quantile-table.test.ts

/** What is known of one unit's activations. */
export interface UnitQuantiles {
  /** Activations, rising. */
  readonly values: Float32Array;
  /** Of each of them, which fraction of all activations lies below. */
  readonly fractions: Float64Array;
}

/** Quantiles of a layer's units, both ways, straight lines between what is known. */
export class QuantileTable {
  readonly #units: readonly UnitQuantiles[];

  constructor(units: readonly UnitQuantiles[]) {
    this.#units = units;
  }

  get units(): number {
    return this.#units.length;
  }

  /** The activation below which this fraction of the unit's activations lies. */
  level(unit: number, fraction: number): number {
    const { values, fractions } = this.#units[unit]!;
    return Math.fround(between(fraction, fractions, values));
  }

  /** The fraction of the unit's activations that lies below, 0…1. */
  fraction(unit: number, activation: number): number {
    const { values, fractions } = this.#units[unit]!;
    return Math.fround(Math.min(1, Math.max(0, between(activation, values, fractions))));
  }
}

/** y at x, on straight lines between the points; beyond them the last one's. As NumPy's interp. */
function between(x: number, xs: ArrayLike<number>, ys: ArrayLike<number>): number {
  const last = xs.length - 1;
  if (!(x >= xs[0]!)) return ys[0]!;
  if (x >= xs[last]!) return ys[last]!;
  // The last point that does not lie behind x, of several in one place the last.
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle]! <= x) low = middle;
    else high = middle;
  }
  return ys[low]! + ((ys[high]! - ys[low]!) * (x - xs[low]!)) / (xs[high]! - xs[low]!);
}
