/** Something that a unit may detect, and how well. */
export interface Candidate {
  /** Channel of the layer, from 0. */
  readonly unit: number;
  /** What tells labels apart within their category: a name, or a place in a list. */
  readonly label: string | number;
  /** Such as "object"; labels of several may have one name. */
  readonly category: string;
  /** Such as an IoU; compared with a threshold. */
  readonly score: number;
}

/**
 * The two published ways to count detectors, which give different numbers and must not be mixed.
 * "best-label": a unit counts once, under its best concept of all (GAN Dissection; PNAS 2020).
 * "per-category": a unit counts in every category in which its best concept clears the threshold,
 * so that the sum may exceed the units (the figures of CVPR 2017).
 */
export type Rule = "best-label" | "per-category";

/** How many of some detections there are, and of how many concepts. */
export interface Tally {
  /** Detections that count. */
  readonly detectors: number;
  /** Distinct labels. */
  readonly unique: number;
}

/** Detections counted. */
export interface Counted extends Tally {
  /**
   * Units that detect anything: `detectors`, or fewer where a unit counts in several categories.
   */
  readonly units: number;
  /** The same of each category in which something was detected. */
  readonly categories: ReadonlyMap<string, Tally>;
}

/** The candidates that count by a rule, which are the best of their unit, or of its category. */
export function detections(candidates: Iterable<Candidate>, rule: Rule, threshold: number): Candidate[] {
  const best = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const { unit, category, score } = candidate;
    const key = rule === "best-label" ? String(unit) : `${unit} ${category}`;
    const known = best.get(key);
    if (!known || score > known.score) best.set(key, candidate);
  }
  return [...best.values()].filter(({ score }) => score > threshold);
}

/** Counts detections, in all and by category; `unique` in all is the sum over categories. */
export function count(detected: readonly Candidate[]): Counted {
  const categories = new Map<string, Tally>();
  for (const category of new Set(detected.map((one) => one.category))) {
    const found = detected.filter((one) => one.category === category);
    categories.set(category, { detectors: found.length, unique: new Set(found.map(({ label }) => label)).size });
  }
  return {
    detectors: detected.length,
    units: new Set(detected.map(({ unit }) => unit)).size,
    unique: [...categories.values()].reduce((sum, { unique }) => sum + unique, 0),
    categories,
  };
}
