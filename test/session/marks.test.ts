import { expect, test } from "vitest";
import { checkMarks, isMarks, recipeOfMarks } from "../../src/session/marks.ts";
import { checkRecipe } from "../../src/session/recipe.ts";
import { readRecipe } from "../../src/session/recipe-link.ts";

const MARKS = { model: "church", layer: "layer4", units: [17, 3, 17], note: "window frames" };

test("marks are a recipe that takes their units away", () => {
  const marks = checkMarks(MARKS);
  expect(marks).toEqual({ ...MARKS, units: [17, 3] });
  const recipe = recipeOfMarks(marks);
  expect(checkRecipe(recipe)).toEqual(recipe);
  expect(recipe).toMatchObject({
    model: { name: "church" },
    ...{ seed: 1, image: 0, layer: "layer4" },
    strokes: [{ op: "remove", units: [17, 3] }],
  });
  expect(readRecipe(JSON.stringify(MARKS))).toEqual(recipe);
  expect(readRecipe(JSON.stringify(recipe))).toEqual(recipe);
});

test("as many units can be marked as a stroke takes, with numbers as large", () => {
  const units = Array.from({ length: 8192 }, (_, at) => (at === 0 ? 2 ** 31 : at));
  const recipe = recipeOfMarks(checkMarks({ ...MARKS, units }));
  expect(checkRecipe(recipe).strokes[0]!.units).toEqual(units);
  for (const [more, message] of [
    [[...units, 1], /No units are marked/],
    [[2 ** 31 + 1], /A marked unit is 2147483649/],
  ] as const) {
    expect(() => checkMarks({ ...MARKS, units: more })).toThrow(message);
  }
});

test("what means to be marks", () => {
  expect([MARKS, { layer: 1, units: 2 }].map(isMarks)).toEqual([true, true]);
  expect([recipeOfMarks(MARKS), null, "units layer", { units: [] }].map(isMarks)).toEqual([false, false, false, false]);
});

test.each<readonly [string, object, RegExp]>([
  ["no units", { ...MARKS, units: [] }, /No units are marked/],
  ["units that are no list", { ...MARKS, units: { 0: 1 } }, /takes a list of units, not { … }\. Give an array/],
  ["a unit that is none", { ...MARKS, units: [-1] }, /A marked unit is -1/],
  ["no layer", { model: "church", units: [1] }, /needs layer/],
  ["a long note", { ...MARKS, note: "x".repeat(201) }, /The note of the marks/],
  ["more than marks", { ...MARKS, unit: 3 }, /knows no "unit"/],
])("marks with %s are refused", (_, marks, message) => expect(() => checkMarks(marks)).toThrow(message));
