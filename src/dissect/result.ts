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
  /** Its channel in the layer, from 0. */
  readonly unit: number;
  /** Activation threshold: the unit is "on" where its upsampled activation is greater than this. */
  readonly level: number;
  /** Index into `labels` of the concept this unit agrees with best; 0 means none. */
  readonly label: number;
  /**
   * IoU with `label` at `level`, 0…1, on the test set, over images that hold the label's category
   * or, by the rule, all (Bau et al. 2019, §3.1; spec §3.6).
   */
  readonly iou: number;
  /** Information quality ratio of the same pixels: MI / joint entropy, 0…1. */
  readonly iqr: number;
  /** Mutual information of the same pixels, in nats. */
  readonly mi: number;
  /** Pearson correlation of the upsampled activation with the label's indicator, −1…1. */
  readonly correlation: number;
  /** Test pixels that bear the label (in any channel) and are above `level`. */
  readonly intersection: number;
  /** Test pixels above `level`, of images that hold the label's category. */
  readonly activation: number;
  /** Test pixels that bear the label. */
  readonly pixels: number;
  /** IQR > iqrThreshold and IoU > iouThreshold, both on the test set. */
  readonly interpretable: boolean;
  /** The images that activate the unit most, best first; at most `settings.examples`. */
  readonly top: readonly {
    /** Index into the test set: its z, or its photographs. */
    readonly image: number;
    /** Spatial maximum of the feature map there, before it is upsampled. */
    readonly activation: number;
  }[];
  /**
   * The level search on the training set (absent when the threshold is one fixed quantile): the
   * best concept by IQR and by IoU.
   */
  readonly training?: {
    /** The best by IQR, of levels that at most half of the pixels exceed. */
    readonly iqr: LevelChoice;
    /** The best by IoU. */
    readonly maxiou: LevelChoice;
  };
  /** The concept with the highest correlation on the test set. */
  readonly mostCorrelated: {
    /** Index into `labels`; 0 where no correlation is above 0. */
    readonly label: number;
    /** Pearson's, 0…1. */
    readonly correlation: number;
  };
}

/** The candidate level that maximises a score for one unit, over all concepts (spec §3.5). */
export interface LevelChoice {
  /** Index into `labels`; 0 where no concept qualifies. */
  readonly label: number;
  /** IQR or IoU there, 0…1. */
  readonly score: number;
  /** The activation threshold. */
  readonly level: number;
  /** Fraction of the training pixels above it: one of 100 from 0.001 to 1. */
  readonly quantile: number;
  /** IoU at that level on the training set. */
  readonly iou: number;
}

/**
 * Unit × concept scores of one layer on the test set, row-major [labels][units]; row 0 ("no label")
 * is zero.
 */
export interface Tables {
  /** Intersection over union, 0…1. */
  readonly iou: Float64Array;
  /** Information quality ratio, 0…1. */
  readonly iqr: Float64Array;
  /** Mutual information in nats. */
  readonly mi: Float64Array;
  /** Pearson correlation with the label's indicator, −1…1. */
  readonly correlation: Float64Array;
  /** Pixels that bear the label and are above the unit's level. */
  readonly intersection: CountTable;
  /** Active pixels in images that hold each category, row-major [categories][units]. */
  readonly activation: CountTable;
  /** Best IQR over levels on the training set, [labels][units]; absent for a fixed quantile. */
  readonly trainingIqr?: Float64Array;
  /** Best IoU over levels there, likewise. */
  readonly trainingMaxiou?: Float64Array;
  /** `intersection` and `activation` in the dissection's blocks; there if those are. */
  readonly blocks?: BlockTables;
}

/** A layer's counts in blocks of the test set; see `Blocks`. */
export interface BlockTables {
  /** Pixels that bear the label and are active, [blocks][labels that occur][units]. */
  readonly intersection: CountTable;
  /** Active pixels by category, [blocks][categories][units]. */
  readonly activation: CountTable;
}

/**
 * The test set in blocks, image i in block i mod `count`, whose counts add up to those of the
 * whole: with them scores can be had again without any block, for jackknife errors.
 */
export interface Blocks {
  /** How many blocks. */
  readonly count: number;
  /** Those that occur in any image, in their order: the rows of the tables. */
  readonly labels: readonly number[];
  /** Pixels of each label, [blocks][labels that occur]. */
  readonly pixels: CountTable;
  /** Pixels of the images in which each category occurs, [blocks][categories]. */
  readonly categoryPixels: CountTable;
}

/** One dissected layer. */
export interface LayerResult {
  /** Its name, as in `generator.layers`. */
  readonly layer: string;
  /** [height, width] of its feature map. */
  readonly shape: readonly [number, number];
  /** Where its cells lie in the images; absent where they tile them. */
  readonly area?: CellArea;
  /** One a channel, in their order. */
  readonly units: readonly Unit[];
  /** What the units' scores are taken from: those with all other concepts too. */
  readonly tables: Tables;
}

