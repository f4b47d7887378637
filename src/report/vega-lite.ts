import type { Dissection, LayerResult } from "../dissect/result.ts";
import { colorsOf } from "./bargraph.ts";
import { categoryOrder, conceptGroups, displayNames, uniqueNames } from "./concepts.ts";
import { seenConcepts } from "./rankings.ts";

/** What `toVegaLite` draws. */
export type VegaLiteFigure = "concepts" | "scores" | "agreement";

/** A specification of Vega-Lite, version 6: plain JSON, its numbers in it. */
export interface VegaLiteSpec {
  /** The schema that it follows. */
  readonly $schema: string;
  /** What it shows, which is also its accessible name. */
  readonly description: string;
  /** What it draws. */
  readonly data: {
    /** One object a mark. */
    readonly values: readonly object[];
  };
  /** Marks, encodings and the rest. */
  readonly [key: string]: unknown;
}

/**
 * A figure for Vega-Lite and what speaks it (Altair, Observable, Jupyter, the Vega editor): as
 * "concepts" how many units of each layer detect what (the bar graph of GAN Dissection, figure 5),
 * as "scores" every unit's IoU and IQR beside the thresholds, as "agreement" the IoU of every
 * interpretable unit with every concept that is some unit's best.
 */
export function toVegaLite(dissection: Dissection, figure: VegaLiteFigure): VegaLiteSpec {
  const { description, values, view } = FIGURES[figure](dissection);
  const whose = `${description} of ${dissection.model.name}, by ${dissection.segmenter.name}`;
  return { ...SCHEMA, description: whose, data: { values }, ...view };
}

const SCHEMA = { $schema: "https://vega.github.io/schema/vega-lite/v6.json" } as const;

/** A chart under its title, which is its description too, and below it a warning, if any. */
export function specOf(
  text: string,
  values: readonly object[],
  view: Readonly<Record<string, unknown>>,
  warning?: string,
): VegaLiteSpec {
  const title = warning === undefined ? { text } : { text, subtitle: warning };
  return {
    ...SCHEMA,
    description: warning === undefined ? text : `${text}. ${warning}`,
    title,
    data: { values },
    ...view,
  };
}

interface Figure {
  readonly description: string;
  readonly values: readonly object[];
  readonly view: Readonly<Record<string, unknown>>;
}

const FIGURES: Readonly<Record<VegaLiteFigure, (dissection: Dissection) => Figure>> = {
  concepts,
  scores,
  agreement,
};

/** Names that are each another's: a chart would put two of one name on one place. */
function namesOf({ labels }: Dissection): string[] {
  return uniqueNames(displayNames(labels).map((name, label) => ({ name, category: labels[label]!.category })));
}

/** The colours that report and bar graph have. */
function colorOf({ categories }: Dissection, values: readonly { readonly category: string }[]) {
  const domain = categoryOrder(categories).filter((one) => values.some(({ category }) => category === one));
  const range = domain.map((category) => colorsOf(category, categories)[0]);
  return { field: "category", type: "nominal", scale: { domain, range }, title: "category" };
}

/** One chart a layer below the other, where there are several. */
const byLayer = ({ layers }: Dissection): object =>
  layers.length > 1 ? { row: { field: "layer", type: "nominal", sort: layers.map(({ layer }) => layer) } } : {};

function concepts(dissection: Dissection): Figure {
  const { layers, labels, categories } = dissection;
  const names = namesOf(dissection);
  const values = layers.flatMap((layer) =>
    conceptGroups(layer, labels, categories).map(({ label, units, bestIou }) => ({
      layer: layer.layer,
      concept: names[label]!,
      category: labels[label]!.category,
      units: units.length,
      best_iou: bestIou,
    })),
  );
  return {
    description: "Units that detect each concept",
    values,
    view: {
      mark: "bar",
      encoding: {
        x: { field: "concept", type: "nominal", sort: null, title: null }, // in the order of values
        y: { field: "units", type: "quantitative", axis: { tickMinStep: 1 }, title: "units" },
        color: colorOf(dissection, values),
        tooltip: tips("concept", "category", "units", "best_iou"),
        ...byLayer(dissection),
      },
      // Layers have their own concepts, or most places would be empty.
      resolve: { scale: { x: "independent" } },
    },
  };
}

function scores(dissection: Dissection): Figure {
  const { layers, labels, settings } = dissection;
  const names = namesOf(dissection);
  const values = layers.flatMap(({ layer, units }) =>
    units
      .filter(({ label }) => label > 0)
      .map(({ unit, label, iou, iqr, interpretable }) => ({
        layer,
        unit,
        concept: names[label]!,
        category: labels[label]!.category,
        iou: finite(iou),
        iqr: finite(iqr),
        interpretable,
      })),
  );
  const threshold = (channel: "x" | "y", datum: number) => ({
    mark: { type: "rule", strokeDash: [4, 4], color: "#888" },
    encoding: { [channel]: { datum } },
  });
  const points = {
    mark: { type: "point", filled: true },
    encoding: {
      x: { field: "iou", type: "quantitative", title: "IoU" },
      y: { field: "iqr", type: "quantitative", title: "information quality ratio" },
      color: colorOf(dissection, values),
      opacity: { condition: { test: "datum.interpretable", value: 0.9 }, value: 0.25 },
      tooltip: tips("layer", "unit", "concept", "iou", "iqr"),
    },
  };
  const layered = [threshold("x", settings.iouThreshold), threshold("y", settings.iqrThreshold), points];
  const many = layers.length > 1;
  return {
    description: "Agreement of each unit with its concept",
    values,
    view: many
      ? {
          facet: { row: { field: "layer", type: "nominal", sort: layers.map(({ layer }) => layer) } },
          spec: { layer: layered },
        }
      : { layer: layered },
  };
}

function agreement(dissection: Dissection): Figure {
  const { layers } = dissection;
  const names = namesOf(dissection);
  const shown = seenConcepts(dissection).filter((label) => label > 0);
  const values = layers.flatMap((layer) => cells(layer, shown, names));
  return {
    description: "IoU of interpretable units with concepts",
    values,
    view: {
      mark: "rect",
      encoding: {
        x: { field: "unit", type: "ordinal", sort: null, title: "unit" },
        y: { field: "concept", type: "nominal", sort: shown.map((label) => names[label]!), title: null },
        color: { field: "iou", type: "quantitative", title: "IoU", scale: { scheme: "viridis", domainMin: 0 } },
        tooltip: tips("unit", "concept", "iou"),
        ...byLayer(dissection),
      },
      resolve: { scale: { x: "independent" } },
    },
  };
}

/** Units of one concept stand together, the one that agrees best first. */
function cells({ layer, units, tables }: LayerResult, shown: readonly number[], names: readonly string[]) {
  const place = (label: number) => (shown.includes(label) ? shown.indexOf(label) : shown.length);
  const interpretable = units.filter((unit) => unit.interpretable);
  interpretable.sort((a, b) => place(a.label) - place(b.label) || b.iou - a.iou || a.unit - b.unit);
  return interpretable.flatMap(({ unit }) =>
    shown.map((label) => ({
      layer,
      unit,
      concept: names[label]!,
      iou: finite(tables.iou[label * units.length + unit]!),
    })),
  );
}

/** Fields that are told under the pointer. */
export const tips = (...fields: readonly string[]) => fields.map((field) => ({ field }));

/** JSON has no NaN, and Vega-Lite leaves out what is null. */
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
