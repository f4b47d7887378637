import { existsSync } from "node:fs";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type AceOptions, type AceResult, ablateEverywhere, ace, aceCost, Experiment } from "../causality.ts";
import { OutputError } from "../errors.ts";
import { writeSafetensors } from "../index.ts";
import { toFullAblation } from "../report/ablation.ts";
import { ablationSvg } from "../report/ablation-plot.ts";
import { toAceRanking, toAceSummary, withAceRanking } from "../report/ace.ts";
import { aceLossSvg } from "../report/ace-plot.ts";
import { safeFolder } from "../report/gandissect.ts";
import type { Ranking } from "../report/rankings.ts";
import { AceState } from "./ace-state.ts";
import { computeOrder, readOrder, type UnitOrder } from "./edit-units.ts";
import { columns } from "./table.ts";
import { type ModelFlags, type Work, withModels } from "./with-models.ts";

export interface AceCommandOptions extends ModelFlags {
  readonly concept: string;
  readonly layer: string;
  readonly dissection?: string;
  readonly effort: "quick" | "paper";
  readonly searchSize?: number;
  readonly trainSize?: number;
  readonly evalSize?: number;
  readonly epochs?: number;
  readonly lambda?: number;
  readonly batch?: number;
  /** Images and units of the curve that compares the rankings. */
  readonly size: number;
  readonly steps: number;
}

/** Images on which units are ranked by IoU when there is no dissection to read it from. */
const RANKING_SIZE = 200;

/** `ganatomy ace`: the units that cause a concept; resolves with the exit status. */
export const aceCommand = (options: AceCommandOptions): Promise<number> =>
  withModels("ace", options, (work) => search(work, options));

async function search(work: Work, options: AceCommandOptions): Promise<void> {
  const { generator, segmenter, folder, progress, signal, note } = work;
  const { layer, concept, effort } = options;
  const { channels } = generator.layer(layer);
  const label = segmenter.label(concept);
  const at = `${safeFolder(layer)}/ace/${safeFolder(concept)}`;
  const order = await initialOrder(work, options, label);
  const initial = new Float32Array(channels);
  for (const [index, unit] of order.units.entries()) initial[unit] = Math.max(0, order.scores[index]!);
  const given: AceOptions = {
    layer,
    concept,
    effort,
    ...defined({ searchSize: options.searchSize, trainSize: options.trainSize, evalSize: options.evalSize }),
    ...defined({ epochs: options.epochs, lambda: options.lambda, batch: options.batch }),
    initial,
  };
  const cost = aceCost(generator, segmenter, given);
  const tera = (flops: number): string => `${(flops / 1e12).toPrecision(3)} TFLOP`;
  note(
    `This takes ${tera(cost.total)}: ${tera(cost.present)} to find ${concept}, ${tera(cost.candidates)} to find where it can be put, ` +
      `${tera(cost.optimise)} to learn, ${tera(cost.evaluate)} to evaluate.`,
  );
  const models = { model: generator.name, segmenter: segmenter.name };
  const state = await AceState.open(folder, `${at}/state.json`, { ...models, ...given, initial: [...initial] });
  const { corpus: found, snapshots = [] } = state.resume;
  if (found)
    note(
      `Going on from ${snapshots.length > 0 ? `epoch ${snapshots.at(-1)!.epoch}` : "the corpus"} of an earlier run.`,
    );
  let result: AceResult | undefined;
  for await (const event of ace(generator, segmenter, { ...given, signal }, state.resume)) {
    if (event.type === "progress") progress.report(event.phase, event.done, event.total);
    else if (event.type === "corpus") await state.corpus(event.corpus);
    else if (event.type === "epoch") await state.snapshot(event.snapshot);
    else result = event.result;
  }
  const { alpha, corpus, snapshots: epochs, order: units } = result!;
  const ranking = toAceRanking(concept, alpha);
  await folder.write(`${at}/summary.json`, `${JSON.stringify(toAceSummary(layer, ranking, epochs), null, 1)}\n`);
  await folder.write(
    `${at}/ace.safetensors`,
    writeSafetensors(
      {
        alpha: { dtype: "float32", shape: [channels], data: alpha },
        feature: { dtype: "float32", shape: [channels], data: corpus.feature },
      },
      { concept, layer, ...models },
    ),
  );
  await folder.write(`${at}/loss.svg`, aceLossSvg(concept, epochs));
  if (options.dissection !== undefined) await rank(options.dissection, layer, ranking);
  const used = units.filter((unit) => alpha[unit]! > 0.01);
  const losses = epochs.map(({ evaluation }) => evaluation.loss);
  const json = {
    ...models,
    layer,
    concept,
    units: used,
    alpha: used.map((unit) => alpha[unit]!),
    before: losses[0],
    after: losses.at(-1),
    flops: cost.total,
  };
  work.say({ json, text: table(json, result!) });
  await compare(work, options, { label, order, units, at });
}

