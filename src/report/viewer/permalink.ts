import type { Sort, State, View } from "./data.ts";

/**
 * Reads and writes addresses: `#layer4`, `#layer4/unit/17`, `#layer4?concept=tree&sort=iou`. Runs
 * in the page: no imports.
 */
export function permalink() {
  const sorts: readonly string[] = ["label", "iou", "iqr", "unit", "concept"];
  const views: readonly string[] = ["masked", "original", "mask", "segmentation", "activation"];

  function decode(part: string): string {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  }

  function parse(hash: string, layers: readonly string[]): State {
    const [path = "", search = ""] = hash.replace(/^#/, "").split("?", 2);
    const [layer = "", word = "", number = ""] = path.split("/").map(decode);
    const query = new URLSearchParams(search);
    const sort = query.get("sort") ?? "";
    const view = query.get("view") ?? "";
    const concept = query.get("concept") ?? "";
    return {
      layer: layers.includes(layer) ? layer : (layers[0] ?? ""),
      unit: word === "unit" && /^\d+$/.test(number) ? Number(number) : undefined,
      concept,
      sort: (sorts.includes(sort) && (sort !== "concept" || concept !== "") ? sort : "label") as Sort,
      query: query.get("q") ?? "",
      interpretable: query.get("interpretable") === "1",
      view: (views.includes(view) ? view : "masked") as View,
    };
  }

  function format(state: State): string {
    const query = new URLSearchParams();
    if (state.concept) query.set("concept", state.concept);
    if (state.sort !== "label") query.set("sort", state.sort);
    if (state.query) query.set("q", state.query);
    if (state.interpretable) query.set("interpretable", "1");
    if (state.view !== "masked") query.set("view", state.view);
    const unit = state.unit === undefined ? "" : `/unit/${state.unit}`;
    const search = query.size > 0 ? `?${query}` : "";
    return `#${encodeURIComponent(state.layer)}${unit}${search}`;
  }

  return { parse, format };
}
