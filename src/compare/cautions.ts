// Tests: test/compare/distances.test.ts

import type { Vectors } from "./vectors.ts";

/** What makes Fréchet distances of these images doubtful. */
export function cautions(sets: readonly Vectors[]): string[] {
  const counts = sets.map(({ n }) => n);
  const [least, d] = [Math.min(...counts), sets[0]?.d ?? 0];
  const notes: string[] = [];
  if (least <= d) {
    notes.push(
      `There are ${least} images for vectors of ${d} numbers: covariances are singular, and FD is far too large. Compare it only with FD of as many images.`,
    );
  }
  if (new Set(counts).size > 1)
    notes.push(`FD depends on the number of images, which differs (${counts.join(" and ")}).`);
  return notes;
}
