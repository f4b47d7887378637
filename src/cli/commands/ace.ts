import { Option } from "commander";
import { curvesCost, rankingCost } from "../../causality/ace-cost.ts";
import { defined, settleAce } from "../../causality/ace-options.ts";
import { type AceOptions, type AceResult, ablateEverywhere, ace, aceCost, Experiment } from "../../causality/index.ts";
import { writeSafetensors } from "../../index.ts";
import { toFullAblation } from "../../report/ablation.ts";
import { ablationSvg } from "../../report/ablation-plot.ts";
import { toAceRanking, toAceSummary } from "../../report/ace.ts";
import { aceLossSvg } from "../../report/ace-plot.ts";
import { uniqueNames } from "../../report/concepts.ts";
import type { Folder } from "../../report/folder.ts";
import { fileName } from "../../report/gandissect.ts";
import { RankedDissection } from "../ace/dissection.ts";
import { AceState } from "../ace/state.ts";
import { amount } from "../amount.ts";
import type { CliCommand } from "../command.ts";
import { concepts, UNION } from "../concept.ts";
import { defaultLayer } from "../default-layer.ts";
import { aceLines, curveSet } from "../edit/curves.ts";
import { RANKING_SIZE, type UnitOrder } from "../edit/units.ts";
import { LayerUnits } from "../layer-units.ts";
import { named, positive, size, whole } from "../options.ts";
import { modelOptions, RESUMES_BUT_RANKINGS } from "../shared-options.ts";
import { columns } from "../table.ts";
import { type ModelFlags, type Work, withModels } from "../with-models.ts";

export interface AceCommandOptions extends ModelFlags {
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

export const aceCommand: CliCommand<AceCommandOptions> = {
  name: "ace",
  description: "find the smallest set of units that causes a concept (ACE), by gradients through both networks",
  resumes: RESUMES_BUT_RANKINGS,
  options: (command) =>
    modelOptions(command)
      .requiredOption("--concept <name>", `the concept; ${UNION}`, concepts)
      .option("--dissection <dissection>", "start from its ranking, and put the new one into its dissect.json", named)
      .addOption(
        new Option("--effort <how>", "paper: gandissect's settings; quick: about a fortieth of the work")
          .choices(["quick", "paper"])
          .default("quick"),
      )
      .option("--search-size <n>", "images to look through, twice", size)
      .option("--train-size <n>", "pairs of images to learn from, a multiple of 20", size)
      .option("--eval-size <n>", "pairs to evaluate each epoch on", size)
      .option("--epochs <n>", "times that all pairs are learned from", whole("The number of epochs", 1, 1000))
      .option("--lambda <number>", "weight of the sum of squared alphas (default: 0.005)", positive("The weight"))
      .option("--size <n>", "images of the curve that compares the ranking with the one by IoU", size, 50)
      .option("--steps <n>", "units at most in that curve", whole("The number of units", 1, 100_000), 20)
      .option("--batch <n>", "images at a time: 2, 4, 8, 10, 20 or 40", whole("The batch size", 2, 40))
      .option("--outdir <dir>", "where everything goes (default: ace/MODEL)", named)
      .option("--json", "print the units and their alphas as JSON on stdout"),
  run: (options) => withModels(aceCommand, options, (work) => search(work, options)),
};

async function search(work: Work, options: AceCommandOptions): Promise<void> {
  const { generator, segmenter, folder, progress, signal, note } = work;
  const { layer = defaultLayer(generator, "--layer"), effort } = options;
  const { channels } = generator.layer(layer);
  const typed = work.concept!; // required
  const label = segmenter.label(typed);
  const concept = uniqueNames(segmenter.labels)[label]!; // typed, it may be by its category
  const at = `${fileName(layer)}/ace/${fileName(concept)}`;
  const given: Omit<AceOptions, "initial"> = {
    layer,
    concept: typed,
    effort,
    ...defined({ searchSize: options.searchSize, trainSize: options.trainSize, evalSize: options.evalSize }),
    ...defined({ epochs: options.epochs, lambda: options.lambda, batch: options.batch }),
  };
  aceCost(generator, segmenter, given); // refuses settings before anything runs
  const dissection =
    options.dissection === undefined
      ? undefined
      : await RankedDissection.open(options.dissection, work, { layer, label });
  const layerUnits = new LayerUnits(work, { ...options, layer });
  const own = dissection ? undefined : await layerUnits.ranking(label);
  const flops = sayCost(work, options, given, own !== undefined && !own.known);
  const order = dissection?.order ?? (await own!.order());
  const initial = new Float32Array(channels);
  for (const [index, unit] of order.units.entries()) initial[unit] = Math.max(0, order.scores[index]!);
  const wanted = settleAce(generator, segmenter, { ...given, initial });
  const state = await AceState.open(folder, at, { ...wanted, concept }, await layerUnits.models);
  sayResumed(work, state);
  let result: AceResult | undefined;
  for await (const event of ace(generator, segmenter, { ...given, initial, signal }, state.resume)) {
    if (event.type === "progress") progress.report(event.phase, event.done, event.total);
    else if (event.type === "result") result = event.result;
    else await state.keep(event);
  }
  const { alpha, corpus, snapshots: epochs, order: units } = result!;
  const { trainSize, evalSize } = corpus;
  if (trainSize < wanted.trainSize || evalSize < wanted.evalSize) {
    note(
      `Those of ${wanted.searchSize} images that show ${concept} make ${trainSize} pairs to learn ` +
        `from and ${evalSize} to evaluate on, not ${wanted.trainSize} and ${wanted.evalSize} as ` +
        "wanted. A larger --search-size makes more.",
    );
  }
  const ranking = toAceRanking(concept, alpha);
  const models = { model: generator.name, segmenter: segmenter.name };
  const shown = folder.of(JSON.stringify([layer, "ace", concept]), [wanted, options.size, options.steps, models]);
  await shown.write(`${at}/summary.json`, `${JSON.stringify(toAceSummary(layer, ranking, result!), null, 1)}\n`);
  await shown.write(
    `${at}/ace.safetensors`,
    writeSafetensors(
      {
        alpha: { dtype: "float32", shape: [channels], data: alpha },
        feature: { dtype: "float32", shape: [channels], data: corpus.feature },
      },
      { concept, layer, ...models },
    ),
  );
  await shown.write(`${at}/loss.svg`, aceLossSvg(concept, epochs));
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
    trainSize,
    evalSize,
    flops,
  };
  work.say({ json, text: table(json, result!) });
  await compare(work, options, { layer, label, concept, order, units, at, shown });
  // last: what is somebody else's changes only when all is done
  await dissection?.put(layer, ranking);
}

