import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import type { Files } from "../server/project.ts";
import { AT_ONCE } from "./regular-file.ts";

/** A larger file is not handed out in one piece. */
const MOST_BYTES = 2 ** 30;

/**
 * The files of a folder for a server. Nothing that a symbolic link leads to is read, even inside,
 * nor what is no regular file.
 */
export function folderFiles(folder: string): Files {
  return {
    async read(path) {
      const found = await openWithin(folder, path);
      if (!found) return undefined;
      try {
        return found.size <= MOST_BYTES ? await found.file.readFile() : undefined;
      } finally {
        await found.file.close();
      }
    },
  };
}

/** A file that was found, to be closed by whoever asked for it. */
export interface OpenFile {
  readonly file: FileHandle;
  /** Bytes. */
  readonly size: number;
}

/** A regular file in a folder, open, at a path of names joined by "/"; undefined for all else. */
export async function openWithin(folder: string, path: string): Promise<OpenFile | undefined> {
  const root = await realpath(folder).catch(() => undefined);
  if (root === undefined || path.split("/").some((part) => part === "" || part === "..")) return undefined;
  const target = join(root, path);
  if (!target.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined;
  if ((await realpath(target).catch(() => undefined)) !== target) return undefined;
  const file = await open(target, AT_ONCE | (constants.O_NOFOLLOW ?? 0)).catch(() => undefined);
  if (!file) return undefined;
  const found = await file.stat();
  if (found.isFile()) return { file, size: found.size };
  await file.close();
  return undefined;
}
