import type { Edit } from "../models/edits.ts";
import type { Device } from "../runtime/device.ts";
import { canvasFormat } from "../runtime/host.ts";
import { show } from "../runtime/show.ts";
import { InTurn } from "./in-turn.ts";
import type { Listener, Rendered, ViewState } from "./session.ts";
import type { Frame, Scene, Stage, Wanted } from "./stage.ts";

// Tests: test/session/views.test.ts, test/session/lost.test.ts

/** What views are drawn with; another once something else is loaded, or the device was lost. */
export interface Drawing {
  readonly device: Device;
  readonly stage: Pick<Stage, "show" | "dispose">;
  readonly height: number;
  readonly width: number;
  edits(state: ViewState): readonly Edit[] | Promise<readonly Edit[]>;
  /** Those of strokes whose values are known by now. */
  knownEdits(state: ViewState): readonly Edit[];
  /** What is to be run. @throws GanatomyError `not-found` for latents that are not there. */
  scene(state: ViewState, edits: readonly Edit[]): Scene;
  /** RGBA of what is no picture by itself: labels, a unit's activations. */
  rgba(frame: Frame, state: ViewState): Promise<Uint8ClampedArray<ArrayBuffer>>;
}

/** A canvas that is drawn on. */
export interface Painted {
  /** Draws it anew as soon as that can be done; `id` is of the stroke that it is for. */
  changed(state: ViewState, id?: string): void;
  dispose(): void;
}

/** Of a canvas that nothing was drawn on. */
const NEW = { device: undefined, meanwhile: undefined };

type Canvas = HTMLCanvasElement | OffscreenCanvas;

/** WebGPU's flag values, which Node has no globals for. */
const USAGE = { COPY_DST: 0x2, RENDER_ATTACHMENT: 0x10 } as const;

interface Job {
  readonly canvas: Canvas;
  readonly context: GPUCanvasContext;
  readonly rendered: Listener<Rendered>;
  readonly failed: Listener<unknown>;
  state: ViewState;
  id: string | undefined;
  /** When it changed last, as `performance.now()` counts. */
  since: number;
  /** For which the canvas is configured. */
  device: Device | undefined;
  /** What it showed last while something of it was being found out. */
  meanwhile: Meanwhile | undefined;
}

/** A picture without the strokes whose values are being found out. */
interface Meanwhile {
  readonly drawing: Drawing;
  readonly state: ViewState;
  readonly edits: readonly Edit[];
}

/** Which parts of a scene are needed to draw a view. */
export const wantedBy = ({ view, unit }: ViewState): Wanted => ({
  labels: view === "labels",
  layers: view === "unit" ? [unit!.layer] : [],
});

/**
 * Draws the canvases of a session: at most one is under way, and then the newest state of whichever
 * waits longest. What changed several times meanwhile is drawn once.
 */
export class Painter {
  readonly #drawing: () => Drawing | undefined;
  readonly #jobs: InTurn<Job>;

  /** @param drawing what there is to draw with now; nothing while it is being loaded. */
  constructor(drawing: () => Drawing | undefined) {
    this.#drawing = drawing;
    this.#jobs = new InTurn<Job>({
      ready: () => drawing() !== undefined,
      first: ({ state }) => state.foreground,
      draw: (job) => {
        const now = drawing()!;
        return this.#draw(job, now).catch((error) => this.#failed(job, now, error));
      },
    });
  }

  /** @throws what `getContext` does, for a canvas that something else draws on. */
  add(canvas: Canvas, context: GPUCanvasContext, told: Pick<Job, "rendered" | "failed">, state: ViewState): Painted {
    const job: Job = { canvas, context, ...told, state, id: undefined, since: performance.now(), ...NEW };
    this.#jobs.add(job);
    return {
      changed: (state, id = state.strokes.at(-1)?.id) => {
        if (!this.#jobs.has(job)) return;
        Object.assign(job, { state, id, since: performance.now() });
        this.#jobs.ask(job);
      },
      dispose: () => this.#jobs.remove(job),
    };
  }

  /** Draws everything anew. */
  redraw(): void {
    this.#jobs.askAll();
  }

  /** What failed with something that is no longer there is drawn with what there is instead. */
  #failed(job: Job, drawing: Drawing, error: unknown): void {
    if (drawing === this.#drawing()) job.failed(error);
    else this.#jobs.ask(job);
  }

  async #draw(job: Job, drawing: Drawing): Promise<void> {
    const { state, id } = job;
    const edits = drawing.edits(state);
    if (!(edits instanceof Promise)) {
      job.meanwhile = undefined;
      return this.#show(job, drawing, { state, edits, id });
    }
    // Nobody else waits for what this one must find out first, and there is a picture meanwhile.
    edits.then(
      () => this.#jobs.ask(job),
      (error) => this.#failed(job, drawing, error),
    );
    const known = drawing.knownEdits(state);
    const meanwhile = { drawing, state, edits: known };
    if (job.meanwhile && isSame(job.meanwhile, meanwhile)) return;
    job.meanwhile = meanwhile;
    await this.#show(job, drawing, { state, edits: known, id: undefined });
  }

  async #show(
    job: Job,
    drawing: Drawing,
    {
      state,
      edits,
      id,
    }: { readonly state: ViewState; readonly edits: readonly Edit[]; readonly id: string | undefined },
  ): Promise<void> {
    const { device, stage } = drawing;
    const { since } = job;
    await stage.show(drawing.scene(state, edits), wantedBy(state), async (frame) => {
      configure(job, drawing);
      if (state.view === "rgb") show(frame.image, job.context);
      else write(job.context, device, await drawing.rgba(frame, state), drawing);
    });
    await device.idle();
    job.rendered({ ...(id !== undefined && { id }), ms: performance.now() - since });
  }
}

/** Whether they are one picture: of the same image, with the same edits. */
function isSame(before: Meanwhile, { drawing, state, edits }: Meanwhile): boolean {
  const names = ["seed", "image", "latents", "toward", "view", "unit", "layer"] as const;
  return (
    drawing === before.drawing &&
    names.every((name) => state[name] === before.state[name]) &&
    edits.length === before.edits.length &&
    edits.every((edit, at) => edit === before.edits[at])
  );
}

function configure(job: Job, { device, height, width }: Drawing): void {
  const { canvas, context } = job;
  if (canvas.height !== height) canvas.height = height;
  if (canvas.width !== width) canvas.width = width;
  if (job.device === device) return;
  context.configure({
    device: device.gpu,
    // Not any that the specification allows: Firefox 153 shows no others on some systems.
    format: canvasFormat(),
    usage: USAGE.RENDER_ATTACHMENT | USAGE.COPY_DST,
    alphaMode: "opaque",
  });
  job.device = device;
}

/** Bytes onto a canvas; they are used up. */
function write(
  context: GPUCanvasContext,
  device: Device,
  rgba: Uint8ClampedArray<ArrayBuffer>,
  { height, width }: Drawing,
): void {
  device.check();
  const texture = context.getCurrentTexture();
  if (texture.format === "bgra8unorm") swapRedAndBlue(rgba);
  device.gpu.queue.writeTexture({ texture }, rgba, { bytesPerRow: 4 * width }, { height, width });
}

function swapRedAndBlue(rgba: Uint8ClampedArray): void {
  for (let at = 0; at < rgba.length; at += 4) {
    const red = rgba[at]!;
    rgba[at] = rgba[at + 2]!;
    rgba[at + 2] = red;
  }
}
