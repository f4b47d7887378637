import type { Comparison } from "../compare/index.ts";
import { colorsOf } from "./bargraph.ts";
import { warningText } from "./comparison.ts";
import { barsOf, categoriesOf, LINES } from "./comparison-plot.ts";
import { displayNames } from "./concepts.ts";
import { specOf, tips, type VegaLiteSpec } from "./vega-lite.ts";

/** What the figures of a comparison show of it, which `compare.json` holds; errors may be null. */
export type Compared = Pick<Comparison, "inputs" | "concepts" | "incomparable">;

/** Figures of a comparison for Vega-Lite, by the names of their SVGs. */
export const COMPARISON_SPECS: Readonly<Record<string, (compared: Compared) => VegaLiteSpec>> = {
  categories: categoriesSpec,
  concepts: conceptsSpec,
  layers: layersSpec,
};

function comparedSpec(compared: Compared, title: string, values: readonly object[], view: Record<string, unknown>) {
  const warning = compared.incomparable.length > 0 ? warningText(compared.incomparable) : undefined;
  return specOf(title, values, view, warning);
}

function colorOf(compared: Compared) {
  const domain = categoriesOf(compared);
  const range = domain.map((category) => colorsOf(category, domain)[0]);
  return { field: "category", type: "nominal", scale: { domain, range }, title: "category" };
}

/** One stacked bar an input, as wide as it has distinct concepts, by category. */
function categoriesSpec(compared: Compared): VegaLiteSpec {
  const order = categoriesOf(compared);
  const values = compared.inputs.flatMap(({ name, unique, categories }) =>
    order.flatMap((category, place) => {
      const found = categories.find((one) => one.category === category)?.unique;
      if (!found) return [];
      return [{ input: name, category, place, ...estimate(found), all: unique.value, all_error: unique.error ?? null }];
    }),
  );
  return comparedSpec(compared, "Distinct concepts that units detect", values, {
    mark: "bar",
    encoding: {
      y: { field: "input", type: "nominal", scale: { domain: compared.inputs.map(({ name }) => name) }, title: null },
      x: { field: "value", type: "quantitative", axis: { tickMinStep: 1 }, title: "concepts" },
      order: { field: "place" },
      color: colorOf(compared),
      tooltip: tips("input", "category", "value", "error", "all", "all_error"),
    },
  });
}

/** Of every input sorted bars, one a concept and as high as it has detectors. */
function conceptsSpec(compared: Compared): VegaLiteSpec {
  const names = displayNames(compared.concepts); // a chart would put two of one name on one place
  const values = compared.inputs.flatMap(({ name: input }, index) =>
    barsOf(compared, index).map(({ concept, category, units }) => ({
      ...{ input, concept: names[concept]!, category },
      units,
    })),
  );
  return comparedSpec(compared, "Units by concept", values, {
    mark: "bar",
    encoding: {
      x: { field: "concept", type: "nominal", sort: null, title: null },
      y: { field: "units", type: "quantitative", axis: { tickMinStep: 1 }, title: "units" },
      color: colorOf(compared),
      row: { field: "input", type: "nominal", sort: compared.inputs.map(({ name }) => name), title: null },
      tooltip: tips("input", "concept", "category", "units"),
    },
    // Inputs have their own concepts, or most places would be empty.
    resolve: { scale: { x: "independent" } },
  });
}

/** Lines over layers, one a model, with two errors up and down. */
function layersSpec(compared: Compared): VegaLiteSpec {
  const { inputs } = compared;
  const measures = ["units that detect a concept, %", "distinct concepts"] as const;
  const values = inputs.flatMap(({ name, model, layer, share, unique }) =>
    measures.map((measure, index) => {
      const { value, error } = index === 0 ? estimate(share, 100) : estimate(unique);
      const spread = error === null ? {} : { low: Math.max(0, value - 2 * error), high: value + 2 * error };
      return { input: name, model, layer, measure, value, error, ...spread };
    }),
  );
  const models = [...new Set(inputs.map(({ model }) => model))];
  const scale = { domain: models, range: models.map((_, index) => LINES[index % LINES.length]) };
  const x = { field: "layer", type: "ordinal", sort: [...new Set(inputs.map(({ layer }) => layer))], title: null };
  const y = { type: "quantitative", scale: { zero: true }, title: null };
  const color = { field: "model", type: "nominal", scale, title: "model" };
  return comparedSpec(compared, "Over layers", values, {
    facet: { row: { field: "measure", type: "nominal", sort: measures, title: null } },
    spec: {
      layer: [
        {
          transform: [{ filter: "isValid(datum.low)" }],
          mark: "rule",
          encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" } },
        },
        {
          mark: { type: "line", point: true },
          encoding: { x, y: { ...y, field: "value" }, color, tooltip: tips("input", "value", "error") },
        },
      ],
    },
    resolve: { scale: { y: "independent" } },
  });
}

const estimate = ({ value, error }: { value: number; error: number | null | undefined }, by = 1) => ({
  value: value * by,
  error: error === null || error === undefined ? null : error * by,
});
