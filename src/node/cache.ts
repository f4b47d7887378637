import { createHash, randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { CacheLike } from "../weights/source.ts";
import { readBytes } from "./regular-file.ts";

/**
 * A folder as a cache, for Node what `caches.open` is for pages: for `loadGenerator({ cache })` and
 * `init({ tuningCache })`. It is made when something is put into it; a file is written beside its
 * place and moved there whole.
 */
export function folderCache(folder: string): CacheLike {
  const pathOf = (url: string): string => join(folder, createHash("sha256").update(url).digest("hex"));
  return {
    async match(url) {
      const bytes = await readBytes(pathOf(url), () => undefined);
      return bytes && new Response(bytes);
    },
    async put(url, response) {
      await mkdir(folder, { recursive: true });
      const path = pathOf(url);
      const part = `${path}.${randomUUID()}.part`;
      try {
        await writeFile(part, response.body ?? "");
        await rename(part, path);
      } catch (error) {
        await rm(part, { force: true });
        throw error;
      }
    },
    async delete(url) {
      await rm(pathOf(url), { force: true });
    },
  };
}

/** The folder "ganatomy" where this user's programs keep what they can make again. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  const home = homedir();
  const base =
    platform === "win32"
      ? (env["LOCALAPPDATA"] ?? join(home, "AppData", "Local"))
      : platform === "darwin"
        ? join(home, "Library", "Caches")
        : (env["XDG_CACHE_HOME"] ?? join(home, ".cache"));
  return join(base, "ganatomy");
}
