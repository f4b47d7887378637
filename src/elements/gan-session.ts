import type { Loaded, LoadRequest, SegmenterSource, Session } from "../session/session.ts";
import { reflect, wordOf } from "./attributes.ts";
import { GanElement } from "./element.ts";
import { announce, Watchers } from "./find.ts";
import { openSession } from "./open-session.ts";
import { NOTICES_STYLE, SessionNotices } from "./session-notices.ts";

// Tests: test/elements/gan-session.test.ts

/** What is loaded: by the attributes of these names, or the properties. */
const LOADED = ["generator", "name", "sha256", "segmenter", "labels", "report"] as const;
/** Where it is loaded. */
const PLACE = ["server", "project"] as const;

/** Attributes that are said beside a file. */
const FILE_OF: Readonly<Record<string, string>> = { labels: "segmenter", name: "generator", sha256: "generator" };

/** Something that is promised anew with every load. */
interface Promised {
  readonly promise: Promise<Loaded>;
  resolve(loaded: Loaded): void;
  reject(error: unknown): void;
}

function promised(): Promised {
  let settle!: Omit<Promised, "promise">;
  const promise = new Promise<Loaded>((resolve, reject) => {
    settle = { resolve, reject };
  });
  promise.catch(() => {}); // an event tells, too
  return { promise, ...settle };
}

/**
 * One generator for the elements in it, and for those that name its id as their `session`: loads
 * what its attributes say, in a worker where it can, and frees everything when it leaves the
 * document.
 *
 * @attr generator - Address of a checkpoint. The property also takes a File, a Blob or bytes.
 * @attr name - What the generator is called in recipes and reports; its file's name unless given.
 * @attr sha256 - Of the generator's file, which is checked.
 * @attr segmenter - Address of a segmenter's weights, or "self" for a generator of tiles. The
 *   property also takes several files, as `session.load` does.
 * @attr labels - Address of the labels of a segmenter that is given by its address; labels.json
 *   beside it unless given.
 * @attr report - Address of report.json or dissect.json. The property also takes its contents.
 * @attr server - Address of `ganatomy serve`, whose session it is then: the server has the
 *   generator and all that goes with it.
 * @attr project - One of the server's, where it has several.
 * @attr worker - "auto": in a worker if that can be had; "off": in the page; else the address of
 *   the worker's script. Where workers have no WebGPU it is in the page.
 * @attr loading - "eager", or "lazy": only when it comes near the part of the page that is seen.
 * @slot - The page's own, with other elements in it.
 * @slot fallback - What is shown where there is no WebGPU, instead of the cause and the fix.
 * @csspart progress - How far loading is.
 * @csspart message - What went wrong.
 * @fires gan-ready {CustomEvent<Loaded>} - Everything is loaded.
 * @fires gan-progress {CustomEvent<Progress>} - How far loading is: phase, done, total.
 * @fires gan-error {CustomEvent<ErrorDetail>} - What failed: error, code, message, fix.
 */
export class GanSession extends GanElement {
  /** Attributes whose changes the browser tells it. */
  static readonly observedAttributes: readonly string[] = [...LOADED, ...PLACE];

