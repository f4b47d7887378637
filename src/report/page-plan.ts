import type { Dissection } from "../dissect/result.ts";
import { areaOf, imageExtent, labelExtent, scaled } from "./extents.ts";

/**
 * How much of the pictures a page carries: examples a unit, the longer edge of a picture, and the
 * edge of the largest feature map.
 */
export interface PagePlan {
  readonly examples: number;
  readonly size: number;
  /** Feature maps larger than this are averaged down to it. */
  readonly featureSize: number;
  readonly estimatedBytes: number;
}

/** What a page may weigh, in bytes; mail and browsers still like it. */
export const PAGE_BYTES = 12e6;

const LARGEST_PICTURE = 128;
const LARGEST_FEATURE = 32;
/**
 * Base64 of what a JPEG takes: its tables, and a quality-85 picture's bytes a pixel; then a
 * deflated label map's.
 */
const JPEG_HEAD = 850;
const JPEG_PIXEL = 0.5;
const LABEL_PIXEL = 0.1;
const FEATURE_BYTE = 4 / 3;
/** JSON of a unit with its scores, and of one top image. */
const UNIT = 900;
const TOP = 45;

/**
 * The most examples at the largest size that keep the page within its budget. Fewer examples go
 * first, down to five a unit, then smaller pictures, then fewer examples still; which images are
 * needed is known before any is drawn.
 */
export function planPage(dissection: Dissection, budget = PAGE_BYTES): PagePlan {
  const most = dissection.layers.flatMap(({ units }) => units).reduce((max, { top }) => Math.max(max, top.length), 0);
  const full = Math.max(1, Math.min(LARGEST_PICTURE, dissection.model.resolution));
  const sizes = [full, 96, 64, 48, 32].filter((size, i) => i === 0 || size < full);
  const few = Math.min(5, most);
  const candidates = [
    ...range(most, few).map((examples) => ({ examples, size: full })),
    ...sizes.slice(1).map((size) => ({ examples: few, size })),
    ...range(few - 1, 1).map((examples) => ({ examples, size: sizes.at(-1)! })),
  ];
  for (const featureSize of [LARGEST_FEATURE, 16]) {
    for (const { examples, size } of candidates) {
      const estimatedBytes = estimate(dissection, examples, size, featureSize);
      if (estimatedBytes <= budget) return { examples, size, featureSize, estimatedBytes };
    }
  }
  return { examples: 0, size: full, featureSize: 16, estimatedBytes: estimate(dissection, 0, full, 16) };
}

function estimate(dissection: Dissection, examples: number, size: number, featureSize: number): number {
  const { layers, settings, segmenter } = dissection;
  const images = new Set<number>();
  let bytes = 60_000;
  for (const { units, shape } of layers) {
    const feature = Math.min(shape[0], featureSize) * Math.min(shape[1], featureSize);
    for (const { top } of units) {
      const shown = top.slice(0, examples);
      bytes += UNIT + top.length * TOP + shown.length * feature * FEATURE_BYTE;
      for (const { image } of shown) images.add(image);
    }
  }
  const map = scaled(labelExtent(dissection), Math.min(size, settings.segmentationSize));
  const labels = (segmenter.channels ?? 1) * areaOf(map) * LABEL_PIXEL;
  const picture = JPEG_HEAD + areaOf(scaled(imageExtent(dissection), size)) * JPEG_PIXEL;
  return Math.round(bytes + images.size * (picture + labels));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, from - to + 1) }, (_, i) => from - i);
}
