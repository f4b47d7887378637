import type { Loaded } from "../session/session.ts";
import { byCategory, type Concept, concepts } from "./concepts.ts";
import { html } from "./html.ts";
import type { PaintSettings } from "./paint-settings.ts";

// Tests: test/elements/gan-paint.test.ts

export const TOOLBAR_STYLE = `
[part=toolbar] { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 14px; margin-top: 8px; }
[part=toolbar] label { display: inline-flex; align-items: center; gap: 6px; color: var(--_soft); font-size: 13px; }
[part=toolbar] input[type=range] { width: 84px; }
[part=toolbar] input[type=number] { width: 58px; }
[part=toolbar] select { max-width: 180px; }
.pair { display: inline-flex; gap: 4px; }
`;

export interface ToolbarTold {
  /** Somebody set one of the brush's attributes. */
  set(name: string, value: string): void;
  undo(): void;
  redo(): void;
  clear(): void;
}

/** The settings of a brush. */
export class PaintToolbar {
  readonly element: HTMLElement;
  readonly #concept: HTMLSelectElement;
  readonly #draw: HTMLButtonElement;
  readonly #remove: HTMLButtonElement;
  readonly #copy: HTMLButtonElement;
  readonly #numbers: readonly { readonly input: HTMLInputElement; value(paint: PaintSettings): number }[];
  readonly #undo: HTMLButtonElement;
  readonly #redo: HTMLButtonElement;
  readonly #clear: HTMLButtonElement;
  #known = "";

  constructor(told: ToolbarTold) {
    const number = (
      name: string,
      attributes: Record<string, string | number>,
      value: (paint: PaintSettings) => number,
    ) => ({
      input: html("input", {
        ...attributes,
        oninput: ({ target }: Event) => told.set(name, (target as HTMLInputElement).value),
      }),
      value,
    });
    const button = (text: string, onclick: () => void, attributes: Record<string, string> = {}) =>
      html("button", { type: "button", onclick, ...attributes }, text);
    this.#concept = html("select", { onchange: () => told.set("concept", this.#concept.value) });
    this.#draw = button("Draw", () => told.set("op", "draw"));
    this.#remove = button("Remove", () => told.set("op", "remove"));
    this.#copy = button("Copy", () => told.set("op", "copy"), { title: "Paint what, then where; Alt chooses again" });
    const top = number("top", { type: "number", min: 1, max: 50 }, ({ top }) => top);
    const radius = number("radius", { type: "range", min: 0, max: 4, step: 0.5 }, ({ radius }) => radius);
    const strength = number("strength", { type: "range", min: 0, max: 1, step: 0.05 }, ({ strength }) => strength);
    const value = number(
      "value-quantile",
      { type: "range", min: 0.5, max: 0.999, step: 0.001 },
      ({ valueQuantile }) => valueQuantile,
    );
    this.#numbers = [top, radius, strength, value];
    this.#undo = button("↶", told.undo, { "aria-label": "Undo", title: "Undo (Z)" });
    this.#redo = button("↷", told.redo, { "aria-label": "Redo", title: "Redo (Shift Z)" });
    this.#clear = button("Clear", told.clear);
    const labelled = (text: string, input: HTMLElement) => html("label", {}, text, input);
    this.element = html(
      "div",
      { part: "toolbar", role: "group", "aria-label": "Brush" },
      labelled("Concept", this.#concept),
      html("span", { class: "pair" }, this.#draw, this.#remove, this.#copy),
      labelled("Units", top.input),
      labelled("Radius", radius.input),
      labelled("Strength", strength.input),
      labelled("Value", value.input),
      html("span", { class: "pair" }, this.#undo, this.#redo, this.#clear),
    );
  }

  /** Shows the settings as they are now. */
  show(
    paint: PaintSettings,
    layer: string,
    loaded: Loaded,
    can: { readonly undo: boolean; readonly redo: boolean; readonly clear: boolean; readonly paint: boolean },
  ): void {
    const known = concepts(loaded, layer);
    const isKnown = paint.concept === "" || known.some(({ name }) => name === paint.concept);
    this.#list(isKnown ? known : [{ name: paint.concept, category: "" }, ...known], paint.units.length > 0);
    if (this.#concept.value !== paint.concept) this.#concept.value = paint.concept;
    for (const { input, value } of this.#numbers) {
      if (Number(input.value) !== value(paint)) input.value = `${value(paint)}`;
      input.disabled = !can.paint;
    }
    this.#draw.setAttribute("aria-pressed", `${paint.op === "draw"}`);
    this.#remove.setAttribute("aria-pressed", `${paint.op === "remove"}`);
    this.#copy.setAttribute("aria-pressed", `${paint.op === "copy"}`);
    for (const control of [this.#concept, this.#draw, this.#remove, this.#copy]) control.disabled = !can.paint;
    this.#undo.disabled = !can.undo || !can.paint;
    this.#redo.disabled = !can.redo || !can.paint;
    this.#clear.disabled = !can.clear || !can.paint;
  }
  /** Lists the concepts; by category where there are several. */
  #list(all: readonly Pick<Concept, "name" | "category">[], byNumber: boolean): void {
    const known = JSON.stringify([all, byNumber]);
    if (known === this.#known) return;
    this.#known = known;
    const option = ({ name }: { readonly name: string }) => html("option", { value: name }, name);
    const groups = byCategory(all);
    this.#concept.replaceChildren(
      html("option", { value: "" }, byNumber ? "units by number" : "choose …"),
      ...groups.flatMap(([label, concepts]) =>
        label === "" || groups.length === 1
          ? concepts.map(option)
          : html("optgroup", { label }, ...concepts.map(option)),
      ),
    );
  }
}
