import { type GanatomyError, KernelError, UnsupportedError, UsageError } from "../errors.ts";
import { checkNames } from "../names.ts";
import { Emitter } from "./emitter.ts";
import type { RankedUnit } from "./findings.ts";
import { SentLatents } from "./http-latents.ts";
import { HttpLink, type Served } from "./http-link.ts";
import { InTurn } from "./in-turn.ts";
import { checkUnload, PICTURE_NAMES } from "./options.ts";
import type { RemoteSession } from "./remote.ts";
import { serve } from "./serve.ts";
import type {
  ConceptsOptions,
  DissectProgress,
  DissectRequest,
  Effect,
  EffectOptions,
  LevelsOptions,
  Listener,
  Loaded,
  LoadRequest,
  PictureBytes,
  PictureOptions,
  Pixel,
  PixelOptions,
  Progress,
  RankedConcept,
  RegionFeatures,
  RegionOptions,
  SessionEvents,
  Thumbnail,
  ThumbnailOptions,
  TopImage,
  TopImagesOptions,
  UnitsOptions,
  UnloadRequest,
  View,
  ViewOptions,
  ViewState,
} from "./session.ts";
import { needsQuantiles } from "./strokes.ts";
import { changedState, FIRST_STATE, SessionView } from "./view.ts";

// Tests: test/session/http.test.ts, test/session/session.test.ts

/** What a server says it has. */
interface Opened {
  readonly project: string;
  readonly loaded: Loaded;
}

/** A canvas that is drawn on with pictures that come from the server. */
interface Job {
  readonly context: Context;
  readonly view: SessionView;
  state: ViewState;
  id: string | undefined;
  since: number;
  /** Whether nothing was drawn on it. */
  isBlank: boolean;
}
type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Milliseconds until a server that is gone is looked for again: the first time, and at most. */
const [SOON, LATER] = [250, 8000];

/** A session of a server: its networks are there already, and so is what is known of units. */
export class HttpSession implements RemoteSession {
  readonly #link: HttpLink;
  readonly #emitter = new Emitter<SessionEvents>();
  readonly #views: InTurn<Job>;
  readonly #sent: SentLatents;
  readonly #shared: (() => void)[] = [];
  #loaded: Loaded | undefined;
  #isGone = false;

