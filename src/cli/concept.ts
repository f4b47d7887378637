// Tests: test/cli/concept.test.ts, test/cli/commands/ablate.test.ts
import { UsageError } from "../errors.ts";
import type { Segmenter } from "../index.ts";
import { isConcept } from "../models/concepts.ts";
import { named } from "./options.ts";

/** What the help of a command says of `--concept`. */
export const UNION = "several, by commas or repeated, count as one";

/** Concepts by commas or repetition, as they were typed: a name may have a comma of its own. */
export const concepts = (text: string, before: readonly string[] = []): string[] => [...before, named(text)];

/** A concept, and the segmenter that knows it. */
export interface Chosen {
  readonly segmenter: Segmenter;
  readonly concept?: string;
}

/**
 * The concept that was typed: the only one, or the union of several, which the segmenter is made
 * to know.
 * @throws UsageError for one that it does not know.
 */
export function choose(segmenter: Segmenter, typed: readonly string[] = []): Chosen {
  const names = typed.flatMap((text) =>
    isConcept(segmenter, text) ? [text] : text.split(",").map((name) => name.trim()),
  );
  if (names.includes(""))
    throw new UsageError("A concept's name is missing beside a comma.", "Name it, or take the comma away.");
  const [concept, ...others] = new Set(names);
  if (concept === undefined) return { segmenter };
  segmenter.label(concept);
  if (others.length === 0) return { segmenter, concept };
  const name = [concept, ...others].join("+");
  return { segmenter: segmenter.unite([concept, ...others], { name }), concept: name };
}
