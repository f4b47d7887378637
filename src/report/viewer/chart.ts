import type { PageData, State } from "./data.ts";
import type { dom } from "./dom.ts";

/**
 * A layer in one sentence, and its bar graph: one bar a concept; pressing it shows only the units
 * that detect it. Runs in the page.
 */
export function chart(data: PageData, { element, byId }: ReturnType<typeof dom>, change: (to: Partial<State>) => void) {
  let drawn = "";

  function draw(state: State, layerIndex: number): void {
    byId("summary").textContent = summary(layerIndex);
    const key = `${layerIndex} ${state.concept}`;
    if (key === drawn) return;
    drawn = key;
    const layer = data.report.layers[layerIndex]!;
    const { settings } = data.report;
    const host = byId("chart");
    if (layer.concepts.length === 0) {
      host.replaceChildren(
        element(
          "p",
          { class: "empty" },
          `No unit of ${layer.layer} is interpretable: none agrees with one concept by IoU > ${settings.iouThreshold} and IQR > ${settings.iqrThreshold}.`,
        ),
      );
      return;
    }
    const highest = Math.max(...layer.concepts.map(({ units }) => units.length));
    const groups = new Map<string, HTMLElement[]>();
    for (const { label, units } of layer.concepts) {
      const { category } = data.report.labels[label]!;
      const name = data.names[label]!;
      const pressed = state.concept === name;
      const bar = element(
        "button",
        {
          class: "bar",
          type: "button",
          "aria-pressed": String(pressed),
          title: `${name} (${category}): ${units.length} ${units.length === 1 ? "unit" : "units"}`,
          onclick: () => change(pressed ? { concept: "", sort: "label" } : { concept: name }),
        },
        element("span", { class: "name" }, name),
        element("span", { class: "column", style: `height:${(units.length / highest) * 100}px` }),
        element(
          "span",
          { class: "count" },
          String(units.length),
          element("span", { class: "hidden" }, units.length === 1 ? " unit" : " units"),
        ),
      );
      groups.set(category, [...(groups.get(category) ?? []), bar]);
    }
    host.replaceChildren(
      ...[...groups].map(([category, bars]) => {
        const [dark, light] = data.categoryColors[category] ?? ["#4B4CBF", "#B6B6F2"];
        return element(
          "div",
          { class: "category", style: `--dark:${dark};--light:${light}` },
          element("div", { class: "caption" }, `${bars.length} ${bars.length === 1 ? category : `${category}s`}`),
          element("div", { class: "bars" }, ...bars),
        );
      }),
    );
  }

  function summary(layerIndex: number): string {
    const layer = data.report.layers[layerIndex];
    if (!layer) return "This report has no layers.";
    const { settings } = data.report;
    const concepts = layer.concepts.length === 1 ? "1 concept" : `${layer.concepts.length} concepts`;
    const maps = data.masksAlone ? "" : ` Feature maps of ${layer.shape[0]} × ${layer.shape[1]}.`;
    return `${layer.interpretable} of ${layer.units.length} units detect ${concepts} with IoU > ${settings.iouThreshold} and IQR > ${settings.iqrThreshold}.${maps}`;
  }

  return { draw };
}
