import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { OutputError } from "../errors.ts";
import type { OutputFolder } from "../node/folder.ts";

const FORMAT = "ganatomy ace 1";

/** What a later run of the same settings goes on from: a file of an output folder that appears whole or not at all. */
export class KeptJson<T> {
  /** What an earlier run left. */
  readonly found: T | undefined;
  readonly #folder: OutputFolder;
  readonly #path: string;
  readonly #key: string;

  private constructor(folder: OutputFolder, path: string, key: string, found: T | undefined) {
    this.found = found;
    this.#folder = folder;
    this.#path = path;
    this.#key = key;
  }

  /**
   * Finds what a run of the same settings left at `path` of the folder; one of others is started over.
   * @throws OutputError when the file is damaged.
   */
  static async open<T>(folder: OutputFolder, path: string, settings: object): Promise<KeptJson<T>> {
    const key = sha256(JSON.stringify(settings));
    const file = join(folder.path, path);
    const text = await readFile(file, "utf8").catch(() => undefined);
    return new KeptJson<T>(folder, path, key, text === undefined ? undefined : parse<T>(text, file, key));
  }

  async write(state: T): Promise<void> {
    const sha = sha256(JSON.stringify(state));
    await this.#folder.write(this.#path, `${JSON.stringify({ format: FORMAT, key: this.#key, sha256: sha, state })}\n`);
  }
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

function parse<T>(text: string, path: string, key: string): T | undefined {
  try {
    const found = JSON.parse(text) as { readonly format: string; key: string; sha256: string; state: T };
    if (found.format === FORMAT && found.sha256 === sha256(JSON.stringify(found.state))) {
      return found.key === key ? found.state : undefined;
    }
  } catch {
    // said below
  }
  throw new OutputError(
    `"${path}" is damaged, or was not written by ganatomy.`,
    "Remove it to start over, or choose another --outdir.",
  );
}
