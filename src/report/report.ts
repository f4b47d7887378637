import type { Dissection, LayerResult, LevelChoice, Unit } from "../dissect/result.ts";
import {
  type Provenance,
  type Report,
  type ReportLayer,
  type ReportLevel,
  type ReportUnit,
  SCHEMA_VERSION,
} from "../report-json.ts";
import { labelColors } from "./colors.ts";
import { conceptGroups } from "./concepts.ts";

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
