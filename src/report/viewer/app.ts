import type { cards } from "./cards.ts";
import type { chart } from "./chart.ts";
import type { PageData, Sort, State, View } from "./data.ts";
import type { detail } from "./detail.ts";
import type { dom } from "./dom.ts";
import type { painter } from "./painter.ts";
import type { permalink } from "./permalink.ts";

/** The parts of the page, each written into it as source. */
export interface Parts {
  readonly permalink: typeof permalink;
  readonly dom: typeof dom;
  readonly painter: typeof painter;
  readonly chart: typeof chart;
  readonly cards: typeof cards;
  readonly detail: typeof detail;
}

/** Starts the page: unpacks its data, then shows whatever its address says, whenever that changes. Runs in the page. */
export async function app(parts: Parts): Promise<void> {
  const tools = parts.dom();
  const { element, byId } = tools;
  const { parse, format } = parts.permalink();
  const data: PageData = JSON.parse(byId("data").textContent ?? "");
  const layers = data.report.layers.map(({ layer }) => layer);
  let state = parse(location.hash, layers);

  const [features, labels] = await Promise.all([unpack("features"), unpack("labels")]);
  const painter = parts.painter(data, new Int8Array(features.buffer), labels);
  const chart = parts.chart(data, tools, change);
  const cards = parts.cards(data, tools, painter, (to) => format({ ...state, ...to }), change);
  const detail = parts.detail(data, tools, painter, change);

  /** Bytes that are in the page as deflated base64. */
  async function unpack(id: string): Promise<Uint8Array> {
    const text = atob(byId(id).textContent?.trim() ?? "");
    const packed = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) packed[i] = text.charCodeAt(i);
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  function change(to: Partial<State>): void {
    const next = { ...state, ...to };
    // Stepping through units, typing and toggling replace the address; opening, closing and filtering can be gone back from.
    const step = state.unit !== undefined && next.unit !== undefined;
    if (step || to.query !== undefined || to.view !== undefined) history.replaceState(null, "", format(next));
    else location.hash = format(next);
    show();
  }

  function show(): void {
    state = parse(location.hash, layers);
    const layerIndex = Math.max(0, layers.indexOf(state.layer));
    for (const tab of byId("layers").querySelectorAll("a")) {
      const layer = tab.dataset["layer"] ?? "";
      tab.href = format({ ...state, layer, unit: undefined });
      if (layer === state.layer) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
    byId("summary").textContent = summary(layerIndex);
    byId<HTMLSelectElement>("concept").value = state.concept;
    byId<HTMLSelectElement>("sort").value = state.sort;
    byId<HTMLInputElement>("interpretable").checked = state.interpretable;
    byId("by-concept").toggleAttribute("disabled", state.concept === "");
    const query = byId<HTMLInputElement>("query");
    if (query.value !== state.query) query.value = state.query;
    for (const input of document.querySelectorAll<HTMLInputElement>("input[data-view]")) {
      input.checked = input.dataset["view"] === state.view;
    }
    chart.draw(state, layerIndex);
    cards.draw(state, layerIndex);
    byId<HTMLAnchorElement>("link").href = format(state);
    detail.draw(state, layerIndex, cards.select(state, layerIndex));
    document.body.dataset["ready"] = state.layer;
  }

  function summary(layerIndex: number): string {
    const layer = data.report.layers[layerIndex];
    if (!layer) return "This report has no layers.";
    const { settings } = data.report;
    const concepts = layer.concepts.length === 1 ? "1 concept" : `${layer.concepts.length} concepts`;
    return `${layer.interpretable} of ${layer.units.length} units detect ${concepts} with IoU > ${settings.iouThreshold} and IQR > ${settings.iqrThreshold}. Feature maps of ${layer.shape[0]} × ${layer.shape[1]}.`;
  }

  function listen(): void {
    addEventListener("hashchange", show);
    const concept = byId<HTMLSelectElement>("concept");
    const named = [...new Set(data.layers.flatMap(({ scores }) => Object.keys(scores).map(Number)))].filter(Boolean);
    const options = named.map((label) => data.names[label]!).sort((a, b) => a.localeCompare(b));
    concept.append(...options.map((name) => element("option", { value: name }, name)));
    concept.onchange = () => {
      change({ concept: concept.value, ...(concept.value === "" && state.sort === "concept" && { sort: "label" }) });
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
      resizing = window.setTimeout(() => {
        cards.repaint();
        detail.repaint();
      }, 150);
    });
  }

  /** ← → step through units, / goes to the search field, 1 to 5 switch the view. */
  function keys(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    const typing = target.matches("input:not([type=radio]):not([type=checkbox]), select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const views: View[] = ["masked", "original", "mask", "segmentation", "activation"];
    const view = views[Number(event.key) - 1];
    if (view) change({ view });
    else if (event.key === "/" && state.unit === undefined) {
      event.preventDefault();
      byId("query").focus();
    } else if (state.unit !== undefined && !target.matches("input")) {
      if (event.key === "ArrowLeft") byId("previous").click();
      if (event.key === "ArrowRight") byId("next").click();
    }
  }

  listen();
  show();
}
