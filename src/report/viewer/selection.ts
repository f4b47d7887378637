import type { PageData, State } from "./data.ts";

/**
 * Which units a state shows, by their places in the layer, best first. Runs in the page: no
 * imports.
 */
export function selection(data: PageData) {
  return (state: State, layerIndex: number): number[] => {
    const layer = data.report.layers[layerIndex]!;
    const page = data.layers[layerIndex]!;
    const concept = data.names.indexOf(state.concept);
    const words = state.query.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = layer.units
      .map((_, index) => index)
      .filter((index) => {
        const unit = layer.units[index]!;
        if (state.interpretable && !unit.interpretable) return false;
        if (state.concept && state.sort !== "concept" && unit.label !== concept) return false;
        const text = `${unit.unit} ${data.names[unit.label]} ${data.report.labels[unit.label]?.category}`.toLowerCase();
        return words.every((word) => text.includes(word));
      });
    const by = (value: (index: number) => number) => shown.sort((a, b) => value(b) - value(a));
    if (state.sort === "iou") return by((index) => layer.units[index]!.iou ?? -1);
    if (state.sort === "iqr") return by((index) => layer.units[index]!.iqr ?? -1);
    if (state.sort === "concept") return by((index) => page.scores[concept]?.[index] ?? -1);
    if (state.sort === "label") return by((index) => -page.labelPosition[index]!);
    return shown;
  };
}

export type Select = ReturnType<typeof selection>;
