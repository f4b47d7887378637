import type { Stroke } from "../session/recipe.ts";
import { html } from "./html.ts";
import { doneText, unitsText } from "./stroke-text.ts";

// Tests: test/elements/gan-history.test.ts

export interface EntryTold {
  /** The stroke is another one: at first, on a slider's way, at last. */
  set(stroke: Stroke, step: { readonly first: boolean; readonly last: boolean }): void;
  /** Acts so many places later. */
  move(by: number): void;
  remove(): void;
}

/** Where in the list it is. */
interface EntryPlace {
  readonly at: number;
  readonly last: boolean;
  readonly locked: boolean;
}

const SIGN = { draw: "+", remove: "−", copy: "=" } as const;

/** One stroke in a list. */
export class HistoryEntry {
  readonly element: HTMLLIElement;
  readonly #sign = html("span", { class: "sign", "aria-hidden": "true" });
  readonly #name = html("span");
  readonly #about = html("small");
  readonly #buttons: Readonly<Record<"hide" | "up" | "down" | "remove", HTMLButtonElement>>;
  readonly #strength: HTMLInputElement;
  readonly #percent = html("output");
  #stroke: Stroke | undefined;
  #place: EntryPlace | undefined;
  #sliding = false;

  constructor(told: EntryTold) {
    const button = (text: string, onclick: () => void) => html("button", { type: "button", onclick }, text);
    this.#buttons = {
      hide: button("Hide", () =>
        told.set({ ...this.#stroke!, hidden: !this.#stroke!.hidden }, { first: true, last: true }),
      ),
      up: button("↑", () => told.move(-1)),
      down: button("↓", () => told.move(1)),
      remove: button("✕", () => told.remove()),
    };
    const weigh = (last: boolean): void => {
      const first = !this.#sliding;
      this.#sliding = !last;
      told.set({ ...this.#stroke!, alpha: Number(this.#strength.value) }, { first, last });
    };
    this.#strength = html("input", { type: "range", min: 0, max: 1, step: 0.05 });
    this.#strength.addEventListener("input", () => weigh(false));
    this.#strength.addEventListener("change", () => this.#sliding && weigh(true));
    const { hide, up, down, remove } = this.#buttons;
    this.element = html(
      "li",
      { part: "entry" },
      this.#sign,
      html("span", { class: "what" }, this.#name, this.#about),
      html("span", { class: "buttons" }, hide, up, down, remove),
      html("label", {}, "Strength", this.#strength, this.#percent),
    );
  }

  /** Does nothing where that is shown already: a list is shown anew as somebody paints. */
  show(stroke: Stroke, place: EntryPlace): void {
    const { at, last, locked } = place;
    const before = this.#place;
    const same = before && before.at === at && before.last === last && before.locked === locked;
    if (same && stroke === this.#stroke) return;
    this.#stroke = stroke;
    this.#place = place;
    const { op, alpha = 1, hidden = false } = stroke;
    this.#sign.textContent = SIGN[op];
    this.#name.textContent = unitsText(stroke);
    this.#about.textContent = doneText(stroke);
    this.element.classList.toggle("without", hidden);
    const { hide, up, down, remove } = this.#buttons;
    const name = `stroke ${at + 1}, ${unitsText(stroke)}`;
    hide.setAttribute("aria-pressed", `${hidden}`);
    hide.setAttribute("aria-label", `Hide ${name}`);
    up.setAttribute("aria-label", `Earlier: ${name}`);
    down.setAttribute("aria-label", `Later: ${name}`);
    remove.setAttribute("aria-label", `Delete ${name}`);
    for (const control of [hide, remove, this.#strength]) control.disabled = locked;
    up.disabled = locked || at === 0;
    down.disabled = locked || last;
    this.#strength.setAttribute("aria-label", `Strength of ${name}`);
    if (Number(this.#strength.value) !== alpha) this.#strength.value = `${alpha}`;
    this.#percent.textContent = `${Math.round(100 * alpha)} %`;
  }

  /** Gives a button the focus, or where it cannot have it the other one. */
  focus(name: "up" | "down" | "remove"): void {
    const { up, down, remove } = this.#buttons;
    const button = { up: up.disabled ? down : up, down: down.disabled ? up : down, remove }[name];
    button.focus();
  }
}
