/**
 * A unit and a concept as a 2 × 2 table of fractions: intersection, the unit's area, the concept's
 * area. All sums are in double precision from exact counts.
 */
export interface Overlap {
  readonly intersection: number;
  readonly active: number;
  readonly truth: number;
}

/** How well a unit's mask agrees with a concept. */
export interface Agreement {
  readonly iou: number;
  /** Mutual information in nats. */
  readonly mi: number;
  /** Information quality ratio, MI / joint entropy. */
  readonly iqr: number;
  /** Fraction of pixels on which they agree. */
  readonly agreement: number;
}

const within01 = (p: number): number => Math.min(1, Math.max(0, p));
const entropyTerm = (p: number): number => (p > 0 ? -p * Math.log(p) : 0);
const informationTerm = (p: number, row: number, column: number): number =>
  p > 0 ? p * Math.log(p / (row * column)) : 0;

/** IoU, MI and IQR of a 2 × 2 table (spec §3.5, steps 4–6; Bau et al. 2019, §3.1). */
export function agree({ intersection, active, truth }: Overlap): Agreement {
  const union = truth + active - intersection;
  const both = within01(intersection);
  const unitOnly = within01(active - intersection);
  const conceptOnly = within01(truth - intersection);
  const neither = within01(1 - union);
  const on = both + unitOnly;
  const off = conceptOnly + neither;
  const inside = both + conceptOnly;
  const outside = unitOnly + neither;
  const information =
    informationTerm(both, on, inside) +
    informationTerm(unitOnly, on, outside) +
    informationTerm(conceptOnly, off, inside) +
    informationTerm(neither, off, outside);
  const entropy = entropyTerm(both) + entropyTerm(unitOnly) + entropyTerm(conceptOnly) + entropyTerm(neither);
  const mi = Math.max(0, information);
  return {
    iou: union > 0 ? intersection / union : 0,
    mi,
    iqr: entropy > 0 ? mi / entropy : 0,
    agreement: both + neither,
  };
}

/**
 * Pearson's correlation of a unit's activation with a concept's indicator, from sums over `count`
 * pixels; 0 where either does not vary, NaN where a sum is no number.
 */
export function correlation(sums: {
  readonly count: number;
  /** Σv, Σv² of the activation, and Σv over the concept's pixels. */
  readonly sum: number;
  readonly squares: number;
  readonly onConcept: number;
  /** Pixels of the concept. */
  readonly pixels: number;
}): number {
  const { count, sum, squares, onConcept, pixels } = sums;
  const mean = sum / count;
  const share = pixels / count;
  const variance = squares / count - mean * mean;
  const covariance = onConcept / count - mean * share;
  const product = variance * share * (1 - share);
  if (Number.isNaN(product)) return Number.NaN; // as the mean: sums that are none
  return product > 0 ? covariance / Math.sqrt(product) : 0;
}
