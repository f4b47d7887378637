import { UsageError } from "../errors.ts";
import { checkNames } from "../names.ts";
import { abortable } from "./abort.ts";
import { blobSource, memorySource, readExactly } from "./bytes.ts";
import { openHttp } from "./http.ts";
import { parseSha256, verifySha256 } from "./integrity.ts";
import { LOAD_NAMES, type LoadOptions, type Source, type SourceLike } from "./source.ts";

// Tests: test/weights/checkpoint.test.ts, test/weights/http.test.ts

/**
 * Opens anything file-like as a Source.
 *
 * A URL is read by HTTP ranges where the server offers them, otherwise downloaded once; with
 * `sha256` or `cache` whole, and at once.
 * @throws UsageError for what is no source; GanatomyError `network` or `not-found`; WeightsError
 *   `weights-integrity`; UnsupportedError `insecure-context` when `sha256` cannot be checked; the
 *   signal's reason.
 */
export async function openSource(like: SourceLike, options: LoadOptions = {}): Promise<Source> {
  checkNames("openSource", options, LOAD_NAMES);
  options.signal?.throwIfAborted();
  const { sha256: expected, ...rest } = options;
  const sha256 = expected === undefined ? undefined : parseSha256(expected);
  if (typeof like === "string" || like instanceof URL || isRequest(like)) {
    const target = typeof like === "string" ? resolveUrl(like) : like instanceof URL ? checkScheme(like) : like;
    const source = await openHttp(target, { ...options, sha256 });
    const beside = (name: string): Promise<Source> => {
      const at = new URL(name, "url" in target ? target.url : target);
      return openHttp(isRequest(target) ? new Request(at, target) : at, rest);
    };
    // what an index names was not verified with it
    return sha256 === undefined ? Object.assign(source, { beside }) : source;
  }

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
  if (typeof like === "object" && like !== null && "then" in like) {
    throw new UsageError("This is a promise of a file.", "Await it, as in await fileSource(path).");
  }
  throw new UsageError(
    "This cannot be read as a file.",
    "Give a URL, Request, Blob, File, ArrayBuffer, Uint8Array, or an object with name, size and read(start, end).",
  );
}

function isRequest(like: SourceLike): like is Request {
  return typeof Request !== "undefined" && like instanceof Request;
}

// By tag, because `instanceof` says no to a buffer from another realm (an iframe, a test runner's
// sandbox).
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
  "Use an http(s), data or blob URL; a file on disk is `await fileSource(path)` of 'ganatomy/node', or a File or its bytes.";
