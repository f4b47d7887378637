import type { Report } from "../../report-json.ts";
import type { Placed } from "../extents.ts";

/**
 * What `report.html` carries: the report itself, and what the page needs to draw without asking
 * anybody.
 */
export interface PageData {
  readonly report: Report;
  /** Masks stand for feature maps, which are not known. */
  readonly masksAlone?: true;
  /** Unique, readable name of each label, and the colours of each category's bars. */
  readonly names: readonly string[];
  readonly categoryColors: Readonly<Record<string, readonly [bar: string, background: string]>>;
  readonly layers: readonly PageLayer[];
  readonly pictures: PagePictures;
}

export interface PageLayer {
  /** Height and width of the feature maps in this page, which may be smaller than the layer's. */
  readonly shape: readonly [number, number];
  /** Where on pictures they lie, where that is not all over them. */
  readonly placed?: Placed;
  /** Place of each unit when shown by label. */
  readonly labelPosition: readonly number[];
  /** IoU of every unit with each concept that one can sort by: label → one number a unit. */
  readonly scores: Readonly<Record<number, readonly number[]>>;
  /** For each unit its five best concepts and their IoU. */
  readonly best: readonly (readonly (readonly [label: number, iou: number])[])[];
  /**
   * For each unit where its feature maps begin in the packed bytes, and activation = level + scale
   * × byte.
   */
  readonly features: readonly ({ readonly at: number; readonly scale: number; readonly images: number[] } | null)[];
}

export interface PagePictures {
  /** Height and width of the embedded pictures, and of their label maps. */
  readonly shape: readonly [number, number];
  readonly labelShape: readonly [number, number];
  /** How many times as high and wide feature maps are, where pictures are cropped. */
  readonly cover?: readonly [number, number];
  /** Bytes of one label: 1 or 2, little-endian. */
  readonly labelBytes: 1 | 2;
  /** Label maps of each image, one after the other: labels that a pixel can have at once. */
  readonly channels: number;
  /** Image number → its place among the packed label maps. */
  readonly place: Readonly<Record<number, number>>;
  /** Each picture, by place: a JPEG in base64, or a PNG where pictures are of tiles. */
  readonly files: readonly string[];
  /** A pixel is a tile, with edges. */
  readonly tiles?: true;
  /** What was left out to keep the page small, in words; empty when nothing was. */
  readonly note: string;
}

/**
 * What a picture shows: the image dimmed outside the mask, as it is, the mask, the labels, or the
 * activation.
 */
export type View = "masked" | "original" | "mask" | "segmentation" | "activation";

export type Sort = "label" | "iou" | "iqr" | "unit" | "concept";

/** What the page shows, all of it in the address, so that every view can be linked to. */
export interface State {
  readonly layer: string;
  readonly unit: number | undefined;
  readonly concept: string;
  readonly sort: Sort;
  readonly query: string;
  readonly interpretable: boolean;
  readonly view: View;
}

/** Where in a canvas a picture is drawn. */
export interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Which of a unit's examples, and how it is to be shown. */
export interface Shown {
  readonly layer: number;
  readonly unit: number;
  readonly example: number;
  readonly view: View;
  readonly level: number;
}
