import { existsSync, rmdirSync, rmSync } from "node:fs";
import { lstat, mkdir, readdir, realpath, rm, rmdir } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { OutputError, UsageError } from "../errors.ts";
import { checkNames, type NamesOf } from "../names.ts";
import type { Folder } from "../report/folder.ts";
import { OUTDIR, refused, sentence, some } from "./file-errors.ts";
import { FolderLock, LOCK } from "./lock.ts";
import { aKind, keyOf, kindIn, MARKER, Marker, NO_SET } from "./marker.ts";
import { makeFolders, safeParts } from "./within.ts";
import { type FileData, isTemporary, writeWhole } from "./write-whole.ts";

/** A folder on disk that takes a report. */
export interface OutputFolder extends Folder {
  /** Bytes that come one after the other are written so. */
  write(path: string, data: FileData): Promise<void>;
  /** Absolute path. */
  readonly path: string;
  /** Number of files written so far. */
  readonly written: number;
  /** Their paths, in the order in which they first came. */
  readonly files: readonly string[];
  /**
   * A set of files that show one thing, to be written through it, at the same paths. `settings`
   * (as JSON) are what they depend on: when the set's first file is written, those that an earlier
   * run wrote of other settings go, so that nobody takes pictures of one edit for those of another.
   */
  of(set: string, settings: unknown): Folder;
  /**
   * The set that a file of ours belongs to, also of an earlier run; undefined where there is none.
   */
  setOf(path: string): string | undefined;
  /** Whether an earlier run wrote files of this set with the same settings. */
  has(set: string, settings: unknown): boolean;
  /** Removes a file of ours. */
  remove(path: string): Promise<void>;
  /**
   * Call it when all is written: notes what is ours, removes what an earlier report left that this
   * one did not replace, and lets other runs have the folder.
   */
  finish(): Promise<void>;
  /** Call it instead when nothing was written: leaves the disk as it was found. */
  discard(): Promise<void>;
  /** The same before it returns, for a program that ends at once. */
  discardSync(): void;
}

export interface OutputFolderOptions {
  /**
   * Write even among files that are not ours. `false`: errors do not advise it, as where nobody can
   * ask for it.
   */
  readonly force?: boolean | undefined;
  /** What will be in it: a folder of one kind takes no other. "report" unless given. */
  readonly kind?: string | undefined;
  /**
   * Leave what an earlier run wrote and this one does not; otherwise a run replaces the one before.
   */
  readonly keep?: boolean | undefined;
  /**
   * What a run that replaces depends on, as JSON. When its first file is written, those of other
   * settings go; without, they go at the end.
   */
  readonly settings?: unknown;
  /** How one gets another folder, as errors say it: "choose another --outdir" unless given. */
  readonly elsewhere?: string | undefined;
}

const NAMES: NamesOf<OutputFolderOptions> = { force: true, kind: true, keep: true, settings: true, elsewhere: true };

/**
 * Opens a folder for a report and makes it if need be; until `finish` or `discard` no other run can
 * open it. A folder with other files is refused unless `force` is given; even then nothing is
 * removed that an earlier report did not write. Files appear whole or not at all, and only inside.
 * A file is known as ours before it appears, so that a killed program's can be replaced.
 * @throws OutputError saying what is in the way, or who is writing there, and how to go on.
 */
