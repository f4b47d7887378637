import { GanatomyError } from "../errors.ts";
import { abortable } from "./abort.ts";
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
    this.progress = new Progress(this.name, options.onProgress);
  }

  /**
   * Requests the file, or bytes [start, end) of it. Resolves with a success, or with 416 when a
   * range was asked for.
   * @throws GanatomyError `not-found` or `network`; the signal's reason.
   */
  async get(signal: AbortSignal | undefined, range?: readonly [start: number, end: number]): Promise<Response> {
    const request = this.#target instanceof URL ? undefined : this.#target;
    const headers = new Headers(request?.headers);
    if (range) headers.set("range", `bytes=${range[0]}-${range[1] - 1}`);
    const signals = [signal, request?.signal].filter((each) => each !== undefined);
    const init: RequestInit = { headers, ...(signals.length > 0 && { signal: AbortSignal.any(signals) }) };
    const fetch = this.#fetch;
    let response: Response;
    try {
      response = await abortable(fetch(request ?? this.url, init), init.signal ?? undefined);
    } catch (cause) {
      for (const each of signals) each.throwIfAborted();
      throw this.unreachable(cause);
    }
    if (response.ok || (range && response.status === 416)) return response;
    discard(response);
    throw this.#refused(response);
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
      return new GanatomyError("network", answer, "Access is denied: pass a Request with the credentials it needs.");
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
  const reader = response.body?.getReader();
  try {
    while (reader) {
      const { done, value } = await abortable(reader.read(), signal);
      if (done) break;
      if (loaded + value.length > bytes.length) {
        if (exact !== undefined) throw client.broken(loaded, exact, "the server sent more than was asked for");
        bytes = grown(bytes, loaded, loaded + value.length, client.name);
      }
      bytes.set(value, loaded);
      loaded += value.length;
      // A total that was already exceeded was the compressed size: better none than a wrong one.
      onBytes(loaded, length !== undefined && loaded <= length ? length : undefined);
    }
  } catch (error) {
    reader?.cancel(error).catch(() => {});
    signal?.throwIfAborted();
    throw error instanceof GanatomyError ? error : client.broken(loaded, length, error);
  }
  if (length !== undefined && loaded < length) throw client.broken(loaded, length);
  return loaded === bytes.length ? bytes : bytes.slice(0, loaded);
}

function grown(bytes: Uint8Array<ArrayBuffer>, used: number, needed: number, name: string): Uint8Array<ArrayBuffer> {
  const larger = allocateBytes(Math.max(needed, 2 * bytes.length), name);
  larger.set(bytes.subarray(0, used));
  return larger;
}
