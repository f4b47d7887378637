import { warn } from "../names.ts";
import { abortable } from "./abort.ts";
import { allocateBytes } from "./bytes.ts";
import type { HttpClient } from "./http-client.ts";
import type { RangeSource } from "./http-ranges.ts";
import type { CacheLike, LoadOptions } from "./source.ts";

/** Bytes that are kept at a time: what an interrupted download has to fetch again, at most. */
const PIECE = 16 * 2 ** 20;

/** What an address has that is of a piece. */
const PARAMETER = "ganatomy-piece";

/** Whether a cache keeps a piece of a download under this address, and no file. */
export const isPiece = (url: string): boolean => URL.canParse(url) && new URL(url).searchParams.has(PARAMETER);

/** A file that was read by pieces, of which some may have been in the cache. */
export interface Pieced {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many pieces an earlier download had kept. */
  readonly held: number;
  /** Takes the pieces out of the cache again, once the file is in it or is wrong. */
  forget(): Promise<void>;
}

/**
 * Reads a whole file by pieces, each of which is in the cache as soon as it is there: whoever is
 * interrupted goes on from them. They are kept under the file's version, so that those of another
 * one are not found.
 */
export async function readPieces(
  source: RangeSource,
  { client, cache, version }: { readonly client: HttpClient; readonly cache: CacheLike; readonly version: string },
  { signal, onWarning }: LoadOptions,
): Promise<Pieced> {
  const { size } = source;
  const bytes = allocateBytes(size, client.name);
  const keys: string[] = [];
  let held = 0;
  let full = false;
  for (let start = 0; start < size; start += PIECE) {
    const end = Math.min(size, start + PIECE);
    const key = new URL(client.url);
    // Browsers' caches know no addresses but those of the web, and leave out what is behind "#".
    key.searchParams.set(PARAMETER, `${start} ${size} ${version}`);
    keys.push(key.href);
    const kept = await abortable(pieceIn(cache, key.href), signal);
    if (kept?.length === end - start) {
      bytes.set(kept, start);
      held += 1;
    } else {
      const piece = await source.read(start, end, { signal });
      bytes.set(piece, start);
      // The last is there when the file is.
      if (!full && end < size) {
        try {
          await abortable(cache.put(key.href, new Response(piece.slice())), signal);
        } catch (error) {
          signal?.throwIfAborted();
          full = true;
          warn(onWarning, `Parts of ${client.name} cannot be kept in the cache: ${error}`);
        }
      }
    }
    client.progress.report(end, size);
  }
  const forget = async (): Promise<void> => {
    for (const key of keys)
      await abortable(
        Promise.resolve(cache.delete?.(key)).catch(() => {}),
        signal,
      );
  };
  return { bytes, held, forget };
}

/** A cache that fails is as good as empty. */
async function pieceIn(cache: CacheLike, key: string): Promise<Uint8Array | undefined> {
  try {
    const response = await cache.match(key);
    return response?.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
  } catch {
    return undefined;
  }
}
