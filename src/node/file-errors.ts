// Tests: test/node/folder.test.ts, test/node/kept/file.test.ts
import { OutputError } from "../errors.ts";

const CAUSES: Readonly<Record<string, readonly [cause: string, fix: string]>> = {
  ENOSPC: ["the disk is full", "Free some space or choose an --outdir on another disk."],
  EDQUOT: ["the disk quota is used up", "Free some space or choose an --outdir on another disk."],
  EFBIG: ["the file would be larger than the disk allows", "Choose an --outdir on another disk."],
  EACCES: ["it may not be written", "Change its permissions, or choose another --outdir."],
  EPERM: ["it may not be written", "Change its permissions, or choose another --outdir."],
  EROFS: ["the disk is read-only", "Choose an --outdir on another disk."],
  EEXIST: ["a file is in the way", "Move it away, or choose another --outdir."],
  ENOTDIR: ["a file is in the way", "Move it away, or choose another --outdir."],
  EISDIR: ["a folder is in the way", "Move it away, or choose another --outdir."],
  ENOENT: ["it disappeared or cannot be made there", "Choose another --outdir."],
  ENAMETOOLONG: ["its name is too long", "Choose a shorter --outdir."],
  EMFILE: ["too many files are open", "Raise the limit (`ulimit -n`) and start again."],
  EIO: ["the disk failed", "Check the disk, or choose an --outdir on another one."],
};

/** Turns an error of the file system into one that says what to do. */
export function refused(path: string, cause: unknown): never {
  if (cause instanceof OutputError) throw cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const [why, fix] = CAUSES[code ?? ""] ?? [message, "Choose another --outdir."];
  throw new OutputError(`"${path}" cannot be written: ${why}.`, fix, { cause });
}

/** The same for what is there already and has to be read. */
export function unreadable(path: string, cause: unknown): never {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  const [why, fix] =
    code === "EACCES" || code === "EPERM"
      ? ["it may not be read", "Change its permissions, or choose another --outdir."]
      : (CAUSES[code] ?? [message, "Choose another --outdir."]);
  throw new OutputError(`"${path}" cannot be read: ${why}.`, fix, { cause });
}
