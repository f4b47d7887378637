// Tests: test/cli/edit/units.test.ts
import { Experiment, unitQuantiles } from "../causality/index.ts";
import { UsageError } from "../errors.ts";
import { KeptJson } from "../node/kept/json.ts";
import { uniqueNames } from "../report/concepts.ts";
import { fileName } from "../report/gandissect.ts";
import { computeOrder, RANKING_SIZE, readOrder, type UnitOrder } from "./edit/units.ts";
import { type GeneratorFlags, generatorOf } from "./generator-flags.ts";
import type { UnifiedFlags } from "./models.ts";
import type { Work } from "./with-models.ts";

/** Images by whose labels models are known again. */
const IDENTITY_SIZE = 8;
const FORMAT = "ganatomy units 1";

export interface LayerUnitsOptions extends GeneratorFlags, UnifiedFlags {
  readonly layer: string;
  readonly batch?: number;
}

/**
 * What commands want to know of a layer's units before they begin: which are a concept's, how
 * active they are. What has to be found out for that is kept in `LAYER/units/` of the output
 * folder, where the same command, or another one, finds it.
 */
export class LayerUnits {
  readonly #work: Work;
  readonly #options: LayerUnitsOptions;
  #models: Promise<object> | undefined;

  constructor(work: Work, options: LayerUnitsOptions) {
    this.#work = work;
    this.#options = options;
  }

  /**
   * Tells these models, on this adapter, from all others of their names: by what they make of a few
   * images.
   */
  get models(): Promise<object> {
    this.#models ??= identityOf(this.#work, this.#options);
    return this.#models;
  }

  /** A concept's units, by the ranking in a dissection or one that is made here. */
  async order(
    label: number,
    { dissection, metric }: { readonly dissection?: string; readonly metric: string },
  ): Promise<UnitOrder> {
    const { generator, segmenter, note } = this.#work;
    const { layer } = this.#options;
    if (dissection !== undefined) {
      const { channels } = generator.layer(layer);
      return readOrder(dissection, {
        layer,
        channels,
        labels: segmenter.labels,
        label,
        isUnion: segmenter.unions.some((union) => union.label === label),
        metric,
        model: generator.name,
        note,
      });
    }
    if (metric !== "iou") {
      throw new UsageError(`Only a dissection ranks units by ${metric}.`, "Give its folder as --dissection DIR.");
    }
    const own = await this.ranking(label);
    if (!own.known) note(`No --dissection given, so units are ranked by IoU on ${RANKING_SIZE} images.`);
    return own.order();
  }

  /** The ranking by IoU that is made here on a few images, once, and whether it was already. */
  async ranking(label: number): Promise<{ readonly known: boolean; order(): Promise<UnitOrder> }> {
    const { generator, segmenter, progress, signal } = this.#work;
    const { layer, batch } = this.#options;
    const concept = uniqueNames(segmenter.labels)[label]!;
    const file = await this.#kept<UnitOrder>(`${fileName(concept)}-iou`, { label });
    const rank = async (): Promise<UnitOrder> => {
      const order = await computeOrder(generator, segmenter, {
        layer,
        label,
        size: RANKING_SIZE,
        ...(batch !== undefined && { batch }),
        signal,
        progress: (phase, done, total) => progress.report(phase, done, total),
      });
      await file.write(order);
      return order;
    };
    return { known: file.found !== undefined, order: async () => file.found ?? rank() };
  }

  /** A quantile of every unit's own activations. */
  async levels(quantile: number): Promise<readonly number[]> {
    const { generator, signal } = this.#work;
    const { layer } = this.#options;
    const file = await this.#kept<readonly number[]>(`q${quantile}`, { quantile });
    if (file.found) return file.found;
    const quantiles = await unitQuantiles(generator, { layer, quantiles: [quantile], size: RANKING_SIZE, signal });
    const levels = [...quantiles.levels(quantile)];
    await file.write(levels);
    return levels;
  }

  async #kept<T>(name: string, what: object): Promise<KeptJson<T>> {
    const { layer } = this.#options;
    const settings = { models: await this.models, layer, size: RANKING_SIZE, ...what };
    return KeptJson.open(this.#work.folder, { path: `${fileName(layer)}/units/${name}`, settings, format: FORMAT });
  }
}

async function identityOf({ generator, segmenter, signal }: Work, options: LayerUnitsOptions): Promise<object> {
  const { layer, batch, heads, segdiv, parts } = options;
  const few = { editable: [layer], size: IDENTITY_SIZE, ...(batch !== undefined && { batch }), signal };
  using experiment = await Experiment.create(generator, segmenter, few);
  // Classes come round: a few images may be those of other ones, too.
  const drawn = generatorOf(options);
  return {
    model: generator.name,
    segmenter: segmenter.name,
    pixels: experiment.before,
    heads,
    segdiv,
    parts,
    ...drawn,
  };
}