export async function outputFolder(path: string, options: OutputFolderOptions = {}): Promise<OutputFolder> {
  checkNames("outputFolder", options, NAMES);
  const { force, kind = "report", keep = false, settings, elsewhere = OUTDIR } = options;
  if (path === "") throw new UsageError("The output folder has no name.", "Give a path.");
  const absolute = resolve(path);
  const made = await makeFolders(absolute).catch((cause) => refused(path, cause, elsewhere));
  const root = await realpath(absolute).catch((cause) => refused(path, cause, elsewhere));
  const checked = async (): Promise<Marker | undefined> => {
    const entries = await readdir(root).catch((cause) => refused(path, cause, elsewhere));
    const earlier = entries.includes(MARKER) ? await Marker.read(root, kind, elsewhere) : undefined;
    const others = entries.filter((entry) => entry !== MARKER && entry !== LOCK && !isTemporary(entry));
    if ((others.length > 0 || entries.includes(MARKER)) && !earlier && !force) {
      const other = kindIn(root);
      const holds = `no ${kind.replace(/^an? /, "")} of ours${other === undefined ? "" : `, but ${aKind(other)}`}`;
      throw new OutputError(
        `The folder "${path}" is not empty and holds ${holds} (it has ${some(others)}).`,
        force === false
          ? `Move what is not of ours away, or ${elsewhere}.`
          : `${sentence(elsewhere).slice(0, -1)}, or add --force to write into it all the same.`,
      );
    }
    return earlier;
  };
  await checked(); // before there is a lock in somebody else's folder
  const lock = await FolderLock.take(root, path, elsewhere);
  try {
    const earlier = await checked();
    for (const entry of await readdir(root)) if (isTemporary(entry)) await rm(join(root, entry), { force: true });
    const folder = new DiskFolder({ path: absolute, root, made, lock, earlier, kind, keep, elsewhere });
    // finds out now whether it may be written
    await folder.open().catch((cause) => refused(path, cause, elsewhere));
    return settings === undefined ? folder : folder.own(settings);
  } catch (error) {
    lock.release();
    throw error;
  }
}

interface Opened {
  readonly path: string;
  /** The same without links. */
  readonly root: string;
  /** The topmost folder that did not exist before. */
  readonly made: string | undefined;
  readonly lock: FolderLock;
  /** That of an earlier run. */
  readonly earlier: Marker | undefined;
  readonly kind: string;
  readonly keep: boolean;
  readonly elsewhere: string;
}

class DiskFolder implements OutputFolder {
  readonly path: string;
  readonly #root: string;
  readonly #made: string | undefined;
  readonly #lock: FolderLock;
  readonly #isOurs: boolean;
  readonly #marker: Marker;
  readonly #keep: boolean;
  readonly #elsewhere: string;
  readonly #files = new Set<string>();
  /** What goes when all is written, unless it is replaced. */
  readonly #earlier: ReadonlySet<string>;
  /** The set that `write` writes, and what it waits for. */
  #whole: (() => Promise<void>) | undefined;
  readonly #begun = new Map<string, { readonly key: string; readonly done: Promise<void> }>();
  /** How many files are about to appear. */
  #writing = 0;
  readonly #folders = new Map<string, Promise<string>>();

  constructor({ path, root, made, lock, earlier, kind, keep, elsewhere }: Opened) {
    this.path = path;
    this.#root = root;
    this.#made = made;
    this.#lock = lock;
    this.#isOurs = earlier !== undefined;
    this.#marker = earlier ?? new Marker(root, kind, { elsewhere });
    this.#earlier = new Set(this.#marker.listed.files.keys());
    this.#keep = keep;
    this.#elsewhere = elsewhere;
  }

  async open(): Promise<void> {
    await this.#marker.write();
  }

  /** This folder, all of whose files are of these settings. */
  own(settings: unknown): this {
    this.#whole = this.#begin(NO_SET, settings);
    return this;
  }

  get written(): number {
    return this.#files.size;
  }

