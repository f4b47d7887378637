// Tests: test/cli/commands/distance.test.ts

import { GanatomyError, UsageError } from "../../errors.ts";
import type { Edit, Generator } from "../../index.ts";
import { type Recipe, readRecipe } from "../../session/index.ts";
import { Strokes } from "../../session/strokes.ts";
import { ofFile, textOf } from "../files-read.ts";
import type { Running } from "../with-folder.ts";
import type { Input } from "./input.ts";

/** What is done to all images of a generator, and the file that says it. */
export interface FileOfEdits {
  readonly path: string;
  readonly recipe: Recipe;
}

/**
 * Reads what is done to an input's images: a recipe, as the studio saves them, or marked units,
 * which are taken away.
 * @throws GanatomyError, UsageError.
 */
export async function readEdits(path: string, { kind, name }: Input): Promise<FileOfEdits> {
  if (kind !== "generator") {
    throw new UsageError(`"${name}" is no generator, whose images "${path}" could edit.`, "Leave it out.");
  }
  const text = await textOf(path, (cause) => {
    throw new GanatomyError("not-found", `"${path}" cannot be read (${cause.code}).`, "Name a recipe, or marks.", {
      cause,
    });
  });
  return { path, recipe: await ofFile(path, () => readRecipe(text)) };
}

/**
 * The same as edits of every image, whichever image the recipe was made on.
 * @throws UsageError for units by a concept: name them by number.
 */
export async function editsOf(
  { path, recipe: { model, layer, strokes } }: FileOfEdits,
  generator: Generator,
  { progress, note }: Pick<Running, "progress" | "note">,
): Promise<readonly Edit[]> {
  if (model.name !== generator.name) {
    note(`"${path}" is of "${model.name}", and this model is "${generator.name}": units of one are not the other's.`);
  }
  const report = ({ phase, done, total }: { phase: string; done: number; total: number | undefined }): void =>
    progress.report(phase, done, total ?? done);
  return new Strokes(generator, undefined, report).edits(layer, strokes);
}
