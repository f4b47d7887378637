import { PhotoError, UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { Image } from "./image.ts";
import { checkPixels, checkRoom, named, PhotoFault } from "./photo-fault.ts";
import { isPng, paintPng, rawBytes, readPngChunks, readPngHeader } from "./png.ts";

/** Options of `decodePng`. */
export interface DecodePngOptions {
  /** The most pixels that an edge may have, which is looked at before memory is taken; 4096. */
  readonly maxEdge?: number;
  /** What errors call the picture. */
  readonly name?: string;
}

const NAMES: NamesOf<DecodePngOptions> = { maxEdge: true, name: true };
const MAX_EDGE = 4096;
/**
 * Deflate makes at most 1032 bytes of one, and some browsers unpack all that they are given at
 * once: so they are given little.
 */
const PIECE_BYTES = 16_384;

/**
 * The pixels of a PNG of any kind, the same in a page, a worker and Node: no canvas has rounded
 * them by their alpha, managed their colours or, against fingerprints, added noise. RGBA bytes
 * where the file has alpha or transparent colours, RGB otherwise; greys become RGB, 16-bit samples
 * are rounded to 8, colour profiles are ignored, animations give their first picture. It is turned
 * as EXIF data say, if they stand before the pixels, as browsers turn it.
 * @throws PhotoError when it is no PNG, damaged, truncated, or larger than `maxEdge`; UsageError.
 */
export async function decodePng(bytes: Uint8Array, options: DecodePngOptions = {}): Promise<Image> {
  checkNames("decodePng", options, NAMES);
  const { maxEdge = MAX_EDGE } = options;
  if (!Number.isSafeInteger(maxEdge) || maxEdge < 1) {
    throw new UsageError(`No edge has ${maxEdge} pixels.`, "Give `maxEdge` as a whole number from 1.");
  }
  const name = options.name === undefined ? "The picture" : `"${options.name}"`;
  if (!isPng(bytes)) throw new PhotoError(`${name} is no PNG: it begins otherwise.`, "Give a PNG file.");
  try {
    const header = readPngHeader(bytes);
    checkPixels(header);
    const { width, height } = header;
    if (Math.max(width, height) > maxEdge) {
      throw new PhotoError(
        `${name} has ${width} × ${height} pixels; no more than ${maxEdge} a side are read.`,
        "Scale it down, or pass a larger `maxEdge`.",
      );
    }
    checkRoom(name, header, bytes.length);
    const chunks = readPngChunks(bytes);
    return paintPng(header, chunks, await unpack(chunks.packed, rawBytes(header)), "kept");
  } catch (cause) {
    throw named(cause, name, "PNG");
  }
}

/** Unpacks exactly so many bytes, and never holds many more. @throws PhotoFault */
async function unpack(packed: readonly Uint8Array[], size: number): Promise<Uint8Array> {
  const raw = new Uint8Array(size);
  const reader = pieces(packed).pipeThrough(new DecompressionStream("deflate")).getReader();
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (length + value.length > size) throw new PhotoFault("holds more than its size says");
      raw.set(value, length);
      length += value.length;
    }
  } catch (cause) {
    if (cause instanceof PhotoFault) throw cause;
    // Bytes after the end of the stream, which decoders let pass, are an error here.
    if (length < size) throw new PhotoFault("has pixels that cannot be unpacked", false, { cause });
  } finally {
    reader.cancel().catch(() => {});
  }
  if (length < size) throw new PhotoFault("holds fewer pixels than its size says", true);
  return raw;
}

/** Bytes in small pieces, each made when the one before has been taken. */
function pieces(packed: readonly Uint8Array[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  let [chunk, at] = [0, 0];
  return new ReadableStream({
    pull(controller) {
      while (chunk < packed.length && at >= packed[chunk]!.length) [chunk, at] = [chunk + 1, 0];
      if (chunk === packed.length) return controller.close();
      controller.enqueue(packed[chunk]!.slice(at, at + PIECE_BYTES));
      at += PIECE_BYTES;
    },
  });
}
