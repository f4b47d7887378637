import { inflateSync } from "node:zlib";
import { PhotoFault } from "../../report/photo-fault.ts";
import { type PngHeader, paintPng, rawBytes, readPngChunks } from "../../report/png.ts";
import { ranOut } from "../host-memory.ts";
import type { Photo } from "./photo.ts";

/**
 * The upright pixels of a PNG whose header was found acceptable; what is transparent lies on white.
 * `decodePng` of the report's room does the same with what pages have to unpack with, which is not
 * to be had at once.
 * @throws PhotoFault; RangeError where memory runs out.
 */
export function decodePng(bytes: Uint8Array, header: PngHeader): Photo {
  const chunks = readPngChunks(bytes);
  const raw = unpack(chunks.packed, rawBytes(header));
  const { width, height, data } = paintPng(header, chunks, raw, "on white");
  return { width, height, rgb: data };
}

/** Unpacks exactly so many bytes, and never holds more. */
function unpack(packed: readonly Uint8Array[], size: number): Uint8Array {
  try {
    const raw = inflateSync(Buffer.concat(packed), {
      maxOutputLength: size,
      chunkSize: Math.max(64, Math.min(size, 2 ** 20)),
    });
    if (raw.length === size) return raw;
  } catch (cause) {
    if (ranOut(cause)) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") throw new PhotoFault("holds more than its size says", false, { cause });
    if (code !== "Z_BUF_ERROR") throw new PhotoFault("has pixels that cannot be unpacked", false, { cause });
  }
  throw new PhotoFault("holds fewer pixels than its size says", true);
}
