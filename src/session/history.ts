import { checkStroke, checkStrokes, checkToward, type Stroke, type Toward } from "./recipe.ts";

/** What there is after a step. */
interface Step {
  readonly strokes: readonly Stroke[];
  readonly toward: readonly Toward[];
}

/**
 * The strokes of a recipe, how far its latent has gone, and what became of both step by step: plain
 * data on the side of whoever shows it. A session is told what there is now; it takes up what
 * differs.
 */
export class History {
  #steps: readonly Step[];
  #at = 0;

  /** @throws UsageError for what are no strokes, or no ways. */
  constructor(strokes: readonly Stroke[] = [], toward: readonly Toward[] = []) {
    this.#steps = [{ strokes: checkStrokes(strokes), toward: checkToward(toward) }];
  }

  /** The strokes as they are now, in the order in which they act. */
  get strokes(): readonly Stroke[] {
    return this.#now.strokes;
  }

  /** How far the latent has gone toward others'. */
  get toward(): readonly Toward[] {
    return this.#now.toward;
  }

  get #now(): Step {
    return this.#steps[this.#at]!;
  }

  /** Whether there is a step to take back. */
  get canUndo(): boolean {
    return this.#at > 0;
  }

  /** Whether there is a step that was taken back. */
  get canRedo(): boolean {
    return this.#at < this.#steps.length - 1;
  }

  /**
   * One step more: the strokes are these from now on. What was undone before is forgotten.
   * @throws UsageError for what are no strokes.
   */
  set(strokes: readonly Stroke[]): void {
    this.#add({ ...this.#now, strokes: checkStrokes(strokes) });
  }

  /**
   * One step more: the latent has gone there; or the last step with another place, for every
   * movement of a hand on its way.
   * @throws UsageError for what are no ways.
   */
  move(toward: readonly Toward[], amends = false): void {
    const step = { ...this.#now, toward: checkToward(toward) };
    if (amends) this.#amend(step);
    else this.#add(step);
  }

  /**
   * The latent is there after all steps: what was done is done to another image.
   * @throws UsageError for what are no ways.
   */
  place(toward: readonly Toward[]): void {
    const checked = checkToward(toward);
    this.#steps = this.#steps.map((step) => ({ ...step, toward: checked }));
  }

  #add(step: Step): void {
    this.#steps = [...this.#steps.slice(0, this.#at + 1), step];
    this.#at += 1;
  }

  #amend(step: Step): void {
    this.#steps = [...this.#steps.slice(0, this.#at), step];
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
    this.#amend({ ...this.#now, strokes: withStroke(this.strokes, checked) });
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
