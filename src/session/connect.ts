import { type GanatomyError, UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { unpackError } from "../report/wire-error.ts";
import { Emitter } from "./emitter.ts";
import type { RankedUnit } from "./findings.ts";
import { HttpSession } from "./http-session.ts";
import { Link, type Teller, threadLost } from "./link.ts";
import { absolute, portable } from "./portable.ts";
import type { RemoteSession } from "./remote.ts";
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
} from "./session.ts";
import { changedState, FIRST_STATE, SessionView } from "./view.ts";
import { buffersIn, type Port, WIRE_VERSION, type WireEvent } from "./wire.ts";

// Tests: test/session/session.test.ts, test/browser/session.test.ts

/** Where the session is. */
export type ConnectOptions = (
  | {
      /**
       * The address of "ganatomy/worker", which is started as a dedicated worker and ends with the
       * session; or a worker, shared worker or service worker that runs it.
       */
      readonly worker: string | URL | Worker | SharedWorker | ServiceWorker;
    }
  | {
      /** One that `share` gave, or whose other side `serve` has. */
      readonly port: MessagePort;
    }
  | {
      /**
       * The address of `ganatomy serve`, or of wherever `createHandler` answers; with the `?token=`
       * that it prints, if it has one.
       */
      readonly url: string | URL;
      /** One of its projects, where it has several. */
      readonly project?: string;
      /** The server's secret, if it has one; the one in `url` unless given. */
      readonly token?: string;
    }
) & {
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
};

interface AnyOptions {
  readonly worker?: string | URL | Worker | SharedWorker | ServiceWorker;
  readonly port?: MessagePort;
  readonly url?: string | URL;
  readonly project?: string;
  readonly token?: string;
  readonly signal?: AbortSignal | undefined;
}
const NAMES: NamesOf<AnyOptions> = {
  worker: true,
  port: true,
  url: true,
  project: true,
  token: true,
  signal: true,
};

/**
 * The session of a worker, of whoever has the other side of a port, or of a server.
 * @throws GanatomyError `network` when the worker's script cannot be had or the server does not
 *   answer, `not-found` for a project that it does not have; UnsupportedError from a worker that
 *   cannot use the GPU, unless it is a service worker that was given a port to one that can; the
 *   signal's reason.
 */
export async function connect(options: ConnectOptions): Promise<RemoteSession> {
  checkNames<AnyOptions>("connect", options, NAMES);
  const { worker, port, url, project, token, signal } = options as AnyOptions;
  if ([worker, port, url].filter((place) => place !== undefined).length !== 1) {
    throw new UsageError(
      "A session is in a worker, behind a port or on a server.",
      "Give one of { worker }, { port } and { url }.",
    );
  }
  signal?.throwIfAborted();
  const started = typeof worker === "string" || worker instanceof URL ? new Worker(worker) : undefined;
  const session =
    url === undefined
      ? new PortSession(port ?? portTo((started ?? worker) as Worker | SharedWorker | ServiceWorker), started)
      : new HttpSession({ url: serverAt(url), project, token });
  try {
    await session.connected(signal);
    return session;
  } catch (error) {
    session.dispose();
    throw error;
  }
}

/** @throws UsageError for what is no address of a server. */
function serverAt(given: string | URL): URL {
  try {
    const url = new URL(absolute(given));
    if (/^https?:$/.test(url.protocol)) return url;
  } catch {} // it is none
  throw new UsageError(`"${given}" is no address of a server.`, "Give the one that `ganatomy serve` prints.");
}

/** A port whose other side the worker serves. */
function portTo(worker: Worker | SharedWorker | ServiceWorker): MessagePort {
  const { port1, port2 } = new MessageChannel();
  const to = "port" in worker ? worker.port : worker;
  to.postMessage({ v: WIRE_VERSION, id: 0, method: "connect", params: { port: port2 } }, [port2]);
  return port1;
}

class PortSession implements RemoteSession {
  readonly #link: Link;
  readonly #teller: Teller;
  readonly #worker: Worker | undefined;
  readonly #emitter = new Emitter<SessionEvents>();
  readonly #views = new Map<number, SessionView>();
  #lastView = 0;
  #loaded: Loaded | undefined;

  constructor(port: Port, worker: Worker | undefined) {
    this.#link = new Link(port);
    this.#teller = this.#link.teller(() => {}); // what it tells does not fail
    this.#worker = worker;
    worker?.addEventListener("error", (event) => {
      this.#link.end(threadLost(event.message || "its script did not load"));
    });
  }

