import { checkLatents, type EditedImage, type LatentsName, type Stroke, type Toward } from "../session/recipe.ts";
import { Watchers } from "./find.ts";
import { PaintForm } from "./paint-form.ts";
import { Painting } from "./painting.ts";
import { firstLayer } from "./session-child.ts";

// Tests: test/elements/gan-paint.test.ts

/** How a change by hand belongs to what was done before. */
interface Part {
  /** Whether no other part of the step follows. */
  readonly last?: boolean;
}

/** What is done to the image of `gan-paint`, step by step, and the way back. */
export abstract class PaintSteps extends PaintForm {
  /** The strokes and the latent's way, with their history. */
  protected readonly painting = new Painting();
  /** Who is told that the image or its strokes are others. */
  protected readonly watchers = new Watchers();

  /** The file whose latents the image is made of, if it is none of the seed's. */
  protected ownLatents: LatentsName | undefined;

  /** The image or its strokes are others; of a `stroke` alone it is told as such. */
  protected abstract follow(stroke?: Stroke): void;
  /** The latent is on its way. */
  protected abstract followMove(): void;

  /** The strokes in their order. Setting them is a step that can be undone. */
  get strokes(): readonly Stroke[] {
    return this.painting.strokes;
  }
  /** @throws UsageError for what are no strokes. */
  set strokes(strokes: readonly Stroke[]) {
    this.painting.change(strokes);
    this.follow();
  }

  /**
   * How far the image's latent has gone toward others', each `{ seed, image, share }`; empty where
   * it has not. Setting it leaves no way back.
   */
  get toward(): readonly Toward[] {
    return this.painting.toward;
  }
  /** @throws UsageError for what are no ways. */
  set toward(toward: readonly Toward[] | null | undefined) {
    this.painting.place(toward ?? []);
    this.follow();
  }

  /**
   * The file whose latents the image is made of in place of the seed's, one of `loaded.latents` of
   * the session; undefined for the seed's. Setting it leaves no way back.
   */
  get latents(): LatentsName | undefined {
    return this.ownLatents;
  }
  /** @throws UsageError for what names no file. */
  set latents(latents: LatentsName | null | undefined) {
    this.ownLatents = latents ? checkLatents({ name: latents.name, sha256: latents.sha256 }) : undefined;
    this.follow();
  }

  /** The image and what is done to it. */
  get edited(): Required<Omit<EditedImage, "layer" | "latents">> & Pick<EditedImage, "layer" | "latents"> {
    const layer = this.layer || (this.loaded && firstLayer(this.loaded));
    const { seed, image, latents, toward, strokes } = this;
    return { seed, image, latents, toward, ...(layer && { layer }), strokes };
  }

  /** Whether there is a step to take back. */
  get canUndo(): boolean {
    return this.painting.canUndo;
  }
  /** Whether there is a step that was taken back. */
  get canRedo(): boolean {
    return this.painting.canRedo;
  }

  /** Takes the last step back; without effect where there is none. */
  undo(): void {
    this.painting.undo();
    this.follow();
  }

  /** Makes the step that was taken back last; without effect where there is none. */
  redo(): void {
    this.painting.redo();
    this.follow();
  }

  /** Takes all strokes away, as one step. */
  clear(): void {
    if (this.strokes.length > 0) this.strokes = [];
  }

  /**
   * @internal Calls back when the image or its strokes are others: of a stroke on its way, when it
   * begins and when it ends, and a follower at every step between.
   */
  watch(watcher: () => void, follower?: () => void): () => void {
    return this.watchers.add(watcher, follower);
  }

  /**
   * @internal Somebody changes the strokes by hand elsewhere: as a step, or as a part of the last
   * one that `amends` a stroke; `last` if no other part of it follows.
   */
  change(strokes: readonly Stroke[], { amends, last = true }: Part & { readonly amends?: Stroke } = {}): void {
    this.painting.change(strokes, amends);
    this.follow();
    this.happened("input");
    if (last) this.happened("change");
  }

  /** @internal Somebody moves the latent by hand: as a step, or a part that `amends` the last. */
  move(toward: readonly Toward[], { amends = false, last = true }: Part & { readonly amends?: boolean } = {}): void {
    this.painting.move(toward, amends);
    if (last || !amends) this.follow();
    else this.followMove();
    this.happened("input");
    if (last) this.happened("change");
  }

  /** Tells the page that somebody changed it by hand. */
  protected happened(type: "input" | "change"): void {
    this.dispatchEvent(new Event(type, { bubbles: true, composed: true }));
  }
}