/**
 * The part of the images that a layer's cells tile, by whose receptive fields they are laid, in
 * pixels from the top left corner: what lies in the middle of a cell's field lies in the middle of
 * the cell.
 */
export interface CellArea {
  /** Where the first row of cells begins; negative above the image. */
  readonly top: number;
  /** Where the first column begins. */
  readonly left: number;
  /** Pixels of all rows. */
  readonly height: number;
  /** Pixels of all columns. */
  readonly width: number;
  /**
   * What is around them: the outermost cells go on, or fade into zeros, over a cell's width from
   * their centres.
   */
  readonly outside: "border" | "zeros";
}

/** The adapter a result was computed on. */
export interface AdapterDescription {
  /** As WebGPU's `GPUAdapterInfo` says it; empty where it says nothing. */
  readonly vendor: string;
  /** Family of the GPU, likewise. */
  readonly architecture: string;
  /** Name of the GPU or its driver, likewise. */
  readonly description: string;
  /** True for a software adapter: correct, but far slower than a GPU. */
  readonly software: boolean;
}

/** Everything a dissection found: plain data, no GPU objects. */
export interface Dissection {
  /** What was dissected. */
  readonly model: {
    /** What reports call it. */
    readonly name: string;
    /** Edge of the images in pixels, the longer one where they are not square. */
    readonly resolution: number;
    /** Height in pixels, of images that are not square. */
    readonly height?: number;
    /** Width in pixels, likewise. */
    readonly width?: number;
    /** Of images that are cropped, from the top left corner: [height, width] that layers cover. */
    readonly uncropped?: readonly [height: number, width: number];
    /** Of images that are levels, a tile each pixel: the RGB bytes of every kind of tile. */
    readonly tiles?: readonly (readonly [red: number, green: number, blue: number])[];
    /**
     * Of a generator: length of z, then channels at each resolution from the first; else empty.
     */
    readonly sizes: readonly number[];
    /** Seed of the rotation in which layers were seen: a control, whose units are none. */
    readonly rotation?: number;
    /** Seed of weights that were drawn instead of trained ones: a control. */
    readonly untrained?: number;
  };
  /** What images of the test set are called, in their order, where they have names: photographs. */
  readonly images?: readonly string[];
  /** What named the concepts. */
  readonly segmenter: {
    /** What reports call it. */
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
  /** How it was dissected, defaults filled in; see `DissectOptions`. */
  readonly settings: {
    /** Layers that were dissected, in the order of `Dissection.layers`. */
    readonly layers: readonly string[];
    /** Images of the test set, and of the training set where levels are searched. */
    readonly size: number;
    /** Seed of the test set's z. */
    readonly seed: number;
    /** Seed of the training set's z. */
    readonly trainSeed: number;
    /** How units' levels were chosen. */
    readonly quantileThreshold: QuantileThreshold;
    /** Top images kept a unit. */
    readonly examples: number;
    /** A unit is interpretable above this IoU… */
    readonly iouThreshold: number;
    /** …and above this IQR. */
    readonly iqrThreshold: number;
    /**
     * Edge of the label maps that were compared with the activations, in pixels, the longer one
     * where they are not square.
     */
    readonly segmentationSize: number;
    /** Rows of label maps that are not square. */
    readonly segmentationHeight?: number;
    /** Columns of them. */
    readonly segmentationWidth?: number;
  };
  /** What it was computed on. */
  readonly adapter: AdapterDescription;
  /**
   * Pixels of each label over the whole test set; a pixel that bears it in several channels is one.
   */
  readonly labelPixels: readonly number[];
  /** Absent where tables of labels × units are too large for it: over 256 MiB in blocks. */
  readonly blocks?: Blocks;
  /** In the order in which they were asked for. */
  readonly layers: readonly LayerResult[];
}

/** The pictures of one test image that unit strips are drawn from. */
export interface SamplePicture {
  /** Index into the test set's z. */
  readonly image: number;
  /** RGB bytes, row-major, height × width × 3. */
  readonly rgb: Uint8Array;
  /** Rows of `rgb`. */
  readonly height: number;
  /** Columns of `rgb`. */
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
  /** The layer's name. */
  readonly layer: string;
  /** The unit's index in it. */
  readonly unit: number;
  /** The unit's top images, best first. */
  readonly tops: readonly {
    /** The image and its label map. */
    readonly picture: SamplePicture;
    /** The unit's map there, row-major [h][w] of the layer, before it is upsampled. */
    readonly feature: Float32Array;
  }[];
}
