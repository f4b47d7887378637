import type { AblationLine } from "./ablation-plot.ts";
import { lineColor, portions } from "./ablation-plot.ts";
import type { AceSummary } from "./ace.ts";
import type { ContextJson } from "./context.ts";
import { FEWEST, LESS, MORE } from "./context-plot.ts";
import { specOf, tips, type VegaLiteSpec } from "./vega-lite.ts";

// Figures of edits for Vega-Lite: what their SVGs show, from the JSON beside these.

/**
 * What part of a concept's pixels goes with the first 0, 1, 2 … units: a line each of `lines`, the
 * mean of several curves in front of their range, as far as all of them go.
 */
export function ablationSpec(concept: string, lines: readonly AblationLine[]): VegaLiteSpec {
  const values = lines.flatMap(({ name, curves }) => {
    const removed = curves.map(portions);
    return Array.from({ length: Math.min(...removed.map(({ length }) => length)) }, (_, units) => {
      const column = removed.map((portion) => portion[units]!);
      const mean = column.reduce((sum, portion) => sum + portion, 0) / column.length;
      return { line: name, units, removed: mean, least: Math.min(...column), most: Math.max(...column) };
    });
  });
  const names = lines.map(({ name }) => name);
  const scale = { domain: names, range: names.map((_, index) => lineColor(index)) };
  const x = { field: "units", type: "quantitative", axis: { tickMinStep: 1 }, title: "ablated units" };
  const y = { type: "quantitative", scale: { domainMax: 1 }, axis: { format: ".0%" }, title: "portion removed" };
  const color = { field: "line", type: "nominal", scale, title: null, legend: { symbolOpacity: 1 } };
  return specOf(`Portion of ${concept} pixels removed`, values, {
    layer: [
      {
        mark: { type: "area", opacity: 0.2 },
        encoding: { x, y: { ...y, field: "least" }, y2: { field: "most" }, color },
      },
      {
        mark: { type: "line", point: true },
        encoding: { x, y: { ...y, field: "removed" }, color, tooltip: tips("line", "units", "removed") },
      },
    ],
  });
}

/** The loss of the pairs kept for evaluation after each epoch, from that of the units by IoU on. */
export function aceLossSpec(concept: string, losses: AceSummary["losses"]): VegaLiteSpec {
  const values = losses.map(({ epoch, loss }) => ({ epoch: epoch < 0 ? "IoU" : String(epoch + 1), loss }));
  return specOf(`Loss of ${concept} on pairs not learned from`, values, {
    mark: { type: "line", point: true, color: MORE },
    encoding: {
      x: { field: "epoch", type: "ordinal", sort: null, title: "epoch" },
      y: { field: "loss", type: "quantitative", scale: { zero: false }, title: "loss" },
      tooltip: tips("epoch", "loss"),
    },
  });
}

/** What inserting adds by what was there; places that are rare are left out. */
export function contextBarsSpec({ concept, effects }: ContextJson): VegaLiteSpec {
  const values = effects
    .filter(({ places }) => places >= FEWEST)
    .map(({ concept: there, category, places, gain, share }) => ({ there, category, places, gain, share }));
  return specOf(`Pixels of ${concept} added, by what was there`, values, {
    mark: "bar",
    encoding: {
      y: { field: "there", type: "nominal", sort: null, title: null },
      x: { field: "gain", type: "quantitative", title: "pixels in the mean" },
      color: { condition: { test: "datum.gain < 0", value: LESS }, value: MORE },
      tooltip: tips("there", "category", "places", "gain", "share"),
    },
  });
}

/** Pixels at which the map of cells is at least as wide or high as the drawn one. */
const MAP = 256;

/** The mean gain of every cell, blue for more and red for less. */
export function contextMapSpec({ concept, cells }: ContextJson): VegaLiteSpec {
  const values = cells.flatMap((row, y) => row.map((gain, x) => ({ row: y, column: x, gain })));
  const most = Math.max(1e-9, ...values.map(({ gain }) => Math.abs(gain)));
  const step = Math.max(4, Math.floor(MAP / Math.max(1, cells.length, cells[0]?.length ?? 0)));
  return specOf(`Where ${concept} can be put`, values, {
    width: { step },
    height: { step },
    mark: "rect",
    encoding: {
      x: { field: "column", type: "ordinal", axis: null, scale: { padding: 0 } },
      y: { field: "row", type: "ordinal", axis: null, scale: { padding: 0 } },
      color: {
        field: "gain",
        type: "quantitative",
        scale: { range: [LESS, "#fff", MORE], domain: [-most, 0, most], interpolate: "rgb" },
      },
      tooltip: tips("row", "column", "gain"),
    },
  });
}
