import { GanatomyError } from "../errors.ts";
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

/**
 * Lets `read` make something of a file, or of a folder's files. What is wrong with their contents
 * is no option's fault, and is said with the path, since there may be several, and with `fix`
 * instead of the library's own, which speaks of calls, where it is given.
 *
 * @throws GanatomyError "file" in place of "usage"; others with the path.
 */
export async function ofFile<T>(path: string, read: () => T | Promise<T>, fix?: string): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw faultOf(path, error, fix);
  }
}

/** The error that `ofFile` throws in place of one. */
export function faultOf(path: string, error: unknown, fix?: string): unknown {
  if (!(error instanceof GanatomyError)) return error;
  const isUsage = error.code === "usage";
  const isForm = isUsage || error.code === "weights-format";
  const named = error.message.includes(path);
  if (named && !isUsage && !(isForm && fix !== undefined)) return error;
  const cause = causeOf(error);
  const message = named ? cause : `In "${path}": ${cause}`;
  return new GanatomyError(isUsage ? "file" : error.code, message, (isForm && fix) || error.fix, { cause: error });
}

/** What an error says without what to do about it. */
export const causeOf = ({ message, fix }: GanatomyError): string =>
  message.slice(0, message.length - fix.length).trimEnd();
