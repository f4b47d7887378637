import type {
  AdapterDescription,
  CellArea,
  Dissection,
  Label,
  LayerResult,
  LevelChoice,
  Unit,
} from "../dissect/result.ts";
import { labelColors, type Rgb } from "./colors.ts";
import { conceptGroups } from "./concepts.ts";

/**
 * Version of `report.json`. It grows only when a field changes its meaning or goes; readers ignore
 * fields they do not know.
 */
export const SCHEMA_VERSION = 1;

/** Where a result came from: what one needs to compute it again. */
export interface Provenance {
  /** What wrote it. */
  readonly generator: {
    /** "ganatomy". */
    readonly name: string;
    /** Its version. */
    readonly version: string;
  };
  /** ISO 8601. Leave it out for files that are equal byte by byte when the result is. */
  readonly created?: string;
  /** The files of weights that it was computed with. */
  readonly weights?: readonly WeightsSource[];
  /** The command line, or whatever else says how it was called. */
  readonly command?: string;
  /** Wall-clock seconds that the dissection took. */
  readonly seconds?: number;
}

/** One file of weights. */
export interface WeightsSource {
  /** Which of the networks it is of. */
  readonly role: "generator" | "classifier" | "segmenter";
  /** Its path or address. */
  readonly source: string;
  /** SHA-256 of the file, 64 hex digits. */
  readonly sha256?: string;
  /** Size of the file. */
  readonly bytes?: number;
}

/**
 * `report.json`: small, self-explaining, everything but the full tables (those are in
 * `tensors.safetensors`).
 */
export interface Report {
  /** Always 1: see `SCHEMA_VERSION`. */
  schemaVersion: typeof SCHEMA_VERSION;
  /** Where it came from. */
  provenance: Provenance;
  /** The network that was dissected. */
  model: Dissection["model"];
  /** Names of the test set's images, where they have some: photographs. */
  images?: readonly string[];
  /** What named the concepts. */
  segmenter: Dissection["segmenter"];
  /** What it was computed on. */
  adapter: AdapterDescription;
  /** How it was dissected. */
  settings: Dissection["settings"];
  /** The categories of labels. */
  categories: readonly string[];
  /**
   * Place in this list = the `label` of units and concepts; 0 is "no label". Names may repeat
   * across categories.
   */
  labels: (Label & {
    /** How many of the test set bear it. */
    pixels: number;
    /** In which it is drawn. */
    color: Rgb;
  })[];
  /** What each layer's units detect. */
  layers: ReportLayer[];
}

/** What one layer's units detect. */
export interface ReportLayer {
  /** The layer's name, as in `generator.layers`. */
  layer: string;
  /** Height and width of its feature map. */
  shape: readonly [number, number];
  /** Where its cells lie in the images, in pixels; absent where they tile them. */
  area?: CellArea;
  /** Number of interpretable units. */
  interpretable: number;
  /** What those units detect, in the order of display. */
  concepts: {
    /** Index into `labels`. */
    label: number;
    /** The units that detect it. */
    units: readonly number[];
  }[];
  /** Every unit, by number. */
  units: ReportUnit[];
}

/** As `Unit`; what is not finite is null, as JSON knows no NaN. */
export interface ReportUnit {
  /** Channel of the layer, from 0. */
  unit: number;
  /** Index into `labels` of the concept it agrees with best; 0 is none. */
  label: number;
  /** Whether it counts as a detector of `label`. */
  interpretable: boolean;
  /** Activation above which the unit is "on". */
  level: number | null;
  /** Intersection over union with `label` on the test set, 0…1. */
  iou: number | null;
  /** Information quality ratio with `label` on the test set, 0…1. */
  iqr: number | null;
  /** Mutual information with `label`, in nats. */
  mi: number | null;
  /** Pearson's, of the upsampled activation with the label's indicator. */
  correlation: number | null;
  /** Pixels where the unit is on and `label` is. */
  intersection: number;
  /** Pixels where the unit is on, of images that hold the label's category. */
  activation: number;
  /** Pixels of `label`. */
  pixels: number;
  /** The images that activate it most, best first. */
  top: {
    /** Index into the test set. */
    image: number;
    /** The unit's largest activation there. */
    activation: number | null;
  }[];
  /** The concept with the highest correlation on the test set. */
  mostCorrelated: {
    /** Index into `labels`. */
    label: number;
    /** The correlation. */
    correlation: number | null;
  };
  /** The level search on the training set; absent where the level is one fixed quantile. */
  training?: {
    /** By IQR. */
    iqr: ReportLevel;
    /** By IoU. */
    maxiou: ReportLevel;
  };
}

/** As `LevelChoice`; what is not finite is null. */
export interface ReportLevel {
  /** Index into `labels`. */
  label: number;
  /** The largest score of any level and label. */
  score: number | null;
  /** The level that has it. */
  level: number | null;
  /** Fraction of pixels above the level. */
  quantile: number | null;
  /** IoU at that level, on the training set. */
  iou: number | null;
}

/** Makes the report; `src/report/report-v1.schema.json` describes it. */
export function toReport(dissection: Dissection, provenance: Provenance): Report {
  const { model, images, segmenter, adapter, settings, categories, labels, labelPixels, layers } = dissection;
  const colors = labelColors(labels, model.tiles);
  return {
    schemaVersion: SCHEMA_VERSION,
    provenance,
    model,
    ...(images && { images }),
    segmenter,
    adapter,
    settings,
    categories,
    labels: labels.map(({ name, category }, i) => ({
      name,
      category,
      pixels: labelPixels[i] ?? 0,
      color: colors[i]!,
    })),
    layers: layers.map((layer) => layerOf(layer, dissection)),
  };
}

function layerOf(layer: LayerResult, { labels, categories }: Dissection): ReportLayer {
  return {
    layer: layer.layer,
    shape: layer.shape,
    ...(layer.area && { area: layer.area }),
    interpretable: layer.units.filter(({ interpretable }) => interpretable).length,
    concepts: conceptGroups(layer, labels, categories).map(({ label, units }) => ({ label, units })),
    units: layer.units.map(unitOf),
  };
}

function unitOf(unit: Unit): ReportUnit {
  return {
    unit: unit.unit,
    label: unit.label,
    interpretable: unit.interpretable,
    level: finite(unit.level),
    iou: finite(unit.iou),
    iqr: finite(unit.iqr),
    mi: finite(unit.mi),
    correlation: finite(unit.correlation),
    intersection: unit.intersection,
    activation: unit.activation,
    pixels: unit.pixels,
    top: unit.top.map(({ image, activation }) => ({ image, activation: finite(activation) })),
    mostCorrelated: {
      label: unit.mostCorrelated.label,
      correlation: finite(unit.mostCorrelated.correlation),
    },
    ...(unit.training && {
      training: { iqr: levelOf(unit.training.iqr), maxiou: levelOf(unit.training.maxiou) },
    }),
  };
}

function levelOf({ label, score, level, quantile, iou }: LevelChoice): ReportLevel {
  return { label, score: finite(score), level: finite(level), quantile: finite(quantile), iou: finite(iou) };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
