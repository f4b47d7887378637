import type { Label } from "../dissect/result.ts";
import { OutputError } from "../errors.ts";
import { labelColors, type Rgb } from "./colors.ts";
import { rarestOnTop } from "./segmentation.ts";

/** A segmentation in colours, and what they mean. */
export interface LabelPicture {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** As long as 4 · width · height, row by row; opaque. */
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
  /** The labels that are seen in it, those of most pixels first. */
  readonly legend: readonly {
    /** Its number. */
    readonly label: number;
    /** As the segmenter calls it. */
    readonly name: string;
    /** Its kind, such as "object". */
    readonly category: string;
    /** What its pixels are drawn in; that of reports. */
    readonly color: Rgb;
    /** Of the picture. */
    readonly pixels: number;
  }[];
}

/** The colours of labels [maps, pixels], where several are the rarest one's. */
export function paintLabels(
  labels: Uint32Array | Uint16Array,
  pixels: number,
  colors: readonly Rgb[],
): Uint8ClampedArray<ArrayBuffer> {
  const flat = labels.length === pixels ? labels : rarestOnTop(labels, pixels);
  const rgba = new Uint8ClampedArray(4 * pixels).fill(255);
  flat.forEach((label, at) => {
    rgba.set(colors[label] ?? colors[0]!, 4 * at);
  });
  return rgba;
}

/**
 * Label maps as pictures with legends, one an image: as a segmenter's plan gives them, in the
 * colours of reports. Where a pixel has several labels the one that is rarest in its image is
 * drawn.
 *
 * @param labels [n, maps, height, width], as `plan.labels.read()` has them
 *
 * @param shape these four numbers, `plan.labels.shape`
 *
 * @param known the segmenter's labels, by number
 *
 * @throws OutputError for another shape, and a label that is not known.
 */
export function labelPictures(labels: Uint32Array, shape: readonly number[], known: readonly Label[]): LabelPicture[] {
  const [n = 0, maps = 0, height = 0, width = 0] = shape;
  const length = maps * height * width;
  if (shape.length !== 4 || length === 0 || labels.length !== n * length) {
    throw new OutputError(
      `${labels.length} labels are no maps [${shape}].`,
      "Give all labels of a segmenter's plan with its shape [n, maps, height, width].",
    );
  }
  const colors = labelColors(known);
  return Array.from({ length: n }, (_, image) => {
    const flat = rarestOnTop(labels.subarray(image * length, (image + 1) * length), height * width);
    const count = new Map<number, number>();
    for (const label of flat) count.set(label, (count.get(label) ?? 0) + 1);
    const unknown = [...count.keys()].find((label) => known[label] === undefined);
    if (unknown !== undefined) {
      throw new OutputError(`There is a label ${unknown}, of ${known.length} that are known.`, "Give the segmenter's.");
    }
    const seen = [...count]
      .filter(([label]) => label > 0)
      .sort(([a, pixelsA], [b, pixelsB]) => pixelsB - pixelsA || a - b);
    const legend = seen.map(([label, pixels]) => ({ label, ...known[label]!, color: colors[label]!, pixels }));
    return { width, height, rgba: paintLabels(flat, height * width, colors), legend };
  });
}
