import { conceptNames } from "../session/concepts.ts";
import type { Loaded } from "../session/session.ts";

// Tests: test/elements/concepts.test.ts

/** What rankings of concepts by IoU are called after. */
const BY_IOU = "-iou";

/** Something that units of a layer can be named by. */
export interface Concept {
  /** As strokes take it. */
  readonly name: string;
  /** Empty where nobody says it. */
  readonly category: string;
  /** How a color of CSS is written. */
  readonly color: string;
  /** How many units detect it, where that is known. */
  readonly units?: number;
}

/** The concepts that units of a layer can be named by, by category: those with most units first. */
export function concepts(loaded: Loaded, layer: string): Concept[] {
  const { rankings, report } = loaded;
  const labels = report?.labels ?? loaded.labels;
  const names = conceptNames(labels);
  const found = report?.layers.find(({ layer: name }) => name === layer)?.concepts ?? [];
  const units = new Map(found.map((concept) => [concept.label, concept.units.length]));
  const place = (category: string): number => {
    const at = labels.findIndex((label) => label.category === category);
    return at < 0 ? labels.length : at;
  };
  return (rankings[layer] ?? [])
    .filter((ranking) => ranking.endsWith(BY_IOU))
    .map((ranking) => {
      const name = ranking.slice(0, -BY_IOU.length);
      const at = names.indexOf(name);
      const [label, count] = [labels[at], units.get(at)];
      const own = label && loaded.labels[ownLabel(loaded, label)];
      return { name, at, category: label?.category ?? "", color: colorOf(own?.color), ...(count && { units: count }) };
    })
    .sort(
      (a, b) =>
        place(a.category) - place(b.category) || (b.units ?? 0) - (a.units ?? 0) || (a.at < 0 ? 1 : a.at - b.at),
    )
    .map(({ at: _, ...concept }) => concept);
}

/** The number that a session has for a label of somebody else's; −1 where it has none. */
export function ownLabel(loaded: Loaded, { name, category }: Omit<Loaded["labels"][number], "color">): number {
  return loaded.labels.findIndex((label) => label.name === name && label.category === category);
}

const colorOf = (color: readonly number[] = [128, 128, 128]): string => `rgb(${color.join(" ")})`;

/** Things with a category, by category in their order. */
export function byCategory<T extends { readonly category: string }>(things: readonly T[]): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const thing of things) groups.set(thing.category, [...(groups.get(thing.category) ?? []), thing]);
  return [...groups];
}
