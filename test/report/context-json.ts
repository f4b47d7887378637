import type { ContextJson } from "../../src/report/context.ts";

/** Of effects [what was there, places, gain]. */
export const context = (effects: readonly (readonly [string, number, number])[], before = 100): ContextJson => ({
  concept: "door",
  layer: "layer4",
  units: [1, 2],
  before,
  effects: effects.map(([concept, places, gain]) => ({
    concept,
    category: "object",
    places,
    gain,
    share: before > 0 ? gain / before : null,
  })),
  cells: [],
});
