import { discAt, type Point } from "./brush.ts";
import { BrushOverlay, OVERLAY_STYLE } from "./brush-overlay.ts";
import { type Command, commandOf, followPointer } from "./hand.ts";
import { html } from "./html.ts";
import { type Extents, type Place, within } from "./place.ts";

// Tests: test/elements/gan-paint.test.ts

export const SURFACE_STYLE = `
[part=surface] { touch-action: pinch-zoom; user-select: none; -webkit-user-select: none; cursor: crosshair; }
[part=surface][aria-disabled=true] { cursor: not-allowed; }
:host([inspect]) [part=surface] { cursor: help; }
${OVERLAY_STYLE}`;

const HELP =
  "Arrow keys move, space paints, [ and ] change the radius, X changes between drawing and " +
  "removing, Z takes a stroke back, Shift Z brings it back, Escape gives a stroke up.";

/** What somebody does on the surface. */
export interface SurfaceTold {
  /** Begins a stroke at a point of the layer; false if that cannot be. */
  start(at: Point, how: "paints" | "erases" | "picks"): boolean;
  along(points: readonly Point[]): void;
  finish(): void;
  cancel(): void;
  hover(place: Place | undefined): void;
  command(command: Exclude<Command["type"], "move" | "paint" | "cancel">): void;
  say(text: string): void;
}

/** What the surface looks like. */
export interface SurfaceState {
  /** Cells of the layer that is edited. */
  readonly cells: Extents;
  /** Pixels of the image. */
  readonly pixels: Extents;
  readonly label: string;
  readonly disabled: boolean;
  readonly radius: number;
  readonly removes: boolean;
  /** Cells of the stroke that is being made. */
  readonly stroke: Uint8Array | undefined;
}

/** What is painted on: pictures below, the brush above, and a cursor for the keyboard. */
export class PaintSurface {
  readonly element: HTMLElement;
  readonly help = html("div", { id: "help", hidden: true }, HELP);
  readonly #told: SurfaceTold;
  readonly #overlay = new BrushOverlay();
  #state: SurfaceState | undefined;
  /** Where the brush is, in cells. */
  #at: Point | undefined;
  /** The pixel that was told last. */
  #over: Place | undefined;
  /** The cell that the keyboard is in. */
  #cursor: Place | undefined;

  constructor(told: SurfaceTold) {
    this.#told = told;
    this.element = html(
      "div",
      { part: "surface", class: "frame", role: "application", tabindex: 0, "aria-describedby": "help" },
      this.#overlay.element,
    );
    followPointer(this.element, {
      down: (spot, how) => told.start(this.#pointOf(spot), how),
      along: (spots) => told.along(spots.map((spot) => this.#pointOf(spot))),
      up: () => told.finish(),
      cancel: () => told.cancel(),
      over: (spot) => this.#hover(spot && this.#pointOf(spot)),
    });
    this.element.addEventListener("keydown", (event) => this.#keydown(event));
    this.element.addEventListener("keyup", ({ key }) => key === " " && told.finish());
    this.element.addEventListener("focus", () => this.element.matches(":focus-visible") && this.#move(0, 0));
    this.element.addEventListener("blur", () => {
      told.finish();
      this.#hover(undefined);
    });
  }

  show(state: SurfaceState): void {
    this.#state = state;
    const { pixels, label, disabled } = state;
    this.element.style.aspectRatio = `${pixels.width} / ${pixels.height}`;
    this.element.setAttribute("aria-label", label);
    this.element.setAttribute("aria-disabled", `${disabled}`);
    this.#showBrush();
  }

  /** The stroke that is being made covers other cells, which are seen as the brush moves on. */
  grow(stroke: Uint8Array): void {
    if (this.#state) this.#state = { ...this.#state, stroke };
  }

  #showBrush(): void {
    if (!this.#state) return;
    const { cells, radius, removes, stroke } = this.#state;
    const brush = this.#at && discAt(cells, this.#at, radius);
    this.#overlay.show(cells, { brush, stroke, removes });
  }

  #pointOf({ y, x }: Point): Point {
    const { height = 1, width = 1 } = this.#state?.cells ?? {};
    return { y: y * height, x: x * width };
  }

  #hover(at: Point | undefined): void {
    this.#at = at;
    this.#showBrush();
    if (!this.#state) return;
    const { cells, pixels } = this.#state;
    const pixel = (at: number, cells: number, pixels: number): number =>
      within(Math.floor((at * pixels) / cells), pixels);
    const place = at && { y: pixel(at.y, cells.height, pixels.height), x: pixel(at.x, cells.width, pixels.width) };
    if (place?.y === this.#over?.y && place?.x === this.#over?.x) return;
    this.#over = place;
    this.#told.hover(place);
  }

  #keydown(event: KeyboardEvent): void {
    const command = commandOf(event);
    if (!command) return;
    event.preventDefault();
    if (command.type === "move") {
      this.#move(command.rows, command.columns);
    } else if (command.type === "paint") {
      const at = event.repeat ? undefined : this.#move(0, 0);
      if (at) this.#told.start(at, "paints");
    } else if (command.type === "cancel") this.#told.cancel();
    else this.#told.command(command.type);
  }

  /** Moves the cursor, from the middle at first, and says where it is; its cell's middle. */
  #move(rows: number, columns: number): Point | undefined {
    if (!this.#state) return undefined;
    const { height, width } = this.#state.cells;
    const { y, x } = this.#cursor ?? { y: height >> 1, x: width >> 1 };
    this.#cursor = { y: within(y + rows, height), x: within(x + columns, width) };
    const at = { y: this.#cursor.y + 0.5, x: this.#cursor.x + 0.5 };
    if (rows !== 0 || columns !== 0) this.#told.along([at]);
    this.#hover(at);
    if (rows !== 0 || columns !== 0) this.#told.say(`row ${this.#cursor.y + 1}, column ${this.#cursor.x + 1}`);
    return at;
  }
}
