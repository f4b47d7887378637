import type { SamplePicture } from "../dissect/result.ts";
import { OutputError } from "../errors.ts";

/**
 * One label a pixel, for drawing: where a segmenter gives several, the one that is rarer in this picture lies on top, so
 * that small things stay visible (§3.7). 0 where there is none.
 */
export function flattenLabels(picture: SamplePicture, segmentationSize: number): Uint16Array {
  const { labels } = picture;
  const pixels = segmentationSize ** 2;
  const maps = labels.length / pixels;
  if (!Number.isInteger(maps) || maps < 1) {
    throw new OutputError(
      `The label map of image ${picture.image} has ${labels.length} values, not a multiple of ${segmentationSize}².`,
      "Pass the maps that were compared with the activations.",
    );
  }
  if (maps === 1) return labels;
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
