import type { Dissection, UnitPictures } from "./result.ts";

/**
 * The steps of a dissection: choosing levels on the training set, then scoring and collecting
 * pictures on the test set.
 */
export type Phase = "activations" | "quantiles" | "levels" | "scores" | "pictures";

export type DissectionEvent =
  /** `done` of `total` images of a phase. */
  | { readonly type: "progress"; readonly phase: Phase; readonly done: number; readonly total: number }
  /** The scores of the test images seen so far. */
  | { readonly type: "partial"; readonly dissection: Dissection }
  | {
      readonly type: "result";
      readonly dissection: Dissection;
      /** What unit strips are drawn from, layer by layer and unit by unit. */
      pictures(options?: { readonly signal?: AbortSignal }): AsyncIterable<UnitPictures>;
    };
