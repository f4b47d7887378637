import type { Dissection, Label, LayerResult, SamplePicture, Unit, UnitPictures } from "../../src/dissect/result.ts";
import { areaOf, type Extent, labelExtent, scaled } from "../../src/report/extents.ts";
import type { Provenance } from "../../src/report-json.ts";

/**
 * A small dissection made up of drawn scenes, whose numbers belong together: masks, counts and
 * scores agree.
 */
export interface Fixture {
  readonly dissection: Dissection;
  pictures(): AsyncIterable<UnitPictures>;
}

export interface FixtureOptions {
  readonly layers?: readonly { readonly layer: string; readonly units: number; readonly size: number }[];
  readonly images?: number;
  readonly examples?: number;
  readonly resolution?: number;
  /** Of images that are not square; their longer edge is the resolution. */
  readonly extent?: Extent;
  readonly segmentationSize?: number;
  readonly labels?: readonly Label[];
}

export const LABELS: readonly Label[] = [
  { name: "-", category: "object" },
  { name: "sky", category: "object" },
  { name: "tree", category: "object" },
  { name: "grass", category: "object" },
  { name: "house", category: "object" },
  { name: "brick", category: "material" },
];

export const PROVENANCE: Provenance = {
  generator: { name: "ganatomy", version: "0.1.0" },
  weights: [{ role: "generator", source: "generator.pth", sha256: "0".repeat(64), bytes: 12 }],
};

/**
 * Labels as a segmenter of objects, materials and parts has them: a name twice, a quarter of an
 * object.
 */
export const KINDS: readonly Label[] = [
  ...LABELS,
  { name: "tree", category: "material" },
  { name: "sky-t", category: "part" },
];

/**
 * The scenes seen by a segmenter of three labels a pixel: objects, then "tree" the material on the
 * lower half, then "sky-t" on the sky of the uppermost eighth and "sky" once more on the rest of
 * it.
 */
