import { GanatomyError, WeightsError } from "../errors.ts";
import { abortable, turn } from "./abort.ts";
import type { ReadOptions, Source } from "./source.ts";

// Tests: test/weights/hostile.test.ts

/** A source over bytes in memory; its reads are views, not copies. */
export function memorySource(bytes: Uint8Array, name = "buffer"): Source {
  return {
    name,
    size: bytes.length,
    async read(start, end, options) {
      options?.signal?.throwIfAborted();
      return bytes.subarray(start, end);
    },
  };
}

/** A source over a Blob or File; only the slices that are asked for are read from disk. */
export function blobSource(blob: Blob): Source {
  const name = "name" in blob && typeof blob.name === "string" ? blob.name : "blob";
  return {
    name,
    size: blob.size,
    async read(start, end, options) {
      options?.signal?.throwIfAborted();
      return new Uint8Array(await abortable(blob.slice(start, end).arrayBuffer(), options?.signal));
    },
  };
}

/** The bytes [start, start + size) of a source, as a source of their own. */
export function section(source: Source, start: number, size: number, name: string): Source {
  return { name, size, read: (from, to, options) => readExactly(source, start + from, start + to, options) };
}

/**
 * Reads [start, end) after checking that the source has it. Every reader of this room goes through
 * here, so an offset from a hostile file is refused before anything is allocated, a source that
 * returns less than it was asked for is noticed, and whoever wants to stop it is heard.
 * @throws WeightsError `weights-format`; whatever the source throws; the signal's reason.
 */
export async function readExactly(
  source: Source,
  start: number,
  end: number,
  options: ReadOptions = {},
): Promise<Uint8Array> {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start || end > source.size) {
    throw truncated(source, `bytes ${start} to ${end} are needed, it has ${source.size}`);
  }
  options.signal?.throwIfAborted();
  await turn(options.signal);
  const bytes = await abortable(source.read(start, end, options), options.signal);
  if (bytes.length !== end - start) {
    throw truncated(source, `${end - start} bytes were asked for at ${start}, ${bytes.length} came`);
  }
  return bytes;
}

function truncated(source: Source, detail: string): WeightsError {
  return new WeightsError(
    "weights-format",
    `${source.name} is truncated or damaged: ${detail}.`,
    "Download or copy the file again.",
  );
}

/**
 * A zeroed array, or an error that says how much memory was wanted and for what.
 * @throws GanatomyError `host-memory`.
 */
export function allocateBytes(bytes: number, what: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw new GanatomyError(
      "host-memory",
      `${what} needs ${bytes} bytes in one piece, which the memory of this machine or browser has no room for.`,
      "Close other programs or pages, take a machine of more memory, or use a smaller file.",
      { cause },
    );
  }
}

/** A DataView over exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
