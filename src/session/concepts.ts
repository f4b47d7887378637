import { UsageError } from "../errors.ts";
import { uniqueNames } from "../report/concepts.ts";
import { whole } from "./checks.ts";
import { type Findings, findingsIn } from "./findings.ts";

/** Labels as strokes and `units` name them: with the category where several have the name. */
export { uniqueNames as conceptNames } from "../report/concepts.ts";

// Tests: test/session/concepts.test.ts, test/session/session.test.ts

/** Options of `session.concepts`: of which layer or unit, and by which ranking. */
export interface ConceptsOptions {
  /** The layer's name, as in `generator.layers`. */
  readonly layer: string;
  /** Of this unit; of all that detect something unless given. */
  readonly unit?: number;
  /** Only concepts of this category, such as "object" or "material". */
  readonly category?: string;
  /** By what units are ranked; "iou" unless given. */
  readonly ranking?: string;
  /** The first so many; all unless given. */
  readonly top?: number;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A concept that units detect. */
export interface RankedConcept {
  /** As `units` and strokes take it. */
  readonly concept: string;
  /** Such as "object"; absent where it is not known. */
  readonly category?: string;
  /** Number of the label, where it is one of those that are loaded. */
  readonly label?: number;
  /** The unit's or, of a layer, its best unit's; the higher the better. */
  readonly score: number;
  /** How many units of the layer detect it. */
  readonly units: number;
}

/**
 * The concepts that a layer's units are ranked for: those with most units first, or of one unit
 * those that it is best for. What nothing is ranked for is left out.
 * @throws UsageError when nothing is known of the layer, nothing is ranked so, or there is no such
 *   unit or category.
 */
export function rankedConcepts(
  findings: Findings | undefined,
  { layer, unit, category, ranking = "iou", top }: ConceptsOptions,
): RankedConcept[] {
  const { labels, numbers, found } = findingsIn(findings, layer);
  if (unit !== undefined) whole(unit, `The unit of ${layer}`, found.detects.length - 1);
  if (top !== undefined) whole(top, "top", labels.length, 1);
  const suffix = `-${ranking}`;
  const ranked = [...found.rankings].filter(([name]) => name.endsWith(suffix));
  if (ranked.length === 0) throw new UsageError(`Nothing is ranked by ${ranking}.`, "Use iou, or what `loaded` lists.");
  const categories = new Set(labels.slice(1).map((label) => label.category));
  if (category !== undefined && !categories.has(category)) {
    throw new UsageError(`There is no category "${category}".`, `There are ${[...categories].join(", ")}.`);
  }
  const names = uniqueNames(labels);
  const concepts = ranked.map(([name, scores]) => {
    const concept = name.slice(0, -suffix.length);
    const own = names.indexOf(concept);
    const label = numbers?.[own] ?? own;
    return {
      concept,
      ...(own >= 0 && { category: labels[own]!.category }),
      ...(label > 0 && { label }),
      score: 0 - (unit === undefined ? Math.min(...scores) : scores[unit]!),
      units: label > 0 ? found.detects.filter((detected) => detected === label).length : 0,
      isSome: own !== 0,
    };
  });
  return concepts
    .filter((each) => each.isSome && each.score > 0 && (category === undefined || each.category === category))
    .sort((a, b) => (unit === undefined ? b.units - a.units : 0) || b.score - a.score)
    .slice(0, top)
    .map(({ isSome, ...concept }) => concept);
}