  /** Settles when the other side has answered. */
  connected(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(signal!.reason);
      signal?.addEventListener("abort", stop, { once: true });
      const told = (event: unknown): void => {
        if (this.#told(event as WireEvent)) resolve();
      };
      this.#link.ask("events", {}, { onEvent: told }).catch(reject);
    });
  }

  /** Hands on what happened there; true for the first. */
  #told(event: WireEvent): boolean {
    if (event.type === "connected") this.#loaded = event.loaded;
    else if (event.type === "loaded") {
      this.#loaded = event.event;
      this.#emitter.emit("loaded", event.event);
    } else if (event.type === "lost") this.#emitter.emit("lost", { error: unpackError(event.error) as GanatomyError });
    else if (event.type === "error") {
      const view = event.view === undefined ? undefined : this.#views.get(event.view);
      this.#failed(unpackError(event.error), view);
    } else if (event.type === "rendered") this.#views.get(event.view)?.rendered(event.event);
    else if (event.type === "progress") this.#emitter.emit("progress", event.event);
    else this.#emitter.emit("restored", event.event);
    return event.type === "connected";
  }

  #failed(error: Error, view: View | undefined): void {
    this.#emitter.emit("error", { error: error as GanatomyError, ...(view && { view }) });
  }

  get loaded(): Loaded | undefined {
    return this.#loaded;
  }

  on<Type extends keyof SessionEvents>(type: Type, listener: Listener<SessionEvents[Type]>): () => void {
    return this.#emitter.on(type, listener);
  }

  async load(options: LoadRequest): Promise<Loaded> {
    const { signal, onProgress } = { ...options };
    const onEvent = (event: unknown): void => onProgress?.(event as Progress);
    const request = portable(options);
    await this.#link.ask("load", request, { signal, onEvent, transfer: buffersIn(request) });
    return this.#loaded!;
  }

  async unload(options: UnloadRequest): Promise<Loaded> {
    await this.#ask("unload", options);
    return this.#loaded!;
  }

  view(canvas: HTMLCanvasElement | OffscreenCanvas, options: ViewOptions = {}): View {
    this.#link.check();
    const state = changedState(FIRST_STATE, options, "session.view");
    const offscreen = "transferControlToOffscreen" in canvas ? canvas.transferControlToOffscreen() : canvas;
    this.#lastView += 1;
    const number = this.#lastView;
    const { tell, end } = this.#link.teller((error) => this.#failed(error, view));
    const view = new SessionView(state, {
      set: (change) => tell("view.set", { view: number, change }),
      stroke: (stroke) => tell("view.stroke", { view: number, stroke }),
      dispose: () => {
        this.#views.delete(number);
        end();
        tell("view.dispose", { view: number });
      },
      loaded: () => this.#loaded,
    });
    this.#views.set(number, view);
    tell("view", { view: number, canvas: offscreen, options }, [offscreen]);
    return view;
  }

  pixel(options: PixelOptions): Promise<Pixel> {
    return this.#ask("pixel", options);
  }

  region(options: RegionOptions): Promise<RegionFeatures> {
    return this.#ask("region", options);
  }

  units(options: UnitsOptions): Promise<readonly RankedUnit[]> {
    return this.#ask("units", options);
  }

  concepts(options: ConceptsOptions): Promise<readonly RankedConcept[]> {
    return this.#ask("concepts", options);
  }

  levels(options: LevelsOptions): Promise<readonly Float32Array[]> {
    return this.#ask("levels", options);
  }

  topImages(options: TopImagesOptions): Promise<readonly TopImage[]> {
    return this.#ask("topImages", options);
  }

  thumbnails({ signal, ...options }: ThumbnailOptions): AsyncIterable<Thumbnail> {
    return this.#link.stream("thumbnails", options, { signal });
  }

  dissect({ signal, ...options }: DissectRequest = {}): AsyncIterable<DissectProgress> {
    return this.#link.stream("dissect", options, { signal });
  }

  effect(options: EffectOptions): Promise<Effect> {
    return this.#ask("effect", options);
  }

  picture(options?: PictureOptions): Promise<PictureBytes> {
    return this.#ask("picture", options);
  }

  /** What makes no sense is said by the other side, as in process. */
  #ask<T>(method: string, options: { readonly signal?: AbortSignal | undefined } | undefined): Promise<T> {
    const { signal, ...params } = { ...options };
    return this.#link.ask(method, params, { signal });
  }

  share(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#link.check();
    this.#teller.tell("share", { port: port2 }, [port2]);
    return port1;
  }

  dispose(): void {
    this.#teller.tell("close", {});
    this.#link.close(new UsageError("This session was disposed.", "Connect again."));
    this.#worker?.terminate();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
