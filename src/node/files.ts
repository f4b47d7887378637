import type { Stats } from "node:fs";
import { type FileHandle, readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { GanatomyError, WeightsError } from "../errors.ts";
import type { ReadOptions, Source } from "../weights/source.ts";
import { openRegular } from "./regular-file.ts";

/**
 * A file on disk, or a folder's index of a checkpoint in several files, as a source: nothing is
 * read but the ranges that are asked for, straight into the memory they are needed in. The file is
 * open only while it is read, so there is nothing to close.
 *
 * @throws GanatomyError `not-found` when it is missing, may not be read, is a folder without an
 *   index, or no regular file; WeightsError when it is empty.
 */
export async function fileSource(path: string): Promise<Source> {
  const name = basename(path);
  const before = await stat(path).catch((cause) => unreadable(path, cause));
  if (before.isDirectory()) return fileSource(await indexIn(path));
  // finds out now whether it may be read
  const file = await openRegular(path).catch((cause) => unreadable(path, cause));
  await file.close();
  if (before.size === 0) {
    throw new WeightsError("weights-format", `"${path}" is empty.`, "Download or save it again.");
  }
  return {
    name,
    size: before.size,
    beside: (other: string) => fileSource(join(dirname(path), basename(other))),
    async read(start: number, end: number, { signal }: ReadOptions = {}): Promise<Uint8Array> {
      signal?.throwIfAborted();
      const handle = await openRegular(path).catch((cause) => unreadable(path, cause));
      try {
        if (!same(before, await handle.stat())) throw changed(path);
        return await readRange(handle, path, start, end, signal);
      } finally {
        await handle.close();
      }
    },
  };
}

/** The index of a checkpoint in several files, as Hugging Face's programs write it. */
async function indexIn(folder: string): Promise<string> {
  const names = await readdir(folder).catch((cause) => unreadable(folder, cause));
  const indices = names.filter((name) => name.endsWith(".index.json"));
  const index = indices.find((name) => name.endsWith(".safetensors.index.json")) ?? indices[0];
  if (index === undefined) throw new GanatomyError("not-found", `"${folder}" is a folder.`, "Name the file in it.");
  return join(folder, index);
}

/** Reads in pieces, so that an abort need not wait for a whole checkpoint. */
const PIECE = 16 * 2 ** 20;

async function readRange(
  handle: FileHandle,
  path: string,
  start: number,
  end: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - start);
  let done = 0;
  while (done < bytes.length) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(bytes, done, Math.min(PIECE, bytes.length - done), start + done);
    if (bytesRead === 0) throw changed(path);
    done += bytesRead;
  }
  return bytes;
}

function same(a: Stats, b: Stats): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ino === b.ino;
}

function changed(path: string): WeightsError {
  return new WeightsError(
    "weights-integrity",
    `"${path}" changed while it was being read.`,
    "Wait for the download to end and start again.",
  );
}

function unreadable(path: string, cause: unknown): never {
  if (cause instanceof GanatomyError) throw cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") {
    throw new GanatomyError("not-found", `There is no file "${path}".`, "Check the path.", { cause });
  }
  if (code === "EACCES" || code === "EPERM") {
    throw new GanatomyError("not-found", `"${path}" may not be read.`, "Check its permissions.", { cause });
  }
  throw new GanatomyError("not-found", `"${path}" cannot be read: ${message}.`, "Check the disk.", { cause });
}