  get files(): string[] {
    return [...this.#files];
  }

  of(set: string, settings: unknown): Folder {
    const begun = this.#begin(set, settings);
    return {
      write: (path, data) => this.#writeTo(set, path, data, begun),
    };
  }

  setOf(path: string): string | undefined {
    return this.#marker.listed.files.get(path);
  }

  has(set: string, settings: unknown): boolean {
    return this.#marker.listed.keys.get(set) === keyOf(settings);
  }

  async write(path: string, data: FileData): Promise<void> {
    await this.#writeTo(NO_SET, path, data, this.#whole);
  }

  async remove(path: string): Promise<void> {
    if (!this.#marker.listed.files.delete(path)) return;
    this.#files.delete(path);
    await this.#remove(path);
  }

  /** What is called before a set's files are written: it makes sure that there are no others'. */
  #begin(set: string, settings: unknown): () => Promise<void> {
    const key = keyOf(settings);
    return () => {
      const begun = this.#begun.get(set);
      if (begun?.key === key) return begun.done;
      const done = this.#replace(set, key);
      this.#begun.set(set, { key, done });
      done.catch(() => this.#begun.delete(set));
      return done;
    };
  }

  async #replace(set: string, key: string): Promise<void> {
    const { files, keys } = this.#marker.listed;
    if (keys.get(set) === key) return;
    await this.#lock.check();
    for (const [file, of] of [...files]) {
      if (of !== set) continue;
      await this.#remove(file);
      this.#files.delete(file);
    }
    await this.#marker.start(set, key).catch((cause) => refused(this.path, cause, this.#elsewhere));
  }

  async #writeTo(set: string, path: string, data: FileData, begun: (() => Promise<void>) | undefined): Promise<void> {
    const parts = safeParts(path);
    this.#writing += 1;
    try {
      await this.#lock.check();
      await begun?.();
      const target = join(await this.#folder(parts.slice(0, -1)), parts.at(-1)!);
      if (this.#keep) this.#checkOurs(path, target);
      const before = async (): Promise<void> => {
        await this.#lock.check(); // what is written bit by bit may have taken minutes
        await this.#marker.own(path, set);
      };
      await writeWhole(target, data, { beside: this.#root, before }).catch((cause) =>
        refused(target, cause, this.#elsewhere),
      );
      this.#files.add(path);
    } finally {
      this.#writing -= 1;
    }
  }

  /** A folder that keeps what it holds may hold what is not ours. */
  #checkOurs(key: string, target: string): void {
    if (this.#marker.listed.files.has(key) || !existsSync(target)) return;
    throw new OutputError(`"${target}" is in the way: it is not of ours.`, `Move it, or ${this.#elsewhere}.`);
  }

  async finish(): Promise<void> {
    try {
      await this.#lock.check();
      const { files } = this.#marker.listed;
      for (const path of this.#keep ? [] : this.#earlier) {
        if (this.#files.has(path) || !files.delete(path)) continue;
        await this.#remove(path);
      }
      await this.#marker.write();
    } finally {
      this.#lock.release();
    }
  }

  async discard(): Promise<void> {
    this.discardSync();
  }

  discardSync(): void {
    if (this.#writing > 0) return;
    const isNew = !this.#isOurs && this.#files.size === 0;
    try {
      if (isNew) rmSync(join(this.#root, MARKER));
    } catch {
      // Then it stays.
    }
    this.#lock.release();
    if (!isNew) return;
    try {
      // Only folders that are still empty go, up to the first that was there before.
      for (let folder = this.path; this.#made && folder.length >= this.#made.length; folder = dirname(folder)) {
        rmdirSync(folder);
      }
    } catch {
      // Then they stay.
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
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") refused(folder, cause, this.#elsewhere);
    });
    const real = await realpath(folder).catch((cause) => refused(folder, cause, this.#elsewhere));
    const is = (what: string, fix: string): OutputError =>
      new OutputError(`"${folder}" is ${what}.`, `${fix}, or ${this.#elsewhere}.`);
    if (!real.startsWith(this.#root.endsWith(sep) ? this.#root : this.#root + sep)) {
      throw is("a link out of the output folder", "Remove the link");
    }
    if (!(await lstat(real)).isDirectory()) throw is("a file, and a folder must go there", "Move the file away");
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
    const gone = (path: string): Promise<boolean> =>
      rmdir(path).then(
        () => true,
        () => false,
      );
    for (parts.pop(); parts.length > 0 && (await gone(folder)); folder = dirname(folder)) {
      this.#folders.delete(parts.join("/"));
      parts.pop();
    }
  }
}
