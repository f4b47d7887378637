import type { Label } from "../../src/dissect/result.ts";

/**
 * What the models give for a seed: [image][unit][pixel] by layer, and [image] label maps [channels,
 * pixels].
 */
export interface Data {
  readonly maps: ReadonlyMap<string, readonly (readonly Float32Array[])[]>;
  readonly labels: readonly Uint32Array[];
}

/** The labels at a pixel, each once, without 0. */
export function labelsAt(map: Uint32Array, pixel: number, area: number): Set<number> {
  const labels = new Set<number>();
  for (let at = pixel; at < map.length; at += area) if (map[at]! > 0) labels.add(map[at]!);
  return labels;
}

/**
 * Pixels of each label, images of each category, and of a unit at a level: pixels of both, by label
 * and by category.
 */
export function tally(
  { labels, maps }: Data,
  area: number,
  known: readonly Label[],
  categories: readonly string[],
): {
  readonly pixels: Map<number, number>;
  readonly images: number[];
  above(layer: string, unit: number, level: number): { both: Map<number, number>; active: number[] };
} {
  const sets = labels.map((map) => Array.from({ length: area }, (_, pixel) => labelsAt(map, pixel, area)));
  const shown = sets.map((image) => {
    const found = new Set(image.flatMap((set) => [...set]).map((label) => known[label]!.category));
    return categories.map((category) => found.has(category));
  });
  const counter = () => {
    const counts = new Map<number, number>();
    return { counts, add: (label: number) => counts.set(label, (counts.get(label) ?? 0) + 1) };
  };
  const pixels = counter();
  for (const set of sets.flat()) for (const label of set) pixels.add(label);
  return {
    pixels: pixels.counts,
    images: categories.map((_, k) => shown.filter((image) => image[k]).length),
    above(layer, unit, level) {
      const both = counter();
      const active = categories.map(() => 0);
      maps.get(layer)!.forEach((units, image) => {
        units[unit]!.forEach((value, pixel) => {
          if (!(value > level)) return;
          for (const label of sets[image]![pixel]!) both.add(label);
          for (const k of active.keys()) if (shown[image]![k]) active[k]! += 1;
        });
      });
      return { both: both.counts, active };
    },
  };
}

/** From the definition (spec §3.5, steps 4 to 6): Σ p ln(p / (row · column)) and −Σ p ln p. */
export function scores(both: number, active: number, truth: number) {
  const clamp = (p: number) => Math.min(1, Math.max(0, p));
  const union = truth + active - both;
  const table = [
    [both, active - both],
    [truth - both, 1 - union],
  ].map((row) => row.map(clamp));
  let [mi, entropy] = [0, 0];
  for (const i of [0, 1]) {
    for (const j of [0, 1]) {
      const p = table[i]![j]!;
      if (p === 0) continue;
      mi += p * Math.log(p / ((table[i]![0]! + table[i]![1]!) * (table[0]![j]! + table[1]![j]!)));
      entropy -= p * Math.log(p);
    }
  }
  mi = Math.max(0, mi);
  return { iou: union > 0 ? both / union : 0, mi, iqr: mi / entropy || 0, agreement: clamp(both) + clamp(1 - union) };
}
