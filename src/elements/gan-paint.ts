import { UsageError } from "../errors.ts";
import { checkRecipe, type Recipe, type Stroke } from "../session/recipe.ts";
import { readRecipe } from "../session/recipe-link.ts";
import type { Session } from "../session/session.ts";
import { reflect } from "./attributes.ts";
import type { Point } from "./brush.ts";
import { Picker } from "./features.ts";
import { html } from "./html.ts";
import { PaintSteps } from "./paint-steps.ts";
import { PaintSurface, SURFACE_STYLE } from "./paint-surface.ts";
import { PaintToolbar, TOOLBAR_STYLE } from "./paint-toolbar.ts";
import { HeatedPicture } from "./picture.ts";
import type { Extents } from "./place.ts";
import { imageText, strokeText } from "./stroke-text.ts";

// Tests: test/elements/gan-paint.test.ts

const STYLE = `${SURFACE_STYLE}${TOOLBAR_STYLE}`;

/** Attributes that others follow. */
const WATCHED: readonly string[] = ["seed", "image", "layer", "disabled"];

/** As `[` and `]` change the radius, in cells. */
const RADIUS_STEP = 0.5;

/**
 * An image to paint on: a pointer, or the keyboard's cursor, draws and removes what units draw. A
 * form has the recipe of the edited image as its value.
 *
 * @attr value - JSON of the recipe to begin with, and to go back to when the form is reset.
 * @slot toolbar - In place of the brush's own settings.
 * @csspart surface - What is painted on.
 * @csspart canvas - The picture.
 * @csspart heat - What dims it.
 * @csspart overlay - The brush over it.
 * @csspart toolbar - The brush's settings.
 * @cssprop --gan-brush - Colour of the brush's outline.
 * @fires input {Event} - The recipe changed, by somebody's hand.
 * @fires change {Event} - A stroke was finished, or taken back.
 * @fires gan-brush {CustomEvent} - Somebody chose another brush.
 * @fires gan-pick {CustomEvent<Features>} - A stroke chose what is copied.
 * @fires gan-hover {CustomEvent<Place | undefined>} - The pixel under the pointer, if any.
 * @fires gan-rendered {CustomEvent<{ ms: number }>} - It was drawn, so long after it changed.
 * @fires gan-error {CustomEvent<ErrorDetail>} - It cannot be drawn, or a stroke cannot act.
 */
export class GanPaint extends PaintSteps {
  /** Attributes whose changes the browser tells it. */
  static override readonly observedAttributes = [...PaintSteps.observedAttributes, "value"];

