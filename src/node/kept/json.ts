import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { OutputError } from "../../errors.ts";
import type { OutputFolder } from "../folder.ts";

/** What a file is kept under. */
export interface KeptJsonOptions {
  /** Path in the folder, without its end: "layer4/ace/tree/corpus" becomes "layer4/ace/tree/corpus-1a2b3c4d.json". */
  readonly path: string;
  /** What the content is, and the version of how it is written. */
  readonly format: string;
  /** What the content depends on, and nothing else. The hash of both ends the name: each has a file of its own. */
  readonly settings: object;
}

/** What a later run of the same settings goes on from: a file of an output folder that appears whole or not at all. */
export class KeptJson<T> {
  /** What an earlier run left. */
  readonly found: T | undefined;
  readonly #folder: OutputFolder;
  readonly #path: string;
  readonly #key: string;
  readonly #format: string;

  private constructor(folder: OutputFolder, path: string, key: string, format: string, found: T | undefined) {
    this.found = found;
    this.#folder = folder;
    this.#path = path;
    this.#key = key;
    this.#format = format;
  }

  /**
   * Finds what a run of the same settings left in the folder.
   * @throws OutputError when the file is damaged, or is there and cannot be read.
   */
  static async open<T>(folder: OutputFolder, { path, settings, format }: KeptJsonOptions): Promise<KeptJson<T>> {
    const key = sha256(stringify([format, settings], path));
    const name = `${path}-${key.slice(0, 8)}.json`;
    const file = join(folder.path, name);
    const text = await readFile(file, "utf8").catch((cause) => {
      if (cause.code === "ENOENT") return undefined;
      throw new OutputError(`"${file}" cannot be read.`, "Make it readable, or choose another --outdir.", { cause });
    });
    const found = text === undefined ? undefined : parse<T>(text, file, { key, format });
    return new KeptJson<T>(folder, name, key, format, found);
  }

  /** @throws OutputError for numbers that JSON has not. */
  async write(state: T): Promise<void> {
    const sha = sha256(stringify(state, this.#path));
    const kept = { format: this.#format, key: this.#key, sha256: sha, state };
    await this.#folder.write(this.#path, `${JSON.stringify(kept)}\n`);
  }
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

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

function parse<T>(text: string, path: string, { key, format }: { key: string; format: string }): T | undefined {
  try {
    const found = JSON.parse(text) as { readonly format: string; key: string; sha256: string; state: T };
    if (found.format === format && found.sha256 === sha256(JSON.stringify(found.state))) {
      return found.key === key ? found.state : undefined; // names may meet by chance
    }
  } catch {
    // said below
  }
  throw new OutputError(
    `"${path}" is damaged, or was not written by ganatomy.`,
    "Remove it to start over, or choose another --outdir.",
  );
}
