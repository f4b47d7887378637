import type { GanatomyError } from "../src/errors.ts";
import type { Recipe, Session } from "../src/session/index.ts";
import { recipeOfAddress } from "./address.ts";
import { keep, kept } from "./keeping.ts";
import { complain, tell } from "./notices.ts";
import { part } from "./page.ts";

/** The picture that is shown to somebody who is here for the first time: one with many things. */
const FIRST = 3;
/** So long after the last change it is kept, in milliseconds. */
const SOON = 400;

/** Keeps what is worked on, and takes up what a link has that is opened here. */
export function keepWork(): void {
  const paint = part("paint");
  let soon: ReturnType<typeof setTimeout> | undefined;
  const now = (): void => {
    clearTimeout(soon);
    soon = undefined;
    const { recipe } = paint;
    if (recipe && part("session").session) void keep(recipe);
  };
  paint.watch(() => {
    clearTimeout(soon);
    soon = setTimeout(now, SOON);
  });
  document.addEventListener("visibilitychange", () => soon !== undefined && now());
  addEventListener("hashchange", () => {
    recipeOfAddress().then((recipe) => recipe && take(recipe), complain);
  });
}

/**
 * What to begin with: the link's, else what was worked on last. A link that cannot be read says so,
 * and keeps nobody from going on.
 */
export async function firstRecipe(model: string): Promise<Recipe | undefined> {
  const last = await kept(model);
  try {
    const linked = await recipeOfAddress();
    if (linked) rememberBefore(last, linked);
    return linked ?? last;
  } catch (error) {
    complain(error);
    return last;
  }
}

/** Offers what a recipe takes the place of. */
function rememberBefore(before: Recipe | undefined, after: Recipe): void {
  if (!before || before.strokes.length === 0 || before.model.name !== after.model.name) return;
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  tell("This shows the strokes that you opened.", "Yours are still here.", {
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
  if (!fits(recipe)) return;
  paint.recipe = recipe;
  rememberBefore(before, recipe);
}

/** Whether a recipe is of this generator; if not says so, and keeps it for the right one. */
function fits(recipe: Recipe): boolean {
  const model = part("session").session?.loaded?.model;
  if (!model || model.name === recipe.model.name) return true;
  waiting = recipe;
  const { name } = recipe.model;
  tell(
    `These strokes are of ${name}, and the generator here is ${model.name}.`,
    `Drop the checkpoint of ${name} here, and they will be shown on it. What you have painted stays.`,
  );
  return false;
}

/** Shows the image of a recipe now, and its strokes when it is known what their concepts are. */
export function begin(recipe: Recipe | undefined, session: Session): Recipe | undefined {
  const paint = part("paint");
  const wanted = waiting?.model.name === session.loaded?.model?.name ? waiting : recipe;
  waiting = undefined;
  const own = wanted?.model.name === session.loaded?.model?.name ? wanted : undefined;
  paint.recipe = own && { ...own, strokes: [] };
  if (!own) Object.assign(paint, { seed: undefined, image: FIRST, layer: undefined });
  return own;
}

/** Says what became of the GPU. */
export function watchDevice(session: Session): void {
  let notice: HTMLElement | undefined;
  session.on("lost", ({ error }: { readonly error: GanatomyError }) => {
    notice?.remove();
    notice = tell("The GPU went away, and is being called back.", `Nothing is lost. (${error.message})`);
  });
  session.on("restored", () => notice?.remove());
}