  readonly #given: {
    generator?: LoadRequest["generator"];
    segmenter?: SegmenterSource;
    report?: LoadRequest["report"];
  } = {};
  readonly #watchers = new Watchers();
  readonly #notices = new SessionNotices();
  #session: Session | undefined;
  /** Whether the session was made here, and so ends here. */
  #own = false;
  #stopListening: readonly (() => void)[] = [];
  #loading: AbortController | undefined;
  #ready = promised();
  #observer: IntersectionObserver | undefined;
  /** What is not as the attributes say. */
  readonly #stale = new Set<string>();
  #queued = false;

  constructor() {
    super(NOTICES_STYLE);
    this.root.append(...this.#notices.elements);
  }

  /** Address or contents of the generator's checkpoint. */
  get generator(): LoadRequest["generator"] {
    return this.#given.generator ?? this.getAttribute("generator") ?? undefined;
  }
  set generator(value: LoadRequest["generator"] | null) {
    this.#give("generator", value);
  }

  /** What the generator is called in recipes and reports; empty for its file's name. */
  get name(): string {
    return this.getAttribute("name") ?? "";
  }
  set name(value: string | null | undefined) {
    reflect(this, "name", value || undefined);
  }

  /** 64 hex digits of the generator's file, or empty. */
  get sha256(): string {
    return this.getAttribute("sha256") ?? "";
  }
  set sha256(value: string | null | undefined) {
    reflect(this, "sha256", value || undefined);
  }

  /** The segmenter's address, "self", or its files. */
  get segmenter(): string | SegmenterSource | undefined {
    return this.#given.segmenter ?? this.getAttribute("segmenter") ?? undefined;
  }
  set segmenter(value: string | SegmenterSource | null | undefined) {
    this.#give("segmenter", value);
  }

  /** Address of the segmenter's labels; empty for labels.json beside it. */
  get labels(): string {
    return this.getAttribute("labels") ?? "";
  }
  set labels(value: string | null | undefined) {
    reflect(this, "labels", value);
  }

  /** Address or contents of report.json or dissect.json. */
  get report(): LoadRequest["report"] {
    return this.#given.report ?? this.getAttribute("report") ?? undefined;
  }
  set report(value: LoadRequest["report"] | null) {
    this.#give("report", value);
  }

  /** Address of a server that has everything; empty where it is loaded here. */
  get server(): string {
    return this.getAttribute("server") ?? "";
  }
  set server(value: string | null | undefined) {
    reflect(this, "server", value || undefined);
  }

  /** Which of the server's projects; empty for its only one. */
  get project(): string {
    return this.getAttribute("project") ?? "";
  }
  set project(value: string | null | undefined) {
    reflect(this, "project", value || undefined);
  }

  /** Where it runs: "auto", "off", or the address of the worker's script. Read once. */
  get worker(): string {
    return this.getAttribute("worker") || "auto";
  }
  set worker(value: string | null | undefined) {
    reflect(this, "worker", value);
  }

  /** When it loads: at once, or when it comes near the part of the page that is seen. */
  get loading(): "eager" | "lazy" {
    return wordOf(this, "loading", ["eager", "lazy"]);
  }
  set loading(value: "eager" | "lazy" | null | undefined) {
    reflect(this, "loading", value);
  }

  /**
   * The session; undefined until it is there. One that is set here is used instead of one of the
   * element's own, and remains its owner's to dispose of.
   */
  get session(): Session | undefined {
    return this.#session;
  }
  set session(session: Session | null | undefined) {
    this.#drop();
    if (session) this.#take(session, false);
    else this.#reload(LOADED);
  }

  /** Settles when everything is loaded that is to be loaded now; another after every change. */
  get ready(): Promise<Loaded> {
    return this.#ready.promise;
  }

  /** @internal Calls back when there is another session, or something else loaded in it. */
  watch(watcher: () => void): () => void {
    return this.#watchers.add(watcher);
  }

  protected begin(): void {
    announce();
    if (this.#session) return;
    if (this.loading === "lazy") this.#wait();
    else this.#reload(LOADED);
  }

  /** Loads when it comes near what is seen. */
  #wait(): void {
    this.#observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        this.#observer?.disconnect();
        this.#observer = undefined;
        this.#reload(LOADED);
      },
      { rootMargin: "200px" },
    );
    this.#observer.observe(this);
  }

  protected override moved(): void {
    announce();
  }

  protected end(): void {
    this.#observer?.disconnect();
    this.#observer = undefined;
    if (this.#own || !this.#session) this.#drop();
    announce();
  }

  protected changed(name: string): void {
    if (name === "generator" || name === "segmenter" || name === "report") delete this.#given[name];
    if (!this.begun || this.#observer) return;
    if ((PLACE as readonly string[]).includes(name) && (this.#own || !this.#session)) this.#drop();
    this.#reload(this.#session ? [name] : LOADED);
  }

  #give(name: "generator" | "segmenter" | "report", value: unknown): void {
    const text = typeof value === "string" || value === null || value === undefined;
    if (text) delete this.#given[name];
    reflect(this, name, text ? (value as string | undefined) : undefined);
    if (text) return;
    (this.#given as Record<string, unknown>)[name] = value;
    if (this.begun && !this.#observer) this.#reload([name]);
  }

  /** Loads these anew, together with what else changes in the same breath. */
  #reload(names: readonly string[]): void {
    for (const name of names) this.#stale.add(FILE_OF[name] ?? name);
    // A report is of a generator, whose own labels go with it, too.
    if (this.#stale.has("generator")) this.#stale.add("report");
    if (this.#stale.has("generator") && this.segmenter === "self") this.#stale.add("segmenter");
    if (this.#queued) return;
    this.#queued = true;
    queueMicrotask(() => {
      this.#queued = false;
      void this.#load();
    });
  }

  async #load(): Promise<void> {
    if (!this.begun || this.#stale.size === 0 || (this.#session && !this.#own)) return;
    const request = this.#request();
    if (!request) return;
    this.#loading?.abort();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    if (this.#session?.loaded) this.#ready = promised();
    const ready = this.#ready;
    this.#notices.clear();
    try {
      const session = this.#session ?? (await openSession(this, signal));
      if (signal.aborted) return session === this.#session ? undefined : session.dispose();
      if (session !== this.#session) this.#take(session, true);
      const loaded = await session.load({ ...request, signal });
      if (signal.aborted) return;
      this.#stale.clear();
      this.#loading = undefined;
      ready.resolve(loaded);
      this.tell("gan-ready", loaded);
    } catch (error) {
      if (signal.aborted) return;
      this.#loading = undefined;
      ready.reject(error);
      this.fail(error);
    } finally {
      if (!signal.aborted) this.#notices.loaded();
    }
  }

  /** What is to be loaded; undefined without a generator, the one thing that is needed. */
  #request(): LoadRequest | undefined {
    if (this.server) return {};
    const { generator, name, sha256, report, segmenter } = this;
    if (!generator) return undefined;
    const source = typeof segmenter === "string" ? this.#segmenterOf(segmenter) : segmenter;
    return {
      ...(this.#stale.has("generator") && { generator, ...(name && { name }), ...(sha256 && { sha256 }) }),
      ...(this.#stale.has("segmenter") && source && { segmenter: source }),
      ...(this.#stale.has("report") && report && { report }),
    };
  }

  #segmenterOf(address: string): SegmenterSource {
    if (address === "self") return address;
    const beside = (name: string): string => new URL(name, new URL(address, this.baseURI)).href;
    return { weights: address, labels: this.labels || beside("labels.json") };
  }

  #take(session: Session, own: boolean): void {
    this.#session = session;
    this.#own = own;
    this.#stopListening = [
      session.on("progress", (progress) => {
        this.tell("gan-progress", progress);
        // Strokes may have to find out first what they insert, which nobody waits for.
        if (this.#loading || progress.done !== progress.total) this.#notices.progress(progress);
        else this.#notices.loaded();
      }),
      session.on("loaded", () => this.#watchers.tell()),
      session.on("restored", () => this.#notices.clear()),
      session.on("lost", ({ error }) => this.fail(error)),
      session.on("error", ({ error, view }) => {
        if (!view) this.fail(error); // an element tells of its own view
      }),
    ];
    this.#watchers.tell();
    if (own || !session.loaded) return;
    this.#ready = promised();
    this.#ready.resolve(session.loaded);
  }

  #drop(): void {
    this.#loading?.abort();
    this.#loading = undefined;
    this.#stale.clear();
    for (const stop of this.#stopListening) stop();
    this.#stopListening = [];
    const session = this.#session;
    this.#session = undefined;
    if (!session) return;
    this.#ready = promised();
    this.#watchers.tell();
    if (this.#own) session.dispose();
    this.#own = false;
  }

  protected override fail(cause: unknown): void {
    super.fail(cause);
    this.#notices.failed(cause);
  }
}
