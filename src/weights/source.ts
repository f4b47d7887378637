import { UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { abortable } from "./abort.ts";
import { blobSource, memorySource, readExactly } from "./bytes.ts";
import { openHttp } from "./http.ts";
import { parseSha256, verifySha256 } from "./integrity.ts";

export interface ReadOptions {
  /** Rejects the read with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A file of known size whose bytes can be read in any order: memory, a Blob, HTTP ranges, or the caller's own. */
export interface Source {
  /** A name for messages and progress. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The bytes [start, end), 0 ≤ start ≤ end ≤ size. They may be a view of memory that others read too: do not write to them. */
  read(start: number, end: number, options?: ReadOptions): Promise<Uint8Array>;
}

/** What a checkpoint can be loaded from. A string is a URL; paths are opened by the Node entry of the library. */
export type SourceLike = string | URL | Request | Blob | ArrayBuffer | Uint8Array | Source;

export interface LoadProgress {
  /** Bytes so far; never decreases. */
  readonly loaded: number;
  /** Bytes in all; undefined when the server does not say. */
  readonly total: number | undefined;
  readonly name: string;
}

/** Where downloads are kept. A browser's `Cache` (`await caches.open("weights")`) fits. */
export interface CacheLike {
  match(url: string): Promise<Response | undefined>;
  put(url: string, response: Response): Promise<void>;
}

export interface LoadOptions {
  /** Aborts opening (not later reads, which take their own signal): rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called as bytes arrive from the network or the cache. */
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  /** Called with what went wrong without stopping the load, such as a full cache. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Expected SHA-256 as 64 hex digits, or the first 8 or more of them (torch.hub puts 8 in its file names). Loads the whole file. */
  readonly sha256?: string | undefined;
  /** Consulted first and filled afterwards, for URLs only. Loads the whole file. */
  readonly cache?: CacheLike | undefined;
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

export const LOAD_NAMES: NamesOf<LoadOptions> = {
  signal: true,
  onProgress: true,
  onWarning: true,
  sha256: true,
  cache: true,
  fetch: true,
};

/**
 * Opens anything file-like as a Source.
 *
 * A URL is read by HTTP ranges where the server offers them and neither `sha256` nor `cache` is asked for, otherwise downloaded once.
 * @throws UsageError for what is no source; GanatomyError `network` or `not-found`; WeightsError `weights-integrity`;
 *   UnsupportedError `insecure-context` when `sha256` cannot be checked; the signal's reason.
 */
export async function openSource(like: SourceLike, options: LoadOptions = {}): Promise<Source> {
  checkNames("openSource", options, LOAD_NAMES);
  options.signal?.throwIfAborted();
  const sha256 = options.sha256 === undefined ? undefined : parseSha256(options.sha256);
  if (typeof like === "string") return openHttp(resolveUrl(like), { ...options, sha256 });
  if (like instanceof URL) return openHttp(checkScheme(like), { ...options, sha256 });
  if (isRequest(like)) return openHttp(like, { ...options, sha256 });

  const source = localSource(like);
  if (sha256 === undefined) return source;
  // What was verified must be what is used, so the checked bytes replace the source.
  const bytes = await readExactly(source, 0, source.size, options);
  await abortable(verifySha256(bytes, sha256, source.name), options.signal);
  return memorySource(bytes, source.name);
}

function localSource(like: Blob | ArrayBuffer | Uint8Array | Source): Source {
  if (typeof Blob !== "undefined" && like instanceof Blob) return blobSource(like);
  if (ArrayBuffer.isView(like)) return memorySource(new Uint8Array(like.buffer, like.byteOffset, like.byteLength));
  if (isArrayBuffer(like)) return memorySource(new Uint8Array(like));
  if (isSource(like)) return like;
  throw new UsageError(
    "This cannot be read as a file.",
    "Give a URL, Request, Blob, File, ArrayBuffer, Uint8Array, or an object with name, size and read(start, end).",
  );
}

function isRequest(like: Exclude<SourceLike, string | URL>): like is Request {
  return typeof Request !== "undefined" && like instanceof Request;
}

// By tag, because `instanceof` says no to a buffer from another realm (an iframe, a test runner's sandbox).
function isArrayBuffer(like: object): like is ArrayBuffer {
  return Object.prototype.toString.call(like) === "[object ArrayBuffer]";
}

function isSource(like: unknown): like is Source {
  if (typeof like !== "object" || like === null) return false;
  const { read, size } = like as Partial<Source>;
  return typeof read === "function" && Number.isSafeInteger(size) && (size as number) >= 0;
}

function resolveUrl(like: string): URL {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  let url: URL;
  try {
    url = new URL(like, base);
  } catch (cause) {
    throw new UsageError(`"${like}" is not a URL.`, PATH_HINT, { cause });
  }
  return checkScheme(url);
}

function checkScheme(url: URL): URL {
  if (["http:", "https:", "data:", "blob:"].includes(url.protocol)) return url;
  throw new UsageError(`Weights cannot be loaded from a "${url.protocol}" URL.`, PATH_HINT);
}

const PATH_HINT =
  "Use an http(s), data or blob URL; a file on disk is opened by its path with the Node entry of ganatomy, or passed as a File or its bytes.";
