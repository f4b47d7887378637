import { WeightsError } from "../errors.ts";
import { warn } from "../names.ts";
import { abortable } from "./abort.ts";
import { type HttpClient, readBody } from "./http-client.ts";
import { RangeSource } from "./http-ranges.ts";
import { verifySha256 } from "./integrity.ts";
import { readPieces } from "./kept-pieces.ts";
import type { CacheLike, LoadOptions, Source } from "./source.ts";

// Tests: test/weights/cache.test.ts, test/weights/kept-pieces.test.ts

/**
 * The whole file, from the cache or into it, and checked. `open` opens it on the server; `resumes`
 * is false where what an earlier download kept is not to be trusted.
 */
export async function loadWhole(
  client: HttpClient,
  options: LoadOptions,
  open: () => Promise<Source>,
  resumes = true,
): Promise<Uint8Array<ArrayBuffer>> {
  const { signal, sha256, onWarning } = options;
  // A cache knows files by address alone, so what a POST answered must not be found under it.
  const cache = client.repeatable ? options.cache : undefined;
  const cached = cache && (await readCache(cache, client, options));
  if (cached) return cached;

  const source = await open();
  const version = source instanceof RangeSource ? source.version : undefined;
  const kept =
    resumes && source instanceof RangeSource && cache?.delete && version !== undefined
      ? await readPieces(source, { client, cache, version }, options)
      : undefined;
  const bytes = kept?.bytes ?? ((await source.read(0, source.size, { signal })) as Uint8Array<ArrayBuffer>);
  try {
    if (sha256 !== undefined) await abortable(verifySha256(bytes, sha256, client.name), signal);
  } catch (error) {
    signal?.throwIfAborted();
    await kept?.forget();
    // It may be what was kept that is damaged.
    if (kept && kept.held > 0) return loadWhole(client, options, open, false);
    throw error;
  }
  if (cache) {
    try {
      await abortable(cache.put(client.url, asResponse(bytes)), signal);
      await kept?.forget();
    } catch (error) {
      signal?.throwIfAborted();
      warn(onWarning, `${client.name} could not be kept in the cache, it will be downloaded again next time: ${error}`);
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
    warn(
      onWarning,
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
