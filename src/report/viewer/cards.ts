import type { PageData, State } from "./data.ts";
import type { dom } from "./dom.ts";
import type { Painter } from "./painter.ts";

/** The grid of unit cards: which units, in which order, and their strips, painted when they come into sight. Runs in the page. */
export function cards(
  data: PageData,
  { element, byId, score }: ReturnType<typeof dom>,
  painter: Painter,
  address: (to: Partial<State>) => string,
  change: (to: Partial<State>) => void,
) {
  const perCard = 5;
  const gap = 4;
  let listed = "";
  let current: { state: State; layerIndex: number };
  const seen = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        seen.unobserve(target);
        paint(target as HTMLCanvasElement);
      }
    },
    { rootMargin: "400px" },
  );

  /** Units to show, best first, by the state's filters and order. */
  function select(state: State, layerIndex: number): number[] {
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
    const by = (value: (index: number) => number) => shown.sort((a, b) => value(b) - value(a) || a - b);
    if (state.sort === "iou") return by((index) => layer.units[index]!.iou ?? -1);
    if (state.sort === "iqr") return by((index) => layer.units[index]!.iqr ?? -1);
    if (state.sort === "concept") return by((index) => page.scores[concept]?.[index] ?? -1);
    if (state.sort === "label") return by((index) => -page.labelPosition[index]!);
    return shown;
  }

  function draw(state: State, layerIndex: number): void {
    const { unit: _, view, ...list } = state;
    const key = JSON.stringify(list);
    const sameList = key === listed;
    const sameView = sameList && current.state.view === view;
    current = { state, layerIndex };
    if (sameView) return;
    const grid = byId("cards");
    if (sameList) {
      for (const canvas of grid.querySelectorAll("canvas")) seen.observe(canvas);
      for (const card of grid.querySelectorAll<HTMLAnchorElement>("a.card")) {
        card.href = address({ unit: Number(card.dataset["unit"]) });
      }
      return;
    }
    listed = key;
    seen.disconnect();
    const indices = select(state, layerIndex);
    byId("count").textContent = describe(indices.length, state, layerIndex);
    grid.replaceChildren(
      ...(indices.length > 0 ? indices.map((index) => card(index, state, layerIndex)) : [nothing()]),
    );
  }

  function describe(count: number, state: State, layerIndex: number): string {
    const all = data.report.layers[layerIndex]!.units.length;
    const units = count === all ? `${all} units` : `${count} of ${all} units`;
    return state.sort === "concept" ? `${units}, by IoU with ${state.concept}` : units;
  }

  function card(index: number, state: State, layerIndex: number): HTMLElement {
    const layer = data.report.layers[layerIndex]!;
    const unit = layer.units[index]!;
    const label = data.report.labels[unit.label];
    const name = unit.label === 0 ? "no concept" : data.names[unit.label]!;
    const scored = state.sort === "concept" ? data.names.indexOf(state.concept) : unit.label;
    const iou = state.sort === "concept" ? (data.layers[layerIndex]!.scores[scored]?.[index] ?? null) : unit.iou;
    const features = data.layers[layerIndex]!.features[index];
    const shown = Math.min(perCard, features?.images.length ?? 0);
    const canvas = element("canvas", { "data-index": index, width: perCard, height: 1, "aria-hidden": "true" });
    if (shown > 0) seen.observe(canvas);
    return element(
      "a",
      {
        class: unit.interpretable ? "card" : "card weak",
        href: address({ unit: unit.unit }),
        "data-unit": unit.unit,
        "aria-label": `${layer.layer} unit ${unit.unit}, ${name}, IoU ${score(unit.iou)}${unit.interpretable ? "" : ", not interpretable"}`,
      },
      element(
        "span",
        { class: "line" },
        element("span", { class: "label" }, name),
        element("span", { class: "score" }, score(iou)),
      ),
      shown > 0 ? canvas : element("span", { class: "nopicture" }, "no pictures"),
      element(
        "span",
        { class: "line small" },
        element("span", {}, `unit ${unit.unit}`, unit.label === 0 ? "" : ` · ${label?.category}`),
        element("span", {}, unit.interpretable ? `IQR ${score(unit.iqr)}` : `IQR ${score(unit.iqr)} · below threshold`),
      ),
    );
  }

  function nothing(): HTMLElement {
    const clear = () => change({ concept: "", query: "", interpretable: false, sort: "label" });
    return element(
      "p",
      { class: "empty" },
      "No unit matches. ",
      element("button", { type: "button", class: "link", onclick: clear }, "Show all units"),
    );
  }

  async function paint(canvas: HTMLCanvasElement): Promise<void> {
    const { state, layerIndex } = current;
    const index = Number(canvas.dataset["index"]);
    const images = data.layers[layerIndex]!.features[index]!.images.slice(0, perCard);
    const pictures = await Promise.all(images.map(painter.load));
    if (current.layerIndex !== layerIndex || !canvas.isConnected) return;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const size = Math.round(((canvas.clientWidth - gap * (perCard - 1)) / perCard) * ratio);
    if (size < 1) return;
    canvas.width = Math.round(size * perCard + gap * ratio * (perCard - 1));
    canvas.height = size;
    const context = canvas.getContext("2d")!;
    const level = data.report.layers[layerIndex]!.units[index]!.level ?? 0;
    const [, highest] = painter.range(layerIndex, index);
    pictures.forEach((picture, example) => {
      const square = { x: Math.round(example * (size + gap * ratio)), y: 0, size };
      const what = { layer: layerIndex, unit: index, example, view: current.state.view, level, highest };
      painter.paint(context, square, picture, what);
    });
    canvas.dataset["painted"] = state.view;
  }

  /** Paints what is in sight again, after the window has changed its size. */
  function repaint(): void {
    for (const canvas of byId("cards").querySelectorAll("canvas")) seen.observe(canvas);
  }

  return { draw, repaint, select };
}
