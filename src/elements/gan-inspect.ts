import type { EditedImage } from "../session/recipe.ts";
import type { Loaded, Pixel, PixelLayer, Session } from "../session/session.ts";
import { listed, namesOf, reflect, wholeOf } from "./attributes.ts";
import { named, Pairing } from "./find.ts";
import { GanImage } from "./gan-image.ts";
import { GanPaint } from "./gan-paint.ts";
import { html } from "./html.ts";
import type { Place } from "./place.ts";
import { firstLayer, SessionChild } from "./session-child.ts";

// Tests: test/elements/gan-inspect.test.ts

const STYLE = `
p { margin: 0 0 6px; }
.layer { margin: 10px 0 4px; font: inherit; font-weight: 600; font-size: 13px; }
ol { list-style: none; margin: 0; padding: 0; display: grid; gap: 3px; }
.swatch { display: inline-block; width: 12px; height: 12px; margin-right: 5px; border-radius: 3px; box-shadow: inset 0 0 0 1px rgb(128 128 128 / .5); vertical-align: -1px; forced-color-adjust: none; }
.label { margin-right: 12px; white-space: nowrap; }
[part=unit] { display: grid; grid-template-columns: 3.6em minmax(0, 1fr) 3.6em; gap: 8px; align-items: center; width: 100%; text-align: left; position: relative; }
[part=unit] .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
[part=unit] .value { text-align: right; }
[part=unit] .bar { position: absolute; left: 0; bottom: 0; height: 3px; border-radius: 0 2px 0 var(--_radius); background: var(--_accent); max-width: 100%; }
`;

/** Units of each layer. */
const TOP = 8;

/**
 * What is at a pixel of an image: its labels, and in each layer the units that are most active
 * there.
 *
 * @attr for - Id of the `gan-image` or `gan-paint` that it looks at, where the pointer is.
 * @attr layers - Names of layers; the one that is edited unless given.
 * @attr top - How many units of each; 8 unless given.
 * @attr pinned - Stays at its place wherever the pointer is.
 * @csspart unit - A unit.
 * @fires gan-unit {CustomEvent<UnitName>} - Somebody chose a unit: layer, unit.
 * @fires gan-error {CustomEvent<ErrorDetail>} - It cannot be found out.
 */
export class GanInspect extends SessionChild {
  /** Attributes whose changes the browser tells it. */
  static readonly observedAttributes = ["session", "for", "layers", "top", "pinned"];

  readonly #pairing = new Pairing<GanPaint | GanImage>(() => this.#follow());
  readonly #body = html("div");
  #listening: { readonly to: HTMLElement; stop(): void } | undefined;
  #place: Place | undefined;
  #asking: AbortController | undefined;

