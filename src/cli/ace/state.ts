import type { AceCorpus, AceEvent, AcePresent, AceResume, AceSnapshot } from "../../causality/index.ts";
import type { OutputFolder } from "../../node/folder.ts";
import { KeptJson } from "../kept-json.ts";

/** With arrays of numbers for typed ones. */
type Plain<T> = { [K in keyof T]: T[K] extends Float32Array ? number[] : T[K] };

interface Stored {
  readonly present?: Plain<AcePresent> | undefined;
  readonly corpus?: Plain<AceCorpus> | undefined;
  readonly snapshots: readonly Plain<AceSnapshot>[];
}

/** What an interrupted search goes on from: where the concept was found, then the corpus, then the epochs so far. */
export class AceState {
  readonly #file: KeptJson<Stored>;
  #state: Stored;

  private constructor(file: KeptJson<Stored>) {
    this.#file = file;
    this.#state = file.found ?? { snapshots: [] };
  }

  /** @throws OutputError when the file is damaged. */
  static async open(folder: OutputFolder, path: string, settings: object): Promise<AceState> {
    return new AceState(await KeptJson.open(folder, path, settings));
  }

  get resume(): AceResume {
    const { present, corpus, snapshots } = this.#state;
    return {
      present: present && { ...present, feature: Float32Array.from(present.feature) },
      corpus: corpus && { ...corpus, feature: Float32Array.from(corpus.feature) },
      snapshots: snapshots.map(({ alpha, moments, ...rest }) => ({
        ...rest,
        alpha: Float32Array.from(alpha),
        moments: Float32Array.from(moments),
      })),
    };
  }

  /** Keeps what the search told. */
  async keep(event: AceEvent): Promise<void> {
    const { corpus, snapshots } = this.#state;
    if (event.type === "present") {
      this.#state = { present: { ...event.present, feature: [...event.present.feature] }, snapshots };
    } else if (event.type === "corpus") {
      // Says all that is needed of what was found before.
      this.#state = { corpus: { ...event.corpus, feature: [...event.corpus.feature] }, snapshots };
    } else if (event.type === "epoch") {
      const { alpha, moments, ...rest } = event.snapshot;
      this.#state = { corpus, snapshots: [...snapshots, { ...rest, alpha: [...alpha], moments: [...moments] }] };
    } else return;
    await this.#file.write(this.#state);
  }
}
