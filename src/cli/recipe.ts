// Tests: test/cli/commands/generate.test.ts

import { existsSync } from "node:fs";
import { join } from "node:path";
import { GanatomyError, UsageError } from "../errors.ts";
import type { Generator } from "../index.ts";
import { nodeEncoder } from "../node/photo/encoder.ts";
import { checkFits } from "../session/fits.ts";
import { adoptingSession } from "../session/in-process.ts";
import type { Recipe } from "../session/recipe.ts";
import { readRecipe } from "../session/recipe-link.ts";
import { ofFile, openFile, textOf } from "./files-read.ts";
import { EMBEDDED } from "./models.ts";
import { packageRoot } from "./package.ts";
import { type GivenReport, reportAt, reportOf } from "./studio/given.ts";

/** A recipe, and what is known of units where its strokes name concepts. */
export interface GivenRecipe {
  readonly recipe: Recipe;
  readonly report: GivenReport | undefined;
}

/**
 * Reads a recipe's file, and the report by which the units of its concepts are found: that of a
 * folder, or the studio's own for the embedded model. Undefined without a recipe.
 * @throws UsageError for what is no recipe; what `reportOf` throws.
 */
export async function openRecipeFile(
  path: string | undefined,
  { folder, latents }: { readonly folder: string | undefined; readonly latents: string | undefined },
): Promise<GivenRecipe | undefined> {
  if (path === undefined) {
    if (folder === undefined) return undefined;
    throw new UsageError("--report is for the concepts of a recipe.", "Give --recipe, or leave --report out.");
  }
  const text = await textOf(path, (cause) => {
    const fix = 'Save it in the studio: "Share", "Save recipe".';
    throw new GanatomyError("not-found", `"${path}" cannot be read (${cause.code}).`, fix, { cause });
  });
  const recipe = await ofFile(path, () => readRecipe(text));
  checkLatents(recipe, latents);
  const own = ["dist/studio", "studio"].map((at) => join(packageRoot(), at, EMBEDDED)).find((at) => existsSync(at));
  if (folder !== undefined) return { recipe, report: await reportOf(folder) };
  return { recipe, report: own && recipe.model.name === EMBEDDED ? await reportAt(own, undefined) : undefined };
}

/**
 * @throws UsageError where a recipe's image is one's own and its file is not given, or the reverse.
 */
function checkLatents(recipe: Recipe, latents: string | undefined): void {
  if (recipe.latents && latents === undefined) {
    throw new UsageError(
      `This recipe is of ${recipe.latents.name}, a picture of one's own, and holds only its hash.`,
      `Give the file too: --latents ${recipe.latents.name}.`,
    );
  }
  if (recipe.latents || latents === undefined) return;
  throw new UsageError(`This recipe is of image ${recipe.image} of seed ${recipe.seed}.`, "Leave --latents out.");
}

/** The picture of a recipe as a PNG: to the bit what a session makes of it, as the studio does. */
export async function recipePicture(
  { recipe, report }: GivenRecipe,
  generator: Generator,
  { latents, signal }: { readonly latents: string | undefined; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const session = adoptingSession({ generator }, { encoder: nodeEncoder() });
  try {
    if (latents !== undefined) await session.load({ latents: await openFile(latents), signal });
    if (report) {
      await session.load({ report: report.contents, signal });
      if (report.rankings) await session.load({ report: report.rankings, signal });
      for (const [layer, file] of Object.entries(report.quantiles)) {
        await session.load({ quantiles: { [layer]: await openFile(file) }, signal });
      }
    }
    const { model, latents: held } = session.loaded!;
    checkFits(recipe, model!, held);
    const named = recipe.strokes.find(({ units, hidden }) => !hidden && units !== "all" && "concept" in units);
    if (named && !report) {
      throw new UsageError(
        `The stroke "${named.id}" names its units by a concept, for which a report of ${model!.name} is needed.`,
        "Give the folder that `ganatomy dissect` wrote: --report DIR.",
      );
    }
    const { seed, image, latents: own, toward, layer, strokes } = recipe;
    const edited = { seed, image, layer, strokes, ...(own && { latents: own }), ...(toward && { toward }) };
    return (await session.picture({ ...edited, type: "png", signal })).data;
  } finally {
    session.dispose();
  }
}