  constructor() {
    super(STYLE);
    this.root.append(this.#body);
    this.#empty();
  }

  /** Id of the element that it looks at. */
  get htmlFor(): string {
    return this.getAttribute("for") ?? "";
  }
  set htmlFor(id: string | null | undefined) {
    reflect(this, "for", id || undefined);
  }

  /** Names of the layers; empty for the one that is edited. */
  get layers(): string[] {
    return namesOf(this, "layers");
  }
  set layers(value: string | readonly string[] | null | undefined) {
    reflect(this, "layers", listed(value));
  }

  /** How many units of each layer. */
  get top(): number {
    return wholeOf(this, "top", TOP, 8192);
  }
  set top(value: number | null | undefined) {
    reflect(this, "top", value);
  }

  /** Whether it stays at its place. */
  get pinned(): boolean {
    return this.hasAttribute("pinned");
  }
  set pinned(value: boolean | null | undefined) {
    reflect(this, "pinned", value);
  }

  /** The pixel; the pointer's when it moves over what it looks at. */
  get place(): Place | undefined {
    return this.#place;
  }
  set place(place: Place | null | undefined) {
    this.#place = place ?? undefined;
    this.update();
  }

  override look(): void {
    super.look();
    const { htmlFor } = this;
    this.#pairing.other = (htmlFor && (named(this, htmlFor, GanPaint) ?? named(this, htmlFor, GanImage))) || undefined;
  }

  /** An attribute has another value; also before `begin`. */
  protected override changed(name: string): void {
    if (name === "for" && this.begun) this.look();
    super.changed(name);
  }

  /** It is in no document any more: what it holds is let go. */
  protected override end(): void {
    super.end();
    this.#pairing.other = undefined;
  }

  /** The other is another, or shows something else. */
  #follow(): void {
    const { other } = this.#pairing;
    if (this.#listening?.to !== other) {
      this.#listening?.stop();
      const hover = ({ detail }: CustomEvent<Place | null>): void => {
        // What was seen last stays when the pointer leaves.
        if (detail && !this.pinned) this.place = detail;
      };
      other?.addEventListener("gan-hover", hover as EventListener);
      this.#listening = other && {
        to: other,
        stop: () => other.removeEventListener("gan-hover", hover as EventListener),
      };
    }
    this.update();
  }

  protected render(session: Session, loaded: Loaded): void {
    const { height = 0, width = 0 } = loaded.model ?? {};
    const place = this.#place;
    // One of larger images, such as of the generator before, is none of these.
    if (place && place.y < height && place.x < width) void this.#ask(session, loaded, place);
    else this.#empty();
  }

  /** Asks what is there; who asks again does not want to know the first answer. */
  async #ask(session: Session, loaded: Loaded, place: Place): Promise<void> {
    const edited: EditedImage = this.#pairing.other?.edited ?? {};
    const named = this.layers;
    const layers = named.length > 0 ? named : [edited.layer ?? firstLayer(loaded)];
    this.#asking?.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    try {
      const pixel = await session.pixel({ ...edited, ...place, layers, top: this.top, signal });
      if (!signal.aborted) this.#show(pixel, loaded);
    } catch (error) {
      if (!signal.aborted) this.fail(error);
    }
  }

  protected detached(): void {
    this.#asking?.abort();
    this.#empty();
  }

  #empty(): void {
    this.#body.replaceChildren(html("p", { class: "soft" }, "Point at the image to see what is there."));
  }

  #show(pixel: Pixel, loaded: Loaded): void {
    const labels = pixel.labels.map((label) => {
      const { name, color } = loaded.labels[label] ?? { name: `label ${label}`, color: [0, 0, 0] };
      const swatch = html("span", { class: "swatch", style: `background: rgb(${color.join(" ")})` });
      return html("span", { class: "label" }, swatch, name);
    });
    this.#body.replaceChildren(
      html("p", {}, ...(labels.length > 0 ? labels : [html("span", { class: "soft" }, "no label")])),
      html("p", { class: "soft number" }, `row ${pixel.y}, column ${pixel.x}`),
      ...pixel.layers.flatMap((layer) => this.#layer(layer, loaded)),
    );
  }

  #layer({ layer, row, column, units }: PixelLayer, loaded: Loaded): HTMLElement[] {
    const most = Math.max(...units.map(({ value }) => value), Number.MIN_VALUE);
    const buttons = units.map(({ unit, value, quantile, label }) => {
      const share = quantile ?? Math.max(0, value / most);
      const name = label === undefined ? "" : (loaded.labels[label]?.name ?? "");
      const choose = (): void => this.tell("gan-unit", { layer, unit });
      return html(
        "li",
        {},
        html(
          "button",
          { type: "button", part: "unit", onclick: choose },
          html("span", { class: "number" }, `${unit}`),
          html("span", { class: "name" }, name),
          html("span", { class: "value number soft" }, quantile === undefined ? value.toFixed(2) : quantile.toFixed(3)),
          html("span", { class: "bar", style: `width: ${(100 * share).toFixed(1)}%` }),
        ),
      );
    });
    return [
      // No heading, whose level depends on the page around it.
      html("p", { class: "layer" }, `${layer}, cell ${row}, ${column}`),
      html("ol", { "aria-label": `Units of ${layer} that are active here` }, ...buttons),
    ];
  }
}
