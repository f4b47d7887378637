import type { PageData, Sort, State, View } from "./data.ts";
import type { dom } from "./dom.ts";

// Tests: test/report/viewer/app.test.ts

/** What one can do with the page, besides following its links. Runs in the page: no imports. */
export function controls(
  data: PageData,
  { element, byId }: ReturnType<typeof dom>,
  state: () => State,
  change: (to: Partial<State>) => void,
  repaint: () => void,
): void {
  const concept = byId<HTMLSelectElement>("concept");
  const named = [...new Set(data.layers.flatMap(({ scores }) => Object.keys(scores).map(Number)))].filter(Boolean);
  const options = named.map((label) => data.names[label]!).sort((a, b) => a.localeCompare(b));
  concept.append(...options.map((name) => element("option", { value: name }, name)));
  concept.onchange = () => {
    change({ concept: concept.value, ...(concept.value === "" && state().sort === "concept" && { sort: "label" }) });
  };
  const sort = byId<HTMLSelectElement>("sort");
  sort.onchange = () => change({ sort: sort.value as Sort });
  const query = byId<HTMLInputElement>("query");
  query.oninput = () => change({ query: query.value });
  const interpretable = byId<HTMLInputElement>("interpretable");
  interpretable.onchange = () => change({ interpretable: interpretable.checked });
  for (const input of document.querySelectorAll<HTMLInputElement>("input[data-view]")) {
    input.onchange = () => change({ view: input.dataset["view"] as View });
  }
  addEventListener("keydown", keys);
  let resizing = 0;
  addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = window.setTimeout(repaint, 150);
  });

  /** ← → step through units, / goes to the search field, 1 to 5 switch the view. */
  function keys(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    const typing = target.matches("input:not([type=radio]):not([type=checkbox]), select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const views: View[] = ["masked", "original", "mask", "segmentation", "activation"];
    const view = views[Number(event.key) - 1];
    if (view) change({ view });
    else if (event.key === "/" && state().unit === undefined) {
      event.preventDefault();
      byId("query").focus();
    } else if (state().unit !== undefined && !target.matches("input")) {
      if (event.key === "ArrowLeft") byId("previous").click();
      if (event.key === "ArrowRight") byId("next").click();
    }
  }
}
