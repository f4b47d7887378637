import type { AdapterDescription, Dissection, Label, LayerResult, LevelChoice, Unit } from "../dissect/result.ts";
import { labelColors, type Rgb } from "./colors.ts";
import { conceptGroups } from "./concepts.ts";

/**
 * Version of `report.json`. It grows only when a field changes its meaning or goes; readers ignore
 * fields they do not know.
 */
export const SCHEMA_VERSION = 1;

/** Where a result came from: what one needs to compute it again. */
export interface Provenance {
  readonly generator: { readonly name: string; readonly version: string };
  /** ISO 8601. Leave it out for files that are equal byte by byte when the result is. */
  readonly created?: string;
  readonly weights?: readonly WeightsSource[];
  /** The command line, or whatever else says how it was called. */
  readonly command?: string;
  /** Wall-clock seconds that the dissection took. */
  readonly seconds?: number;
}

/** One file of weights. */
export interface WeightsSource {
  readonly role: "generator" | "classifier" | "segmenter";
  readonly source: string;
  readonly sha256?: string;
  readonly bytes?: number;
}

/**
 * `report.json`: small, self-explaining, everything but the full tables (those are in
 * `tensors.safetensors`).
 */
export interface Report {
  schemaVersion: typeof SCHEMA_VERSION;
  provenance: Provenance;
  model: Dissection["model"];
  /** Names of the test set's images, where they have some: photographs. */
  images?: readonly string[];
  segmenter: Dissection["segmenter"];
  adapter: AdapterDescription;
  settings: Dissection["settings"];
  categories: readonly string[];
  /**
   * Place in this list = the `label` of units and concepts; 0 is "no label". Names may repeat
   * across categories.
   */
  labels: (Label & { pixels: number; color: Rgb })[];
  layers: ReportLayer[];
}

export interface ReportLayer {
  layer: string;
  shape: readonly [number, number];
  /** Number of interpretable units. */
  interpretable: number;
  /** What those units detect, in the order of display. */
  concepts: { label: number; units: readonly number[] }[];
  units: ReportUnit[];
}

/** As `Unit`; what is not finite is null, as JSON knows no NaN. */
export interface ReportUnit {
  unit: number;
  label: number;
  interpretable: boolean;
  level: number | null;
  iou: number | null;
  iqr: number | null;
  mi: number | null;
  correlation: number | null;
  intersection: number;
  activation: number;
  pixels: number;
  top: { image: number; activation: number | null }[];
  mostCorrelated: { label: number; correlation: number | null };
  training?: { iqr: ReportLevel; maxiou: ReportLevel };
}

export interface ReportLevel {
  label: number;
  score: number | null;
  level: number | null;
  quantile: number | null;
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
