import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Checkpoints, DissectionState, StateTable } from "../dissect/checkpoint.ts";
import { unreadable } from "../node/file-errors.ts";
import type { OutputFolder } from "../node/folder.ts";
import { sha256 } from "../node/kept/file.ts";

const FILE = "dissection.state";
const FORMAT = "ganatomy dissection 1";
/** Milliseconds of work that a killed run may lose; … */
const INTERVAL = 5000;
/** … more where keeping takes long: at most a tenth of the time. */
const SHARE = 10;

const KINDS = { Uint8Array, Uint16Array, Uint32Array, Float32Array, Float64Array };

/** The first line of the file; behind it are the tables' bytes, in this machine's order. */
interface Head {
  readonly format: string;
  readonly key: string;
  readonly at: string;
  readonly done: number;
  readonly tables: readonly (readonly [name: string, kind: keyof typeof KINDS, length: number])[];
  readonly sha256: string;
}

/** Where a dissection stands, in a file of its output folder until it is done. */
export class KeptDissection implements Checkpoints {
  readonly found: DissectionState | undefined;
  readonly #folder: OutputFolder;
  readonly #key: string;
  readonly #signal: AbortSignal;
  #kept = performance.now();
  #interval = INTERVAL;

  private constructor(folder: OutputFolder, key: string, signal: AbortSignal, found: DissectionState | undefined) {
    this.found = found;
    this.#folder = folder;
    this.#key = key;
    this.#signal = signal;
  }

  /**
   * Finds what a run of the same settings, as JSON, left in the folder. `onDamaged` is called where
   * it cannot be believed: then the dissection begins anew.
   * @throws OutputError where it cannot be read: nobody should wait for hours a second time.
   */
  static async open(
    folder: OutputFolder,
    settings: unknown,
    signal: AbortSignal,
    onDamaged: (path: string) => void,
  ): Promise<KeptDissection> {
    const key = sha256(JSON.stringify(settings));
    const path = join(folder.path, FILE);
    const bytes = await readFile(path).catch((cause) => {
      if (cause.code === "ENOENT") return undefined;
      return unreadable(path, cause);
    });
    const found = bytes && unpack(bytes, key);
    if (found === "damaged") onDamaged(path);
    return new KeptDissection(folder, key, signal, typeof found === "object" ? found : undefined);
  }

  due(): boolean {
    return this.#signal.aborted || performance.now() - this.#kept > this.#interval;
  }

  async keep({ at, done, tables }: DissectionState): Promise<void> {
    const began = performance.now();
    const entries = [...tables];
    const body = Buffer.concat(
      entries.map(([, table]) => Buffer.from(table.buffer, table.byteOffset, table.byteLength)),
    );
    const about: Omit<Head, "sha256"> = {
      format: FORMAT,
      key: this.#key,
      at,
      done,
      tables: entries.map(([name, table]) => [name, table.constructor.name as keyof typeof KINDS, table.length]),
    };
    const head: Head = { ...about, sha256: hashOf(about, body) };
    await this.#folder
      .of("state", this.#key)
      .write(FILE, Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]));
    this.#kept = performance.now();
    this.#interval = Math.max(INTERVAL, SHARE * (this.#kept - began));
  }

  /** All is done: nobody goes on from here. */
  remove(): Promise<void> {
    return this.#folder.remove(FILE);
  }
}

const hashOf = (about: Omit<Head, "sha256">, body: Uint8Array): string =>
  sha256(Buffer.concat([Buffer.from(JSON.stringify(about)), body]));

/** What a file holds; undefined where it is of other settings. */
function unpack(bytes: Uint8Array, key: string): DissectionState | "damaged" | undefined {
  try {
    const end = bytes.indexOf(10);
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))) as Head;
    if (head.format !== FORMAT) return "damaged";
    if (head.key !== key) return undefined;
    const body = bytes.subarray(end + 1);
    const { sha256: hash, ...about } = head;
    if (hashOf(about, body) !== hash) return "damaged";
    const tables = new Map<string, StateTable>();
    let at = 0;
    for (const [name, kind, length] of head.tables) {
      const Kind = KINDS[kind];
      const size = length * Kind.BYTES_PER_ELEMENT;
      if (!Number.isSafeInteger(length) || length < 0 || at + size > body.length) return "damaged";
      tables.set(name, new Kind(Uint8Array.from(body.subarray(at, at + size)).buffer));
      at += size;
    }
    return { at: head.at, done: head.done, tables };
  } catch {
    return "damaged";
  }
}
