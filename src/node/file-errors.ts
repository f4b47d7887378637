// Tests: test/node/folder.test.ts, test/node/kept/file.test.ts
import { OutputError } from "../errors.ts";

/** What to do where a folder will not do, on a command line that names it so. */
export const OUTDIR = "choose another --outdir";

const CAUSES: Readonly<Record<string, readonly [cause: string, fix: (elsewhere: string) => string]>> = {
  ENOSPC: ["the disk is full", (elsewhere) => `Free some space, or ${elsewhere} on another disk.`],
  EDQUOT: ["the disk quota is used up", (elsewhere) => `Free some space, or ${elsewhere} on another disk.`],
  EFBIG: ["the file would be larger than the disk allows", (elsewhere) => sentence(`${elsewhere} on another disk`)],
  EACCES: ["it may not be written", (elsewhere) => `Change its permissions, or ${elsewhere}.`],
  EPERM: ["it may not be written", (elsewhere) => `Change its permissions, or ${elsewhere}.`],
  EROFS: ["the disk is read-only", (elsewhere) => sentence(`${elsewhere} on another disk`)],
  EEXIST: ["a file is in the way", (elsewhere) => `Move it away, or ${elsewhere}.`],
  ENOTDIR: ["a file is in the way", (elsewhere) => `Move it away, or ${elsewhere}.`],
  EISDIR: ["a folder is in the way", (elsewhere) => `Move it away, or ${elsewhere}.`],
  ENOENT: ["it disappeared or cannot be made there", sentence],
  ENAMETOOLONG: ["its name is too long", (elsewhere) => sentence(`${elsewhere} of a shorter name`)],
  EMFILE: ["too many files are open", () => "Raise the limit (`ulimit -n`) and start again."],
  EIO: ["the disk failed", (elsewhere) => `Check the disk, or ${elsewhere} on another one.`],
};

/** "do this" as "Do this." */
export function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

/**
 * Turns an error of the file system into one that says what to do; `elsewhere` is how one gets
 * another folder.
 */
export function refused(path: string, cause: unknown, elsewhere = OUTDIR): never {
  if (cause instanceof OutputError) throw cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const [why, fix] = CAUSES[code ?? ""] ?? [message, sentence];
  throw new OutputError(`"${path}" cannot be written: ${why}.`, fix(elsewhere), { cause });
}

/** The same for what is there already and has to be read. */
export function unreadable(path: string, cause: unknown, elsewhere = OUTDIR): never {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  const [why, fix] =
    code === "EACCES" || code === "EPERM"
      ? (["it may not be read", CAUSES["EACCES"]![1]] as const)
      : (CAUSES[code] ?? [message, sentence]);
  throw new OutputError(`"${path}" cannot be read: ${why}.`, fix(elsewhere), { cause });
}

/** The first names of many. */
export function some(entries: readonly string[]): string {
  const shown = entries.slice(0, 3).map((entry) => `"${entry}"`);
  return shown.join(", ") + (entries.length > shown.length ? ` and ${entries.length - shown.length} more` : "");
}