  constructor(served: Served) {
    this.#link = new HttpLink(served, (error) => void this.#gone(error));
    this.#sent = new SentLatents(this.#link);
    this.#views = new InTurn<Job>({
      ready: () => !this.#isGone,
      first: ({ state }) => state.foreground,
      // What a server that is gone did not draw is drawn when it is back.
      draw: (job) => this.#draw(job).catch((error) => (this.#isGone ? undefined : this.#failed(error, job.view))),
    });
  }

  /** Settles when the server has answered. */
  async connected(signal: AbortSignal | undefined): Promise<void> {
    const { loaded } = await this.#link.open<Opened>(signal);
    this.#loaded = this.#withSent(loaded);
  }

  /** What was sent from here is nobody else's business. */
  #withSent(loaded: Loaded): Loaded {
    const latents = this.#sent.about;
    return latents.length > 0 ? { ...loaded, latents } : loaded;
  }

  /** Looks for a server that does not answer until it does, and then draws everything anew. */
  async #gone(error: GanatomyError): Promise<void> {
    if (this.#isGone || !this.#loaded) return;
    this.#isGone = true;
    this.#emitter.emit("lost", { error });
    try {
      for (let wait = SOON; this.#isGone; wait = Math.min(2 * wait, LATER)) {
        await this.#link.pause(wait);
        const { loaded } = await this.#link.open<Opened>(undefined).catch((failure: GanatomyError) => {
          if (failure.code !== "network") throw failure;
          return { loaded: undefined };
        });
        if (!loaded) continue;
        this.#isGone = false;
        this.#has(this.#withSent(loaded));
        this.#emitter.emit("restored", { adapter: loaded.adapter! });
        this.#views.askAll();
      }
    } catch (failure) {
      if (!isEnd(failure)) this.#failed(failure);
    }
  }

  #has(loaded: Loaded): void {
    this.#loaded = loaded;
    this.#emitter.emit("loaded", loaded);
  }

  #failed(cause: unknown, view?: View): void {
    if (isEnd(cause)) return;
    const error = cause instanceof Error && "code" in cause ? (cause as GanatomyError) : new KernelError(String(cause));
    this.#emitter.emit("error", { error, ...(view && { view }) });
  }

  get loaded(): Loaded | undefined {
    return this.#loaded;
  }

  on<Type extends keyof SessionEvents>(type: Type, listener: Listener<SessionEvents[Type]>): () => void {
    return this.#emitter.on(type, listener);
  }

  /**
   * Sends latents; what else there is the server has.
   * @throws UsageError for anything else that is named.
   */
  async load({ signal, onProgress, latents, ...named }: LoadRequest): Promise<Loaded> {
    const [name] = Object.entries(named).find(([, value]) => value !== undefined) ?? [];
    if (name !== undefined) {
      throw new UsageError(
        `A session of a server loads no ${name}: it shows what the server has.`,
        "Start the server with it, or load it in a session of this page: createSession().",
      );
    }
    if (latents !== undefined) {
      const told = (event: Progress): void => {
        onProgress?.(event);
        this.#emitter.emit("progress", event);
      };
      await this.#sent.send(latents, { signal, onProgress: told });
    }
    await this.connected(signal);
    this.#has(this.#loaded!);
    return this.#loaded!;
  }

  async unload(options: UnloadRequest): Promise<Loaded> {
    this.#link.check();
    options?.signal?.throwIfAborted();
    const latents = checkUnload(options);
    this.#sent.forget(latents);
    const { latents: _, ...rest } = this.#loaded!;
    this.#has(this.#withSent(rest));
    try {
      await this.#link.ask("unload", { latents }, options.signal);
    } catch (error) {
      // It holds a few, of everybody.
      if ((error as GanatomyError).code !== "not-found") throw error;
    }
    return this.#loaded!;
  }

  view(canvas: HTMLCanvasElement | OffscreenCanvas, options: ViewOptions = {}): View {
    this.#link.check();
    const state = changedState(FIRST_STATE, options, "session.view");
    const context = canvas?.getContext?.("2d") as Context | null | undefined;
    if (!context) {
      throw new UnsupportedError(
        "no-webgpu",
        "This is no canvas that pictures can be drawn on.",
        "Give a canvas that nothing else has a context of.",
      );
    }
    const ask = (state: ViewState, id = state.strokes.at(-1)?.id): void => {
      Object.assign(job, { state, id, since: performance.now() });
      this.#views.ask(job);
    };
    const view = new SessionView(state, {
      set: (_, state) => ask(state),
      stroke: ({ id }, state) => ask(state, id),
      dispose: () => this.#views.remove(job),
      loaded: () => this.#loaded,
    });
    const job: Job = { context, view, state, id: undefined, since: performance.now(), isBlank: true };
    this.#views.add(job);
    return view;
  }

  async #draw(job: Job): Promise<void> {
    const { state } = job;
    const ready = state.strokes.filter((stroke) => !needsQuantiles(stroke));
    // The server may have to count them first, and there is a picture meanwhile.
    if (job.isBlank && ready.length < state.strokes.length) {
      await this.#show(job, { ...state, strokes: ready }, ready.at(-1)?.id);
      if (job.state !== state) return this.#views.ask(job);
    }
    await this.#show(job, state, job.id);
  }

  async #show(job: Job, state: ViewState, id: string | undefined): Promise<void> {
    const { context, view, since } = job;
    const { foreground: _, ...shown } = state;
    const { height, width, data } = await this.picture(shown as PictureOptions);
    if (!this.#views.has(job)) return;
    const { canvas } = context;
    if (canvas.height !== height) canvas.height = height;
    if (canvas.width !== width) canvas.width = width;
    const image = context.createImageData(width, height);
    image.data.set(data);
    context.putImageData(image, 0, 0);
    job.isBlank = false;
    view.rendered({ ...(id !== undefined && { id }), ms: performance.now() - since });
  }

  #ask<T>(method: string, options: { readonly signal?: AbortSignal | undefined } | undefined): Promise<T> {
    const { signal, ...params } = { ...options };
    return this.#sent.known(options ?? {}, () => this.#link.ask(method, params, signal));
  }

  pixel(options: PixelOptions): Promise<Pixel> {
    return this.#ask("pixel", options);
  }

  async region(options: RegionOptions): Promise<RegionFeatures> {
    const { layers } = await this.#ask<{ layers: { layer: string; mean: number[]; max: number[] }[] }>(
      "region",
      options,
    );
    return {
      layers: layers.map(({ layer, mean, max }) => ({
        layer,
        mean: Float32Array.from(mean),
        max: Float32Array.from(max),
      })),
    };
  }

  units(options: UnitsOptions): Promise<readonly RankedUnit[]> {
    return this.#ask("units", options);
  }

  concepts(options: ConceptsOptions): Promise<readonly RankedConcept[]> {
    return this.#ask("concepts", options);
  }

  async levels(options: LevelsOptions): Promise<readonly Float32Array[]> {
    const levels = await this.#ask<number[][]>("levels", options);
    return levels.map((units) => Float32Array.from(units));
  }

  topImages(options: TopImagesOptions): Promise<readonly TopImage[]> {
    return this.#ask("topImages", options);
  }

  async *thumbnails({ signal, ...options }: ThumbnailOptions): AsyncGenerator<Thumbnail, void, undefined> {
    const sent = this.#link.stream<Omit<Thumbnail, "rgba"> & { readonly rgba: string }>("thumbnails", options, signal);
    for await (const { rgba, ...thumbnail } of sent) {
      yield { ...thumbnail, rgba: Uint8ClampedArray.from(atob(rgba), (character) => character.charCodeAt(0)) };
    }
  }

  async *dissect({ signal, ...options }: DissectRequest = {}): AsyncGenerator<DissectProgress, void, undefined> {
    for await (const event of this.#link.stream<DissectProgress>("dissect", options, signal)) {
      if (event.type === "result") {
        await this.connected(signal);
        this.#has(this.#loaded!);
        this.#views.askAll();
      }
      yield event;
    }
  }

  effect(options: EffectOptions): Promise<Effect> {
    return this.#ask("effect", options);
  }

  async picture(options: PictureOptions = {}): Promise<PictureBytes> {
    checkNames("session.picture", options, PICTURE_NAMES);
    const { signal, ...asked } = options;
    const bytes = await this.#sent.known(options, () => this.#link.bytes("picture", asked, signal));
    const data = new Uint8Array(bytes);
    const { height, width } = this.#loaded!.model!;
    if (asked.type === "png" || data.length === 4 * height * width) return { height, width, data };
    throw new UsageError(
      `The server sent a picture of another size than ${width}×${height}.`,
      "It has another generator now: connect again.",
    );
  }

  share(): MessagePort {
    this.#link.check();
    const { port1, port2 } = new MessageChannel();
    this.#shared.push(serve(this, port1));
    return port2;
  }

  dispose(): void {
    for (const end of this.#shared) end();
    this.#link.end(new Ended("This session was disposed.", "Connect again."));
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Why nothing is asked any more. */
class Ended extends UsageError {}
const isEnd = (error: unknown): boolean => error instanceof Ended;
