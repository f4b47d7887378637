import type { Label, QuantileThreshold } from "../../dissect/result.ts";

/** Counts of the test set in blocks, as `blocks.safetensors` has them. */
export interface DissectedBlocks {
  readonly count: number;
  /** Labels that occur, which the rows of tables are of. */
  readonly labels: ArrayLike<number>;
  /** [blocks][labels that occur] */
  readonly pixels: ArrayLike<number>;
  /** [blocks][categories] */
  readonly categoryPixels: ArrayLike<number>;
  /** [blocks][labels that occur][units] */
  readonly intersection: ArrayLike<number>;
  /** [blocks][categories][units] */
  readonly activation: ArrayLike<number>;
}

/** One layer of a dissection, as a report's files have it: what is compared. */
export interface DissectedLayer {
  /** Where it was read from. */
  readonly source: string;
  readonly model: string;
  readonly layer: string;
  /** Of controls: the seed of the rotation it was seen in, and of weights that were drawn. */
  readonly rotation?: number;
  readonly untrained?: number;
  readonly units: number;
  /** Images of the test set, and the seeds they were drawn by. */
  readonly images: number;
  readonly seed: number;
  readonly trainSeed: number;
  /** Numbers of an image's z; with the same seed and as many, images are of the same z. */
  readonly zSize: number | undefined;
  /** Rows and columns of the label maps. */
  readonly grid: readonly [rows: number, columns: number];
  readonly segmenter: string;
  /** SHA-256 of the segmenter's files, where the report has them. */
  readonly segmenterHash: string | undefined;
  readonly labels: readonly Label[];
  readonly categories: readonly string[];
  /** How levels were chosen, and what a unit must exceed to be interpretable in the report. */
  readonly quantileThreshold: QuantileThreshold;
  readonly iouThreshold: number;
  readonly iqrThreshold: number;
  /** The label that each unit has in the report. */
  readonly reported: ArrayLike<number>;
  /** Pixels of each label. */
  readonly labelPixels: ArrayLike<number>;
  /** [labels][units] */
  readonly intersection: ArrayLike<number>;
  /** [categories][units] */
  readonly activation: ArrayLike<number>;
  /** [labels][units] */
  readonly iqr: ArrayLike<number>;
  /** Absent of older reports, and where tables would have been too large. */
  readonly blocks?: DissectedBlocks;
}
