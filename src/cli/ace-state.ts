import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { AceCorpus, AceResume, AceSnapshot } from "../causality.ts";
import { OutputError } from "../errors.ts";
import type { OutputFolder } from "../node/folder.ts";

const FORMAT = "ganatomy ace 1";

/** What an interrupted search goes on from: the corpus and the epochs so far, as one file that appears whole or not at all. */
export class AceState {
  readonly #folder: OutputFolder;
  readonly #path: string;
  readonly #key: string;
  #corpus: AceCorpus | undefined;
  #snapshots: AceSnapshot[];

  private constructor(folder: OutputFolder, path: string, key: string, found: AceResume) {
    this.#folder = folder;
    this.#path = path;
    this.#key = key;
    this.#corpus = found.corpus;
    this.#snapshots = [...(found.snapshots ?? [])];
  }

  /**
   * Finds what a run of the same settings left at `path` of the folder; one of others is started over.
   * @throws OutputError when the file is damaged.
   */
  static async open(folder: OutputFolder, path: string, settings: object): Promise<AceState> {
    const key = sha256(JSON.stringify(settings));
    const file = join(folder.path, path);
    const text = await readFile(file, "utf8").catch(() => undefined);
    return new AceState(folder, path, key, text === undefined ? {} : parse(text, file, key));
  }

  get resume(): AceResume {
    return { corpus: this.#corpus, snapshots: this.#snapshots };
  }

  async corpus(corpus: AceCorpus): Promise<void> {
    this.#corpus = corpus;
    await this.#write();
  }

  async snapshot(snapshot: AceSnapshot): Promise<void> {
    this.#snapshots.push(snapshot);
    await this.#write();
  }

  async #write(): Promise<void> {
    const { feature, ...corpus } = this.#corpus!;
    const state = {
      corpus: { ...corpus, feature: [...feature] },
      snapshots: this.#snapshots.map(({ alpha, moments, ...rest }) => ({
        ...rest,
        alpha: [...alpha],
        moments: [...moments],
      })),
    };
    const sha = sha256(JSON.stringify(state));
    await this.#folder.write(this.#path, `${JSON.stringify({ format: FORMAT, key: this.#key, sha256: sha, state })}\n`);
    await this.#folder.finish(); // a killed program's file is still known as ours
  }
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

function parse(text: string, path: string, key: string): AceResume {
  try {
    const found = JSON.parse(text) as {
      readonly format: string;
      readonly key: string;
      readonly sha256: string;
      readonly state: { readonly corpus: AceCorpus; readonly snapshots: readonly AceSnapshot[] };
    };
    if (found.format === FORMAT && found.sha256 === sha256(JSON.stringify(found.state))) {
      if (found.key !== key) return {};
      const { corpus, snapshots } = found.state;
      return {
        corpus: { ...corpus, feature: Float32Array.from(corpus.feature) },
        snapshots: snapshots.map(({ alpha, moments, ...rest }) => ({
          ...rest,
          alpha: Float32Array.from(alpha),
          moments: Float32Array.from(moments),
        })),
      };
    }
  } catch {
    // said below
  }
  throw new OutputError(
    `"${path}" is damaged, or was not written by ganatomy.`,
    "Remove it to start over, or choose another --outdir.",
  );
}
