import { GanatomyError, PhotoError } from "../errors.ts";
import { checkPhoto, decodePhoto } from "../node/photo/decode.ts";
import type { Photo } from "../node/photo/photo.ts";
import type { Reading } from "../node/regular-file.ts";
import { bytesOf, causeOf } from "./files-read.ts";

/** How a photo is read. */
export interface PhotoReading extends Reading {
  /** What errors call it; its path unless given. */
  readonly name?: string | undefined;
}

/**
 * The bytes of a photo. What is none, or too large, is refused by its first bytes, before the
 * others are read.
 * @throws PhotoError; GanatomyError for what is no regular file; the signal's reason.
 */
export function readPhoto(path: string, { name = path, look, signal }: PhotoReading = {}): Promise<Uint8Array> {
  const both = (head: Uint8Array, size: number): void => {
    look?.(head, size);
    checkPhoto(head, size, name);
  };
  return bytesOf(path, (cause) => unreadable(path, cause), { look: both, signal });
}

/** A photo that is read and decoded. @throws as `readPhoto` and `decodePhoto`. */
export async function photoOf(path: string, name: string, signal?: AbortSignal): Promise<Photo> {
  return decodePhoto(await readPhoto(path, { name, signal }), name, { signal });
}

/** Says why a photo cannot be read. @throws PhotoError */
export function unreadable(path: string, cause: unknown): never {
  const { code = "unknown" } = cause as NodeJS.ErrnoException;
  const why = code === "ENOENT" ? "does not exist" : code === "EISDIR" ? "is a folder" : `cannot be read (${code})`;
  throw new PhotoError(`"${path}" ${why}.`, "Name a JPEG or PNG file.", { cause });
}

/** Whether an error is about one photo, so that others may be none the worse for it. */
export const isOfPhoto = (error: unknown): error is GanatomyError =>
  error instanceof GanatomyError && (error.code === "photo" || error.code === "not-found");

/** So many of them are told one by one. */
const TOLD = 8;

/** What is to be said of those that cannot be read, of so many. */
export function unreadablePhotos(failed: readonly GanatomyError[], total: number): PhotoError {
  const told = failed.slice(0, TOLD).map((error) => `  ${causeOf(error)}`);
  const rest = failed.length > TOLD ? [`  and ${failed.length - TOLD} more`] : [];
  return new PhotoError([`${failed.length} of ${total} photos cannot be read:`, ...told, ...rest].join("\n"), "");
}

/**
 * A photo in [−1, 1] as [height, width, RGB_], averaged over whole squares of pixels while it stays
 * at least as large as the network's largest input: what the network would average away need not be
 * on the GPU.
 */
export function reduced({ width, height, rgb }: Photo, edge: number) {
  const factor = Math.max(1, Math.floor(Math.min(width, height) / edge));
  const [columns, rows] = [Math.floor(width / factor), Math.floor(height / factor)];
  const pixels = new Float32Array(4 * columns * rows);
  for (let y = 0; y < rows * factor; y += 1) {
    for (let x = 0; x < columns * factor; x += 1) {
      const to = 4 * (Math.floor(y / factor) * columns + Math.floor(x / factor));
      for (let c = 0; c < 3; c += 1) pixels[to + c]! += rgb[3 * (y * width + x) + c]!;
    }
  }
  const area = factor * factor;
  for (let at = 0; at < pixels.length; at += 1) pixels[at] = at % 4 === 3 ? 0 : pixels[at]! / area / 127.5 - 1;
  return { pixels, width: columns, height: rows };
}
