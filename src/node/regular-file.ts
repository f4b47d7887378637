import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { GanatomyError } from "../errors.ts";
import { noRoom } from "./host-memory.ts";

/**
 * Whoever opens a pipe waits for who writes into it, in a thread of Node that hears no signal, so
 * that the program does not end either; with this it is open at once. Windows has no such pipes.
 */
export const AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Bytes of the largest text: V8's strings have no more characters (2²⁹ − 24). */
const LARGEST_TEXT = 2 ** 29 - 24;

/** What is to be done where a file cannot be read, by Node's own error. */
export type Otherwise<T> = (cause: NodeJS.ErrnoException) => T | Promise<T>;

/**
 * Opens a file to be read, which is to be closed. A folder is opened, too: Node says it is one when
 * it is read.
 * @throws GanatomyError "not-found" for a pipe, a socket or a device, and Node's own errors.
 */
export async function openRegular(path: string): Promise<FileHandle> {
  checkRegular(path, await stat(path)); // some devices do something when they are opened
  const file = await open(path, AT_ONCE);
  try {
    checkRegular(path, await file.stat()); // it may be another by now
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** How a file's bytes are read. */
export interface Reading {
  /**
   * Sees the first 256 KiB, or as many as there are, and how many bytes the file has, before the
   * others are read. What it throws, a GanatomyError, is thrown.
   */
  look?(head: Uint8Array, size: number): void;
  /** Ends it, with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Bytes that are looked at first, and read at a time: a signal need not wait for gigabytes. */
const [HEAD, PIECE] = [2 ** 18, 2 ** 24];

/**
 * The bytes of a file, or what `otherwise` makes of it.
 * @throws GanatomyError as `openRegular`, and "host-memory" where there is no room for them.
 */
export function readBytes<T = never>(
  path: string,
  otherwise: Otherwise<T>,
  reading?: Reading,
): Promise<Buffer<ArrayBuffer> | T> {
  const take = (file: FileHandle) => (reading ? readLooked(file, reading) : file.readFile());
  return read(path, take, otherwise, reading?.signal);
}

async function readLooked(file: FileHandle, { look, signal }: Reading): Promise<Buffer<ArrayBuffer>> {
  const { size } = await file.stat();
  let bytes = Buffer.allocUnsafeSlow(Math.min(size, HEAD) || 1); // Node says of a folder what it is
  let done = await fill(file, bytes, 0, signal);
  look?.(bytes.subarray(0, done), size);
  if (size > HEAD && done === HEAD) {
    const head = bytes;
    bytes = Buffer.allocUnsafeSlow(size);
    bytes.set(head);
    done = await fill(file, bytes, done, signal);
  }
  return bytes.subarray(0, done); // it may have become shorter
}

/** Fills memory with a file's bytes from a place on; gives how many there are in the end. */
async function fill(file: FileHandle, bytes: Buffer, from: number, signal: AbortSignal | undefined): Promise<number> {
  let done = from;
  while (done < bytes.length) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(bytes, done, Math.min(PIECE, bytes.length - done), done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  signal?.throwIfAborted();
  return done;
}

/** The same as text, of UTF-8. @throws GanatomyError also for more than a text can have */
export function readText<T = never>(path: string, otherwise: Otherwise<T>): Promise<string | T> {
  const take = async (file: FileHandle): Promise<string> => {
    checkLength(path, await file.stat()); // before all of it is in memory
    return file.readFile("utf8");
  };
  return read(path, take, otherwise);
}

async function read<Read, T>(
  path: string,
  take: (file: FileHandle) => Promise<Read>,
  otherwise: Otherwise<T>,
  signal?: AbortSignal,
): Promise<Read | T> {
  try {
    const file = await openRegular(path);
    try {
      return await take(file);
    } finally {
      await file.close();
    }
  } catch (cause) {
    const error = noRoom(cause, `"${path}"`);
    // what is not Node's own word on the file is a fault of whoever looks at it
    if (error instanceof GanatomyError || signal?.aborted || !hasCode(error)) throw error;
    return otherwise(error);
  }
}

const hasCode = (cause: unknown): cause is NodeJS.ErrnoException =>
  typeof (cause as { code?: unknown } | undefined)?.code === "string";

/** The same where the command line is read, which cannot wait. */
export function readTextSync(path: string, otherwise: (cause: NodeJS.ErrnoException) => never): string {
  try {
    checkRegular(path, statSync(path));
    const file = openSync(path, AT_ONCE);
    try {
      const found = fstatSync(file);
      checkRegular(path, found);
      checkLength(path, found);
      return readFileSync(file, "utf8");
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    if (cause instanceof GanatomyError) throw cause;
    return otherwise(cause as NodeJS.ErrnoException);
  }
}

function checkRegular(path: string, found: { isFile(): boolean; isDirectory(): boolean }): void {
  if (found.isFile() || found.isDirectory()) return;
  throw new GanatomyError("not-found", `"${path}" is no regular file.`, "Copy its contents to a file first.");
}

function checkLength(path: string, { size }: { size: number }): void {
  if (size <= LARGEST_TEXT) return;
  throw new GanatomyError(
    "not-found",
    `"${path}" has ${size} bytes, which is too large for text.`,
    "Is it the file you meant?",
  );
}
