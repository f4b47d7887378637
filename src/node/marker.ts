// Tests: test/node/marker.test.ts, test/node/folder.test.ts

import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { parseJson } from "../weights/json.ts";
import { refused, unreadable } from "./file-errors.ts";
import { sha256 } from "./kept/file.ts";
import { readText, readTextSync } from "./regular-file.ts";
import { writeWhole } from "./write-whole.ts";

/** The file by which we know a folder that we wrote; it lists what we put there. */
export const MARKER = ".ganatomy";

/** What belongs to no set. */
export const NO_SET = "";

/** What a marker lists. */
export interface Listed {
  /** The set of every file. */
  readonly files: Map<string, string>;
  /** The key of every set, of the options that its files are of. */
  readonly keys: Map<string, string>;
}

/** One line of what was noted since the marker was written as a whole. */
type Note = { readonly file: string; readonly set: string } | { readonly set: string; readonly key: string };

/**
 * The list of a folder's files. While a run writes, a line is added a file; at its end the list is
 * written as a whole. Only the run that holds the folder's lock may write.
 */
export class Marker {
  readonly listed: Listed;
  readonly #path: string;
  readonly #kind: string;
  readonly #elsewhere: string | undefined;
  #lines: string[] = [];
  #adding: Promise<void> = Promise.resolve();

  /** `elsewhere` is how one gets another folder, as errors say it. */
  constructor(
    root: string,
    kind: string,
    { listed = { files: new Map(), keys: new Map() }, elsewhere }: { listed?: Listed; elsewhere?: string } = {},
  ) {
    this.#path = join(root, MARKER);
    this.#kind = kind;
    this.#elsewhere = elsewhere;
    this.listed = listed;
  }

  /**
   * That of an earlier run of this kind; undefined when there is none, or it is not ours or of
   * another kind.
   * @throws OutputError when it cannot be read: whoever wrote a new one would forget what it lists.
   */
  static async read(root: string, kind: string, elsewhere?: string): Promise<Marker | undefined> {
    const path = join(root, MARKER);
    const text = await readText(path, (cause) => {
      if (cause.code === "ENOENT") return undefined;
      return unreadable(path, cause, elsewhere);
    });
    const listed = text === undefined ? undefined : listedIn(text, kind);
    return listed && new Marker(root, kind, { listed, ...(elsewhere !== undefined && { elsewhere }) });
  }

  /**
   * Notes that a file is ours and of this set, before it appears. Of many at once one write does.
   */
  async own(file: string, set: string): Promise<void> {
    if (this.listed.files.get(file) === set) return this.#adding;
    await this.#add({ file, set });
    this.listed.files.set(file, set);
  }

  /** Notes that a set has no files yet and will be of this key. */
  async start(set: string, key: string): Promise<void> {
    await this.#add({ set, key });
    begin(this.listed, set, key);
  }

  /** Writes the list as a whole. */
  async write(): Promise<void> {
    const { files, keys } = this.listed;
    const names = [...files.keys()].sort();
    const sets: Record<string, { readonly key: string; readonly files?: readonly string[] }> = {};
    for (const [set, key] of [...keys].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const own = names.filter((name) => files.get(name) === set);
      if (set === NO_SET) sets[set] = { key };
      else if (own.length > 0) sets[set] = { key, files: own };
    }
    const marker = { writtenBy: "ganatomy", kind: this.#kind, files: names, ...(keys.size > 0 && { sets }) };
    await writeWhole(this.#path, `${JSON.stringify(marker)}\n`).catch((cause) =>
      refused(this.#path, cause, this.#elsewhere),
    );
  }

  #add(note: Note): Promise<void> {
    this.#lines.push(JSON.stringify(note));
    const added = this.#adding.then(async () => {
      const lines = this.#lines;
      if (lines.length === 0) return;
      this.#lines = [];
      // begins a line: the one before may have been cut off by a full disk
      await appendFile(this.#path, `\n${lines.join("\n")}\n`, { flush: true }).catch((error) => {
        this.#lines.unshift(...lines); // whoever adds next tries again
        throw error;
      });
    });
    this.#adding = added.catch(() => {});
    return added;
  }
}

/** The kind of folder that a run of ours began; undefined where none did. */
export function kindIn(root: string): string | undefined {
  try {
    const [first] = readTextSync(join(root, MARKER), (cause) => {
      throw cause;
    }).split("\n", 1);
    const { writtenBy, kind } = (parsed(first!) ?? {}) as Record<string, unknown>;
    return writtenBy === "ganatomy" && typeof kind === "string" ? kind : undefined;
  } catch {
    return undefined;
  }
}

/** A kind of folder in a sentence: "a report", "edits". */
export const aKind = (kind: string): string =>
  /^an? |s$|^merged$|importance$/.test(kind) ? kind : `${/^[aeiou]/.test(kind) ? "an" : "a"} ${kind}`;

/** Lines that were cut off as they were written; of more, nobody writes on in the folder. */
const MAX_CUT = 1000;

/** What a marker of this kind lists. */
function listedIn(text: string, kind: string): Listed | undefined {
  const lines = text.split("\n");
  const { kind: written, files, sets } = (parsed(lines[0]!) ?? {}) as Record<string, unknown>;
  if (written !== kind || !Array.isArray(files)) return undefined;
  const notes: unknown[] = [];
  let cut = 0;
  for (let at = 1; at < lines.length; at += 1) {
    const note = lines[at] === "" ? undefined : parsed(lines[at]!);
    if (note !== undefined) notes.push(note);
    else if (lines[at] !== "") cut += 1;
    if (cut > MAX_CUT) return undefined;
  }
  const listed: Listed = { files: new Map(), keys: new Map() };
  for (const file of files) if (typeof file === "string") listed.files.set(file, NO_SET);
  for (const [set, { key, files: own }] of entries(sets)) {
    if (typeof key === "string") listed.keys.set(set, key);
    if (!Array.isArray(own)) continue;
    for (const file of own) if (listed.files.has(file)) listed.files.set(file, set);
  }
  for (const note of notes) {
    const { file, set, key } = (note ?? {}) as Record<string, unknown>;
    if (typeof set !== "string") continue;
    if (typeof file === "string") listed.files.set(file, set);
    else if (typeof key === "string") begin(listed, set, key);
  }
  return listed;
}

function begin({ files, keys }: Listed, set: string, key: string): void {
  for (const [file, of] of files) if (of === set) files.delete(file);
  keys.set(set, key);
}

/** What a set's settings are told from others by; of typed arrays their bytes count. */
export const keyOf = (settings: unknown): string =>
  sha256(
    JSON.stringify(settings, (_, value) => (ArrayBuffer.isView(value) ? sha256(value as Uint8Array) : value)) ?? "",
  );

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

const entries = (sets: unknown): [string, Record<string, unknown>][] =>
  isRecord(sets)
    ? Object.entries(sets).filter((entry): entry is [string, Record<string, unknown>] => isRecord(entry[1]))
    : [];

function parsed(line: string): unknown {
  try {
    return parseJson(line);
  } catch {
    return undefined;
  }
}