/** The ranking that α starts from: of a dissection, or made on a few images. */
function initialOrder(work: Work, options: AceCommandOptions, label: number): Promise<UnitOrder> {
  const { generator, segmenter, progress, signal, note } = work;
  const { layer, concept, dissection, batch } = options;
  if (dissection !== undefined) return readOrder(dissection, layer, concept, "iou");
  note(`No --dissection given, so units are ranked by IoU on ${RANKING_SIZE} images.`);
  return computeOrder(generator, segmenter, {
    layer,
    label,
    size: RANKING_SIZE,
    ...(batch !== undefined && { batch }),
    signal,
    progress: (phase, done, total) => progress.report(phase, done, total),
  });
}

/** The curves of ACE's units and of those of the highest IoU, and their plot. */
async function compare(
  { generator, segmenter, folder, finished, progress, signal }: Work,
  { layer, concept, size, steps, batch }: AceCommandOptions,
  found: { readonly label: number; readonly order: UnitOrder; readonly units: readonly number[]; readonly at: string },
): Promise<void> {
  let done = 0;
  const experiment = await Experiment.create(generator, segmenter, {
    edit: [layer],
    size,
    ...(batch !== undefined && { batch }),
    finished,
    onImages(images) {
      done += images;
      progress.report("compare", done, size * (1 + 2 * steps));
    },
    signal,
  });
  try {
    const lines = [];
    for (const [metric, name, units] of [
      ["ace", "Units by ACE", found.units],
      ["iou", "Top units by IoU", found.order.units],
    ] as const) {
      const measured = await ablateEverywhere(experiment, { layer, units, steps });
      const curve = toFullAblation(measured, { classname: concept, classnum: found.label, metric });
      const path = `${safeFolder(layer)}/fullablation/${safeFolder(concept)}-${metric}.json`;
      await folder.write(path, `${JSON.stringify(curve)}\n`);
      lines.push({ name, curves: [curve] });
    }
    await folder.write(`${found.at}/ablation.svg`, ablationSvg(concept, lines));
  } finally {
    experiment.dispose();
  }
}

/** Puts the ranking into a dissection's dissect.json, as gandissect does: the first time the file is kept beside it. */
async function rank(dissection: string, layer: string, ranking: Ranking): Promise<void> {
  const path = dissection.endsWith(".json") ? dissection : join(dissection, "dissect.json");
  try {
    const text = withAceRanking(await readFile(path, "utf8"), layer, ranking);
    if (!existsSync(`${path}.bak`)) await copyFile(path, `${path}.bak`);
    await writeFile(path, text);
  } catch (cause) {
    throw new OutputError(`The ranking could not be put into "${path}".`, "Check that it can be written.", { cause });
  }
}

function table(
  {
    layer,
    concept,
    units,
    before,
    after,
  }: {
    layer: string;
    concept: string;
    units: readonly number[];
    before: number | undefined;
    after: number | undefined;
  },
  { alpha }: AceResult,
): string {
  const rows = units.slice(0, 30).map((unit) => [String(unit), alpha[unit]!.toFixed(3)]);
  const loss = (value = Number.NaN): string => value.toFixed(4);
  const title = `${concept} at ${layer}: ${units.length} units; loss ${loss(before)} by IoU, ${loss(after)} by ACE\n`;
  return `${title}${columns([["unit", "alpha"], ...rows], ["right", "right"])}\n`;
}

/** The entries that are not undefined. */
function defined<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
