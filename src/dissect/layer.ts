import type { Generator } from "../models/generator.ts";
import type { Segmenter } from "../models/segmenter.ts";
import type { Counts } from "./counts.ts";
import { chooseLevel, type LevelSearch, type TrainingCounts } from "./levels.ts";
import type { Moments } from "./moments.ts";
import type { LayerResult, LevelChoice, QuantileThreshold, Tables, Unit } from "./result.ts";
import { agree } from "./scores.ts";
import type { Top } from "./top.ts";

/**
 * A unit is interpretable when its best concept scores more than these on the test set (spec §3.6).
 */
export const IOU_THRESHOLD = 0.05;
export const IQR_THRESHOLD = 0.01;

/** How one layer's units get their levels, before the test set is looked at. */
export interface LayerLevels {
  readonly layer: string;
  readonly channels: number;
  /** [channels] */
  readonly levels: Float32Array;
  /** The search on the training set; absent for a fixed quantile. */
  readonly search?: {
    readonly found: LevelSearch;
    readonly training: Pick<TrainingCounts, "levels" | "units" | "labels">;
  };
}

/** The level of every unit as the search found it. */
export function levelsOf(
  layer: string,
  found: LevelSearch,
  training: Pick<TrainingCounts, "levels" | "units" | "labels">,
  threshold: QuantileThreshold,
): LayerLevels {
  const best = threshold === "maxiou" ? found.maxiou : found.iqr;
  const levels = Float32Array.from({ length: training.units }, (_, unit) => chooseLevel(best, training, unit).level);
  return { layer, channels: training.units, levels, search: { found, training } };
}

/** What was counted of one layer on the test set. */
export interface LayerStatistics {
  readonly counts: Counts;
  readonly moments: Moments;
  readonly top: Top;
}

/** The whole test set's labels. */
export interface TestPixels {
  /** Of every label. */
  readonly labels: ArrayLike<number>;
  /** Of the images in which each category occurs. */
  readonly categories: ArrayLike<number>;
  readonly all: number;
}

/**
 * Scores every unit of a layer against every concept, from exact counts in double precision (spec
 * §3.6).
 */
export async function scoreLayer(
  models: { readonly generator: Generator; readonly segmenter: Segmenter },
  { layer, channels, levels, search }: LayerLevels,
  { counts, moments, top }: LayerStatistics,
  pixels: TestPixels,
  threshold: QuantileThreshold,
): Promise<LayerResult> {
  const { labels, categories } = models.segmenter;
  const tables: Tables = {
    iou: new Float64Array(labels.length * channels),
    iqr: new Float64Array(labels.length * channels),
    mi: new Float64Array(labels.length * channels),
    correlation: await moments.correlations(pixels.all, pixels.labels),
    intersection: new Uint32Array(labels.length * channels),
    activation: new Uint32Array(categories.length * channels),
    ...(search ? { trainingIqr: search.found.iqr.score, trainingMaxiou: search.found.maxiou.score } : {}),
  };
  for (let k = 0; k < categories.length; k += 1) tables.activation.set(await counts.activation(k), k * channels);
  for (let label = 1; label < labels.length; label += 1) {
    const shown = pixels.labels[label]!;
    if (shown === 0) continue;
    const intersections = await counts.intersection(label);
    tables.intersection.set(intersections, label * channels);
    const k = categories.indexOf(labels[label]!.category);
    const total = pixels.categories[k]!;
    for (let unit = 0; unit < channels; unit += 1) {
      const at = label * channels + unit;
      const { iou, iqr, mi } = agree({
        intersection: intersections[unit]! / total,
        active: tables.activation[k * channels + unit]! / total,
        truth: shown / total,
      });
      tables.iou[at] = iou;
      tables.iqr[at] = iqr;
      tables.mi[at] = mi;
    }
  }

  const tops = await top.read();
  const units = Array.from({ length: channels }, (_, unit): Unit => {
    let label: number;
    let training: { iqr: LevelChoice; maxiou: LevelChoice } | undefined;
    if (search) {
      const best = threshold === "maxiou" ? search.found.maxiou : search.found.iqr;
      label = chooseLevel(best, search.training, unit).label;
      training = {
        iqr: chooseLevel(search.found.iqr, search.training, unit, { belowHalf: true }),
        maxiou: chooseLevel(search.found.maxiou, search.training, unit),
      };
    } else {
      label = bestLabel(tables.iou, channels, unit);
    }
    const at = label * channels + unit;
    const category = Math.max(0, categories.indexOf(labels[label]!.category));
    const correlated = bestLabel(tables.correlation, channels, unit);
    return {
      unit,
      level: levels[unit]!,
      label,
      iou: tables.iou[at]!,
      iqr: tables.iqr[at]!,
      mi: tables.mi[at]!,
      correlation: tables.correlation[at]!,
      intersection: tables.intersection[at]!,
      activation: tables.activation[category * channels + unit]!,
      pixels: pixels.labels[label]!,
      interpretable: tables.iqr[at]! > IQR_THRESHOLD && tables.iou[at]! > IOU_THRESHOLD,
      top: tops[unit]!,
      ...(training ? { training } : {}),
      mostCorrelated: { label: correlated, correlation: tables.correlation[correlated * channels + unit]! },
    };
  });
  const { height, width } = models.generator.layer(layer);
  return { layer, shape: [height, width], units, tables };
}

/** The label of a unit's largest score in a [labels][units] table, whose row 0 is zero. */
function bestLabel(table: Float64Array, units: number, unit: number): number {
  let best = 0;
  for (let label = 1; label * units < table.length; label += 1) {
    if (table[label * units + unit]! > table[best * units + unit]!) best = label;
  }
  return best;
}
