/**
 * One interface to a generator for whoever shows it.
 *
 * @module
 */

export { type Cells, packCells, unpackCells } from "./cells.ts";
export { type MaskFile, type RecipeCommands, recipeCommands, wholeCommand } from "./commands.ts";
export type { ConceptsOptions, RankedConcept } from "./concepts.ts";
export { type ConnectOptions, connect } from "./connect.ts";
export type { RankedUnit } from "./findings.ts";
export { checkFits } from "./fits.ts";
export { History } from "./history.ts";
export { createSession, type SessionOptions } from "./in-process.ts";
export { checkMarks, isMarks, type Marks, recipeOfMarks } from "./marks.ts";
export {
  type ConceptUnits,
  checkRecipe,
  checkStroke,
  checkStrokes,
  type EditedImage,
  type LatentsName,
  type ModelName,
  type Operation,
  type Quantile,
  RECIPE_VERSION,
  type Recipe,
  type Stroke,
  type Toward,
  type Units,
} from "./recipe.ts";
export { MAX_LINK, openRecipe, packRecipe, readRecipe } from "./recipe-link.ts";
export type { RemoteSession } from "./remote.ts";
export { serve } from "./serve.ts";
export type * from "./session.ts";
export type { Port } from "./wire.ts";
