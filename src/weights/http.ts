import { memorySource } from "./bytes.ts";
import { contentRange, discard, HttpClient, isBroken, RETRIES, readBody, readWhole } from "./http-client.ts";
import { RangeSource } from "./http-ranges.ts";
import type { LoadOptions, Source } from "./source.ts";

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
  const { loadWhole } = await import("./http-whole.ts");
  const open = () => (client.repeatable ? probe(client, options.signal) : download(client, options.signal));
  return memorySource(await loadWhole(client, options, open), client.name);
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
