import type { DissectedLayer } from "../../../src/compare/index.ts";
import { agree } from "../../../src/dissect/scores.ts";
import { random } from "../../kernels/reference.ts";

export const LABELS = [
  { name: "-", category: "object" },
  { name: "tree", category: "object" },
  { name: "sky", category: "object" },
  { name: "never", category: "object" },
  { name: "brick", category: "material" },
];
export const CATEGORIES = ["object", "material"];
const SHOWN = [1, 2, 4];
/** Pixels of an image. */
const AREA = 400;

export interface Made {
  readonly images?: number;
  /** The label that each unit follows, and how well: the share of its pixels that it is on. */
  readonly units: readonly (readonly [label: number, quality: number])[];
  readonly about?: Partial<DissectedLayer>;
}

/**
 * A layer whose units follow labels over made-up images, counted image by image, in blocks and
 * together.
 */
export function layerOf({ images = 40, units, about = {} }: Made): DissectedLayer {
  const count = 20;
  const draw = random(5);
  const blocks = {
    count,
    labels: SHOWN,
    pixels: new Uint32Array(count * SHOWN.length),
    categoryPixels: new Uint32Array(count * CATEGORIES.length),
    intersection: new Uint32Array(count * SHOWN.length * units.length),
    activation: new Uint32Array(count * CATEGORIES.length * units.length),
  };
  for (let image = 0; image < images; image += 1) {
    const block = image % count;
    const areas = SHOWN.map(() => 10 + Math.floor(90 * draw()));
    SHOWN.forEach((_, row) => {
      blocks.pixels[block * SHOWN.length + row]! += areas[row]!;
    });
    CATEGORIES.forEach((_, k) => {
      blocks.categoryPixels[block * CATEGORIES.length + k]! += AREA;
    });
    units.forEach(([label, quality], unit) => {
      const own = SHOWN.indexOf(label);
      const on = Math.floor(areas[own]! * Math.min(1, quality * (0.5 + draw())));
      const beside = 20;
      blocks.intersection[(block * SHOWN.length + own) * units.length + unit]! += on;
      CATEGORIES.forEach((_, k) => {
        blocks.activation[(block * CATEGORIES.length + k) * units.length + unit]! += on + beside;
      });
    });
  }
  const sum = (table: Uint32Array) => {
    const length = table.length / count;
    return Array.from({ length }, (_, at) => {
      let all = 0;
      for (let block = 0; block < count; block += 1) all += table[block * length + at]!;
      return all;
    });
  };
  const labelPixels = LABELS.map(() => 0);
  const intersection = new Uint32Array(LABELS.length * units.length);
  const [pixels, both, activation] = [sum(blocks.pixels), sum(blocks.intersection), sum(blocks.activation)];
  SHOWN.forEach((label, row) => {
    labelPixels[label] = pixels[row]!;
    intersection.set(both.slice(row * units.length, (row + 1) * units.length), label * units.length);
  });
  const total = images * AREA;
  const iqr = Float32Array.from(intersection, (shared, at) => {
    const [label, unit] = [Math.floor(at / units.length), at % units.length];
    const k = CATEGORIES.indexOf(LABELS[label]!.category);
    if (labelPixels[label] === 0) return 0;
    const active = activation[k * units.length + unit]! / total;
    return agree({ intersection: shared / total, active, truth: labelPixels[label]! / total }).iqr;
  });
  return {
    source: "a",
    model: "scenes",
    layer: "layer4",
    units: units.length,
    images,
    seed: 1,
    trainSeed: 2,
    zSize: 64,
    grid: [20, 20],
    segmenter: "drawn",
    segmenterHash: "0".repeat(64),
    labels: LABELS,
    categories: CATEGORIES,
    quantileThreshold: "iqr",
    iouThreshold: 0.05,
    iqrThreshold: 0.01,
    reported: units.map(([label]) => label),
    labelPixels,
    intersection,
    activation,
    iqr,
    blocks,
    ...about,
  };
}
