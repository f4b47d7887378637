import type { GanatomyError } from "../errors.ts";
import type { Stroke } from "../session/recipe.ts";
import type { Listener, Rendered, Session, View, ViewOptions, ViewState } from "../session/session.ts";
import { html } from "./html.ts";
import { unitNamed } from "./unit-name.ts";

// Tests: test/elements/gan-image.test.ts

interface Told {
  readonly rendered?: Listener<Rendered>;
  readonly failed: Listener<GanatomyError>;
}

/**
 * A canvas in a frame that a session draws on. A canvas belongs to one session for ever: another
 * session draws on another canvas in its place.
 */
export class Picture {
  readonly #frame: HTMLElement;
  readonly #attributes: Readonly<Record<string, string>>;
  readonly #told: Told;
  #canvas: HTMLCanvasElement | undefined;
  #session: Session | undefined;
  #view: View | undefined;
  #stop: readonly (() => void)[] = [];

  /** @param attributes of the canvas, which goes behind what is in the frame already. */
  constructor(frame: HTMLElement, attributes: Readonly<Record<string, string>>, told: Told) {
    this.#frame = frame;
    this.#attributes = attributes;
    this.#told = told;
  }

  get view(): View | undefined {
    return this.#view;
  }

  /** Shows something, or what differs from what is shown. */
  show(session: Session, options: ViewOptions): void {
    try {
      if (session === this.#session && this.#view) {
        const change = changeTo(this.#view.state, options);
        if (Object.keys(change).length > 0) this.#view.set(change);
        return;
      }
      this.end();
      const canvas = html("canvas", this.#attributes);
      this.#session = session;
      this.#view = session.view(canvas, options);
      this.#replace(canvas);
      this.#stop = [
        this.#view.on("rendered", (event) => this.#told.rendered?.(event)),
        session.on("error", ({ error, view }) => {
          if (view && view === this.#view) this.#told.failed(error);
        }),
      ];
    } catch (error) {
      this.#told.failed(error as GanatomyError);
    }
  }

  #replace(canvas: HTMLCanvasElement): void {
    if (this.#canvas) this.#canvas.replaceWith(canvas);
    else this.#frame.append(canvas);
    this.#canvas = canvas;
  }

  /** Lets the view go; the canvas keeps its last picture. */
  end(): void {
    for (const stop of this.#stop) stop();
    this.#stop = [];
    this.#view?.dispose();
    this.#view = undefined;
    this.#session = undefined;
  }

  /** As `end`, and the canvas goes too. */
  remove(): void {
    this.end();
    this.#canvas?.remove();
    this.#canvas = undefined;
  }
}

/** What differs: drawing the same again would take the time of a stroke. */
function changeTo(state: ViewState, { strokes = [], latents, toward = [], unit, ...rest }: ViewOptions): ViewOptions {
  const changed = Object.entries(rest).filter(([name, value]) => state[name as keyof typeof rest] !== value);
  const isOther = unit && (unit.layer !== state.unit?.layer || unit.unit !== state.unit.unit);
  const same = (stroke: Stroke, at: number): boolean => {
    const shown = state.strokes[at];
    return stroke === shown || JSON.stringify(stroke) === JSON.stringify(shown);
  };
  return {
    ...Object.fromEntries(changed),
    ...(isOther && { unit }),
    ...(latents?.sha256 !== state.latents?.sha256 && { latents }),
    ...(JSON.stringify(toward) !== JSON.stringify(state.toward) && { toward }),
    ...((strokes.length !== state.strokes.length || !strokes.every(same)) && { strokes }),
  };
}

/** An image that can be dimmed where a unit is not active. */
export class HeatedPicture {
  readonly #picture: Picture;
  readonly #heat: Picture;

  constructor(frame: HTMLElement, { failed, ...told }: Told) {
    const hidden = { "aria-hidden": "true" };
    this.#picture = new Picture(frame, { ...hidden, part: "canvas" }, { failed, ...told });
    this.#heat = new Picture(frame, { ...hidden, part: "heat", class: "heat" }, { failed });
  }

  get view(): View | undefined {
    return this.#picture.view;
  }

  /** @param heat the unit, as "layer4/24"; empty for none. */
  show(session: Session, options: ViewOptions, heat: string): void {
    this.#picture.show(session, options);
    const unit = unitNamed(heat);
    if (unit) this.#heat.show(session, { ...options, view: "unit", unit });
    else this.#heat.remove();
  }

  end(): void {
    this.#picture.end();
    this.#heat.end();
  }
}
