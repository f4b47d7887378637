import { UsageError } from "../errors.ts";
import { checkNames, type NamesOf, nearest } from "../names.ts";
import { packError } from "../report/wire-error.ts";
import { shown } from "./checks.ts";
import type { Stroke } from "./recipe.ts";
import type { Session, UnloadRequest, View, ViewOptions } from "./session.ts";
import { buffersIn, type FromSession, type Port, readMessage, type ToSession, type WireEvent } from "./wire.ts";

// Tests: test/session/serve.test.ts, test/session/session.test.ts

/** A call that is being answered. */
interface Answering {
  readonly id: number;
  readonly signal: AbortSignal;
  event(event: unknown): void;
  /** Settles when another event may be sent. */
  credit(): Promise<void>;
}

type Answer = (params: never, call: Answering) => unknown;
type Call = Extract<ToSession, { readonly method: string }>;

/** What answers once, and what answers with a stream. */
const ONCE = ["pixel", "region", "units", "concepts", "levels", "topImages", "effect", "picture"] as const;
const STREAMS = ["thumbnails", "dissect"] as const;

/** What is done at once. */
const TOLD: readonly string[] = ["view", "view.set", "view.stroke", "view.dispose", "share", "close"];

/** Calls of one port that are being answered at once; a page has a few. */
const MAX_CALLS = 1000;
/** Views of one port. */
const MAX_VIEWS = 1000;

/**
 * Lets whoever is on the other side of a port use a session: a page, an iframe, another thread, a
 * service worker. Several ports share one; what was drawn for a port ends with it. What comes is
 * input like any other: it is answered with errors.
 * @returns what ends that, and leaves the session to others.
 */
export function serve(session: Session, port: Port): () => void {
  const service = new Service(session, port);
  return () => service.end();
}