  readonly #surface = new PaintSurface({
    start: (at, how) => this.#start(at, ({ paints: this.op, erases: "remove", picks: "pick" } as const)[how]),
    along: (points) => this.#along(points),
    finish: () => this.#finish(),
    cancel: () => this.#cancel(),
    hover: (place) => this.tell("gan-hover", place),
    command: (command) => this.#obey(command),
    say: (text) => this.#say(text),
  });
  readonly #status = html("div", { role: "status", class: "unseen" });
  readonly #toolbar = new PaintToolbar({
    set: (name, value) => this.#choose(name, value),
    undo: () => this.#step("undo"),
    redo: () => this.#step("redo"),
    clear: () => this.change([]),
  });
  readonly #picture = new HeatedPicture(this.#surface.element, {
    rendered: ({ ms }) => this.tell("gan-rendered", { ms }),
    failed: (error) => this.fail(error),
  });
  /** A recipe whose generator is not yet known to be the session's. */
  #unchecked: Recipe | undefined;
  /** What there was when there was a session. */
  #last: Recipe | undefined;
  readonly #picker = new Picker();

  constructor() {
    super(STYLE, { delegatesFocus: true });
    const toolbar = html("slot", { name: "toolbar" }, this.#toolbar.element);
    this.root.append(this.#surface.element, toolbar, this.#surface.help, this.#status);
  }

  /**
   * JSON of the recipe, as forms send it; empty until something is loaded. Setting it is as setting
   * `recipe`.
   */
  override get value(): string {
    const { recipe } = this;
    return recipe ? JSON.stringify(recipe) : "";
  }
  /** @throws UsageError for what is no recipe, or one of another generator. */
  override set value(json: string | null | undefined) {
    this.recipe = json ? readRecipe(json) : undefined;
  }

  /** The edited image; undefined until something is loaded. Setting it leaves no way back. */
  get recipe(): Recipe | undefined {
    const recipe = this.#picture.view?.recipe();
    if (!recipe) return this.#last;
    const { edited } = this;
    const { latents, toward, ...rest } = { ...recipe, ...edited, layer: edited.layer ?? recipe.layer };
    return { ...rest, ...(latents && { latents }), ...(toward.length > 0 && { toward }) };
  }
  /** @throws UsageError for what is no recipe, or one of another generator. */
  set recipe(given: Recipe | null | undefined) {
    const recipe = given ? checkRecipe(given) : undefined;
    if (recipe) this.#picture.view?.setRecipe(recipe);
    this.painting.reset(recipe?.strokes, recipe?.toward);
    this.ownLatents = recipe?.latents;
    this.#last = this.#unchecked = recipe;
    if (recipe) for (const name of ["seed", "image", "layer"] as const) reflect(this, name, recipe[name]);
    this.follow();
  }

  /** It came into a document. */
  protected override begin(): void {
    if (this.strokes.length === 0 && !this.#last && this.hasAttribute("value")) this.formResetCallback();
    super.begin();
  }

  /** An attribute has another value; also before `begin`. */
  protected override changed(name: string): void {
    super.changed(name);
    if (WATCHED.includes(name)) this.watchers.tell();
  }

  protected render(session: Session): void {
    this.#picker.session = session;
    this.#picture.show(session, { ...this.edited, view: "rgb", foreground: true }, this.heat);
    const unchecked = this.#unchecked;
    this.#unchecked = undefined;
    if (unchecked) this.#check(unchecked);
    this.keepForForm();
    this.#show();
  }

  protected detached(): void {
    this.#last = this.recipe;
    this.#picker.session = undefined;
    this.#picture.end();
  }

  /** Gives a recipe up that is of another generator. */
  #check(recipe: Recipe): void {
    try {
      this.#picture.view?.setRecipe(recipe);
    } catch (error) {
      this.painting.reset();
      this.ownLatents = undefined;
      // Its layer may be none of this generator's.
      if (this.layer === recipe.layer) reflect(this, "layer", undefined);
      this.follow();
      this.fail(error);
    }
  }

  /** Strokes are others: shows them, here and elsewhere. A new one alone is told as such. */
  protected follow(stroke?: Stroke): void {
    const view = this.#picture.view;
    if (stroke && view) view.stroke(stroke);
    else this.update();
    // All strokes are written down; no form is sent in the middle of one.
    if (view && !this.painting.growing) this.keepForForm();
    this.watchers.tell();
    this.#show();
  }

  protected followMove(): void {
    this.update();
    this.watchers.tellFollowers();
  }

  #say(text: string): void {
    this.#status.textContent = text;
  }
  /** Cells of the layer that is edited. */
  get #extents(): Extents | undefined {
    const { layer } = this.edited;
    return this.loaded?.model?.layers.find(({ name, vector }) => name === layer && !vector);
  }

  #start(at: Point, op: "draw" | "remove" | "copy" | "pick"): boolean {
    const extents = this.#extents;
    if (!extents || this.locked || this.inspect || this.painting.growing) return false;
    const brush = this.brush(op, this.edited.layer);
    if (!brush) {
      this.#say("Choose a concept to paint first.");
      this.fail(new UsageError("There is nothing to paint with.", "Choose a concept, or set `concept` or `units`."));
      return false;
    }
    const stroke = this.painting.start(brush, extents, at, this.live);
    if (this.painting.acts) {
      this.follow(stroke);
      this.happened("input");
    } else this.#show();
    return true;
  }

  /** As often as a pointer moves: only what follows it is shown anew. */
  #along(points: readonly Point[]): void {
    const { growing } = this.painting;
    if (!growing) return;
    const stroke = this.painting.along(points);
    this.#surface.grow(growing.cells);
    if (!stroke) return;
    this.#picture.view?.stroke(stroke);
    this.watchers.tellFollowers();
    this.happened("input");
  }

  #finish(): void {
    const picks = this.painting.growing?.picks;
    const stroke = this.painting.finish();
    if (!stroke) return;
    this.#show();
    if (picks) return void this.#pick(stroke);
    this.follow(this.live ? undefined : stroke);
    if (!this.live) this.happened("input");
    this.happened("change");
    this.#say(strokeText(stroke));
  }

  /** Copies from now on what is where the stroke is. */
  async #pick(stroke: Stroke): Promise<void> {
    try {
      const features = await this.#picker.pick(this.edited, stroke, this.copies);
      if (!features) return;
      Object.assign(this, { op: "copy", features });
      this.#say("Copied; paint where it is to go.");
      this.tell("gan-pick", features);
    } catch (error) {
      this.fail(error);
    }
  }

  #cancel(): void {
    if (!this.painting.growing) return;
    this.painting.cancel();
    this.follow();
    if (this.live) this.happened("input");
  }

  #step(way: "undo" | "redo"): void {
    if (!(way === "undo" ? this.canUndo : this.canRedo) || this.locked) return;
    this[way]();
    this.happened("input");
    this.happened("change");
    this.#say(`${way === "undo" ? "Undone" : "Redone"}; strokes: ${this.strokes.length}`);
  }

  #obey(command: "undo" | "redo" | "wider" | "narrower" | "swap"): void {
    if (command === "undo" || command === "redo") this.#step(command);
    else if (command === "swap") this.#choose("op", this.op === "draw" ? "remove" : "draw");
    else this.#choose("radius", this.wider(command === "wider" ? RADIUS_STEP : -RADIUS_STEP));
  }

  /** Somebody chose another brush. */
  #choose(name: string, value: string | number): void {
    if (this.locked) return;
    reflect(this, name, value);
    if (name === "concept") this.units = undefined;
    this.tell("gan-brush");
  }

  /** Shows the brush and its settings. */
  #show(): void {
    const { loaded, edited, alt } = this;
    const cells = this.#extents;
    if (!loaded?.model || !cells) return;
    const { growing } = this.painting;
    this.#surface.show({
      cells,
      pixels: loaded.model,
      label: alt || `${imageText(edited)}, to paint on`,
      disabled: this.locked,
      radius: this.radius,
      removes: (growing?.brush.op ?? this.op) !== "draw",
      stroke: growing?.cells,
    });
    const can = { paint: !this.locked, undo: this.canUndo, redo: this.canRedo, clear: this.strokes.length > 0 };
    this.#toolbar.show(this, edited.layer ?? "", loaded, can);
  }
}
