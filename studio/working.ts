import type { ErrorDetail } from "../src/elements/index.ts";
import { checkFits, type Loaded, type Recipe, type Session } from "../src/session/index.ts";
import { recipeOfAddress } from "./address.ts";
import { keep, kept } from "./keeping.ts";
import { complain, isLost, tell } from "./notices.ts";
import { part } from "./page.ts";

/** The picture that is shown to somebody who is here for the first time: one with many things. */
const FIRST = 3;
/** So long after the last change it is kept, in milliseconds. */
const SOON = 400;

let soon: ReturnType<typeof setTimeout> | undefined;

/** Keeps what changed a moment ago, before it is gone. */
export async function keepNow(): Promise<void> {
  if (soon === undefined) return;
  clearTimeout(soon);
  soon = undefined;
  const { recipe } = part("paint");
  // Until then strokes are not shown that are kept already, and the layer is just any.
  if (recipe && part("session").session && hasBegun) await keep(recipe);
}

/** Keeps what is worked on. */
export function keepWork(): void {
  const paint = part("paint");
  paint.watch(() => {
    clearTimeout(soon);
    soon = setTimeout(() => void keepNow(), SOON);
  });
  paint.addEventListener("gan-error", (event) => complain((event as CustomEvent<ErrorDetail>).detail.error));
  document.addEventListener("visibilitychange", () => void keepNow());
}

/**
 * What to begin with: the link's, else what was worked on last. A link that cannot be read says so,
 * and keeps nobody from going on.
 */
export async function firstRecipe(model: string): Promise<Recipe | undefined> {
  const last = await kept(model);
  try {
    const linked = await recipeOfAddress();
    return linked && fits(linked, model) ? linked : last;
  } catch (error) {
    complain(error);
    return last;
  }
}

/** Offers what a recipe takes the place of. */
function rememberBefore(before: Recipe | undefined, after: Recipe): void {
  if (!before || before.model.name !== after.model.name) return;
  if (before.strokes.length === 0 && !before.toward) return;
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  const opened = after.strokes.length > 0 ? "strokes" : "picture";
  tell(`This shows the ${opened} that you opened.`, "Your strokes are still here.", {
    text: "Back to mine",
    act: () => take(before),
  });
}

/** A recipe whose generator is not there yet. */
let waiting: Recipe | undefined;

/** Shows a recipe in place of what is there, which it offers to bring back. */
export function take(recipe: Recipe): void {
  const paint = part("paint");
  const before = paint.recipe;
  const { model, latents } = part("session").session?.loaded ?? {};
  if (!model) waiting = recipe;
  if (!model || !fits(recipe, model.name) || !hasPicture(recipe, latents)) return;
  paint.recipe = recipe;
  rememberBefore(before, recipe);
}

/** Whether a recipe is of this generator; if not says so, and keeps it for the right one. */
function fits(recipe: Recipe, model: string): boolean {
  const { name } = recipe.model;
  if (model === name) return true;
  waiting = recipe;
  tell(
    `These strokes are of ${name}, and the generator here is ${model}.`,
    `Drop the checkpoint of ${name} here, and they will be shown on it. What you have painted stays.`,
  );
  return false;
}

/** Whether the file is there that a recipe's picture is made of; if not asks for it. */
function hasPicture(recipe: Recipe, held: Loaded["latents"] = []): boolean {
  const { latents } = recipe;
  if (!latents || held.some(({ sha256 }) => sha256 === latents.sha256)) return true;
  waiting = recipe;
  tell(
    `These strokes are on ${latents.name}, a picture whose file is not here.`,
    `Neither links nor recipes hold it. Drop that file here (SHA-256 ${latents.sha256.slice(0, 12)}…), and they will be shown on it. What you have painted stays.`,
  );
  return false;
}

/** The recipe that waits for a picture that is there now. */
export function waitedFor({ latents, model }: Pick<Recipe, "latents" | "model">): Recipe | undefined {
  const recipe = waiting;
  if (!recipe || !latents || recipe.model.name !== model.name) return undefined;
  if (recipe.latents?.sha256 !== latents.sha256) return undefined;
  waiting = undefined;
  return recipe;
}

/** What is begun with, until it is known what its concepts are. */
let beginning: Recipe | undefined;
let hasBegun = false;

/**
 * What a generator that is there now is begun with: a recipe that waited for it, else the one that
 * is asked for; what was worked on last, where it does not fit, which is said.
 */
export async function fitting(asked: Recipe | undefined, { model: own, latents }: Loaded): Promise<Recipe | undefined> {
  const model = own!;
  const last = await kept(model.name);
  const waited = waiting?.model.name === model.name ? waiting : undefined;
  if (waited) waiting = undefined;
  const recipe = waited ?? asked;
  if (!recipe) return undefined;
  try {
    const { latents: _, ...strokes } = recipe; // whose file is asked for in other words
    checkFits(strokes, model);
    if (hasPicture(recipe, latents)) {
      rememberBefore(last, recipe);
      return recipe;
    }
  } catch (error) {
    complain(error);
  }
  try {
    if (last) checkFits(last, model, latents);
    return last;
  } catch {
    return undefined; // of an earlier file of this name
  }
}

/** Begins with a generator: with the image of a recipe, whose strokes follow by `begun`. */
export function begin(own: Recipe | undefined): void {
  const paint = part("paint");
  beginning = own;
  hasBegun = false;
  // These are of the generator that was there before.
  Object.assign(paint, { units: undefined, features: undefined, heat: undefined });
  paint.disabled = own !== undefined && own.strokes.length > 0;
  paint.recipe = own && { ...own, strokes: [] };
  if (!own)
    Object.assign(paint, { seed: undefined, image: FIRST, layer: undefined, latents: undefined, toward: undefined });
}

/** What is known of concepts is there, as far as it can be had. */
export function begun(): void {
  const paint = part("paint");
  if (beginning && beginning.strokes.length > 0) paint.recipe = beginning;
  beginning = undefined;
  hasBegun = true;
  paint.disabled = false;
}

/** Losses of the GPU that are nearer to each other, in milliseconds, are no chance. */
const SOON_AGAIN = 60_000;
const LESS =
  "If it goes on: show fewer pictures at once, close other pages and programs that use the GPU, and update the graphics driver.";

/** Says what becomes of the GPU, and what cannot be drawn. */
export function watchDrawing(session: Session): void {
  let notice: HTMLElement | undefined;
  let lostAt = Number.NEGATIVE_INFINITY;
  let often = false;
  session.on("error", ({ error }) => {
    notice?.remove();
    if (!isLost(error)) complain(error);
    else tell(error.message.replace(error.fix, "").trim(), `Nothing is lost. ${error.fix}`, RELOAD);
  });
  session.on("lost", () => {
    const now = performance.now();
    often = now - lostAt < SOON_AGAIN;
    lostAt = now;
    notice?.remove();
    notice = often
      ? tell("The GPU went away again, and is being called back.", `Nothing is lost. ${LESS}`)
      : tell("The GPU went away, and is being called back.", "Nothing is lost.");
  });
  // Advice is there until somebody has read it.
  session.on("restored", () => often || notice?.remove());
}

const RELOAD = {
  text: "Reload",
  act: () => {
    void keepNow().then(() => location.reload());
  },
};
