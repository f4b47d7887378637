import type { card } from "./card.ts";
import type { PageData, State } from "./data.ts";
import type { dom } from "./dom.ts";
import type { Select } from "./selection.ts";
import type { strip } from "./strip.ts";

/** What the grid is made with. */
export interface CardParts {
  readonly select: Select;
  readonly card: ReturnType<typeof card>;
  readonly paint: ReturnType<typeof strip>;
  /** The address of the page with something of its state changed. */
  readonly address: (to: Partial<State>) => string;
}

/**
 * The grid of unit cards, whose strips are painted when they come into sight. Runs in the page: no
 * imports.
 */
export function cards(
  data: PageData,
  { element, byId }: ReturnType<typeof dom>,
  { select, card, paint, address }: CardParts,
  change: (to: Partial<State>) => void,
) {
  let listed = "";
  let current: { state: State; layerIndex: number };
  const seen = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        seen.unobserve(target);
        paint(target as HTMLCanvasElement, () => current);
      }
    },
    { rootMargin: "400px" },
  );

  function draw(state: State, layerIndex: number): void {
    const { unit: _, view, ...list } = state;
    const key = JSON.stringify(list);
    const sameList = key === listed;
    const sameView = sameList && current.state.view === view;
    current = { state, layerIndex };
    if (sameView) return;
    const grid = byId("cards");
    if (sameList) {
      repaint();
      for (const link of grid.querySelectorAll<HTMLAnchorElement>("a.card")) {
        link.href = address({ unit: Number(link.dataset["unit"]) });
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
    repaint();
  }

  function describe(count: number, state: State, layerIndex: number): string {
    const all = data.report.layers[layerIndex]!.units.length;
    const units = count === all ? `${all} units` : `${count} of ${all} units`;
    return state.sort === "concept" ? `${units}, by IoU with ${state.concept}` : units;
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

  /**
   * Paints what is in sight, or will be: for the first time, in another view, or at another size.
   */
  function repaint(): void {
    for (const canvas of byId("cards").querySelectorAll("canvas")) seen.observe(canvas);
  }

  return { draw, repaint };
}
