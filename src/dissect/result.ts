import type { Label } from "../networks/segmenters/network.ts";
import type { CountTable } from "./counter.ts";

export type { CountTable, Label };

/**
 * How a unit's activation threshold was chosen: the level of maximal IQR or IoU over 100 quantiles,
 * or one fixed upper quantile.
 */
export type QuantileThreshold = "iqr" | "maxiou" | number;

/**
 * One unit (channel) of a layer and what it was found to detect. Field names in gandissect's JSON
 * differ; see `report/gandissect.ts`.
 */
export interface Unit {
  readonly unit: number;
  /** Activation threshold: the unit is "on" where its upsampled activation is greater than this. */
  readonly level: number;
  /** Index into `labels` of the concept this unit agrees with best; 0 means none. */
  readonly label: number;
  /** On the test set, for `label` at `level`. */
  readonly iou: number;
  readonly iqr: number;
  /** Mutual information in nats. */
  readonly mi: number;
  /** Pearson correlation of the upsampled activation with the label's indicator. */
  readonly correlation: number;
  /**
   * Counts of pixels on the test set: label (in any channel) ∧ active, active in images holding the
   * label's category, label.
   */
  readonly intersection: number;
  readonly activation: number;
  readonly pixels: number;
  /** IQR > iqrThreshold and IoU > iouThreshold, both on the test set. */
  readonly interpretable: boolean;
  /**
   * The images that activate the unit most, best first: index into the test set's z, and the
   * spatial maximum there.
   */
  readonly top: readonly { readonly image: number; readonly activation: number }[];
  /**
   * The level search on the training set (absent when the threshold is one fixed quantile): the
   * best concept by IQR and by IoU.
   */
  readonly training?: {
    readonly iqr: LevelChoice;
    readonly maxiou: LevelChoice;
  };
  /** The concept with the highest correlation on the test set. */
  readonly mostCorrelated: { readonly label: number; readonly correlation: number };
}

/**
 * The candidate level that maximises a score for one unit, over all concepts. `quantile` is the
 * fraction of pixels above it.
 */
export interface LevelChoice {
  readonly label: number;
  readonly score: number;
  readonly level: number;
  readonly quantile: number;
  /** IoU at that level on the training set. */
  readonly iou: number;
}

/**
 * Unit × concept scores of one layer on the test set, row-major [labels][units]; row 0 ("no label")
 * is zero.
 */
export interface Tables {
  readonly iou: Float64Array;
  readonly iqr: Float64Array;
  readonly mi: Float64Array;
  readonly correlation: Float64Array;
  readonly intersection: CountTable;
  /** Active pixels per category, row-major [categories][units]. */
  readonly activation: CountTable;
  /**
   * Scores of the level search on the training set, [labels][units]; absent for a fixed quantile.
   */
  readonly trainingIqr?: Float64Array;
  readonly trainingMaxiou?: Float64Array;
  /** `intersection` and `activation` in the dissection's blocks; there if those are. */
  readonly blocks?: BlockTables;
}

/** A layer's counts in blocks of the test set; see `Blocks`. */
export interface BlockTables {
  /** [blocks][labels that occur][units] */
  readonly intersection: CountTable;
  /** [blocks][categories][units] */
  readonly activation: CountTable;
}

/**
 * The test set in blocks, image i in block i mod `count`, whose counts add up to those of the
 * whole: with them scores can be had again without any block, for jackknife errors.
 */
export interface Blocks {
  readonly count: number;
  /** Those that occur in any image, in their order: the rows of the tables. */
  readonly labels: readonly number[];
  /** [blocks][labels that occur] */
  readonly pixels: CountTable;
  /** [blocks][categories]: pixels of the images in which each category occurs. */
  readonly categoryPixels: CountTable;
}

/** One dissected layer. */
export interface LayerResult {
  readonly layer: string;
  /** [height, width] of its feature map. */
  readonly shape: readonly [number, number];
  readonly units: readonly Unit[];
  readonly tables: Tables;
}

/** The adapter a result was computed on. */
export interface AdapterDescription {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** True for a software adapter: correct, but far slower than a GPU. */
  readonly software: boolean;
}

/** Everything a dissection found: plain data, no GPU objects. */
export interface Dissection {
  readonly model: {
    readonly name: string;
    /** Edge of the images in pixels, the longer one where they are not square. */
    readonly resolution: number;
    /** Of images that are not square. */
    readonly height?: number;
    readonly width?: number;
    /** Of images that are cropped, from the top left corner: [height, width] that layers cover. */
    readonly uncropped?: readonly [height: number, width: number];
    /** Of images that are levels, a tile each pixel: the RGB bytes of every kind of tile. */
    readonly tiles?: readonly (readonly [red: number, green: number, blue: number])[];
    readonly sizes: readonly number[];
    /** Seed of the rotation in which layers were seen: a control, whose units are none. */
    readonly rotation?: number;
    /** Seed of weights that were drawn instead of trained ones: a control. */
    readonly untrained?: number;
  };
  /** What images of the test set are called, in their order, where they have names: photographs. */
  readonly images?: readonly string[];
  readonly segmenter: {
    readonly name: string;
    /**
     * Labels a pixel can have at once, one of each kind: objects, materials, parts. One unless
     * given.
     */
    readonly channels?: number;
  };
  /** Index 0 is ("-", "object"): no prediction. */
  readonly labels: readonly Label[];
  /** In the order of `Tables.activation`'s rows. */
  readonly categories: readonly string[];
  readonly settings: {
    readonly layers: readonly string[];
    readonly size: number;
    readonly seed: number;
    readonly trainSeed: number;
    readonly quantileThreshold: QuantileThreshold;
    readonly examples: number;
    readonly iouThreshold: number;
    readonly iqrThreshold: number;
    /**
     * Edge of the label maps that were compared with the activations, in pixels, the longer one
     * where they are not square.
     */
    readonly segmentationSize: number;
    /** Of label maps that are not square. */
    readonly segmentationHeight?: number;
    readonly segmentationWidth?: number;
  };
  readonly adapter: AdapterDescription;
  /**
   * Pixels of each label over the whole test set; a pixel that bears it in several channels is one.
   */
  readonly labelPixels: readonly number[];
  /** Absent where tables of labels × units are too large for it: over 256 MiB in blocks. */
  readonly blocks?: Blocks;
  readonly layers: readonly LayerResult[];
}

/** The pictures of one test image that unit strips are drawn from. */
export interface SamplePicture {
  /** Index into the test set's z. */
  readonly image: number;
  /** RGB bytes, row-major, height × width × 3. */
  readonly rgb: Uint8Array;
  readonly height: number;
  readonly width: number;
  /**
   * Label map, row-major, as large as those that were compared with the activations, or one such
   * map after the other when the segmenter gives several labels a pixel.
   */
  readonly labels: PictureLabels;
}

/**
 * Labels in the smallest type that holds all of the segmenter's: bytes where it has at most 256.
 * Either type draws the same.
 */
export type PictureLabels = Uint8Array | Uint16Array;

/**
 * What is needed to draw one unit's strip: for each of its top images the picture and the unit's
 * raw feature map there (row-major h × w).
 */
export interface UnitPictures {
  readonly layer: string;
  readonly unit: number;
  readonly tops: readonly { readonly picture: SamplePicture; readonly feature: Float32Array }[];
}
