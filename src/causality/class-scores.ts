/** How well a classifier tells one class from all others, in numbers from 0 to 1. */
export interface ClassScore {
  /** The part of the class's photographs that are taken for it; its accuracy. */
  readonly recall: number;
  /**
   * Mean of that and of the part of the other photographs that are not taken for it; of that alone
   * where there are no others.
   */
  readonly balanced: number;
}

/** Photographs of each class and in all; see `scoresOf`. */
export interface ClassCounts {
  /** All photographs. */
  readonly total: number;
  /** Those of each class, by its number. */
  readonly of: ReadonlyMap<number, number>;
}

export function countClasses(truth: ArrayLike<number>): ClassCounts {
  const of = new Map<number, number>();
  for (let i = 0; i < truth.length; i += 1) of.set(truth[i]!, (of.get(truth[i]!) ?? 0) + 1);
  return { total: truth.length, of };
}

/**
 * Scores of every class that has photographs, from the class that each photograph is taken for (Bau
 * et al., PNAS 2020, §1.3: balanced accuracy of one class against the rest). `counts` are those of
 * `truth`.
 */
export function scoresOf(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  { total, of }: ClassCounts = countClasses(truth),
): Map<number, ClassScore> {
  const hits = new Map<number, number>();
  const taken = new Map<number, number>();
  const add = (map: Map<number, number>, key: number): void => void map.set(key, (map.get(key) ?? 0) + 1);
  for (let i = 0; i < truth.length; i += 1) {
    add(taken, predicted[i]!);
    if (predicted[i] === truth[i]) add(hits, truth[i]!);
  }
  return new Map(
    Array.from(of, ([name, own]) => {
      const hit = hits.get(name) ?? 0;
      const recall = hit / own;
      const others = total - own;
      const rejected = others === 0 ? recall : (others - ((taken.get(name) ?? 0) - hit)) / others;
      return [name, { recall, balanced: (recall + rejected) / 2 }] as const;
    }),
  );
}
