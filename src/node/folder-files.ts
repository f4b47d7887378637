import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import type { Files } from "../server/project.ts";

/** A file that is not read: nobody serves it by accident. */
const MOST_BYTES = 2 ** 30;

/**
 * The files of a folder for a server. Nothing that a symbolic link leads to is read, even inside,
 * nor what is no regular file.
 */
export function folderFiles(folder: string): Files {
  return {
    async read(path) {
      const root = await realpath(folder).catch(() => undefined);
      if (root === undefined || path.split("/").some((part) => part === "" || part === "..")) return undefined;
      const target = join(root, path);
      if (!target.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined;
      if ((await realpath(target).catch(() => undefined)) !== target) return undefined;
      const file = await open(target, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)).catch(() => undefined);
      if (!file) return undefined;
      try {
        const found = await file.stat();
        return found.isFile() && found.size <= MOST_BYTES ? await file.readFile() : undefined;
      } finally {
        await file.close();
      }
    },
  };
}
