import { openRecipe, type Recipe } from "../src/session/index.ts";

/** Before the packed recipe in the page's address. */
export const SIGN = "#s=";

/**
 * The recipe of the page's address, which is taken out of it: what is painted on from here is
 * another one.
 * @throws UsageError for a damaged one.
 */
export async function recipeOfAddress(): Promise<Recipe | undefined> {
  const { hash, pathname, search } = location;
  if (!hash.startsWith(SIGN)) return undefined;
  history.replaceState(null, "", `${pathname}${search}`);
  return openRecipe(hash.slice(SIGN.length));
}
