import type { Label, LayerResult } from "../dissect/result.ts";

/** The interpretable units of a layer that share a concept. */
export interface ConceptGroup {
  readonly label: number;
  readonly units: readonly number[];
  readonly bestIou: number;
}

/**
 * The order in which categories are shown (§3.8): scenes and objects first, whatever else a
 * segmenter knows last.
 */
const KNOWN = ["object", "scene", "part", "piece", "material", "texture", "color"];

/**
 * All categories in the order of display: the seven that have always a place (and a colour), then
 * the others as given.
 */
export function categoryOrder(categories: readonly string[]): string[] {
  return [...KNOWN, ...categories.filter((category) => !KNOWN.includes(category))];
}

/** Whether this segmenter names anything at all; label 0 means "nothing". */
export function hasConcepts(labels: readonly Label[]): boolean {
  return labels.length > 1;
}

/**
 * A layer's interpretable units by concept: by category, then by number of units, then by the best
 * IoU (§3.8).
 */
export function conceptGroups(
  layer: LayerResult,
  labels: readonly Label[],
  categories: readonly string[],
): ConceptGroup[] {
  const members = new Map<number, number[]>();
  const best = new Map<number, number>();
  for (const unit of layer.units) {
    if (!unit.interpretable) continue;
    members.set(unit.label, [...(members.get(unit.label) ?? []), unit.unit]);
    best.set(unit.label, Math.max(best.get(unit.label) ?? 0, unit.iou));
  }
  const order = categoryOrder(categories);
  const place = (label: number) => order.indexOf(labels[label]?.category ?? "");
  return [...members]
    .map(([label, units]) => ({ label, units, bestIou: best.get(label) ?? 0 }))
    .sort((a, b) => place(a.label) - place(b.label) || b.units.length - a.units.length || b.bestIou - a.bestIou);
}

/**
 * Names for people that are unique: a name that occurs in several categories carries its category.
 * The published code keys by the bare name and so confuses eight concepts of its own vocabulary
 * (§13 erratum 3).
 */
export function uniqueNames(labels: readonly Label[]): string[] {
  const count = new Map<string, number>();
  for (const { name } of labels) count.set(name, (count.get(name) ?? 0) + 1);
  const given = new Set<string>();
  return labels.map(({ name, category }, label) => {
    const full = count.get(name) === 1 ? name : `${name} (${category})`;
    const unique = given.has(full) ? `${full} #${label}` : full;
    given.add(unique);
    return unique;
  });
}

/**
 * Unique names as people read them: what is unique in a file need not be once it is made readable.
 */
export function displayNames(labels: readonly Label[]): string[] {
  return uniqueNames(labels.map(({ name, category }) => ({ name: readable(name), category })));
}

/** A label as people read it: without the -s/-c marks of scenes and colours, and with spaces. */
export function readable(name: string): string {
  return name.replace(/-[sc]$/, "").replaceAll("_", " ");
}

/**
 * For each label the concept whose quarter it is ("tree-t" is a quarter of "tree"), or itself.
 * Quarters are parts and their wholes mostly objects, so the whole is looked for in the quarter's
 * own category, then among objects, then anywhere.
 */
export function wholeConcepts(labels: readonly Label[]): number[] {
  const known = new Map<string, number>();
  const key = (name: string, category: string) => JSON.stringify([name, category]);
  labels.forEach(({ name, category }, label) => {
    for (const found of [key(name, category), name]) if (!known.has(found)) known.set(found, label);
  });
  return labels.map(({ name, category }, label) => {
    const whole = name.replace(/-(?:t|b|l|r|tl|tr|bl|br)$/, "");
    if (whole === name) return label;
    return known.get(key(whole, category)) ?? known.get(key(whole, "object")) ?? known.get(whole) ?? label;
  });
}
