import type { Dissection, LayerResult } from "../dissect/result.ts";

export type Extent = readonly [height: number, width: number];

export const areaOf = ([height, width]: Extent): number => height * width;

/** An extent in the same proportions, of this longer edge. */
export function scaled([height, width]: Extent, longer: number): Extent {
  const edge = (pixels: number): number => Math.max(1, Math.round((longer * pixels) / Math.max(height, width)));
  return [edge(height), edge(width)];
}

/** Of a dissection's images: results of square ones have one number for both edges. */
export const imageExtent = ({ model: { resolution, height, width } }: Pick<Dissection, "model">): Extent => [
  height ?? resolution,
  width ?? resolution,
];

/** Of the label maps that were compared with the activations, likewise. */
export function labelExtent({ settings }: Pick<Dissection, "settings">): Extent {
  const { segmentationSize, segmentationHeight, segmentationWidth } = settings;
  return [segmentationHeight ?? segmentationSize, segmentationWidth ?? segmentationSize];
}

/**
 * How many times as high and as wide as the images is what layers' maps cover: more than once where
 * images are cropped.
 */
export function coverOf(dissection: Pick<Dissection, "model">): Extent {
  const [height, width] = imageExtent(dissection);
  const [high, wide] = dissection.model.uncropped ?? [height, width];
  return [high / height, wide / width];
}

/** Where a map lies on a picture, as parts of its height and width. */
export interface Placed {
  readonly top: number;
  readonly left: number;
  /** How many times as high as the picture the map is. */
  readonly high: number;
  /** How many times as wide. */
  readonly wide: number;
  /** Whether it fades into zeros around it. */
  readonly fades: boolean;
}

/** A map that is laid over the whole picture. */
export const WHOLE: Placed = { top: 0, left: 0, high: 1, wide: 1, fades: false };

/** Where a layer's map lies on a dissection's images. */
export function placeOf(dissection: Pick<Dissection, "model">, { area }: Pick<LayerResult, "area">): Placed {
  if (!area) {
    const [high, wide] = coverOf(dissection);
    return { ...WHOLE, high, wide };
  }
  const [height, width] = imageExtent(dissection);
  return {
    top: area.top / height,
    left: area.left / width,
    high: area.height / height,
    wide: area.width / width,
    fades: area.outside === "zeros",
  };
}
