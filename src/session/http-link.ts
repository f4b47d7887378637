import { GanatomyError } from "../errors.ts";
import { unpackError } from "../report/wire-error.ts";

// Tests: test/session/http.test.ts

/** Where a session is served, see docs/server.md. */
export interface Served {
  /** The server's address, as it prints it. */
  readonly url: URL;
  /** One of its projects; not needed where it has one. */
  readonly project: string | undefined;
  /** Its secret, if it has one and the address does not bring it as `?token=`. */
  readonly token: string | undefined;
}

/** How often somebody whom a busy server sends away comes again. */
const TRIES = 5;
/** Milliseconds until then, where the server does not say. */
const WAIT = 1000;

/** Asks a server, and makes of its errors what they were. */
export class HttpLink {
  readonly #base: URL;
  readonly #token: string | undefined;
  readonly #onGone: (error: GanatomyError) => void;
  readonly #ended = new AbortController();
  #project: string | undefined;

  /** @param onGone told when the server does not answer. */
  constructor({ url, project, token }: Served, onGone: (error: GanatomyError) => void) {
    this.#base = new URL(url);
    this.#token = token ?? this.#base.searchParams.get("token") ?? undefined;
    this.#base.search = this.#base.hash = "";
    if (!this.#base.pathname.endsWith("/")) this.#base.pathname += "/";
    this.#project = project;
    this.#onGone = onGone;
  }

  /** What is served: it is this project from then on. */
  async open<T extends { readonly project: string }>(signal: AbortSignal | undefined): Promise<T> {
    const query = this.#project === undefined ? "" : `?project=${encodeURIComponent(this.#project)}`;
    const response = await this.#fetch(`session${query}`, {}, signal);
    const opened = JSON.parse(await this.#read(response.text(), signal)) as T;
    this.#project = opened.project;
    return opened;
  }

  /** The answer to a question. */
  async ask<T>(method: string, params: object, signal: AbortSignal | undefined): Promise<T> {
    const response = await this.#post(method, params, signal);
    return JSON.parse(await this.#read(response.text(), signal)) as T;
  }

  /** Bytes of an answer. */
  async bytes(method: string, params: object, signal: AbortSignal | undefined): Promise<ArrayBuffer> {
    const response = await this.#post(method, params, signal);
    return this.#read(response.arrayBuffer(), signal);
  }

  /** Sends a file, as bytes, with words about it. */
  async send<T>(
    what: string,
    body: Uint8Array<ArrayBuffer>,
    about: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const query = new URLSearchParams({ ...about, project: this.#project! });
    const headers = { "content-type": "application/octet-stream" };
    const response = await this.#fetch(`session/${what}?${query}`, { method: "POST", body, headers }, signal);
    return JSON.parse(await this.#read(response.text(), signal)) as T;
  }

  /** The answers of a stream, as they are taken: leaving the loop ends it there, too. */
  async *stream<T>(
    method: string,
    params: object,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<T, void, undefined> {
    const response = await this.#post(method, params, signal);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    try {
      for (;;) {
        this.#stopped(signal).throwIfAborted();
        const line = text.indexOf("\n");
        if (line < 0) {
          const { done, value } = await this.#read(reader.read(), signal);
          if (done) throw this.#gone("ended its answer early");
          text += value;
          continue;
        }
        const message = JSON.parse(text.slice(0, line)) as Message<T>;
        text = text.slice(line + 1);
        if ("error" in message) throw errorOf(message.error);
        if ("done" in message) return;
        yield message.event;
      }
    } finally {
      reader.cancel().catch(() => {});
    }
  }

  #post(method: string, params: object, signal: AbortSignal | undefined): Promise<Response> {
    const body = JSON.stringify({ ...params, project: this.#project });
    const headers = { "content-type": "application/json" };
    return this.#fetch(`session/${method}`, { method: "POST", body, headers }, signal);
  }

  async #fetch(path: string, init: RequestInit, signal: AbortSignal | undefined): Promise<Response> {
    const headers = { ...init.headers, ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }) };
    const stop = this.#stopped(signal);
    for (let tries = 1; ; tries += 1) {
      const url = new URL(`api/v1/${path}`, this.#base);
      const response = await this.#read(fetch(url, { ...init, headers, signal: stop }), signal);
      if (response.ok) return response;
      if (response.status !== 429 || tries === TRIES) throw await this.#refused(response, signal);
      const seconds = Number(response.headers.get("retry-after"));
      await pause(seconds > 0 ? 1000 * seconds : WAIT, stop);
    }
  }

  /** What of a response is read: it may fail in the middle. */
  async #read<T>(reading: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await reading;
    } catch (cause) {
      this.#stopped(signal).throwIfAborted();
      throw this.#gone("does not answer", cause);
    }
  }

  #stopped(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#ended.signal]) : this.#ended.signal;
  }

  #gone(how: string, cause?: unknown): GanatomyError {
    const error = new GanatomyError(
      "network",
      `The server at ${this.#base.href} ${how}.`,
      "Look whether it runs, and whether its --cors names this page's origin.",
      { cause },
    );
    this.#onGone(error);
    return error;
  }

  /** The error that a response is. */
  async #refused(response: Response, signal: AbortSignal | undefined): Promise<Error> {
    const text = await this.#read(response.text(), signal);
    try {
      return errorOf((JSON.parse(text) as { readonly error: Told }).error);
    } catch {
      return new GanatomyError(
        "network",
        `${this.#base.href} answered with ${response.status}, as no server of ganatomy does.`,
        "Check the address: it is the one that `ganatomy serve` prints.",
      );
    }
  }

  /** Resolves after so many milliseconds. @throws why it ended before. */
  pause(ms: number): Promise<void> {
    return pause(ms, this.#ended.signal);
  }

  /** @throws why nothing is asked any more. */
  check(): void {
    this.#ended.signal.throwIfAborted();
  }

  /** Nothing is asked any more, which whoever waits is told. */
  end(reason: Error): void {
    this.#ended.abort(reason);
  }
}

/** A line of a stream. */
type Message<T> = { readonly event: T } | { readonly done: true } | { readonly error: Told };

/** What a server says of an error. */
interface Told {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

/** Classes of errors by their codes; those of `GanatomyError` itself are not named. */
const CLASSES: Readonly<Record<string, string>> = {
  usage: "UsageError",
  shape: "ShapeError",
  photo: "PhotoError",
  labels: "LabelsError",
  "weights-format": "WeightsError",
  "weights-unsafe": "WeightsError",
  "weights-shape": "WeightsError",
  "weights-values": "WeightsError",
  "no-webgpu": "UnsupportedError",
  "no-adapter": "UnsupportedError",
  "insecure-context": "UnsupportedError",
  limit: "UnsupportedError",
  "device-lost": "DeviceLostError",
  "out-of-memory": "DeviceLostError",
};
/** Codes of `GanatomyError` itself that the server tells. */
const OWN: ReadonlySet<string> = new Set(["not-found", "host-memory"]);
/** What the server calls by words of its own. */
const CODES: Readonly<Record<string, "usage" | "not-found">> = { "bad-request": "usage", "not-found": "not-found" };

function errorOf({ code: said, message, fix }: Told): Error {
  const known = Object.hasOwn(CODES, said) ? CODES[said]! : said;
  const name = Object.hasOwn(CLASSES, known) ? CLASSES[known]! : "GanatomyError";
  const code = name !== "GanatomyError" || OWN.has(known) ? known : "network";
  return unpackError({ name, code: code as GanatomyError["code"], message: String(message), fix: String(fix) });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}
