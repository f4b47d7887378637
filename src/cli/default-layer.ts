import { UsageError } from "../errors.ts";
import type { Generator } from "../index.ts";

/** The layer that the paper's figures show. */
export const PAPER_LAYER = "layer4";

/**
 * The layer of a generator that is taken where the user names none.
 * @throws UsageError listing its layers when it does not have that of the paper, for which no
 *   other one stands; or that it has none.
 */
export function defaultLayer({ name, layers }: Pick<Generator, "name" | "layers">, option: string): string {
  const names = layers.map((layer) => layer.name);
  if (names.includes(PAPER_LAYER)) return PAPER_LAYER;
  if (names.length === 0) {
    throw new UsageError(
      `"${name}" has no layers: no map in it is marked, or comes from an activation.`,
      "Describe the network, with its layers (docs/generators.md).",
    );
  }
  throw new UsageError(
    `Which ${option === "--layers" ? "layers" : "layer"}? "${name}" has no ${PAPER_LAYER}, which is taken when none is named.`,
    `Choose with ${option} among ${names.join(", ")}.`,
  );
}
