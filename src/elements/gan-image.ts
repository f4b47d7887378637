import {
  checkLatents,
  checkRecipe,
  checkToward,
  type EditedImage,
  type LatentsName,
  type Recipe,
  type Toward,
} from "../session/recipe.ts";
import type { Loaded, Session, UnitName, ViewOptions } from "../session/session.ts";
import { reflect, wholeOf, wordOf } from "./attributes.ts";
import { named, Pairing, Watchers } from "./find.ts";
import { GanPaint } from "./gan-paint.ts";
import { html } from "./html.ts";
import { HeatedPicture } from "./picture.ts";
import { placeOf } from "./place.ts";
import { firstLayer, SessionChild } from "./session-child.ts";
import { imageText } from "./stroke-text.ts";

// Tests: test/elements/gan-image.test.ts

const STYLE = ":host { min-width: 24px; }";

const NOWHERE: readonly Toward[] = [];

/** What is done to an image: the strokes, and the layer they are on. */
export type Edits = Pick<EditedImage, "layer" | "strokes">;

/**
 * An image of the session's generator, its labels, or where a unit is active in it.
 *
 * @attr for - Id of a `gan-paint`, whose image and strokes it shows, too.
 * @attr seed - Seed of z; that of `for`, or 1, unless given.
 * @attr image - Which of the seed's images; that of `for`, or 0, unless given.
 * @attr view - "rgb", "labels", or "unit": where a unit is active.
 * @attr layer - The layer of the unit that is shown; a dissected one unless given.
 * @attr unit - The number of the unit that is shown.
 * @attr heat - A unit, as "layer4/24": the image is dimmed where it is not active.
 * @attr unedited - Shows the image without any strokes.
 * @attr alt - What the image shows, for those who do not see it.
 * @csspart frame - Around the picture.
 * @csspart canvas - The picture.
 * @csspart heat - What dims it.
 * @fires gan-rendered {CustomEvent<{ ms: number }>} - It was drawn, so long after it changed.
 * @fires gan-hover {CustomEvent<Place | undefined>} - The pixel under the pointer, if any.
 * @fires gan-error {CustomEvent<ErrorDetail>} - It cannot be drawn.
 */
export class GanImage extends SessionChild {
  /** Attributes whose changes the browser tells it. */
  static readonly observedAttributes = [
    ...["session", "for", "seed", "image", "view", "layer", "unit", "heat", "unedited", "alt"],
  ];

