import type { Phase } from "../dissect/events.ts";
import type { Report } from "../report-json.ts";
import type { Cells } from "./cells.ts";
import type { ConceptUnits, EditedImage } from "./recipe.ts";
import type { UnitName, ViewOptions } from "./shown.ts";

/** Options of `session.pixel`: of which image, and where. */
export interface PixelOptions extends EditedImage {
  /** Row of the image's pixels, from 0 at the top. */
  readonly y: number;
  /** Column, from 0 at the left. */
  readonly x: number;
  /** Unless given, the strokes' `layer`; without one, all maps but the image. */
  readonly layers?: readonly string[];
  /** How many units of each; 8 unless given. */
  readonly top?: number;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What is at a pixel. */
export interface Pixel {
  /** Row of the image's pixels, from 0 at the top. */
  readonly y: number;
  /** Column, from 0 at the left. */
  readonly x: number;
  /** Numbers of the labels that it has; empty without a segmenter. */
  readonly labels: readonly number[];
  /** The layers that were asked for, in their order. */
  readonly layers: readonly PixelLayer[];
}

/** What a layer has at a pixel. */
export interface PixelLayer {
  /** The layer's name, as in `generator.layers`. */
  readonly layer: string;
  /** Row of the cell of its map that the pixel lies in. */
  readonly row: number;
  /** Column of that cell. */
  readonly column: number;
  /** Most active first, by quantile where quantiles are known, else by value. */
  readonly units: readonly ActiveUnit[];
}

/** A unit's activation at one place. */
export interface ActiveUnit {
  /** Channel of the layer, from 0. */
  readonly unit: number;
  /** Its activation there. */
  readonly value: number;
  /** The fraction of the unit's activations that lie below; absent until they were counted. */
  readonly quantile?: number;
  /** Number of the label it detects; absent where it is not known or it detects none. */
  readonly label?: number;
}

/** Options of `session.region`: of which image, and where. */
export interface RegionOptions extends EditedImage {
  /** Where; a mask that is on nowhere is an error. */
  readonly mask: Cells;
  /** Whose features. Not `layer`, which says where the strokes are. */
  readonly layers: readonly string[];
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Units' activations within a mask. */
export interface RegionFeatures {
  /** The layers that were asked for, in their order. */
  readonly layers: readonly {
    /** The layer's name, as in `generator.layers`. */
    readonly layer: string;
    /** `[units]`: the mean over the mask, cells counted by how much of them it covers. */
    readonly mean: Float32Array;
    /** `[units]`: the largest on any cell that the mask touches. */
    readonly max: Float32Array;
  }[];
}

/** Options of `session.units`: of which layer, concept and ranking. */
export interface UnitsOptions extends Partial<ConceptUnits> {
  /** The layer's name, as in `generator.layers`. */
  readonly layer: string;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `session.levels`. */
export interface LevelsOptions {
  /** The layer's name, as in `generator.layers`. */
  readonly layer: string;
  /** 0…1 each: the fraction of a unit's activations that lie below. */
  readonly quantiles: readonly number[];
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** RGBA bytes, row by row: what `ImageData` takes. */
export interface RgbaPicture {
  /** Pixels down. */
  readonly height: number;
  /** Pixels across. */
  readonly width: number;
  /** `[height, width, 4]` */
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

/** Options of `session.thumbnails`. */
export interface ThumbnailOptions {
  /** The layer's name, as in `generator.layers`. */
  readonly layer: string;
  /** In the order in which they are wanted: those in view first. All unless given. */
  readonly units?: readonly number[];
  /** Longer edge in pixels; 72 unless given. */
  readonly size?: number;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A unit at the image that activates it most, dimmed where it is not active. */
export interface Thumbnail extends UnitName, RgbaPicture {
  /** Which of the seed's images. */
  readonly image: number;
}

/** Options of `session.topImages`: of which unit, and among which images. */
export interface TopImagesOptions extends UnitName {
  /** How many; 8 unless given. */
  readonly top?: number;
  /** Of how many images of the seed; the report's, or 200, unless given. */
  readonly size?: number;
  /** Seed of their z; 1 unless given, or the report's where `size` is not given either. */
  readonly seed?: number;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** An image in which a unit is active. */
export interface TopImage {
  /** Seed of its z. */
  readonly seed: number;
  /** Which of the seed's images. */
  readonly image: number;
  /** The unit's largest activation in it. */
  readonly activation: number;
}

/** As `DissectOptions`: those that make sense to somebody who waits for it. */
export interface DissectRequest {
  /** Layers to dissect; all but the image unless given. */
  readonly layers?: readonly string[];
  /** Images of the test set, and as many of the training set; 200 unless given. */
  readonly size?: number;
  /** Seed of the test set's z, on which scores are measured; 1 unless given. */
  readonly seed?: number;
  /** Seed of the training set's z, on which levels are chosen; 2 unless given. */
  readonly trainSeed?: number;
  /** How a unit's level is chosen: `iqr` unless given; see `DissectOptions`. */
  readonly quantileThreshold?: "iqr" | "maxiou" | number;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How far a dissection is, or what it has found. */
export type DissectProgress =
  | {
      /** `done` of `total` images of a phase. */
      readonly type: "progress";
      /** What is done with them. */
      readonly phase: Phase;
      /** Images so far. */
      readonly done: number;
      /** Images in all. */
      readonly total: number;
    }
  | {
      /** Of the test images seen so far, or of all. */
      readonly type: "partial" | "result";
      /** What was found. */
      readonly report: Report;
    };

/** Options of `session.effect`: of which image, with its strokes. */
export interface EffectOptions extends EditedImage {
  /** Measures on so many images from `image` on, all with the same strokes; 1 unless given. */
  readonly size?: number;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What strokes do, counted over all images. */
export interface Effect {
  /** Of all labels, none (0) left out, in pixels of the images. */
  readonly labels: readonly {
    /** Number of the label. */
    readonly label: number;
    /** Its pixels without strokes. */
    readonly before: number;
    /** Its pixels with them. */
    readonly after: number;
  }[];
  /** Of the pixels that the strokes' masks cover. */
  readonly inside: Changed;
  /** Of the other pixels. */
  readonly outside: Changed;
}

/** How many pixels bear other labels than before. */
export interface Changed {
  /** Pixels in all. */
  readonly pixels: number;
  /** Those with another label in any of the label maps. */
  readonly changed: number;
}

/** Options of `session.picture`: of what, and as what. */
export interface PictureOptions extends Omit<ViewOptions, "foreground"> {
  /** "rgba" unless given. */
  readonly type?: "rgba" | "png";
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A picture as bytes. */
export interface PictureBytes {
  /** Pixels down. */
  readonly height: number;
  /** Pixels across. */
  readonly width: number;
  /** RGBA, row by row, or the PNG file. */
  readonly data: Uint8Array<ArrayBuffer>;
}
