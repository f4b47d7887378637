/** How far something is, by its parts: images, units, draws. */
export interface StepProgress {
  /** Parts that are done. */
  readonly done: number;
  /** All parts. */
  readonly total: number;
}
