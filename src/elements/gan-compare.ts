import { numberOf, reflect, wordOf } from "./attributes.ts";
import { GanElement } from "./element.ts";
import { html } from "./html.ts";
import { fractionOf } from "./place.ts";

// Tests: test/elements/gan-compare.test.ts

const STYLE = `
.both { position: relative; display: grid; align-items: start; --_at: 50%; --_tall: 100%; --_down: calc(var(--_tall) * var(--_share)); }
.both > div { grid-area: 1 / 1; min-width: 0; }
[part=after] { clip-path: polygon(var(--_at) 0, 100% 0, 100% 100%, 0 100%, 0 var(--_tall), var(--_at) var(--_tall)); }
[part=before] { clip-path: polygon(0 0, var(--_at) 0, var(--_at) var(--_tall), 100% var(--_tall), 100% 100%, 0 100%); }
[part=handle] { position: absolute; z-index: 2; inset: 0 auto auto var(--_at); height: var(--_tall); width: 28px; margin-left: -14px; cursor: ew-resize; touch-action: none; background: none; border: 0; padding: 0; }
[part=handle]::before { content: ""; position: absolute; inset: 0 auto 0 50%; width: 2px; margin-left: -1px; background: #fff; box-shadow: 0 0 0 1px rgb(0 0 0 / .55); }
[part=handle]::after { content: "‹ ›"; position: absolute; top: calc(50% - 14px); left: 0; width: 28px; height: 28px; border-radius: 50%; background: var(--_paper); color: var(--_ink); border: 1px solid var(--_line); font: 600 13px/25px system-ui, sans-serif; text-align: center; white-space: nowrap; }
:host([orientation=vertical]) [part=after] { clip-path: polygon(0 var(--_down), 100% var(--_down), 100% 100%, 0 100%); }
:host([orientation=vertical]) [part=before] { clip-path: polygon(0 0, 100% 0, 100% var(--_down), 0 var(--_down), 0 var(--_tall), 100% var(--_tall), 100% 100%, 0 100%, 0 var(--_tall), 0 0); }
:host([orientation=vertical]) [part=handle] { inset: var(--_down) 0 auto 0; width: auto; height: 28px; margin: -14px 0 0; cursor: ns-resize; }
:host([orientation=vertical]) [part=handle]::before { inset: 50% 0 auto 0; width: auto; height: 2px; margin: -1px 0 0; }
:host([orientation=vertical]) [part=handle]::after { top: 0; left: calc(50% - 14px); rotate: 90deg; }
@media (forced-colors: active) { [part=handle]::before { background: CanvasText; } }
`;

/** Percent that an arrow key moves, and a page key. */
const STEP = 2;
const PAGE = 10;

/**
 * Two pictures in one place, and a handle that says how much is seen of each. Where one of them is
 * taller, what it has below the other, such as a brush's settings, is no part of the comparison and
 * always seen.
 *
 * @attr position - How much is seen of what is before, in percent; 50 unless given.
 * @attr orientation - "horizontal" moves sideways, "vertical" up and down.
 * @slot before - What is seen at the left, or above.
 * @slot after - What is seen at the right, or below.
 * @csspart before - Around what is before.
 * @csspart after - Around what is after.
 * @csspart handle - What is moved.
 * @fires input {Event} - Somebody moved the handle.
 */
export class GanCompare extends GanElement {
  /** Attributes whose changes the browser tells it. */
  static readonly observedAttributes = ["position", "orientation"];

  readonly #handle = html("div", { part: "handle", role: "slider", tabindex: 0, "aria-label": "Before and after" });
  readonly #sides: readonly HTMLElement[] = ["before", "after"].map((name) =>
    html("div", { part: name }, html("slot", { name })),
  );
  readonly #both: HTMLElement = html("div", { class: "both" }, ...this.#sides, this.#handle);
  /** How tall the sides are, in pixels. */
  readonly #heights = new Map<Element, number>();
  #resized: ResizeObserver | undefined;

  constructor() {
    super(STYLE);
    this.root.append(this.#both);
    this.#handle.addEventListener("pointerdown", (event) => {
      if (event.button === 0) this.#handle.setPointerCapture(event.pointerId);
    });
    this.#handle.addEventListener("pointermove", (event) => {
      if (!this.#handle.hasPointerCapture(event.pointerId)) return;
      const { y, x } = fractionOf(event, this.#both);
      const tall = this.#tall ?? this.#both.clientHeight;
      this.#moveTo(100 * (this.orientation === "vertical" ? (y * this.#both.clientHeight) / tall : x));
    });
    this.#handle.addEventListener("keydown", (event) => this.#keydown(event));
    this.#show();
  }

  /** How much is seen of what is before, in percent. */
  get position(): number {
    return numberOf(this, "position", 50, { most: 100 });
  }
  set position(value: number | null | undefined) {
    reflect(this, "position", value);
  }

  /** Which way the handle moves. */
  get orientation(): "horizontal" | "vertical" {
    return wordOf(this, "orientation", ["horizontal", "vertical"]);
  }
  set orientation(value: "horizontal" | "vertical" | null | undefined) {
    reflect(this, "orientation", value);
  }

  protected begin(): void {
    this.#resized = new ResizeObserver((entries) => {
      for (const { target, contentRect } of entries) this.#heights.set(target, contentRect.height);
      this.#show();
    });
    for (const side of this.#sides) this.#resized.observe(side);
  }
  protected end(): void {
    this.#resized?.disconnect();
  }

  /** Pixels down to which there are two pictures; undefined where there is one, or none yet. */
  get #tall(): number | undefined {
    const heights = this.#sides.map((side) => this.#heights.get(side) ?? 0);
    return heights.every((height) => height > 0) ? Math.min(...heights) : undefined;
  }

  protected changed(): void {
    this.#show();
  }

  #show(): void {
    const { position, orientation } = this;
    const tall = this.#tall;
    const { style } = this.#both;
    style.setProperty("--_at", `${position}%`);
    style.setProperty("--_share", `${position / 100}`);
    if (tall === undefined) style.removeProperty("--_tall");
    else style.setProperty("--_tall", `${tall}px`);
    for (const [name, value] of Object.entries({
      "aria-valuenow": Math.round(position),
      "aria-valuemin": 0,
      "aria-valuemax": 100,
      "aria-valuetext": `${Math.round(position)} % before`,
      "aria-orientation": orientation,
    })) {
      this.#handle.setAttribute(name, `${value}`);
    }
  }

  #keydown(event: KeyboardEvent): void {
    const { position, orientation } = this;
    // Up is more on a slider, but where the handle itself goes up and down.
    const up = orientation === "vertical" ? -STEP : STEP;
    const to = {
      ArrowRight: position + STEP,
      ArrowLeft: position - STEP,
      ArrowUp: position + up,
      ArrowDown: position - up,
      PageUp: position + PAGE,
      PageDown: position - PAGE,
      Home: 0,
      End: 100,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#moveTo(to);
  }

  #moveTo(position: number): void {
    const to = Math.min(100, Math.max(0, Math.round(10 * position) / 10));
    if (to === this.position) return;
    this.position = to;
    this.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
  }
}
