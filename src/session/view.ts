import { UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { shown, whole } from "./checks.ts";
import { Emitter } from "./emitter.ts";
import { checkFits } from "./fits.ts";
import { withStroke } from "./history.ts";
import {
  checkLatents,
  checkRecipe,
  checkStroke,
  checkStrokes,
  checkToward,
  type LatentsName,
  MAX_IMAGE,
  RECIPE_VERSION,
  type Recipe,
  type Stroke,
  type Toward,
} from "./recipe.ts";
import type { Listener, Loaded, Rendered, View, ViewOptions, ViewState } from "./session.ts";

// Tests: test/session/view.test.ts

/** Whoever draws a view, here or on the other side of a port. */
export interface Drawer {
  /** All of its state that is not in it already. */
  set(change: ViewOptions, state: ViewState): void;
  stroke(stroke: Stroke, state: ViewState): void;
  dispose(): void;
  /** What is loaded now. */
  loaded(): Loaded | undefined;
}

export const EDITED_NAMES = {
  seed: true,
  image: true,
  latents: true,
  toward: true,
  layer: true,
  strokes: "list",
} as const;
export const VIEW_NAMES: NamesOf<ViewOptions> = { ...EDITED_NAMES, view: true, unit: true, foreground: true };
const VIEWS: readonly unknown[] = ["rgb", "labels", "unit"];

/** What a view shows that was told nothing. */
export const FIRST_STATE: ViewState = {
  seed: 1,
  image: 0,
  latents: undefined,
  toward: [],
  view: "rgb",
  layer: undefined,
  unit: undefined,
  strokes: [],
  foreground: false,
};

/**
 * What a view shows after a change of somebody's. A stroke that is as it was stays the same object,
 * by which it is known.
 * @throws UsageError for what makes no sense whatever is loaded.
 */
export function changedState(before: ViewState, change: ViewOptions, what = "view.set"): ViewState {
  checkNames(what, change, VIEW_NAMES);
  const { seed = before.seed, image = before.image, view = before.view, foreground = before.foreground } = change;
  const layer = "layer" in change ? change.layer : before.layer;
  const unit = "unit" in change ? change.unit : before.unit;
  whole(seed, "seed", 2 ** 32 - 1);
  whole(image, "image", MAX_IMAGE);
  if (!VIEWS.includes(view)) throw new UsageError(`${what} knows no view ${shown(view)}.`, `Use ${VIEWS.join(", ")}.`);
  if (layer !== undefined && typeof layer !== "string") {
    throw new UsageError(`${what} needs the name of a layer, not ${shown(layer)}.`, 'Give `layer`, such as "layer4".');
  }
  if (unit !== undefined && !(typeof unit?.layer === "string" && Number.isInteger(unit.unit))) {
    throw new UsageError(`${what} needs a unit and its layer.`, "Give unit: { layer, unit }.");
  }
  if (view === "unit" && unit === undefined) {
    throw new UsageError(`${what} shows no unit unless it knows which.`, "Give unit: { layer, unit }.");
  }
  if (typeof foreground !== "boolean") {
    throw new UsageError(`${what} takes true or false for foreground, not ${shown(foreground)}.`, "Give a boolean.");
  }
  const latents = "latents" in change ? latentsOf(before.latents, change.latents) : before.latents;
  const toward = towardOf(before.toward, change.toward);
  const strokes = strokesOf(before.strokes, change.strokes);
  return { seed, image, latents, toward, view, layer, unit, strokes, foreground };
}

/**
 * What is as it was stays the same object; of what `loaded` tells of latents their name is taken.
 */
function latentsOf(before: LatentsName | undefined, given: LatentsName | undefined): LatentsName | undefined {
  if (given === undefined || given === before) return given;
  const { name, sha256 } = given;
  const latents = checkLatents({ name, sha256 });
  return before?.sha256 === latents.sha256 ? before : latents;
}

/** What is as it was stays the same object. */
function towardOf(before: readonly Toward[], given: readonly Toward[] | undefined): readonly Toward[] {
  if (given === undefined || given === before) return before;
  const toward = checkToward(given);
  return JSON.stringify(toward) === JSON.stringify(before) ? before : toward;
}

function strokesOf(before: readonly Stroke[], given: readonly Stroke[] | undefined): readonly Stroke[] {
  if (given === undefined || given === before) return before;
  const known = new Map(before.map((stroke) => [stroke.id, stroke]));
  return checkStrokes(given).map((stroke) => {
    const old = known.get(stroke.id);
    const same = old && (old === stroke || JSON.stringify(old) === JSON.stringify(stroke));
    return same ? old : stroke;
  });
}

/**
 * The last stroke, if nothing else is new: of a list of any length, no more need cross a port.
 */
function onlyStroke({ strokes: before, ...was }: ViewState, { strokes, ...is }: ViewState): Stroke | undefined {
  const last = strokes.at(-1);
  const replaces = before.length === strokes.length && before.at(-1)?.id === last?.id;
  const isOnly =
    last !== undefined &&
    last !== before.at(-1) &&
    (replaces || before.length === strokes.length - 1) &&
    strokes.slice(0, -1).every((stroke, at) => stroke === before[at]) &&
    Object.entries(is).every(([name, value]) => was[name as keyof typeof was] === value);
  return isOnly ? last : undefined;
}

/** A view whose state is here, wherever it is drawn. */
export class SessionView implements View {
  readonly #drawer: Drawer;
  readonly #emitter = new Emitter<{ readonly rendered: Rendered }>();
  #state: ViewState;
  #disposed = false;

  constructor(state: ViewState, drawer: Drawer) {
    this.#state = state;
    this.#drawer = drawer;
  }

  get state(): ViewState {
    return this.#state;
  }

  set(change: ViewOptions): void {
    const before = this.#state;
    this.#state = changedState(before, change);
    if (this.#disposed) return;
    const stroke = onlyStroke(before, this.#state);
    if (stroke) this.#drawer.stroke(stroke, this.#state);
    else this.#drawer.set(change, this.#state);
  }

  stroke(stroke: Stroke): void {
    const checked = checkStroke(stroke);
    this.#state = { ...this.#state, strokes: withStroke(this.#state.strokes, checked) };
    if (!this.#disposed) this.#drawer.stroke(checked, this.#state);
  }

  setRecipe(recipe: Recipe): void {
    const { model, seed, image, latents, toward = [], layer, strokes } = checkRecipe(recipe);
    const { model: own, latents: held } = this.#drawer.loaded() ?? {};
    if (!own) throw new UsageError("A recipe needs its generator.", `Load ${model.name}: session.load({ generator }).`);
    checkFits(recipe, own, held);
    this.set({ seed, image, latents, toward, layer, strokes });
  }

  recipe(): Recipe {
    const loaded = this.#drawer.loaded();
    if (!loaded?.model) throw new UsageError("A recipe is of a generator.", "Load one: session.load({ generator }).");
    const { seed, image, latents, toward, layer, strokes } = this.#state;
    const { name, sha256 } = loaded.model;
    const first = loaded.model.layers.find(({ vector }) => !vector)?.name ?? "";
    return {
      version: RECIPE_VERSION,
      model: { name, ...(sha256 !== undefined && { sha256 }) },
      ...(loaded.segmenter && { segmenter: { name: loaded.segmenter.name } }),
      seed,
      image,
      ...(latents && { latents }),
      ...(toward.length > 0 && { toward }),
      layer: layer ?? first,
      strokes,
    };
  }

  on(type: "rendered", listener: Listener<Rendered>): () => void {
    return this.#emitter.on(type, listener);
  }

  /** The drawer has drawn it. */
  rendered(event: Rendered): void {
    this.#emitter.emit("rendered", event);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#drawer.dispose();
  }
}
