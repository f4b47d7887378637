import type { Label, QuantileThreshold } from "../../dissect/result.ts";

/** Counts of the test set in blocks, as `blocks.safetensors` has them. */
export interface DissectedBlocks {
  /** How many blocks. */
  readonly count: number;
  /** Labels that occur, which the rows of tables are of. */
  readonly labels: ArrayLike<number>;
  /** Pixels of each label, [blocks][labels that occur]. */
  readonly pixels: ArrayLike<number>;
  /** Pixels of the images in which each category occurs, [blocks][categories]. */
  readonly categoryPixels: ArrayLike<number>;
  /** Pixels that bear the label and are active, [blocks][labels that occur][units]. */
  readonly intersection: ArrayLike<number>;
  /** Active pixels by category, [blocks][categories][units]. */
  readonly activation: ArrayLike<number>;
}

/** One layer of a dissection, as a report's files have it: what is compared. */
export interface DissectedLayer {
  /** Where it was read from. */
  readonly source: string;
  /** What the report calls the network. */
  readonly model: string;
  /** The layer's name. */
  readonly layer: string;
  /** Of a control: the seed of the rotation it was seen in. */
  readonly rotation?: number;
  /** Of a control: the seed of weights that were drawn. */
  readonly untrained?: number;
  /** How many units the layer has. */
  readonly units: number;
  /** Images of the test set. */
  readonly images: number;
  /** Seed of the test set's z. */
  readonly seed: number;
  /** Seed of the training set's z. */
  readonly trainSeed: number;
  /** Numbers of an image's z; with the same seed and as many, images are of the same z. */
  readonly zSize: number | undefined;
  /** Rows and columns of the label maps. */
  readonly grid: readonly [rows: number, columns: number];
  /** What the report calls the segmenter. */
  readonly segmenter: string;
  /** SHA-256 of the segmenter's files, where the report has them. */
  readonly segmenterHash: string | undefined;
  /** By number; index 0 is none. */
  readonly labels: readonly Label[];
  /** In the order of `activation`'s rows. */
  readonly categories: readonly string[];
  /** How levels were chosen. */
  readonly quantileThreshold: QuantileThreshold;
  /** A unit is interpretable in the report above this IoU… */
  readonly iouThreshold: number;
  /** …and above this IQR. */
  readonly iqrThreshold: number;
  /** The label that each unit has in the report. */
  readonly reported: ArrayLike<number>;
  /** Pixels of each label. */
  readonly labelPixels: ArrayLike<number>;
  /** Pixels that bear the label and are active, [labels][units]. */
  readonly intersection: ArrayLike<number>;
  /** Active pixels in images that hold each category, [categories][units]. */
  readonly activation: ArrayLike<number>;
  /** Information quality ratios, [labels][units]. */
  readonly iqr: ArrayLike<number>;
  /** Absent of older reports, and where tables would have been too large. */
  readonly blocks?: DissectedBlocks;
}
