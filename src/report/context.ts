import type { Context } from "../causality/context.ts";
import type { Label } from "../dissect/result.ts";
import { displayNames } from "./concepts.ts";
import { csvText } from "./csv.ts";

/** Where a concept may be placed, by name; the content of `context.json`. */
export interface ContextJson {
  readonly concept: string;
  readonly layer: string;
  readonly units: readonly number[];
  /** Pixels of the concept in an image as it is, in the mean. */
  readonly before: number;
  readonly effects: readonly {
    readonly concept: string;
    readonly category: string;
    readonly places: number;
    /**
     * Pixels that inserting there adds, in the mean; and as a share of `before`, null where there
     * were none.
     */
    readonly gain: number;
    readonly share: number | null;
  }[];
  /** [h][w]: the mean gain of every cell. */
  readonly cells: readonly (readonly number[])[];
}

export function toContext(
  context: Context,
  labels: readonly Label[],
  [height, width]: readonly [number, number],
): ContextJson {
  const names = displayNames(labels);
  const { before } = context;
  return {
    concept: names[context.label]!,
    layer: context.layer,
    units: context.units,
    before,
    effects: context.effects.map(({ label, places, gain }) => ({
      concept: names[label]!,
      category: labels[label]!.category,
      places,
      gain,
      share: before > 0 ? gain / before : null,
    })),
    cells: Array.from({ length: height }, (_, row) => [...context.cells.subarray(row * width, (row + 1) * width)]),
  };
}

export const contextCsv = ({ effects }: ContextJson): string =>
  csvText([
    ["was there", "category", "places", "gain", "share"],
    ...effects.map(({ concept, category, places, gain, share }) => [
      concept,
      category,
      places,
      gain,
      share ?? undefined,
    ]),
  ]);
