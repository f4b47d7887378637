import { fileSource } from "../node/files.ts";
import { type Otherwise, type Reading, readBytes, readText } from "../node/regular-file.ts";
import type { Source } from "../weights/source.ts";
import { detail } from "./progress.ts";

/** `fileSource` of a file that was named, which --verbose tells. */
export async function openFile(path: string): Promise<Source> {
  const source = await fileSource(path);
  detail(`Reading ${path} (${source.size} bytes)`);
  return source;
}

/** The same of `readBytes`. */
export function bytesOf<T = never>(
  path: string,
  otherwise: Otherwise<T>,
  reading?: Reading,
): Promise<Buffer<ArrayBuffer> | T> {
  detail(`Reading ${path}`);
  return readBytes(path, otherwise, reading);
}

/** The same of `readText`. */
export function textOf<T = never>(path: string, otherwise: Otherwise<T>): Promise<string | T> {
  detail(`Reading ${path}`);
  return readText(path, otherwise);
}
