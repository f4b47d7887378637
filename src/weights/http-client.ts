import { GanatomyError } from "../errors.ts";
import { warn } from "../names.ts";
import { abortable, pause } from "./abort.ts";
import { allocateBytes } from "./bytes.ts";
import type { LoadOptions } from "./source.ts";

// Tests: test/weights/http.test.ts, test/weights/http-failures.test.ts,
// test/weights/http-ranges.test.ts

/**
 * Reports bytes as they arrive. Never counts backwards, even when a failed attempt is followed by
 * another.
 */
export class Progress {
  readonly #name: string;
  readonly #onProgress: LoadOptions["onProgress"];
  #reported = 0;

  constructor(name: string, onProgress: LoadOptions["onProgress"]) {
    this.#name = name;
    this.#onProgress = onProgress;
  }

  report(loaded: number, total: number | undefined): void {
    if (loaded <= this.#reported) return;
    this.#reported = loaded;
    this.#onProgress?.({ loaded, total, name: this.#name });
  }
}

/** What servers answer that are busy, or do not reach the one behind them. */
const BUSY = [429, 502, 503, 504];
/** A request is made again so often, after 1, 2 and 4 seconds or when the server says. */
export const RETRIES = 3;
/** Why a transfer broke off that ended without an error. */
export const CLOSED = "the connection was closed";
/** Nobody waits for longer than this without having been asked. */
const PATIENCE_MS = 60_000;

/** One file on a server: makes requests for it and says what went wrong in words. */
export class HttpClient {
  /** The whole address: what is requested, and the key in a cache. */
  readonly url: string;
  /** Last part of the path. */
  readonly name: string;
  readonly progress: Progress;
  /** Whether the request may be sent again, as ranges need: a GET without side effects. */
  readonly repeatable: boolean;
  readonly #target: URL | Request;
  readonly #fetch: typeof fetch;
  readonly #onWarning: LoadOptions["onWarning"];
  /** The address for messages: without the query, which often holds a token. */
  readonly #shown: string;

  constructor(target: URL | Request, options: LoadOptions) {
    const request = target instanceof URL ? undefined : target;
    const url = request ? new URL(request.url) : (target as URL);
    const web = url.protocol === "http:" || url.protocol === "https:";
    this.#target = target;
    this.url = url.href;
    this.name = web ? lastPart(url) : `${url.protocol} URL`;
    this.#shown = web ? url.origin + url.pathname : `the ${url.protocol} URL`;
    this.repeatable = web && (request?.method ?? "GET") === "GET";
    this.#fetch = options.fetch ?? globalThis.fetch;
    this.#onWarning = options.onWarning;
    this.progress = new Progress(this.name, options.onProgress);
  }

  /**
   * Requests the file, or bytes [start, end) of it, again where the server is busy. Resolves with a
   * success, or with 416 when a range was asked for.
   * @throws GanatomyError `not-found` or `network`; the signal's reason.
   */
  async get(signal: AbortSignal | undefined, range?: readonly [start: number, end: number]): Promise<Response> {
    const request = this.#target instanceof URL ? undefined : this.#target;
    const headers = new Headers(request?.headers);
    if (range) headers.set("range", `bytes=${range[0]}-${range[1] - 1}`);
    const signals = [signal, request?.signal].filter((each) => each !== undefined);
    const init: RequestInit = { headers, ...(signals.length > 0 && { signal: AbortSignal.any(signals) }) };
    const any = init.signal ?? undefined;
    const fetch = this.#fetch;
    for (let retry = 0; ; retry += 1) {
      let response: Response;
      try {
        response = await abortable(fetch(request ?? this.url, init), any);
      } catch (cause) {
        for (const each of signals) each.throwIfAborted();
        throw this.unreachable(cause);
      }
      if (response.ok || (range && response.status === 416)) return response;
      discard(response);
      const wait = retryAfter(response);
      const again = this.repeatable && retry < RETRIES && BUSY.includes(response.status);
      if (!again || (wait && wait > PATIENCE_MS)) throw this.#refused(response);
      await this.retry(`answered ${response.status}`, retry, any, wait);
    }
  }

