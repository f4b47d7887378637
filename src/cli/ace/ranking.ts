import { constants } from "node:fs";
import { access, copyFile, readFile, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Experiment } from "../../causality/index.ts";
import { OutputError } from "../../errors.ts";
import { writeWhole } from "../../node/folder.ts";
import { withAceRanking } from "../../report/ace.ts";
import type { Ranking } from "../../report/rankings.ts";
import { computeOrder, RANKING_SIZE, readOrder, type UnitOrder } from "../edit/units.ts";
import { KeptJson } from "../kept-json.ts";
import type { Work } from "../with-models.ts";

/** Images by whose labels models are known again. */
const IDENTITY_SIZE = 8;

interface RankingOptions {
  readonly layer: string;
  readonly concept: string;
  readonly batch?: number;
}

/** Tells these models, on this adapter, from all others of their names: by what they make of a few images. */
export async function identityOf({ generator, segmenter, signal }: Work, { layer, batch }: RankingOptions) {
  const size = IDENTITY_SIZE;
  const options = { edit: [layer], size, ...(batch !== undefined && { batch }), signal };
  using experiment = await Experiment.create(generator, segmenter, options);
  return { model: generator.name, segmenter: segmenter.name, pixels: experiment.before };
}

/** A ranking by IoU that is made on a few images, once: an interrupted command finds it again. */
export class OwnRanking {
  readonly #work: Work;
  readonly #options: RankingOptions;
  readonly #file: KeptJson<UnitOrder>;

  private constructor(work: Work, options: RankingOptions, file: KeptJson<UnitOrder>) {
    this.#work = work;
    this.#options = options;
    this.#file = file;
  }

  static async open(work: Work, path: string, options: RankingOptions, identity: object): Promise<OwnRanking> {
    const { layer, concept } = options;
    const settings = { ...identity, layer, concept, size: RANKING_SIZE };
    return new OwnRanking(work, options, await KeptJson.open(work.folder, path, settings));
  }

  get known(): boolean {
    return this.#file.found !== undefined;
  }

  async order(): Promise<UnitOrder> {
    if (this.#file.found) return this.#file.found;
    const { generator, segmenter, progress, signal } = this.#work;
    const { layer, concept, batch } = this.#options;
    const order = await computeOrder(generator, segmenter, {
      layer,
      label: segmenter.label(concept),
      size: RANKING_SIZE,
      ...(batch !== undefined && { batch }),
      signal,
      progress: (phase, done, total) => progress.report(phase, done, total),
    });
    await this.#file.write(order);
    return order;
  }
}

/** A dissection to read the ranking by IoU from, and to put the one by ACE into. */
export class RankedDissection {
  readonly order: UnitOrder;
  readonly #path: string;

  private constructor(order: UnitOrder, path: string) {
    this.order = order;
    this.#path = path;
  }

  /** @throws what `readOrder` throws; OutputError when it could not be written later. */
  static async open(
    given: string,
    { generator, segmenter }: Work,
    { layer, concept }: RankingOptions,
  ): Promise<RankedDissection> {
    const { name } = segmenter.labels[segmenter.label(concept)]!; // a dissection leaves out the category
    const isFolder = (await stat(given).catch(() => undefined))?.isDirectory();
    const file = isFolder ? join(given, "dissect.json") : given;
    const order = await readOrder(file, layer, name, "iou", generator.layer(layer).channels);
    const path = await realpath(file); // a link stays one
    for (const written of [path, dirname(path)]) await access(written, constants.W_OK).catch(unwritable(path));
    return new RankedDissection(order, path);
  }

  /** Puts the ranking in, as gandissect does: the first time the file is kept beside it. */
  async put(layer: string, ranking: Ranking): Promise<void> {
    const text = withAceRanking(await readFile(this.#path, "utf8"), layer, ranking);
    await copyFile(this.#path, `${this.#path}.bak`, constants.COPYFILE_EXCL).catch((cause) => {
      if (cause.code !== "EEXIST") unwritable(this.#path)(cause);
    });
    await writeWhole(this.#path, text).catch(unwritable(this.#path));
  }
}

const unwritable =
  (path: string) =>
  (cause: unknown): never => {
    throw new OutputError(
      `The ranking cannot be put into "${path}".`,
      "Make the file and its folder writable, or name a copy as --dissection.",
      { cause },
    );
  };
