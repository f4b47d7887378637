import { join } from "node:path";
import { OutputError } from "../../errors.ts";
import type { OutputFolder } from "../folder.ts";
import { type KeptForm, packKept, readKept, sha256 } from "./file.ts";

/** What a file is kept under. */
export interface KeptJsonOptions {
  /**
   * Path in the folder, without its end: "layer4/ace/tree/corpus" becomes
   * "layer4/ace/tree/corpus-1a2b3c4d.json".
   */
  readonly path: string;
  /** What the content is, and the version of how it is written. */
  readonly format: string;
  /**
   * What the content depends on, and nothing else. Its cache key, of both, ends the name: each has
   * a file of its own.
   */
  readonly settings: object;
}

/**
 * What a later run of the same settings resumes from: a file of an output folder that appears whole
 * or not at all.
 */
export class KeptJson<T> {
  /** What an earlier run left. */
  readonly found: T | undefined;
  readonly #folder: OutputFolder;
  readonly #path: string;
  readonly #form: KeptForm;

  private constructor(folder: OutputFolder, path: string, form: KeptForm, found: T | undefined) {
    this.found = found;
    this.#folder = folder;
    this.#path = path;
    this.#form = form;
  }

  /**
   * Finds what a run of the same settings left in the folder.
   * @throws OutputError when the file is damaged, or is there and cannot be read.
   */
  static async open<T>(folder: OutputFolder, { path, settings, format }: KeptJsonOptions): Promise<KeptJson<T>> {
    const key = sha256(stringify([format, settings], path));
    const name = `${path}-${key.slice(0, 8)}.json`; // names may meet by chance, keys do not
    const found = await readKept<T>(join(folder.path, name), { format, key });
    return new KeptJson<T>(folder, name, { format, key }, found);
  }

  /** @throws OutputError for numbers that JSON has not. */
  async write(state: T): Promise<void> {
    await this.#folder.write(this.#path, packKept(this.#form, stringify(state, this.#path)));
  }
}

/** As JSON, in which NaN and ∞ would become null, and 0 when they are read as numbers again. */
function stringify(value: unknown, path: string): string {
  return JSON.stringify(value, (_, part) => {
    if (typeof part !== "number" || Number.isFinite(part)) return part;
    throw new OutputError(
      `"${path}" cannot be kept: ${part} is among its numbers.`,
      "Check the weights with `ganatomy generate`.",
    );
  });
}
