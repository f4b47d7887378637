import type { Dissection, UnitPictures } from "./result.ts";

/**
 * The steps of a dissection: choosing levels on the training set, then scoring and collecting
 * pictures on the test set.
 */
export type Phase = "activations" | "quantiles" | "levels" | "scores" | "pictures";

/** What a dissection says on its way; the last is its result. */
export type DissectionEvent =
  | {
      /** `done` of `total` images of a phase. */
      readonly type: "progress";
      /** What is being done with them. */
      readonly phase: Phase;
      /** Images, counted once for each pass over them. */
      readonly done: number;
      /** Those of all the phase's passes. */
      readonly total: number;
    }
  | {
      /** The scores of the test images seen so far; at most four times. */
      readonly type: "partial";
      /** As the result is, of those images. */
      readonly dissection: Dissection;
    }
  | {
      /** All is done; it comes once and last. */
      readonly type: "result";
      /** Everything that was found. */
      readonly dissection: Dissection;
      /** What unit strips are drawn from, layer by layer and unit by unit. */
      pictures(options?: {
        /** Stops it: what was asked rejects with the signal's reason. */
        readonly signal?: AbortSignal;
      }): AsyncIterable<UnitPictures>;
    };