class Service {
  readonly #session: Session;
  readonly #port: Port;
  readonly #calls = new Map<number, { readonly stop: AbortController; credit: number; granted: () => void }>();
  readonly #views = new Map<number, View>();
  readonly #undo: (() => void)[] = [];
  readonly #methods: Readonly<Record<string, Answer>>;
  /** Of what is told, nobody hears. */
  readonly #unasked: Answering = {
    ...{ id: 0, signal: new AbortController().signal },
    ...{ event: () => {}, credit: async () => {} },
  };
  #ended = false;

  constructor(session: Session, port: Port) {
    this.#session = session;
    this.#port = port;
    this.#methods = this.#answers(session);
    port.addEventListener("message", ({ data }) => this.#take(data));
    port.addEventListener("messageerror", () => {
      this.#fail(null, new UsageError("A message could not be read.", "Send plain data."));
    });
    port.addEventListener("close", () => this.end());
    port.start?.();
  }

  /** What can be called. */
  #answers(session: Session): Record<string, Answer> {
    const ask = ONCE.map((name): [string, Answer] => [
      name,
      (params: object, { signal }) => session[name]({ ...params, signal } as never),
    ]);
    const stream = STREAMS.map((name): [string, Answer] => [
      name,
      (params: object, call) => streamed(session[name]({ ...params, signal: call.signal } as never), call),
    ]);
    return {
      ...Object.fromEntries([...ask, ...stream]),
      load: async (params: object, { signal, event }: Answering) => {
        // What was loaded is told to everybody, as an event that is there before this answer.
        await session.load({ ...params, signal, onProgress: event });
      },
      unload: async (params: UnloadRequest, { signal }: Answering) => {
        await session.unload({ ...params, signal }); // which is told like what was loaded
      },
      events: (_: object, call: Answering) => this.#events(call),
      view: (params: NewView) => this.#view(params),
      "view.set": ({ view, change }: { view: number; change: ViewOptions }) => this.#viewOf(view).set(change),
      "view.stroke": ({ view, stroke }: { view: number; stroke: Stroke }) => this.#viewOf(view).stroke(stroke),
      "view.dispose": ({ view }: { view: number }) => {
        this.#viewOf(view).dispose();
        this.#views.delete(view);
      },
      share: ({ port }: { port: Port }) => {
        if (typeof port?.postMessage !== "function") {
          throw new UsageError("This is no port to share a session by.", "Transfer one: { port }.");
        }
        serve(session, port);
      },
      close: () => this.end(),
    } satisfies Record<string, Answer>;
  }

  #take(data: unknown): void {
    if (this.#ended) return;
    let message: ToSession;
    try {
      message = readMessage(data);
    } catch (error) {
      const { id = null } = (typeof data === "object" && data !== null ? data : {}) as { readonly id?: unknown };
      this.#fail(Number.isSafeInteger(id) ? (id as number) : null, error);
      return;
    }
    const { id } = message;
    const known = this.#calls.get(id);
    if ("abort" in message) known?.stop.abort();
    else if ("method" in message) {
      if (message.told) this.#tell(message);
      else void this.#call(message);
    } else if (known) {
      known.credit += message.credit;
      known.granted();
    }
  }

  #methodOf(name: string): Answer {
    if (Object.hasOwn(this.#methods, name)) return this.#methods[name]!;
    const near = nearest(name, Object.keys(this.#methods));
    throw new UsageError(
      `A session has no method ${shown(name)}.`,
      near.length > 0 ? `Did you mean ${near.join(" or ")}?` : "See docs/session.md.",
    );
  }

  /** Does what nobody waits for: at once, so that there is nothing to abort. */
  #tell({ id, method, params }: Call): void {
    try {
      if (!TOLD.includes(method)) {
        throw new UsageError(`${shown(method)} is asked, not told.`, `Told are ${TOLD.join(", ")}.`);
      }
      this.#methodOf(method)(params as never, this.#unasked);
    } catch (error) {
      this.#fail(id, error);
    }
  }

  async #call({ id, method, params }: Call): Promise<void> {
    const call = { stop: new AbortController(), credit: 0, granted: () => {} };
    call.stop.signal.addEventListener("abort", () => call.granted(), { once: true });
    try {
      const answer = this.#methodOf(method);
      if (this.#calls.has(id)) {
        throw new UsageError(`The call ${id} is under way.`, "Give every call an id of its own.");
      }
      if (this.#calls.size >= MAX_CALLS) {
        throw new UsageError(`${MAX_CALLS} calls are under way.`, "Wait for some, or abort them.");
      }
      this.#calls.set(id, call);
      const { signal } = call.stop;
      const event = (event: unknown): void => this.#send({ id, event });
      const result = await answer(params as never, { id, signal, event, credit: () => credited(call) });
      this.#send({ id, result });
    } catch (error) {
      this.#fail(id, error);
    } finally {
      if (this.#calls.get(id) === call) this.#calls.delete(id);
    }
  }

  /** Tells what happens, until nobody listens. */
  #events({ event, signal }: Answering): Promise<void> {
    const tell = (told: WireEvent): void => event(told);
    const session = this.#session;
    tell({ type: "connected", loaded: session.loaded });
    this.#undo.push(
      session.on("progress", (event) => tell({ type: "progress", event })),
      session.on("loaded", (event) => tell({ type: "loaded", event })),
      session.on("restored", (event) => tell({ type: "restored", event })),
      session.on("lost", ({ error }) => tell({ type: "lost", error: packError(error) })),
      session.on("error", ({ error, view }) => {
        const own = [...this.#views].find(([, known]) => known === view)?.[0];
        if (view && own === undefined) return; // it is another port's
        tell({ type: "error", error: packError(error), ...(own !== undefined && { view: own }) });
      }),
    );
    this.#tellRendered = (view, event) => tell({ type: "rendered", view, event });
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
  }

  #tellRendered: (view: number, event: Extract<WireEvent, { readonly type: "rendered" }>["event"]) => void = () => {};

  #view(params: NewView): void {
    checkNames("view", params, NEW_VIEW);
    const { view: number, canvas, options } = params;
    if (!Number.isSafeInteger(number) || this.#views.has(number) || this.#views.size >= MAX_VIEWS) {
      throw new UsageError(
        `There cannot be a view ${shown(number)}.`,
        "Give each a number of its own, and dispose of them.",
      );
    }
    const view = this.#session.view(canvas, options);
    this.#views.set(number, view);
    view.on("rendered", (event) => this.#tellRendered(number, event));
  }

  #viewOf(number: number): View {
    const view = this.#views.get(number);
    if (view) return view;
    throw new UsageError(`There is no view ${shown(number)}.`, "Make one, and do not dispose of it before.");
  }

  #send(message: FromSession): void {
    if (!this.#ended) this.#port.postMessage(message, "error" in message ? [] : buffersIn(message));
  }

  #fail(id: number | null, error: unknown): void {
    this.#send({ id, error: packError(error) });
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const undo of this.#undo) undo();
    for (const { stop } of this.#calls.values()) stop.abort();
    for (const view of this.#views.values()) view.dispose();
    this.#port.close();
  }
}

interface NewView {
  readonly view: number;
  readonly canvas: OffscreenCanvas;
  readonly options?: ViewOptions;
}
const NEW_VIEW: NamesOf<NewView> = { view: "needed", canvas: "needed", options: true };

/** Sends a stream's items as there is credit for them. */
async function streamed(stream: AsyncIterable<unknown>, { credit, event }: Answering): Promise<void> {
  const items = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      await credit();
      const { done, value } = await items.next();
      if (done) return;
      event(value);
    }
  } finally {
    await items.return?.();
  }
}

/** Takes one of the credits of a call, once there is one. */
async function credited(call: { readonly stop: AbortController; credit: number; granted: () => void }): Promise<void> {
  const { signal } = call.stop;
  while (call.credit < 1 && !signal.aborted) await new Promise<void>((resolve) => (call.granted = resolve));
  signal.throwIfAborted();
  call.credit -= 1;
}
