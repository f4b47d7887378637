import { checkStroke, checkStrokes, type Stroke } from "./recipe.ts";

/**
 * The strokes of a recipe and what became of them, step by step: plain data on the side of whoever
 * shows it. A session is told the strokes there are now; it takes up what differs.
 */
export class History {
  #steps: readonly (readonly Stroke[])[];
  #at = 0;

  /** @throws UsageError for what are no strokes. */
  constructor(strokes: readonly Stroke[] = []) {
    this.#steps = [checkStrokes(strokes)];
  }

  /** The strokes as they are now, in the order in which they act. */
  get strokes(): readonly Stroke[] {
    return this.#steps[this.#at]!;
  }

  get canUndo(): boolean {
    return this.#at > 0;
  }

  get canRedo(): boolean {
    return this.#at < this.#steps.length - 1;
  }

  /**
   * One step more: the strokes are these from now on. What was undone before is forgotten.
   * @throws UsageError for what are no strokes.
   */
  set(strokes: readonly Stroke[]): void {
    this.#steps = [...this.#steps.slice(0, this.#at + 1), checkStrokes(strokes)];
    this.#at += 1;
  }

  /**
   * One step more: a stroke behind the others, or in place of the one of its id.
   * @returns it, checked
   */
  put(stroke: Stroke): Stroke {
    const checked = checkStroke(stroke);
    this.set(withStroke(this.strokes, checked));
    return checked;
  }

  /**
   * The last step with a stroke that goes on: for every movement of a pointer that draws, which is
   * undone as one.
   * @returns it, checked
   */
  amend(stroke: Stroke): Stroke {
    const checked = checkStroke(stroke);
    this.#steps = [...this.#steps.slice(0, this.#at), withStroke(this.strokes, checked)];
    return checked;
  }

  /** One step back; without effect where there is none. */
  undo(): void {
    if (this.canUndo) this.#at -= 1;
  }

  /** One step forward again; without effect where there is none. */
  redo(): void {
    if (this.canRedo) this.#at += 1;
  }
}

/** Strokes with one more at their end, or in place of the one of its id. */
export function withStroke(strokes: readonly Stroke[], stroke: Stroke): Stroke[] {
  const at = strokes.findIndex(({ id }) => id === stroke.id);
  return at < 0 ? [...strokes, stroke] : strokes.with(at, stroke);
}
