import type { card } from "./card.ts";
import type { cards } from "./cards.ts";
import type { chart } from "./chart.ts";
import type { controls } from "./controls.ts";
import type { covering } from "./covering.ts";
import type { PageData, State } from "./data.ts";
import type { detail } from "./detail.ts";
import type { dom } from "./dom.ts";
import type { labelMaps } from "./label-maps.ts";
import type { legend } from "./legend.ts";
import type { level } from "./level.ts";
import type { measures } from "./measures.ts";
import type { painter } from "./painter.ts";
import type { permalink } from "./permalink.ts";
import type { selection } from "./selection.ts";
import type { strip } from "./strip.ts";
import type { surfaces } from "./surfaces.ts";
import type { tiles } from "./tiles.ts";

/** The parts of the page, each written into it as source. */
export interface Parts {
  readonly permalink: typeof permalink;
  readonly dom: typeof dom;
  readonly surfaces: typeof surfaces;
  readonly labelMaps: typeof labelMaps;
  readonly covering: typeof covering;
  readonly painter: typeof painter;
  readonly chart: typeof chart;
  readonly selection: typeof selection;
  readonly card: typeof card;
  readonly strip: typeof strip;
  readonly cards: typeof cards;
  readonly tiles: typeof tiles;
  readonly legend: typeof legend;
  readonly measures: typeof measures;
  readonly level: typeof level;
  readonly detail: typeof detail;
  readonly controls: typeof controls;
}

/**
 * Starts the page: unpacks its data, then shows whatever its address says, whenever that changes.
 * Runs in the page.
 */
export async function app(parts: Parts): Promise<void> {
  const tools = parts.dom();
  const { byId, unpack } = tools;
  const { parse, format } = parts.permalink();
  const data: PageData = JSON.parse(byId("data").textContent ?? "");
  const [high, wide] = data.pictures.shape;
  document.documentElement.style.setProperty("--aspect", String(wide / high));
  const layers = data.report.layers.map(({ layer }) => layer);
  let state = parse(location.hash, layers);

  const [features, labels] = await Promise.all([unpack("features"), unpack("labels")]);
  const surfaces = parts.surfaces(data, new Int8Array(features.buffer));
  const maps = parts.labelMaps(data.pictures, labels);
  const painter = parts.painter(data, parts.covering(data, surfaces, maps));
  const chart = parts.chart(data, tools, change);
  const select = parts.selection(data);
  const address = (to: Partial<State>): string => format({ ...state, ...to });
  const card = parts.card(data, tools, address);
  const cards = parts.cards(data, tools, { select, card, paint: parts.strip(data, painter), address }, change);
  const legend = parts.legend(data, tools, maps);
  const detail = parts.detail(
    data,
    tools,
    {
      tiles: parts.tiles(data, tools, painter, legend),
      legend,
      measures: parts.measures(data, tools),
      level: (changed) => parts.level(data, tools, surfaces, changed),
    },
    change,
  );

  function change(to: Partial<State>): void {
    const next = { ...state, ...to };
    // Stepping through units, typing and toggling replace the address; opening, closing and
    // filtering can be gone back from.
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
    detail.draw(state, layerIndex, select(state, layerIndex));
    document.body.dataset["ready"] = state.layer;
  }

  function repaint(): void {
    cards.repaint();
    detail.repaint();
  }

  addEventListener("hashchange", show);
  parts.controls(data, tools, () => state, change, repaint);
  show();
}
