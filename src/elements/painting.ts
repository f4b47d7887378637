import { History } from "../session/history.ts";
import type { Stroke, Toward } from "../session/recipe.ts";
import { type Brush, GrowingStroke, newId, type Point } from "./brush.ts";
import type { Extents } from "./place.ts";

// Tests: test/elements/painting.test.ts

/** Strokes, the one that is being made, where the latent has gone, and the way back. */
export class Painting {
  #history = new History();
  #growing: GrowingStroke | undefined;
  /** Whether the growing stroke acts already. */
  #live = false;

  /** Those that act now, in their order. */
  get strokes(): readonly Stroke[] {
    return this.#history.strokes;
  }

  /** How far the latent has gone toward others'. */
  get toward(): readonly Toward[] {
    return this.#history.toward;
  }

  /** The one that is being made. */
  get growing(): GrowingStroke | undefined {
    return this.#growing;
  }

  /** Whether the one that is being made acts already. */
  get acts(): boolean {
    return this.#growing !== undefined && this.#live;
  }

  get canUndo(): boolean {
    return this.#history.canUndo && !this.#growing;
  }

  get canRedo(): boolean {
    return this.#history.canRedo && !this.#growing;
  }

  /** Others from now on, with no way back. @throws UsageError for what are no strokes. */
  reset(strokes: readonly Stroke[] = [], toward: readonly Toward[] = []): void {
    this.#history = new History(strokes, toward);
    this.#growing = undefined;
  }

  /** The latent goes there, as one step, or as a part of the last one. */
  move(toward: readonly Toward[], amends: boolean): void {
    this.#history.move(toward, amends);
  }

  /** The latent is there, whatever is taken back. */
  place(toward: readonly Toward[]): void {
    this.#history.place(toward);
  }

  /** Begins a stroke; a live one acts while it is made. */
  start(brush: Brush, extents: Extents, at: Point, live: boolean): Stroke {
    this.#growing = new GrowingStroke(newId(this.strokes), brush, extents, at);
    this.#live = live && !this.#growing.picks;
    const { stroke } = this.#growing;
    return this.#live ? this.#history.put(stroke) : stroke;
  }

  /** Goes on; the stroke so far if it acts, and covers more now. */
  along(points: readonly Point[]): Stroke | undefined {
    let more = false;
    for (const point of points) more = this.#growing?.to(point) || more;
    return more && this.#growing && this.#live ? this.#history.amend(this.#growing.stroke) : undefined;
  }

  /** The stroke is made; one that picks is none of the strokes. */
  finish(): Stroke | undefined {
    const growing = this.#growing;
    this.#growing = undefined;
    const stroke = growing?.stroke;
    return stroke && !this.#live && !growing?.picks ? this.#history.put(stroke) : stroke;
  }

  /** There is to be no such stroke. */
  cancel(): void {
    if (this.#growing && this.#live) this.#history.undo();
    this.#growing = undefined;
  }

  /** Other strokes, as one step; or as a part of the last one, such as of a slider's way. */
  change(strokes: readonly Stroke[], amends?: Stroke): void {
    if (amends) this.#history.amend(amends);
    else this.#history.set(strokes);
  }

  undo(): void {
    if (this.canUndo) this.#history.undo();
  }

  redo(): void {
    if (this.canRedo) this.#history.redo();
  }
}
