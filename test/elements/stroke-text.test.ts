import { expect, test } from "vitest";
import { strokeText } from "../../src/elements/stroke-text.ts";
import type { Stroke } from "../../src/session/recipe.ts";

test.each<[Omit<Stroke, "id">, string]>([
  [{ op: "draw", units: { concept: "tree", top: 4 }, mask: { size: [2, 3], cells: [1, 3] } }, "tree drawn, 3 cells"],
  [{ op: "remove", units: [24], mask: { size: [2, 3], cells: [0, 1] } }, "unit 24 removed, 1 cell"],
  [{ op: "copy", units: [24, 25], value: [1, 2] }, "2 units copied, everywhere"],
  [{ op: "remove", units: "all", mask: { size: [1, 1], cells: [] } }, "all units removed, 0 cells"],
])("%j is %j", (stroke, text) => expect(strokeText({ id: "a", ...stroke })).toBe(text));
