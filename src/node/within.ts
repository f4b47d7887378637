// Tests: test/node/folder.test.ts
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { OutputError } from "../errors.ts";

/** The names on the way to a file, none of which can leave the folder on any system. */
export function safeParts(path: string): string[] {
  const parts = path.split("/");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through
  if (parts.some((part) => part === "" || part === "." || part === ".." || /[\\:\u0000-\u001f]/.test(part))) {
    throw new OutputError(
      `${JSON.stringify(path)} is no path within the output folder.`,
      "This is a fault of ganatomy, please report it.",
    );
  }
  return parts;
}

/**
 * Makes a folder with its parents and returns the topmost new one. `mkdir`'s own way says ENOENT
 * where a disk is read-only.
 */
export async function makeFolders(path: string): Promise<string | undefined> {
  const code = await mkdir(path).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST" || (error.code === "ENOENT" && dirname(path) !== path)) return error.code;
      throw error;
    },
  );
  if (code === undefined) return path;
  if (code === "EEXIST") return undefined;
  const made = await makeFolders(dirname(path));
  await mkdir(path);
  return made ?? path;
}
