import type { PageData, State } from "./data.ts";
import type { dom } from "./dom.ts";

/**
 * A unit's card: a link to it with its concept, its scores and a canvas for its strip. Runs in the
 * page: no imports.
 */
export function card(
  data: PageData,
  { element, score }: ReturnType<typeof dom>,
  address: (to: Partial<State>) => string,
) {
  return (index: number, state: State, layerIndex: number): HTMLElement => {
    const layer = data.report.layers[layerIndex]!;
    const unit = layer.units[index]!;
    const label = data.report.labels[unit.label];
    const name = unit.label === 0 ? "no concept" : data.names[unit.label]!;
    const scored = state.sort === "concept" ? data.names.indexOf(state.concept) : unit.label;
    const iou = state.sort === "concept" ? (data.layers[layerIndex]!.scores[scored]?.[index] ?? null) : unit.iou;
    const features = data.layers[layerIndex]!.features[index];
    return element(
      "a",
      {
        class: unit.interpretable ? "card" : "card weak",
        href: address({ unit: unit.unit }),
        "data-unit": unit.unit,
      },
      element(
        "span",
        { class: "line" },
        element("span", { class: "label" }, name),
        element("span", { class: "hidden" }, ", IoU "),
        element("span", { class: "score" }, score(iou)),
      ),
      (features?.images.length ?? 0) > 0
        ? element("canvas", { "data-index": index, width: 5, height: 1, "aria-hidden": "true" })
        : element("span", { class: "nopicture" }, "no pictures"),
      element(
        "span",
        { class: "line small" },
        element("span", {}, `unit ${unit.unit}`, unit.label === 0 ? "" : ` · ${label?.category}`),
        element("span", {}, unit.interpretable ? `IQR ${score(unit.iqr)}` : `IQR ${score(unit.iqr)} · below threshold`),
      ),
    );
  };
}
