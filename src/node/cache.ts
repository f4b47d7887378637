import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { isPiece } from "../weights/kept-pieces.ts";
import type { CacheLike } from "../weights/source.ts";
import { readBytes } from "./regular-file.ts";

/** Of a download that was given up; a living one writes or reads each of its own in less. */
const ABANDONED_MS = 30 * 24 * 3_600_000;
/** A file before it is whole, and a piece of a download: only what this module has written. */
const PART = /^[0-9a-f]{64}(\.piece|(\.piece)?\.[0-9a-f-]{36}\.part)$/;

/**
 * A folder as a cache, for Node what `caches.open` is for pages: for `loadGenerator({ cache })` and
 * `init({ tuningCache })`. It is made when something is put into it; a file is written beside its
 * place and moved there whole. Whenever one is used, parts of downloads go that nobody has touched
 * for 30 days.
 */
export function folderCache(folder: string): CacheLike {
  const pathOf = (url: string): string =>
    join(folder, `${createHash("sha256").update(url).digest("hex")}${isPiece(url) ? ".piece" : ""}`);
  let tidied: Promise<void> | undefined;
  const tidy = (): Promise<void> => {
    tidied ??= removeAbandoned(folder);
    return tidied;
  };
  return {
    async match(url) {
      // a download that goes on with a piece is a living one
      if (isPiece(url)) await utimes(pathOf(url), new Date(), new Date()).catch(() => {});
      await tidy();
      const bytes = await readBytes(pathOf(url), () => undefined);
      return bytes && new Response(bytes);
    },
    async put(url, response) {
      await tidy();
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

/** What cannot be removed, or is gone already, stays as it is: a cache is of use all the same. */
async function removeAbandoned(folder: string): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  for (const path of names.filter((name) => PART.test(name)).map((name) => join(folder, name))) {
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > ABANDONED_MS) await rm(path, { force: true }).catch(() => {});
  }
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
