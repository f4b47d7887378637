import type { AceSettings } from "../../causality/ace-options.ts";
import type { AceCorpus, AceEvent, AcePresent, AceResume, AceSnapshot } from "../../causality/index.ts";
import type { OutputFolder } from "../../node/folder.ts";
import { KeptJson } from "../../node/kept/json.ts";

const FORMAT = "ganatomy ace 2";

/** With arrays of numbers for typed ones. */
type Plain<T> = { [K in keyof T]: T[K] extends Float32Array ? number[] : T[K] };

/**
 * Every setting is in a key: one that is new and forgotten there does not compile. The grid follows
 * from the generator and `segmentationSize`.
 */
type Complete = { [K in Exclude<keyof AceSettings, "signal" | "grid">]: unknown };

interface Files {
  readonly present: KeptJson<Plain<AcePresent>>;
  readonly corpus: KeptJson<Plain<AceCorpus>>;
  readonly epochs: KeptJson<readonly Plain<AceSnapshot>[]>;
}

/**
 * What an interrupted search goes on from: where the concept was found, the corpus, and the epochs
 * so far. Each is kept under what it depends on alone, so that a search with another λ or more
 * epochs begins with the corpus of the one before.
 */
export class AceState {
  readonly #files: Files;
  #epochs: readonly Plain<AceSnapshot>[];

  private constructor(files: Files) {
    this.#files = files;
    this.#epochs = files.epochs.found ?? [];
  }

  /**
   * In files that begin with `at`, for these models.
   * @throws OutputError when one is damaged.
   */
  static async open(folder: OutputFolder, at: string, settings: AceSettings, models: object): Promise<AceState> {
    const { layer, concept, searchSize, presentSeed, segmentationSize } = settings;
    const { trainSize, evalSize, places, candidateSeed, seed, epochs, rate, lambda, batch } = settings;
    // Not the batch: counts, and sums that lose nothing, do not depend on it.
    const search = { models, layer, concept, searchSize, presentSeed, segmentationSize };
    const pairs = { ...search, trainSize, evalSize, places, candidateSeed, seed };
    // How many epochs there are seeds the order of their pairs.
    const initial = [...settings.initial];
    const learning = { ...pairs, epochs, rate, lambda, batch, initial } satisfies Complete;
    const file = <T>(name: string, depends: object): Promise<KeptJson<T>> =>
      KeptJson.open(folder, { path: `${at}/${name}`, settings: depends, format: FORMAT });
    const present = await file<Plain<AcePresent>>("present", search);
    const corpus = await file<Plain<AceCorpus>>("corpus", pairs);
    return new AceState({ present, corpus, epochs: await file("epochs", learning) });
  }

  get resume(): AceResume {
    const { present, corpus } = this.#files;
    return {
      present: present.found && { ...present.found, feature: Float32Array.from(present.found.feature) },
      corpus: corpus.found && { ...corpus.found, feature: Float32Array.from(corpus.found.feature) },
      snapshots: this.#epochs.map(({ alpha, moments, ...rest }) => ({
        ...rest,
        alpha: Float32Array.from(alpha),
        moments: Float32Array.from(moments),
      })),
    };
  }

  /** Keeps what the search told. */
  async keep(event: AceEvent): Promise<void> {
    const { present, corpus, epochs } = this.#files;
    if (event.type === "present") {
      await present.write({ ...event.present, feature: [...event.present.feature] });
    } else if (event.type === "corpus") {
      await corpus.write({ ...event.corpus, feature: [...event.corpus.feature] });
    } else if (event.type === "epoch") {
      const { alpha, moments, ...rest } = event.snapshot;
      this.#epochs = [...this.#epochs, { ...rest, alpha: [...alpha], moments: [...moments] }];
      await epochs.write(this.#epochs);
    }
  }
}