export function severalChannels(options: Omit<FixtureOptions, "labels"> = {}): Fixture {
  const { dissection, pictures } = fixture({ ...options, labels: KINDS });
  const [rows, columns] = labelExtent(dissection);
  const known = new Map<number, SamplePicture>();
  const withKinds = (picture: SamplePicture): SamplePicture => {
    const row = (i: number) => Math.floor(i / columns) / rows;
    const material = picture.labels.map((_, i) => (row(i) < 0.5 ? 0 : 6));
    const part = picture.labels.map((label, i) => (label !== 1 ? 0 : row(i) < 1 / 8 ? 7 : 1));
    const made = { ...picture, labels: Uint16Array.from([...picture.labels, ...material, ...part]) };
    known.set(picture.image, known.get(picture.image) ?? made);
    return known.get(picture.image)!;
  };
  return {
    dissection: { ...dissection, segmenter: { name: "drawn labels", channels: 3 } },
    async *pictures() {
      for await (const { tops, ...unit } of pictures()) {
        yield { ...unit, tops: tops.map(({ picture, feature }) => ({ picture: withKinds(picture), feature })) };
      }
    },
  };
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * A layer of these units, as far as they are said; the others' numbers are 0, their places in the
 * list their numbers.
 */
export function layerOf(units: readonly Partial<Unit>[], labels = 0): LayerResult {
  const cells = () => new Float64Array(labels * units.length);
  return {
    layer: "layer1",
    shape: [1, 1],
    units: units.map((unit, index) => ({
      ...{ unit: index, level: 0, label: 0, iou: 0, iqr: 0, mi: 0, correlation: 0 },
      ...{ intersection: 0, activation: 0, pixels: 0, interpretable: true, top: [] },
      mostCorrelated: { label: 0, correlation: 0 },
      ...unit,
    })),
    tables: {
      ...{ iou: cells(), iqr: cells(), mi: cells(), correlation: cells() },
      intersection: new Uint32Array(labels * units.length),
      activation: new Uint32Array(units.length),
    },
  };
}

export function fixture(options: FixtureOptions = {}): Fixture {
  const {
    layers = [
      { layer: "layer4", units: 12, size: 8 },
      { layer: "layer6", units: 10, size: 16 },
    ],
    images = 16,
    examples = 6,
    resolution = 64,
    extent = [resolution, resolution],
    segmentationSize = 32,
    labels = LABELS,
  } = options;
  const [height, width] = extent;
  const grid = scaled(extent, segmentationSize);
  const [rows, columns] = grid;
  const categories = [...new Set(labels.map(({ category }) => category))];
  const scenes = Array.from({ length: images }, (_, image) => scene(image, extent, grid, labels.length));
  const features = new Map<string, Float32Array>();
  const results = layers.map(({ layer, units, size }, l): LayerResult => {
    const feature = (unit: number, image: number) => {
      const key = `${layer}/${unit}/${image}`;
      const known =
        features.get(key) ?? featureMap(scenes[image]!, 1 + (unit % (labels.length - 1)), grid, size, unit, l);
      features.set(key, known);
      return known;
    };
    return score(layer, units, size, feature);
  });

  function score(
    layer: string,
    units: number,
    size: number,
    feature: (unit: number, image: number) => Float32Array,
  ): LayerResult {
    const cells = () => new Float64Array(labels.length * units);
    const tables = {
      iou: cells(),
      iqr: cells(),
      mi: cells(),
      correlation: cells(),
      intersection: new Uint32Array(labels.length * units),
      activation: new Uint32Array(categories.length * units),
      trainingIqr: cells(),
      trainingMaxiou: cells(),
    };
    const pixels = labelPixels();
    const scored = Array.from({ length: units }, (_, unit): Unit => {
      const level = 0.45 + 0.05 * (unit % 3);
      let active = 0;
      scenes.forEach((picture, image) => {
        const map = feature(unit, image);
        for (let i = 0; i < areaOf(grid); i++) {
          const cell =
            Math.floor((Math.floor(i / columns) * size) / rows) * size + Math.floor(((i % columns) * size) / columns);
          if (map[cell]! <= level) continue;
          active++;
          const at = picture.labels[i]! * units + unit;
          if (picture.labels[i] !== 0) tables.intersection[at] = tables.intersection[at]! + 1;
        }
      });
      categories.forEach((_, category) => {
        tables.activation[category * units + unit] = active;
      });
      let best = 0;
      for (let label = 1; label < labels.length; label++) {
        const both = tables.intersection[label * units + unit]!;
        const at = label * units + unit;
        tables.iou[at] = both / Math.max(1, active + pixels[label]! - both);
        tables.iqr[at] = tables.iou[at]! / 3;
        tables.mi[at] = tables.iou[at]! / 5;
        tables.correlation[at] = tables.iou[at]! - 0.1;
        tables.trainingIqr[at] = tables.iou[at]! / 3.1;
        tables.trainingMaxiou[at] = tables.iou[at]! * 1.1;
        if (best === 0 || tables.iou[at]! > tables.iou[best * units + unit]!) best = label;
      }
      const at = best * units + unit;
      const choice = { label: best, score: tables.trainingIqr[at]!, level, quantile: 0.1, iou: tables.iou[at]! };
      return {
        unit,
        level,
        label: best,
        iou: tables.iou[at]!,
        iqr: tables.iqr[at]!,
        mi: tables.mi[at]!,
        correlation: tables.correlation[at]!,
        intersection: tables.intersection[at]!,
        activation: active,
        pixels: pixels[best]!,
        interpretable: tables.iou[at]! > 0.05 && tables.iqr[at]! > 0.01,
        top: scenes
          .map((_, image) => ({ image, activation: Math.max(...feature(unit, image)) }))
          .sort((a, b) => b.activation - a.activation || a.image - b.image)
          .slice(0, examples),
        training: { iqr: choice, maxiou: { ...choice, score: tables.trainingMaxiou[at]! } },
        mostCorrelated: { label: best, correlation: tables.correlation[at]! },
      };
    });
    return { layer, shape: [size, size], units: scored, tables };
  }

  function labelPixels(): number[] {
    const counts = labels.map(() => 0);
    for (const { labels: map } of scenes) for (const label of map) counts[label]!++;
    counts[0] = 0;
    return counts;
  }

  const dissection: Dissection = {
    model: {
      ...{ name: "drawn scenes", resolution: Math.max(height, width) },
      ...(height !== width && { height, width }),
      sizes: [16, 16, 8],
    },
    segmenter: { name: "drawn labels" },
    labels,
    categories,
    settings: {
      layers: layers.map(({ layer }) => layer),
      size: images,
      seed: 1,
      trainSeed: 2,
      quantileThreshold: "iqr",
      examples,
      iouThreshold: 0.05,
      iqrThreshold: 0.01,
      segmentationSize,
      ...(rows !== columns && { segmentationHeight: rows, segmentationWidth: columns }),
    },
    adapter: { vendor: "test", architecture: "none", description: "", software: true },
    labelPixels: labelPixels(),
    layers: results,
  };
  return {
    dissection,
    async *pictures() {
      for (const { layer, units } of results) {
        for (const unit of units) {
          yield {
            layer,
            unit: unit.unit,
            tops: unit.top.map(({ image }) => ({
              picture: scenes[image]!,
              feature: features.get(`${layer}/${unit.unit}/${image}`)!,
            })),
          };
        }
      }
    },
  };
}

/** A sky over grass with a tree and a house, or what the labels allow. */
function scene(image: number, extent: Extent, grid: Extent, labels: number): SamplePicture {
  const [height, width] = extent;
  const next = random(image + 1);
  const horizon = 0.4 + 0.3 * next();
  const tree = { x: next(), y: horizon, r: 0.1 + 0.12 * next() };
  const house = { x: 0.15 + 0.6 * next(), w: 0.12 + 0.15 * next(), h: 0.15 + 0.15 * next() };
  const labelAt = (x: number, y: number): number => {
    let label = y < horizon ? 1 : 3;
    if (Math.abs(x - house.x) < house.w && y < horizon + 0.1 && y > horizon - house.h) label = y > horizon ? 5 : 4;
    if ((x - tree.x) ** 2 + (y - tree.y) ** 2 < tree.r ** 2) label = 2;
    return label % labels;
  };
  const tints = [90, 90, 90, 130, 180, 230, 30, 100, 50, 120, 180, 70, 200, 160, 120, 170, 70, 50];
  const labelIn = (i: number, [rows, columns]: Extent): number =>
    labelAt(((i % columns) + 0.5) / columns, (Math.floor(i / columns) + 0.5) / rows);
  const rgb = new Uint8Array(height * width * 3);
  for (let i = 0; i < height * width; i++) {
    const label = labelIn(i, extent);
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = tints[(label % 6) * 3 + c]! + 16 * next();
  }
  const map = new Uint16Array(areaOf(grid)).map((_, i) => labelIn(i, grid));
  return { image, rgb, height, width, labels: map };
}

/** How much of each cell is of the label, and some noise. */
function featureMap(
  picture: SamplePicture,
  label: number,
  [rows, columns]: Extent,
  size: number,
  unit: number,
  layer: number,
): Float32Array {
  const next = random(picture.image * 1009 + unit * 31 + layer);
  const out = new Float32Array(size * size);
  picture.labels.forEach((found, i) => {
    const cell =
      Math.floor((Math.floor(i / columns) * size) / rows) * size + Math.floor(((i % columns) * size) / columns);
    if (found === label) out[cell]! += (size / rows) * (size / columns);
  });
  return out.map((share) => share * 0.9 + 0.3 * next());
}

/** A name that attacks pages. */
export const HOSTILE = `</script><script>window.hacked=1</script><img src=x onerror="window.hacked=1">`;

/**
 * The same dissection with nothing interpretable in its second layer and with names that attack the
 * page.
 */
export function hostile(): Fixture {
  const made = fixture({ labels: LABELS.map((label, i) => (i === 2 ? { ...label, name: HOSTILE } : label)) });
  const { dissection } = made;
  const [first, second] = [dissection.layers[0]!, dissection.layers[1]!];
  const units = second.units.map((unit) => ({ ...unit, interpretable: false }));
  return {
    ...made,
    dissection: { ...dissection, model: { ...dissection.model, name: HOSTILE }, layers: [first, { ...second, units }] },
  };
}
