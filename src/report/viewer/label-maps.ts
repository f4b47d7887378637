import type { PagePictures } from "./data.ts";

/** The label maps of the page's images. Runs in the page: no imports. */
export function labelMaps(pictures: PagePictures, bytes: Uint8Array) {
  const maps = pictures.labelBytes === 1 ? bytes : new Uint16Array(bytes.buffer);
  const [height, width] = pictures.labelShape;
  const pixels = height * width;
  const tops = new Map<number, Uint16Array>();

  /** The pixel of a label map at a point of an image, both coordinates from 0 to 1. */
  function pixelAt(x: number, y: number): number {
    const column = Math.min(width - 1, Math.max(0, Math.floor(x * width)));
    const row = Math.min(height - 1, Math.max(0, Math.floor(y * height)));
    return row * width + column;
  }

  /** The labels of a pixel of an image, each once, without 0: objects first. */
  function labelsIn(image: number, pixel: number): Set<number> {
    const labels = new Set<number>();
    for (let channel = 0; channel < pictures.channels; channel++) {
      const label = maps[(pictures.place[image]! * pictures.channels + channel) * pixels + pixel]!;
      if (label !== 0) labels.add(label);
    }
    return labels;
  }

  /** The labels at a point of an image, both coordinates from 0 to 1. */
  function labelsAt(image: number, x: number, y: number): Set<number> {
    return labelsIn(image, pixelAt(x, y));
  }

  /** How many pixels of an image each label has. */
  function countLabels(image: number, counts: Map<number, number>): void {
    for (let pixel = 0; pixel < pixels; pixel++) {
      for (const label of labelsIn(image, pixel)) counts.set(label, (counts.get(label) ?? 0) + 1);
    }
  }

  /**
   * One label a pixel, to paint: of several the one that is rarest in the image, so that small
   * things lie on top.
   */
  function topLabels(image: number): Uint16Array {
    let flat = tops.get(image);
    if (flat) return flat;
    const counts = new Map<number, number>();
    countLabels(image, counts);
    flat = new Uint16Array(pixels).map((_, pixel) => {
      let top = 0;
      for (const label of labelsIn(image, pixel)) {
        if (top === 0 || counts.get(label)! < counts.get(top)!) top = label;
      }
      return top;
    });
    tops.set(image, flat);
    return flat;
  }

  return { pixelAt, labelsAt, countLabels, topLabels };
}

export type LabelMaps = ReturnType<typeof labelMaps>;