  readonly #pairing = new Pairing<GanPaint>(
    () => this.update(),
    () => (this.unedited && this.#toward === this.#moved) || this.update(),
  );
  readonly #frame = html("div", { part: "frame", class: "frame", role: "img" });
  readonly #picture = new HeatedPicture(this.#frame, {
    rendered: ({ ms }) => this.tell("gan-rendered", { ms }),
    failed: (error) => this.fail(error),
  });
  readonly #watchers = new Watchers();
  #edits: Edits | undefined;
  /** The file whose latents it is made of; undefined for that of `for`. */
  #latents: LatentsName | undefined;
  /** Where its latent is; undefined for where that of `for` is. */
  #own: readonly Toward[] | undefined;
  /** As it is shown. */
  #moved: readonly Toward[] | undefined;

  constructor() {
    super(STYLE);
    this.root.append(this.#frame);
    this.#frame.addEventListener("pointermove", (event) => {
      const { model } = this.loaded ?? {};
      if (model) this.tell("gan-hover", placeOf(event, this.#frame, model));
    });
    this.#frame.addEventListener("pointerleave", () => this.tell("gan-hover"));
  }

  /** Id of the `gan-paint` whose image and strokes it shows. */
  get htmlFor(): string {
    return this.getAttribute("for") ?? "";
  }
  set htmlFor(id: string | null | undefined) {
    reflect(this, "for", id || undefined);
  }

  /** Seed of z. */
  get seed(): number {
    return wholeOf(this, "seed", this.#pairing.other?.seed ?? 1);
  }
  set seed(value: number | null | undefined) {
    reflect(this, "seed", value);
  }

  /** Which of the seed's images. */
  get image(): number {
    return wholeOf(this, "image", this.#pairing.other?.image ?? 0);
  }
  set image(value: number | null | undefined) {
    reflect(this, "image", value);
  }

  /** The image, its labels, or where `unit` is active. */
  get view(): "rgb" | "labels" | "unit" {
    return wordOf(this, "view", ["rgb", "labels", "unit"]);
  }
  set view(value: "rgb" | "labels" | "unit" | null | undefined) {
    reflect(this, "view", value);
  }

  /** The layer of the unit that is shown; empty for a dissected one. */
  get layer(): string {
    return this.getAttribute("layer") ?? "";
  }
  set layer(value: string | null | undefined) {
    reflect(this, "layer", value || undefined);
  }

  /** The unit that is shown. */
  get unit(): number {
    return wholeOf(this, "unit", 0);
  }
  set unit(value: number | null | undefined) {
    reflect(this, "unit", value);
  }

  /** The unit without which the image is dimmed, as "layer4/24"; empty for none. */
  get heat(): string {
    return this.getAttribute("heat") ?? "";
  }
  set heat(value: string | null | undefined) {
    reflect(this, "heat", value || undefined);
  }

  /** Whether it is shown without any strokes. */
  get unedited(): boolean {
    return this.hasAttribute("unedited");
  }
  set unedited(value: boolean | null | undefined) {
    reflect(this, "unedited", value);
  }

  /** What it shows, for those who do not see it. */
  get alt(): string {
    return this.getAttribute("alt") ?? "";
  }
  set alt(value: string | null | undefined) {
    reflect(this, "alt", value);
  }

  /** What is done to the image; undefined for what is done to that of `for`. */
  get edits(): Edits | undefined {
    return this.#edits;
  }
  set edits(edits: Edits | null | undefined) {
    this.#edits = edits ?? undefined;
    this.update();
  }

  /**
   * The file whose latents the image is made of in place of the seed's, one of `loaded.latents` of
   * the session; unless given, that of `for` if it is the same image, and else none.
   */
  get latents(): LatentsName | undefined {
    return this.#latents ?? this.#same?.latents;
  }
  /** @throws UsageError for what names no file. */
  set latents(latents: LatentsName | null | undefined) {
    this.#latents = latents ? checkLatents({ name: latents.name, sha256: latents.sha256 }) : undefined;
    this.update();
  }

  /**
   * How far the image's latent has gone toward others'; unless given, as that of `for` if it is the
   * same image, and else not at all.
   */
  get toward(): readonly Toward[] {
    return this.#toward;
  }
  /** @throws UsageError for what are no ways. */
  set toward(toward: readonly Toward[] | null | undefined) {
    this.#own = toward ? checkToward(toward) : undefined;
    this.update();
  }

  get #toward(): readonly Toward[] {
    return this.#own ?? this.#same?.toward ?? NOWHERE;
  }

  /** That of `for`, where its image is the one that is shown. */
  get #same(): GanPaint | undefined {
    return this.hasAttribute("seed") || this.hasAttribute("image") ? undefined : this.#pairing.other;
  }

  /** What it shows as a recipe; undefined until something is loaded. */
  get recipe(): Recipe | undefined {
    return this.#picture.view?.recipe();
  }
  /** @throws UsageError for what is no recipe. */
  set recipe(given: Recipe | null | undefined) {
    const { seed, image, latents, toward, layer, strokes } = given ? checkRecipe(given) : {};
    this.#latents = latents;
    this.#own = toward;
    this.#edits = strokes && { ...(layer !== undefined && { layer }), strokes };
    this.seed = seed;
    this.image = image;
    this.update();
  }

  /** The image and what is done to it. */
  get edited(): EditedImage {
    const { layer, strokes = [] }: Edits = this.#edits ?? this.#pairing.other?.edited ?? {};
    return {
      ...{ seed: this.seed, image: this.image, latents: this.latents, toward: this.#toward },
      ...(layer !== undefined && { layer }),
      strokes: this.unedited ? [] : strokes,
    };
  }

  /** @internal Calls back when the image or its strokes are others. */
  watch(watcher: () => void): () => void {
    return this.#watchers.add(watcher);
  }

  override look(): void {
    super.look();
    this.#pairing.other = this.htmlFor ? named(this, this.htmlFor, GanPaint) : undefined;
  }

  /** An attribute has another value; also before `begin`. */
  protected override changed(name: string): void {
    if (name === "for" && this.begun) this.look();
    super.changed(name);
  }

  /** It is in no document any more: what it holds is let go. */
  protected override end(): void {
    super.end();
    this.#pairing.other = undefined;
  }

  protected render(session: Session, loaded: Loaded): void {
    const { edited, view } = this;
    const unit: UnitName = { layer: this.layer || firstLayer(loaded), unit: this.unit };
    const options: ViewOptions = { ...edited, view, ...(view === "unit" && { unit }) };
    const { height = 1, width = 1 } = loaded.model ?? {};
    this.#frame.style.aspectRatio = `${width} / ${height}`;
    this.#frame.setAttribute("aria-label", this.alt || `${imageText(edited)}${SHOWN[view](unit)}`);
    this.#moved = edited.toward;
    this.#picture.show(session, options, this.heat);
    this.#watchers.tell();
  }

  protected detached(): void {
    this.#picture.end();
  }
}

const SHOWN = {
  rgb: () => "",
  labels: () => ", its labels",
  unit: ({ layer, unit }: UnitName) => `, where unit ${unit} of ${layer} is active`,
} as const;
