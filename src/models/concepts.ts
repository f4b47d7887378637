// Tests: test/models/labels.test.ts, test/models/union.test.ts

import { UsageError } from "../errors.ts";
import { andMore, nearest } from "../names.ts";
import type { Label } from "../networks/segmenters/network.ts";

/** What a segmenter calls its labels; index 0 is none. */
export interface Vocabulary {
  readonly name: string;
  readonly labels: readonly Label[];
}

/** Several concepts that count as one. */
export interface Union {
  /** Its own number. */
  readonly label: number;
  /** The numbers of those it is of, rising; none of them is a union. */
  readonly members: readonly number[];
}

const numberOf = ({ labels }: Vocabulary, concept: string): number => {
  const named = (nameOf: (label: Label) => string): number =>
    labels.findIndex((label) => label.name !== "-" && nameOf(label) === concept);
  const found = named(({ name }) => name);
  return found > 0 ? found : named(({ category, name }) => `${category}/${name}`);
};

/** Whether a segmenter has a label of this name, alone or as "category/name". */
export const isConcept = (vocabulary: Vocabulary, concept: string): boolean => numberOf(vocabulary, concept) > 0;

/** The number of a label by its name, or by category and name. @throws UsageError */
export function labelOf(vocabulary: Vocabulary, concept: string): number {
  const found = numberOf(vocabulary, concept);
  if (found > 0) return found;
  const { labels } = vocabulary;
  const names = labels.map(({ name }) => name).filter((name) => name !== "-");
  const near = nearest(concept.slice(concept.indexOf("/") + 1), names);
  throw new UsageError(
    `${vocabulary.name} knows no concept "${concept}".`,
    near.length > 0 ? `Near are ${near.join(", ")}.` : `It knows ${andMore(names)}.`,
  );
}

/**
 * Several concepts as one, numbered after all others; of unions their members count.
 * @throws UsageError for concepts that are unknown or only one, or a name that is taken.
 */
export function unionOf(
  vocabulary: Vocabulary & { readonly unions: readonly Union[] },
  concepts: readonly string[],
  name = concepts.join("+"),
): { readonly union: Union; readonly named: Label } {
  const { labels, unions } = vocabulary;
  const chosen = concepts
    .map((concept) => labelOf(vocabulary, concept))
    .flatMap((label) => unions.find((union) => union.label === label)?.members ?? [label]);
  const members = [...new Set(chosen)].sort((a, b) => a - b);
  if (members.length < 2) {
    throw new UsageError(`[${concepts.join(", ")}] makes no union.`, "Name two different concepts or more.");
  }
  if (isConcept(vocabulary, name)) {
    throw new UsageError(
      `${vocabulary.name} knows a concept "${name}" already.`,
      "Give the union a `name` of its own.",
    );
  }
  const categories = new Set(members.map((label) => labels[label]!.category));
  const [category = ""] = categories;
  return {
    union: { label: labels.length, members },
    named: { name, category: categories.size === 1 ? category : "union" },
  };
}
