import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { lstat, mkdir, open, readdir, readFile, realpath, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { OutputError, UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { Folder } from "../report/folder.ts";
import { refused, unreadable } from "./file-errors.ts";

/** The file by which we know a folder that we wrote; it lists what we put there. */
const MARKER = ".ganatomy";

/** What a file is to hold. */
export type FileData = Uint8Array | string | AsyncIterable<Uint8Array>;

/** A folder on disk that takes a report. */
export interface OutputFolder extends Folder {
  /** Bytes that come one after the other are written so. */
  write(path: string, data: FileData): Promise<void>;
  /** Absolute path. */
  readonly path: string;
  /** Number of files written so far. */
  readonly written: number;
  /**
   * Call it when all is written: notes what is ours and removes what an earlier report left that
   * this one did not replace.
   */
  finish(): Promise<void>;
  /** Call it instead when nothing was written: leaves the disk as it was found. */
  discard(): Promise<void>;
  /** The same before it returns, for a program that ends at once. */
  discardSync(): void;
}

export interface OutputFolderOptions {
  /** Write even among files that are not ours. */
  readonly force?: boolean | undefined;
  /** What will be in it: a folder of one kind takes no other. "report" unless given. */
  readonly kind?: string | undefined;
  /**
   * Leave what an earlier run wrote and this one does not; otherwise a run replaces the one before.
   */
  readonly keep?: boolean | undefined;
}

const NAMES: NamesOf<OutputFolderOptions> = { force: true, kind: true, keep: true };

/**
 * Opens a folder for a report and makes it if need be. A folder with other files is refused unless
 * `force` is given; even then nothing is removed that an earlier report did not write. Files appear
 * whole or not at all, and only inside. In a folder that keeps, a file is known as ours before it
 * appears, so that a killed program's can be replaced; two programs may share it.
 * @throws OutputError saying what is in the way and how to go on.
 */
export async function outputFolder(path: string, options: OutputFolderOptions = {}): Promise<OutputFolder> {
  checkNames("outputFolder", options, NAMES);
  const { force = false, kind = "report", keep = false } = options;
  if (path === "") throw new UsageError("The output folder has no name.", "Give a path.");
  const absolute = resolve(path);
  const made = await makeFolders(absolute).catch((cause) => refused(path, cause));
  const root = await realpath(absolute).catch((cause) => refused(path, cause));
  const entries = await readdir(root).catch((cause) => refused(path, cause));
  const earlier = entries.includes(MARKER) ? await readMarker(root, kind) : undefined;
  if (entries.length > 0 && !earlier && !force) {
    throw new OutputError(
      `The folder "${path}" is not empty and holds no ${kind} of ours (it has ${some(entries.filter((entry) => entry !== MARKER))}).`,
      "Choose another --outdir, or add --force to write into it all the same.",
    );
  }
  const folder = new DiskFolder(absolute, root, made, earlier, kind, keep);
  // finds out now whether it may be written
  await folder.open().catch((cause) => refused(path, cause));
  return folder;
}

class DiskFolder implements OutputFolder {
  readonly path: string;
  readonly #root: string;
  /** The topmost folder that did not exist before. */
  readonly #made: string | undefined;
  /** What the marker listed, if there was one. */
  readonly #earlier: readonly string[] | undefined;
  readonly #kind: string;
  readonly #keep: boolean;
  readonly #files = new Set<string>();
  /** How many files are about to appear. */
  #writing = 0;
  /** What is, or is about to be, in the marker of a folder that keeps. */
  readonly #marked: Set<string>;
  #noting: Promise<void> = Promise.resolve();
  readonly #folders = new Map<string, Promise<string>>();

  constructor(
    path: string,
    root: string,
    made: string | undefined,
    earlier: readonly string[] | undefined,
    kind: string,
    keep: boolean,
  ) {
    this.#keep = keep;
    this.path = path;
    this.#root = root;
    this.#made = made;
    this.#earlier = earlier;
    this.#kind = kind;
    this.#marked = new Set(earlier);
  }

  async open(): Promise<void> {
    await this.#mark((await readMarker(this.#root, this.#kind)) ?? []);
  }

  async #mark(files: readonly string[]): Promise<void> {
    await writeWhole(
      join(this.#root, MARKER),
      `${JSON.stringify({ writtenBy: "ganatomy", kind: this.#kind, files })}\n`,
    );
  }

  /**
   * Notes in the marker that a file is ours, beside what another program noted meanwhile. Of many
   * at once one write does.
   */
  #note(key?: string): Promise<void> {
    if (key !== undefined) this.#marked.add(key);
    const noted = this.#noting.then(async () => {
      const listed = (await readMarker(this.#root, this.#kind)) ?? [];
      const all = new Set([...listed, ...this.#marked]);
      if (all.size > listed.length) await this.#mark([...all].sort());
    });
    this.#noting = noted.catch(() => {
      if (key !== undefined) this.#marked.delete(key); // whoever writes it next tries again
    });
    return noted;
  }

  get written(): number {
    return this.#files.size;
  }

  async write(path: string, data: FileData): Promise<void> {
    const parts = safeParts(path);
    this.#writing += 1;
    try {
      await this.#write(parts, data);
    } finally {
      this.#writing -= 1;
    }
  }

  async #write(parts: readonly string[], data: FileData): Promise<void> {
    const folder = await this.#folder(parts.slice(0, -1));
    const target = join(folder, parts.at(-1)!);
    const key = parts.join("/");
    if (this.#keep) await this.#checkOurs(key, target);
    const claim = (): Promise<void> => (this.#marked.has(key) ? this.#noting : this.#note(key));
    await writeWhole(target, data, this.#keep ? claim : undefined).catch((cause) => refused(target, cause));
    this.#files.add(key);
  }

  /**
   * A folder that keeps what it holds may hold what is not ours. Another program may have noted it
   * since we looked.
   */
  async #checkOurs(key: string, target: string): Promise<void> {
    if (this.#marked.has(key) || !existsSync(target)) return;
    if ((await readMarker(this.#root, this.#kind))?.includes(key)) return;
    throw new OutputError(`"${target}" is in the way: it is not of ours.`, "Move it, or choose another --outdir.");
  }

  async finish(): Promise<void> {
    if (!this.#keep) {
      for (const path of this.#earlier ?? []) if (!this.#files.has(path)) await this.#remove(path);
    }
    const noted = this.#keep ? this.#note() : this.#mark([...this.#files].sort());
    await noted.catch((cause) => refused(this.path, cause));
  }

  async discard(): Promise<void> {
    this.discardSync();
  }

  discardSync(): void {
    if (this.#earlier || this.#files.size > 0 || this.#writing > 0) return;
    const path = join(this.#root, MARKER);
    try {
      // of another program that is at work here
      if (listed(readFileSync(path, "utf8"), this.#kind)?.length) return;
      rmSync(path);
      // Only folders that are still empty go, up to the first that was there before.
      for (let folder = this.path; this.#made && folder.length >= this.#made.length; folder = dirname(folder)) {
        rmdirSync(folder);
      }
    } catch {
      // Then it stays.
    }
  }

  /** Makes a folder within and makes sure that no link leads out of the root. */
  #folder(parts: readonly string[]): Promise<string> {
    const key = parts.join("/");
    let folder = this.#folders.get(key);
    if (!folder) {
      folder = this.#make(parts);
      this.#folders.set(key, folder);
      folder.catch(() => this.#folders.delete(key));
    }
    return folder;
  }

  async #make(parts: readonly string[]): Promise<string> {
    if (parts.length === 0) return this.#root;
    const parent = await this.#folder(parts.slice(0, -1));
    const folder = join(parent, parts.at(-1)!);
    await mkdir(folder).catch((cause) => {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") refused(folder, cause);
    });
    const real = await realpath(folder).catch((cause) => refused(folder, cause));
    if (!real.startsWith(this.#root.endsWith(sep) ? this.#root : this.#root + sep)) {
      throw new OutputError(
        `"${folder}" is a link out of the output folder.`,
        "Remove the link, or choose another --outdir.",
      );
    }
    if (!(await lstat(real)).isDirectory()) {
      throw new OutputError(
        `"${folder}" is a file, and a folder must go there.`,
        "Move the file away, or choose another --outdir.",
      );
    }
    return real;
  }

  /**
   * Removes a file of an earlier report, and its folder if that leaves it empty. The marker is
   * input like any other: only paths within count.
   */
  async #remove(path: string): Promise<void> {
    let parts: string[];
    try {
      parts = safeParts(path);
    } catch {
      return;
    }
    let folder = this.#root;
    for (const part of parts.slice(0, -1)) {
      folder = join(folder, part);
      if (!(await lstat(folder).catch(() => undefined))?.isDirectory()) return;
    }
    await rm(join(folder, parts.at(-1)!)).catch(() => {});
    for (; folder !== this.#root; folder = dirname(folder)) {
      if (
        !(await rmdir(folder).then(
          () => true,
          () => false,
        ))
      )
        return;
    }
  }
}

/** The names on the way to a file, none of which can leave the folder on any system. */
function safeParts(path: string): string[] {
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
async function makeFolders(path: string): Promise<string | undefined> {
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

/**
 * Writes a file that appears whole or not at all, beside its place first; never through a link that
 * somebody put there. `before` is called when it is about to appear.
 */
export async function writeWhole(path: string, data: FileData, before?: () => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = await open(temporary, "wx");
    try {
      if (typeof data === "string" || data instanceof Uint8Array) await file.writeFile(data);
      else for await (const bytes of data) await file.writeFile(bytes);
    } finally {
      await file.close();
    }
    await before?.();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/**
 * The files of an earlier report of this kind; undefined when there is no marker, or it is not ours
 * or of another kind.
 * @throws OutputError when it cannot be read: whoever wrote a new one would forget what it lists.
 */
async function readMarker(root: string, kind: string): Promise<string[] | undefined> {
  const path = join(root, MARKER);
  const text = await readFile(path, "utf8").catch((cause) => {
    if (cause.code === "ENOENT") return undefined;
    return unreadable(path, cause);
  });
  return text === undefined ? undefined : listed(text, kind);
}

/** What a marker of this kind lists. */
function listed(text: string, kind: string): string[] | undefined {
  try {
    const marker = JSON.parse(text) as { kind: unknown; files: unknown };
    if (marker.kind !== kind || !Array.isArray(marker.files)) return undefined;
    return marker.files.filter((file) => typeof file === "string");
  } catch {
    return undefined;
  }
}

function some(entries: readonly string[]): string {
  const shown = entries.slice(0, 3).map((entry) => `"${entry}"`);
  return shown.join(", ") + (entries.length > shown.length ? ` and ${entries.length - shown.length} more` : "");
}
