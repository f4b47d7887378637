import { area, outline } from "./brush.ts";
import { svg } from "./html.ts";
import type { Extents } from "./place.ts";

// Tests: test/elements/gan-paint.test.ts

export const OVERLAY_STYLE = `
.overlay { grid-area: 1 / 1; width: 100%; height: 100%; z-index: 1; pointer-events: none; fill: none; contain: strict; }
.overlay path { vector-effect: non-scaling-stroke; }
.overlay .halo { stroke: #fff; stroke-width: 4px; stroke-linecap: square; }
.overlay .line { stroke: var(--gan-brush, #16162a); stroke-width: 2px; stroke-linecap: square; }
.overlay .removes .line { stroke-dasharray: 5 5; stroke-linecap: butt; }
.overlay .area { fill: var(--gan-brush, #16162a); opacity: .22; }
@media (forced-colors: active) { .overlay .line { stroke: Highlight; } .overlay .area { fill: Highlight; } }
`;

/**
 * What is seen of a brush over the picture: the cells it would cover, and those that it has covered
 * in the stroke that is being made. A solid line draws, a dashed one removes.
 */
export class BrushOverlay {
  readonly element = svg("svg", {
    part: "overlay",
    class: "overlay",
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  readonly #stroke = outlined(true);
  readonly #brush = outlined(false);
  #box = "";

  constructor() {
    this.element.append(this.#stroke.element, this.#brush.element);
  }

  show(
    extents: Extents,
    {
      brush,
      stroke,
      removes,
    }: {
      readonly brush: ArrayLike<number> | undefined;
      readonly stroke: ArrayLike<number> | undefined;
      readonly removes: boolean;
    },
  ): void {
    const box = `0 0 ${extents.width} ${extents.height}`;
    if (box !== this.#box) this.element.setAttribute("viewBox", box);
    this.#box = box;
    this.#stroke.show(extents, stroke, removes);
    this.#brush.show(extents, brush, removes);
  }
}

/** Writes only what differs: what is there already, written again, is laid out again. */
function outlined(filled: boolean) {
  const [halo, line] = [svg("path", { class: "halo" }), svg("path", { class: "line" })];
  const inside = svg("path", { class: "area" });
  const element = svg("g", {}, ...(filled ? [inside] : []), halo, line);
  let shown: string | undefined;
  return {
    element,
    show(extents: Extents, cells: ArrayLike<number> | undefined, removes: boolean): void {
      element.classList.toggle("removes", removes);
      const path = cells ? outline(cells, extents) : "";
      if (path === shown) return; // an area has one outline
      shown = path;
      for (const drawn of [halo, line]) drawn.setAttribute("d", path);
      if (filled) inside.setAttribute("d", cells ? area(cells, extents) : "");
    },
  };
}