  /** Says that a request is about to be made again, and why, and waits for the moment. */
  retry(why: string, retries: number, signal: AbortSignal | undefined, wait = 1000 * 2 ** retries): Promise<void> {
    warn(this.#onWarning, `${this.#shown} ${why}; trying again.`);
    return pause(wait, signal);
  }

  unreachable(cause: unknown): GanatomyError {
    return new GanatomyError(
      "network",
      `${this.#shown} could not be fetched: ${reasonOf(cause)}.`,
      "Check the address and the connection. From a page on another origin the server must also allow it (CORS: Access-Control-Allow-Origin).",
      { cause },
    );
  }

  broken(loaded: number, total: number | undefined, cause?: unknown): GanatomyError {
    const progress = total === undefined ? `${loaded} bytes` : `${loaded} of ${total} bytes`;
    const why = cause === undefined ? "" : ` (${reasonOf(cause)})`;
    const message = `The transfer of ${this.#shown} ended after ${progress}${why}.`;
    return new GanatomyError("network", message, "Check the connection and load it again.", { cause });
  }

  #refused({ status, statusText }: Response): GanatomyError {
    const answer = `${this.#shown} answered ${status}${statusText ? ` ${statusText}` : ""}.`;
    if (status === 404 || status === 410) {
      return new GanatomyError("not-found", answer, "Check the address: there is no such file on the server.");
    }
    if (status === 401 || status === 403) {
      return new GanatomyError(
        "network",
        answer,
        "Access is denied, or the link has expired: get a new one; or, with the credentials it needs, download the file yourself (curl --header 'Authorization: …' --remote-name ADDRESS) and open that. Programs can pass a Request that has them.",
      );
    }
    return new GanatomyError("network", answer, "The server failed; try again later or use another mirror.");
  }
}

function lastPart(url: URL): string {
  const part = url.pathname.split("/").pop() || url.host;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * The message of an error and, where fetch hides it one level down, of its cause (Node: "fetch
 * failed" ← ECONNREFUSED).
 */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const inner = error.cause instanceof Error ? error.cause : undefined;
  const code = inner && "code" in inner ? inner.code : undefined;
  const detail = code ?? inner?.message;
  return detail === undefined ? error.message : `${error.message} (${detail})`;
}

/** Milliseconds that a busy server asks to be left alone for: it names seconds or a date. */
function retryAfter({ headers }: Response): number | undefined {
  const header = headers.get("retry-after") ?? "";
  const wait = /^\d+$/.test(header) ? 1000 * Number(header) : Date.parse(header) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/** Lets go of a body that nobody will read, so that its connection is freed. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => {});
}

/**
 * The parsed Content-Range of a 206 whose bytes are as stored; undefined when there is none to be
 * relied on.
 */
export function contentRange(response: Response): { start: number; end: number; total: number } | undefined {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get("content-range") ?? "");
  if (response.status !== 206 || !match || isEncoded(response)) return undefined;
  const [start, last, total] = match.slice(1).map(Number) as [number, number, number];
  return start <= last && last < total ? { start, end: last + 1, total } : undefined;
}

function isEncoded(response: Response): boolean {
  const encoding = response.headers.get("content-encoding");
  return encoding !== null && encoding !== "identity";
}

/**
 * What tells versions of a file apart is the same of both answers, or both have nothing that does.
 * A weak ETag is of the same file as a strong one, and servers behind one address may each have
 * ETags of their own: then the date decides.
 */
export function sameVersion({ headers: a }: Response, { headers: b }: Response): boolean {
  const [etag, other] = [a, b].map((headers) => headers.get("etag")?.replace(/^W\//, ""));
  const [modified, later] = [a, b].map((headers) => headers.get("last-modified"));
  if (etag === other && etag !== undefined) return true;
  return modified === later && (modified !== null || etag === other);
}

/**
 * Gives out a body as it arrives.
 * @throws what breaks it off; the signal's reason, promptly even if the server stalls.
 */
export async function receive(
  { body }: Response,
  signal: AbortSignal | undefined,
  take: (piece: Uint8Array<ArrayBuffer>) => void,
): Promise<void> {
  const reader = body?.getReader();
  try {
    while (reader) {
      const { done, value } = await abortable(reader.read(), signal);
      if (done) return;
      take(value);
    }
  } catch (error) {
    reader?.cancel(error).catch(() => {});
    signal?.throwIfAborted();
    throw error;
  }
}

/**
 * Reads a body into one array of its announced length. Each byte is copied once.
 * @param exact the length it must have; otherwise Content-Length is expected, and a compressed body
 *   may outgrow it
 * @throws GanatomyError `network` when it ends early; the signal's reason, promptly even if the
 *   server stalls.
 */
export async function readBody(
  response: Response,
  client: HttpClient,
  signal: AbortSignal | undefined,
  exact?: number,
  onBytes = (loaded: number, total: number | undefined) => client.progress.report(loaded, total),
): Promise<Uint8Array<ArrayBuffer>> {
  const header = isEncoded(response) ? null : response.headers.get("content-length");
  const length = exact ?? (header !== null && /^\d+$/.test(header) ? Number(header) : undefined);
  let bytes = allocateBytes(length ?? 64 * 1024, client.name);
  let loaded = 0;
  try {
    await receive(response, signal, (piece) => {
      if (loaded + piece.length > bytes.length) {
        if (exact !== undefined) throw client.broken(loaded, exact, "the server sent more than was asked for");
        bytes = grown(bytes, loaded, loaded + piece.length, client.name);
      }
      bytes.set(piece, loaded);
      loaded += piece.length;
      // A total that was already exceeded was the compressed size: better none than a wrong one.
      onBytes(loaded, length !== undefined && loaded <= length ? length : undefined);
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof GanatomyError ? error : client.broken(loaded, length, error);
  }
  if (length !== undefined && loaded < length) throw client.broken(loaded, length, CLOSED);
  return loaded === bytes.length ? bytes : bytes.slice(0, loaded);
}

/** The whole file by this answer or a new one, made again where it breaks off. */
export async function readWhole(
  client: HttpClient,
  signal: AbortSignal | undefined,
  answer?: Response,
): Promise<Uint8Array<ArrayBuffer>> {
  let response = answer ?? (await client.get(signal));
  for (let retries = 0; ; retries += 1) {
    try {
      if (retries > 0) response = await client.get(signal);
      return await readBody(response, client, signal);
    } catch (error) {
      if (!isBroken(error) || !client.repeatable || retries === RETRIES) throw error;
      await client.retry("broke off", retries, signal);
    }
  }
}

/** Whether a connection failed, rather than that a server said so, or we. */
export const isBroken = (error: unknown): boolean =>
  error instanceof GanatomyError && error.code === "network" && error.cause !== undefined;

function grown(bytes: Uint8Array<ArrayBuffer>, used: number, needed: number, name: string): Uint8Array<ArrayBuffer> {
  const larger = allocateBytes(Math.max(needed, 2 * bytes.length), name);
  larger.set(bytes.subarray(0, used));
  return larger;
}
