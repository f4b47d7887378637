import { WeightsError } from "../errors.ts";
import { abortable } from "./abort.ts";
import { memorySource } from "./bytes.ts";
import { contentRange, discard, HttpClient, isBroken, RETRIES, readBody, readWhole } from "./http-client.ts";
import { RangeSource } from "./http-ranges.ts";
import { verifySha256 } from "./integrity.ts";
import type { CacheLike, LoadOptions, Source } from "./source.ts";

/**
 * The first request asks for this much: enough for any header we know, and often for the whole of a
 * small file.
 */
const PROBE_BYTES = 256 * 1024;

/**
 * Opens a URL by ranges when nobody needs the whole file and the server offers them, otherwise by
 * one download. `options.sha256` is already normalised.
 */
export async function openHttp(target: URL | Request, options: LoadOptions): Promise<Source> {
  const client = new HttpClient(target, options);
  const wantsWhole = options.sha256 !== undefined || options.cache !== undefined;
  if (client.repeatable && !wantsWhole) return probe(client, options.signal);
  const bytes = await loadWhole(client, options);
  return memorySource(bytes, client.name);
}

/** Asks for the head of the file; whatever the server answers decides how the rest is read. */
async function probe(client: HttpClient, signal: AbortSignal | undefined, retries = 0): Promise<Source> {
  let response: Response;
  try {
    response = await client.get(signal, [0, PROBE_BYTES]);
  } catch (error) {
    signal?.throwIfAborted();
    // An answer is an answer; but the Range header makes some cross-origin requests fail unanswered
    // that succeed without it.
    if (error instanceof Error && error.cause === undefined) throw error;
    return download(client, signal, error);
  }
  if (response.status === 200) return memorySource(await readWhole(client, signal, response), client.name);
  const range = contentRange(response);
  if (range === undefined || range.start !== 0) {
    // 416 for an empty file, or a cross-origin server that does not expose Content-Range: the size
    // cannot be known.
    discard(response);
    return download(client, signal);
  }
  const report = (loaded: number) => client.progress.report(loaded, range.total);
  let head: Uint8Array;
  try {
    head = await readBody(response, client, signal, range.end, report);
  } catch (error) {
    if (!isBroken(error) || retries === RETRIES) throw error;
    await client.retry("broke off", retries, signal);
    return probe(client, signal, retries + 1);
  }
  if (range.end === range.total) return memorySource(head, client.name);
  return new RangeSource(client, range.total, response, head);
}

async function download(client: HttpClient, signal: AbortSignal | undefined, earlier?: unknown): Promise<Source> {
  try {
    return memorySource(await readWhole(client, signal), client.name);
  } catch (error) {
    signal?.throwIfAborted();
    throw earlier ?? error;
  }
}

async function loadWhole(client: HttpClient, options: LoadOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { signal, sha256, onWarning } = options;
  // A cache knows files by address alone, so what a POST answered must not be found under it.
  const cache = client.repeatable ? options.cache : undefined;
  const cached = cache && (await readCache(cache, client, options));
  if (cached) return cached;

  const source = client.repeatable ? await probe(client, signal) : await download(client, signal);
  const bytes = (await source.read(0, source.size, { signal })) as Uint8Array<ArrayBuffer>;
  if (sha256 !== undefined) await abortable(verifySha256(bytes, sha256, client.name), signal);
  if (cache) {
    try {
      await abortable(cache.put(client.url, asResponse(bytes)), signal);
    } catch (error) {
      signal?.throwIfAborted();
      onWarning?.(`${client.name} could not be kept in the cache, it will be downloaded again next time: ${error}`);
    }
  }
  return bytes;
}

/**
 * The cached file if it is there and sound; a cache that fails or holds damage is as good as empty.
 */
async function readCache(
  cache: CacheLike,
  client: HttpClient,
  { signal, sha256, onWarning }: LoadOptions,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const response = await abortable(cache.match(client.url), signal);
    if (!response?.ok) return undefined;
    const bytes = await readBody(response, client, signal);
    if (sha256 !== undefined) await abortable(verifySha256(bytes, sha256, client.name), signal);
    return bytes;
  } catch (error) {
    signal?.throwIfAborted();
    const damaged = error instanceof WeightsError && error.code === "weights-integrity";
    onWarning?.(
      `The cached copy of ${client.name} ${damaged ? "is damaged" : `cannot be read (${error})`}; downloading it.`,
    );
    return undefined;
  }
}

/**
 * A response that streams views of `bytes`, because one made from the array itself would copy it
 * first.
 */
function asResponse(bytes: Uint8Array<ArrayBuffer>): Response {
  const step = 2 ** 20;
  let at = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.subarray(at, at + step));
      else controller.close();
      at += step;
    },
  });
  const headers = { "content-type": "application/octet-stream", "content-length": String(bytes.length) };
  return new Response(body, { headers });
}
