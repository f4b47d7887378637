import { Experiment, insertionContext, unitQuantiles } from "../causality/index.ts";
import { UsageError } from "../errors.ts";
import { type ContextJson, contextBars, contextCsv, contextMap, toContext } from "../report/context.ts";
import { safeFolder } from "../report/gandissect.ts";
import type { InsertedValue } from "./edit/options.ts";
import { computeOrder, RANKING_SIZE, readOrder } from "./edit/units.ts";
import { columns } from "./table.ts";
import { type ModelFlags, type Work, withModels } from "./with-models.ts";

export interface ContextCommandOptions extends ModelFlags {
  readonly concept: string;
  readonly layer: string;
  readonly units?: readonly number[];
  readonly top: number;
  readonly dissection?: string;
  readonly metric: string;
  readonly value?: InsertedValue;
  readonly size: number;
  readonly seed: number;
  readonly batch?: number;
}

/** What the papers insert (spec §7.4). */
const VALUE = { quantile: 0.995 };

/** `ganatomy context`: where in a scene a concept may be placed; resolves with the exit status. */
export const contextCommand = (options: ContextCommandOptions): Promise<number> =>
  withModels("context", options, (work) => measure(work, options));

async function measure(work: Work, options: ContextCommandOptions): Promise<void> {
  const { generator, segmenter, folder, finished, progress, signal, say } = work;
  const { layer, concept, size, seed, batch, value = VALUE } = options;
  const { height, width, channels } = generator.layer(layer);
  const units = options.units ?? (await ranked(work, options));
  const wrong = units.find((unit) => unit >= channels);
  if (wrong !== undefined) throw new UsageError(`${layer} has no unit ${wrong}.`, `Its units are 0…${channels - 1}.`);
  const levels =
    typeof value === "number"
      ? undefined
      : await unitQuantiles(generator, { layer, quantiles: [value.quantile], size: RANKING_SIZE, signal });
  const values = units.map((unit) => (typeof value === "number" ? value : levels![0]![unit]!));
  const experiment = await Experiment.create(generator, segmenter, {
    edit: [layer],
    size,
    seed,
    ...(batch !== undefined && { batch }),
    finished,
    signal,
  });
  try {
    const found = await insertionContext(experiment, concept, {
      layer,
      units,
      values,
      onCells: (done, total) => progress.report("cells", done, total),
      signal,
    });
    const context = toContext(found, segmenter.labels, [height, width]);
    const at = `${safeFolder(layer)}/context/${safeFolder(concept)}`;
    await folder.write(`${at}.json`, `${JSON.stringify(context, null, 1)}\n`);
    await folder.write(`${at}.csv`, contextCsv(context));
    await folder.write(`${at}.svg`, contextBars(context));
    await folder.write(`${at}-map.svg`, contextMap(context));
    say({
      json: { model: generator.name, segmenter: segmenter.name, size, seed, values, ...context },
      text: table(context),
    });
  } finally {
    experiment.dispose();
  }
}

/** The best units of a concept, by a dissection or one that is made now. */
async function ranked(work: Work, options: ContextCommandOptions): Promise<readonly number[]> {
  const { layer, concept, dissection, metric, top, batch } = options;
  const { generator, segmenter, progress, signal, note } = work;
  const label = segmenter.label(concept);
  if (dissection !== undefined) {
    const { name } = segmenter.labels[label]!;
    const order = await readOrder(dissection, layer, name, metric, generator.layer(layer).channels);
    return order.units.slice(0, top);
  }
  if (metric !== "iou") {
    throw new UsageError(`Only a dissection ranks units by ${metric}.`, "Give its folder as --dissection DIR.");
  }
  note(`No --dissection given, so units are ranked by IoU on ${RANKING_SIZE} images.`);
  const order = await computeOrder(generator, segmenter, {
    layer,
    label,
    size: RANKING_SIZE,
    ...(batch !== undefined && { batch }),
    signal,
    progress: (phase, done, total) => progress.report(phase, done, total),
  });
  return order.units.slice(0, top);
}

function table({ concept, layer, units, effects, before }: ContextJson): string {
  const rows = effects.map(({ concept: there, places, gain, share }) => [
    there,
    String(places),
    gain.toFixed(2),
    share === null ? "" : `${(100 * share).toFixed(1)} %`,
  ]);
  const title = `${units.length} units of ${layer} put everywhere: pixels of ${concept} they add (${before.toFixed(1)} in an image)\n`;
  return `${title}${columns([["was there", "places", "gain", "of before"], ...rows], ["", "right", "right", "right"])}\n`;
}
