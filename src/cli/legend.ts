import type { Segmenter } from "../index.ts";
import type { Photo } from "../node/photo/photo.ts";
import { labelColors } from "../report/colors.ts";
import { inLine } from "./terminal.ts";

/** What PHOTO.json says of a label map: which labels there are, and on how much of the picture. */
export interface Legend {
  readonly photo: string;
  /** Of the photo; the map's own are below. */
  readonly photoSize: { readonly width: number; readonly height: number };
  readonly segmenter: string;
  readonly width: number;
  readonly height: number;
  readonly labels: readonly {
    readonly label: number;
    readonly name: string;
    readonly category: string;
    readonly color: readonly number[];
    /** Pixels, and their share of the map. */
    readonly pixels: number;
    readonly area: number;
  }[];
}

/** The legend of label maps [maps, height, width] of a photo, the largest area first. */
export function legendOf(
  segmenter: Pick<Segmenter, "name" | "labels">,
  { name, photo }: { readonly name: string; readonly photo: Pick<Photo, "width" | "height"> },
  { labels, width, height }: { readonly labels: Uint32Array; readonly width: number; readonly height: number },
): Legend {
  const area = width * height;
  const pixels = new Map<number, number>();
  labels.forEach((label, at) => {
    // The label of a part may be that of its object: a pixel that has it twice counts once.
    let twice = false;
    for (let before = at - area; before >= 0; before -= area) twice ||= labels[before] === label;
    if (label > 0 && !twice) pixels.set(label, (pixels.get(label) ?? 0) + 1);
  });
  const colors = labelColors(segmenter.labels);
  return {
    photo: name,
    photoSize: { width: photo.width, height: photo.height },
    segmenter: segmenter.name,
    width,
    height,
    labels: [...pixels]
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .map(([label, count]) => ({
        label,
        ...segmenter.labels[label]!,
        color: colors[label]!,
        pixels: count,
        area: Math.round((1e4 * count) / area) / 1e4,
      })),
  };
}

/** Labels in a line of the terminal; the file has them all. */
const LABELS_SHOWN = 12;

/** The same in a line. */
export const legendText = ({ photo, labels }: Legend): string =>
  inLine(
    `${photo}: ${
      labels
        .slice(0, LABELS_SHOWN)
        .map(({ name, area }) => `${name} ${(100 * area).toFixed(1)} %`)
        .join(", ") || "nothing that the segmenter knows"
    }`,
  );
