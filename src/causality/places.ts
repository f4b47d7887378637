import { UsageError } from "../errors.ts";
import type { RandomState } from "../weights/random.ts";

/**
 * `count` different indices, each as probable as its weight: NumPy's
 * `RandomState.choice(weights.length, count, replace=False, p=weights / sum)`, number for number.
 */
export function drawPlaces(random: RandomState, weights: ArrayLike<number>, count: number): number[] {
  const given = Float64Array.from(weights);
  const possible = given.filter((weight) => weight > 0).length;
  if (count > possible) {
    throw new UsageError(`${count} cannot be drawn of ${possible} places.`, "Ask for fewer.");
  }
  const total = given.reduce((sum, weight) => sum + weight, 0);
  const left = given.map((weight) => weight / total);
  const found: number[] = [];
  // What is drawn twice counts once; the rest is drawn again from what is left.
  while (found.length < count) {
    const draws = random.randomSample(count - found.length);
    for (const place of found) left[place] = 0;
    const cumulated = left.slice();
    for (let i = 1; i < cumulated.length; i += 1) cumulated[i]! += cumulated[i - 1]!;
    const sum = cumulated.at(-1)!;
    const drawn = new Set<number>();
    for (const draw of draws) drawn.add(cumulated.findIndex((edge) => edge / sum > draw));
    found.push(...drawn);
  }
  return found;
}
