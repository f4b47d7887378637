import type { PictureLabels, SamplePicture } from "../dissect/result.ts";
import { OutputError } from "../errors.ts";
import { areaOf, type Extent } from "./extents.ts";

/** One label a pixel, for drawing; see `rarestOnTop`. */
export function flattenLabels(picture: SamplePicture, extent: Extent): PictureLabels {
  const maps = labelMapsOf(picture, extent);
  return maps.length === 1 ? maps[0]! : rarestOnTop(picture.labels, areaOf(extent));
}

/**
 * The label maps of a picture, one for each label that a pixel can have at once.
 * @throws OutputError when they are not of that extent, or not `channels`.
 */
export function labelMapsOf(picture: SamplePicture, extent: Extent, channels?: number): PictureLabels[] {
  const { labels } = picture;
  const pixels = areaOf(extent);
  const maps = labels.length / pixels;
  if (!Number.isInteger(maps) || maps < 1 || maps !== (channels ?? maps)) {
    const wanted = channels === undefined ? "a multiple of" : `${channels} ·`;
    throw new OutputError(
      `The label map of image ${picture.image} has ${labels.length} values, not ${wanted} ${extent.join("×")}.`,
      "Pass the maps that were compared with the activations.",
    );
  }
  return Array.from({ length: maps }, (_, map) => labels.subarray(map * pixels, (map + 1) * pixels));
}

/**
 * One label a pixel of label maps [maps, pixels]: where a segmenter gives several, the one that is
 * rarer in this picture lies on top, so that small things stay visible (§3.7). 0 where there is
 * none.
 */
export function rarestOnTop(labels: PictureLabels | Uint32Array, pixels: number): Uint16Array {
  const maps = labels.length / pixels;
  const count = new Map<number, number>();
  for (const label of labels) count.set(label, (count.get(label) ?? 0) + 1);
  const flat = new Uint16Array(pixels);
  for (let i = 0; i < pixels; i++) {
    let rarest = Number.POSITIVE_INFINITY;
    for (let map = 0; map < maps; map++) {
      const label = labels[map * pixels + i]!;
      const pixelsOf = count.get(label)!;
      if (label !== 0 && pixelsOf < rarest) {
        rarest = pixelsOf;
        flat[i] = label;
      }
    }
  }
  return flat;
}