/** Says what all of this takes, of which a part may be there already; in FLOPs. */
function sayCost(
  { generator, segmenter, concept, note }: Work,
  { size, steps }: AceCommandOptions,
  given: Omit<AceOptions, "initial">,
  ranks: boolean,
): number {
  const cost = aceCost(generator, segmenter, given);
  const ranking = ranks ? rankingCost(generator, segmenter, RANKING_SIZE) : 0;
  const curves = curvesCost(generator, segmenter, { layer: given.layer, size, steps, curves: 2 });
  const said = (flops: number): string => amount(flops, "FLOP");
  const total = ranking + cost.total + curves;
  const ranked = ranks ? `${said(ranking)} to rank units by IoU (no --dissection given), ` : "";
  note(
    `This takes ${said(total)}: ${ranked}${said(cost.present)} to find ${concept}, ` +
      `${said(cost.candidates)} to find where it ` +
      `can be put, ${said(cost.optimise)} to learn, ${said(cost.evaluate)} to evaluate, ` +
      `${said(curves)} to compare.`,
  );
  return total;
}

function sayResumed({ note }: Work, { resume: { present, corpus, snapshots = [] } }: AceState): void {
  const epoch = snapshots.at(-1)?.epoch ?? -1; // −1 is what it starts from
  const from = epoch >= 0 ? `epoch ${epoch}` : corpus ? "the corpus" : present && "where the concept is";
  if (from) note(`Going on from ${from} of an earlier run.`);
}

/** The curves of ACE's units and of those of the highest IoU, and their plot. */
async function compare(
  { generator, segmenter, folder, finished, progress, signal }: Work,
  { size, batch, ...options }: AceCommandOptions,
  found: {
    readonly layer: string;
    readonly label: number;
    readonly concept: string;
    readonly order: UnitOrder;
    readonly units: readonly number[];
    readonly at: string;
    readonly shown: Folder;
  },
): Promise<void> {
  const { layer, label, concept } = found;
  const steps = Math.min(options.steps, found.units.length);
  let done = 0;
  const experiment = await Experiment.create(generator, segmenter, {
    editable: [layer],
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
    const curves = [];
    for (const [metric, units] of [
      ["ace", found.units],
      ["iou", found.order.units],
    ] as const) {
      const measured = await ablateEverywhere(experiment, { layer, units, steps });
      const curve = toFullAblation(measured, { classname: concept, classnum: label, metric });
      const path = `${fileName(layer)}/fullablation/${fileName(concept)}-${metric}.json`;
      const set = folder.of(curveSet(layer, "fullablation", concept, metric), [size, experiment.before, steps, units]);
      await set.write(path, `${JSON.stringify(curve)}\n`);
      curves.push(curve);
    }
    await found.shown.write(`${found.at}/ablation.svg`, ablationSvg(concept, aceLines(curves[0]!, curves[1]!)));
  } finally {
    experiment.dispose();
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
