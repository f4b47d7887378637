import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { ablateCommand } from "../../src/cli/commands/ablate.ts";
import { insertCommand } from "../../src/cli/commands/insert.ts";
import { recipeCommands, wholeCommand } from "../../src/session/commands.ts";
import type { Recipe, Stroke } from "../../src/session/recipe.ts";
import { RECIPE } from "./recipes.ts";

const MODEL = {
  name: "scenes64",
  architecture: "x",
  height: 64,
  width: 64,
  classes: [],
  layers: [{ name: "layer4", channels: 128, height: 8, width: 8 }],
};
const of = (stroke: Partial<Stroke>, recipe: Partial<Recipe> = {}) =>
  recipeCommands({ ...RECIPE, ...recipe, strokes: [{ id: "a", op: "draw", units: [3, 17], ...stroke }] }, MODEL);

test("says of an image between others that only a recipe has it", () => {
  const toward = (share: number) => [{ seed: 1, image: 2, share }];
  expect(of({}, { toward: toward(0.5) })).toEqual({ text: expect.stringMatching(/^# .*only a recipe/), masks: [] });
  expect(of({}, { toward: toward(0) })).toEqual(of({}));
});

/** What the command line makes of it. */
function parsed(line: string): Record<string, unknown> {
  const [, name, ...words] = line.split(" ");
  const { options } = [insertCommand, ablateCommand].find((command) => command.name === name)!;
  const command = new Command().exitOverride();
  (options as (command: Command) => Command)(command);
  return command.parse(words, { from: "user" }).opts();
}

describe("command lines", () => {
  test.each<[Partial<Stroke>, string, Record<string, unknown>]>([
    [{}, "insert", { units: [3, 17] }],
    [{ op: "remove" }, "ablate", { units: [3, 17], alpha: 1 }],
    [{ op: "remove", value: 2, alpha: 0.5 }, "insert", { value: 2, alpha: 0.5 }],
    [{ value: { quantile: 0.95 } }, "insert", { value: { quantile: 0.95 } }],
    [{ units: "all", op: "remove" }, "ablate", { units: Array.from({ length: 128 }, (_, i) => i) }],
    [{ units: { concept: "tree", top: 7, ranking: "iqr" } }, "insert", { top: 7, metric: "iqr" }],
    [{ mask: { size: [8, 8], cells: [9, 2, 6, 2] } }, "insert", { mask: [8, 8, 24, 24] }],
  ])("of %j are %s's own options", (stroke, command, options) => {
    const { text, masks } = of(stroke);
    expect(text.split(" ").slice(0, 4)).toEqual(["ganatomy", command, "--model", "scenes64"]);
    expect(parsed(text)).toMatchObject({ layer: "layer4", seed: 3, size: 18, pictures: 18, ...options });
    expect(masks).toEqual([]);
  });

  test("of a mask that is no rectangle, or between pixels, name a picture of it", () => {
    const { text, masks } = of({ mask: { size: [2, 2], cells: [1, 2] } });
    expect(parsed(text)).toMatchObject({ mask: "stroke-1.png" });
    expect(masks).toEqual([{ name: "stroke-1.png", height: 2, width: 2, data: Uint8Array.of(255, 0, 0, 255) }]);
    expect(of({ mask: { size: [3, 3], cells: [0, 1] } }).masks).toHaveLength(1);
    expect(of({ mask: { size: [3, 3], cells: [] } }).masks).toHaveLength(1);
  });

  test("leave out what is hidden, and say what they cannot", () => {
    const { text } = recipeCommands(RECIPE, MODEL);
    expect(text.split("\n")).toEqual([
      expect.stringMatching(
        /^ganatomy insert .*--concept tree --top 10 --metric iqr --value q0.99 --alpha 0.5 --mask /,
      ),
      "# stroke 2 copies a value a unit, which only a recipe can say",
      expect.stringMatching(/^ganatomy insert .*--units 0-127 --value 1 --mask stroke-3.png/),
    ]);
  });

  test("quote what a shell would take apart", () =>
    expect(of({}, { model: { name: "it's $HOME" } }).text).toContain(`--model 'it'\\''s $HOME' --layer`));
});

test("the whole recipe is one command, with the file of a picture of one's own", () => {
  const recipe: Recipe = { version: 1, model: { name: "my church" }, seed: 1, image: 2, layer: "layer4", strokes: [] };
  expect(wholeCommand(recipe, "a b.json")).toBe("ganatomy generate --model 'my church' --recipe 'a b.json'");
  const latents = { name: "inversion.safetensors", sha256: "ab".repeat(32) };
  const own: Recipe = { ...recipe, latents, strokes: [{ id: "a", op: "remove", units: [3] }] };
  expect(wholeCommand(own, "r.json")).toMatch(/ --recipe r.json --latents inversion.safetensors$/);
  const model = { name: "my church", architecture: "", height: 64, width: 64, classes: [], layers: [] };
  expect(recipeCommands(own, model).text).toMatch(/--units 3 --latents inversion.safetensors --pictures 3$/);
});
