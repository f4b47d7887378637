import { html } from "../src/elements/html.ts";
import type { Session, Stroke, UnitName } from "../src/session/index.ts";
import { complain, isLost } from "./notices.ts";
import { part } from "./page.ts";

/** Pictures that a unit is shown at. */
const TOP = 6;

/** The units of the layer, and one of them in full. */
export function showUnits(open: () => void): { readonly element: HTMLElement } {
  const [paint, session] = [part("paint"), part("session")];
  const units = html("gan-units", {});
  const one = new ChosenUnit();
  const choose = (unit: UnitName): void => {
    if (unit.layer !== paint.edited.layer) return;
    units.selected = [unit.unit];
    one.show(unit);
    open();
  };
  document.addEventListener("gan-unit", (event) => choose((event as CustomEvent<UnitName>).detail));
  const follow = (): void => {
    units.layer = paint.edited.layer ?? "";
    one.follow();
  };
  paint.watch(follow);
  session.watch(follow);
  return { element: html("div", { class: "units" }, one.element, units) };
}

/** A unit: where it is most active, what there is without it, and what with it alone. */
class ChosenUnit {
  readonly element = html("section", { class: "unit", hidden: true, "aria-label": "Chosen unit" });
  readonly #title = html("h3");
  readonly #about = html("p", { class: "soft" });
  readonly #pictures = html("div", { class: "tops" });
  readonly #paint = part("paint");
  readonly #buttons = {
    heat: toggle("Where", "Dim the picture where the unit is not active", () => this.#heat()),
    mute: toggle("Mute", "Switch the unit off everywhere", () => this.#only("mute")),
    solo: toggle("Solo", "Switch all other units of the layer off", () => this.#only("solo")),
    brush: toggle("Paint", "Paint with this unit alone", () => this.#brush()),
  };
  #unit: UnitName | undefined;
  /** Whose unit it is. */
  #session: Session | undefined;
  #asking: AbortController | undefined;

  constructor() {
    const close = html(
      "button",
      { type: "button", class: "quiet", "aria-label": "Close", onclick: () => this.#close() },
      "✕",
    );
    this.element.append(
      html("div", { class: "head" }, this.#title, close),
      this.#about,
      html("div", { class: "row" }, ...Object.values(this.#buttons)),
      this.#pictures,
    );
  }

  /** Shows another unit. */
  show(unit: UnitName): void {
    if (this.#paint.heat && this.#paint.heat === this.#name) this.#paint.heat = nameOf(unit);
    this.#unit = unit;
    this.#session = part("session").session;
    this.element.hidden = false;
    this.#title.textContent = `Unit ${unit.unit}`;
    this.#about.textContent = aboutText(unit);
    this.#pictures.replaceChildren();
    void this.#examples(unit);
    this.follow();
  }

  /** The strokes, or the layer, are others. */
  follow(): void {
    const isOther = part("session").session !== this.#session || this.#unit?.layer !== this.#paint.edited.layer;
    if (this.#unit && isOther) this.#close();
    if (!this.#unit) return;
    const ids = new Set(this.#paint.strokes.map(({ id }) => id));
    const { heat, mute, solo, brush } = this.#buttons;
    heat.setAttribute("aria-pressed", `${this.#paint.heat === this.#name}`);
    mute.setAttribute("aria-pressed", `${ids.has(`mute ${this.#name}`)}`);
    solo.setAttribute("aria-pressed", `${ids.has(`solo ${this.#name}`)}`);
    const { units } = this.#paint;
    brush.setAttribute("aria-pressed", `${units.length === 1 && units[0] === this.#unit.unit}`);
  }

  get #name(): string {
    return this.#unit ? nameOf(this.#unit) : "";
  }

  #close(): void {
    if (this.#paint.heat === this.#name) this.#paint.heat = undefined;
    this.#asking?.abort();
    this.#unit = undefined;
    this.element.hidden = true;
  }

  async #examples({ layer, unit }: UnitName): Promise<void> {
    this.#asking?.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    try {
      const tops = await part("session").session?.topImages({ layer, unit, top: TOP, signal });
      if (signal.aborted || !tops) return;
      const pictures = tops.map(({ seed, image }) => {
        const choose = (): void => {
          Object.assign(this.#paint, { latents: undefined, toward: undefined, seed, image });
        };
        const name = `Open picture ${image} of seed ${seed}`;
        const picture = html("gan-image", { seed, image, "aria-hidden": "true" });
        const dim = (): void => {
          picture.heat = nameOf({ layer, unit });
        };
        const clear = (): void => {
          picture.heat = undefined;
        };
        const told = { onclick: choose, onpointerenter: dim, onpointerleave: clear, onfocus: dim, onblur: clear };
        return html("button", { type: "button", class: "frame", "aria-label": name, title: name, ...told }, picture);
      });
      this.#pictures.replaceChildren(...pictures);
    } catch (error) {
      if (!signal.aborted && !isLost(error)) complain(error);
    }
  }

  #heat(): void {
    this.#paint.heat = this.#paint.heat === this.#name ? undefined : this.#name;
    this.follow();
  }

  /** Takes the unit out, or all others; or puts them in again. */
  #only(what: "mute" | "solo"): void {
    if (!this.#unit) return;
    const { unit, layer } = this.#unit;
    const id = `${what} ${this.#name}`;
    const others = this.#paint.strokes.filter((stroke) => stroke.id !== id);
    const channels = part("session").session?.loaded?.model?.layers.find(({ name }) => name === layer)?.channels ?? 0;
    const all = Array.from({ length: channels }, (_, at) => at);
    const units = what === "mute" ? [unit] : all.filter((other) => other !== unit);
    const stroke: Stroke = { id, op: "remove", units };
    this.#paint.change(others.length < this.#paint.strokes.length ? others : [...others, stroke]);
  }

  #brush(): void {
    const { units } = this.#paint;
    const on = units.length === 1 && units[0] === this.#unit?.unit;
    this.#paint.units = on || !this.#unit ? undefined : [this.#unit.unit];
    if (this.#paint.op === "copy") this.#paint.op = "draw";
    this.#paint.dispatchEvent(new CustomEvent("gan-brush"));
    this.follow();
  }
}

const toggle = (text: string, title: string, onclick: () => void): HTMLButtonElement =>
  html("button", { type: "button", title, onclick, "aria-pressed": "false" }, text);

const nameOf = ({ layer, unit }: UnitName): string => `${layer}/${unit}`;

/** What it detects, if that is known. */
function aboutText({ layer, unit }: UnitName): string {
  const { report } = part("session").session?.loaded ?? {};
  const known = report?.layers.find((one) => one.layer === layer)?.units[unit];
  if (!known) return layer;
  const label = report!.labels[known.label]?.name;
  if (!label) return layer;
  const iou = known.iou === null ? "" : `, IoU ${known.iou.toFixed(2)}`;
  return known.interpretable ? `Detects ${label}${iou}` : `Nearest is ${label}${iou}`;
}
