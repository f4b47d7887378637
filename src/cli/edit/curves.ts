import {
  type AblationOptions,
  ablateEverywhere,
  ablateLocations,
  type Experiment,
  shuffledUnits,
  type UnitEffect,
  unitEffects,
} from "../../causality/index.ts";
import type { OutputFolder } from "../../node/folder.ts";
import { type AblationJson, toFullAblation, toPixAblation, unitEffectsCsv } from "../../report/ablation.ts";
import { type AblationLine, ablationSvg } from "../../report/ablation-plot.ts";
import type { Folder } from "../../report/folder.ts";
import { fileName } from "../../report/gandissect.ts";
import type { EditSummary } from "./summary.ts";
import type { UnitOrder } from "./units.ts";

export interface CurveJob {
  readonly layer: string;
  readonly concept: string;
  readonly label: number;
  readonly order: UnitOrder;
  /** Units at most; random orders stop where the ranked one does. */
  readonly steps: number;
  /** Orders by chance to compare with; their seeds are 1, 2 … */
  readonly random: number;
  /** Every unit as far as its score says, instead of all of it. */
  readonly mixed: boolean;
  /** Ablate location by location (gandissect's pixablation) instead of everywhere. */
  readonly everyLocation?: boolean;
  readonly signal: AbortSignal;
}

/** The set of a concept's curve by a metric, and of its plot. */
export const curveSet = (
  layer: string,
  kind: "fullablation" | "pixablation",
  concept: string,
  metric: string,
): string => JSON.stringify([layer, kind, concept, metric]);

/** Writes a concept's curve as gandissect does, those of random units, and the plot of all. */
export async function writeCurves(
  experiment: Experiment,
  job: CurveJob,
  folder: Pick<OutputFolder, "of">,
): Promise<void> {
  const { layer, concept, label, order, mixed, everyLocation = false } = job;
  const steps = Math.min(job.steps, order.units.length);
  const kind = everyLocation ? "pixablation" : "fullablation";
  const parent = `${fileName(layer)}/${kind}`;
  const images = [experiment.size, experiment.before, steps];
  const ranks = folder.of(curveSet(layer, kind, concept, order.metric), [images, order, mixed, job.random]);
  const others = folder.of(curveSet(layer, kind, concept, "random"), [images, job.random]);
  const measure = async (
    metric: string,
    options: Omit<AblationOptions, "layer" | "steps">,
    to: Folder,
  ): Promise<AblationJson> => {
    const ablation = { layer, steps, ...options };
    const curve = everyLocation
      ? toPixAblation(await ablateLocations(experiment, label, { ...ablation, signal: job.signal }), {
          classname: concept,
          metric,
        })
      : toFullAblation(await ablateEverywhere(experiment, ablation), { classname: concept, classnum: label, metric });
    await to.write(`${parent}/${fileName(concept)}-${metric}.json`, `${JSON.stringify(curve)}\n`);
    return curve;
  };
  const alphas = mixed ? order.scores.map((score) => Math.min(1, Math.max(0, score))) : undefined;
  const ranked = await measure(order.metric, { units: order.units, ...(alphas && { alphas }) }, ranks);
  const random: AblationJson[] = [];
  const { channels } = experiment.generator.layer(layer);
  for (let seed = 1; seed <= job.random; seed += 1) {
    random.push(await measure(`random-${seed}`, { units: shuffledUnits(channels, seed) }, others));
  }
  const lines = linesOf(ranked, random);
  await ranks.write(`${parent}/effect-${fileName(concept)}-${order.metric}.svg`, ablationSvg(concept, lines));
}

/** The lines of the plot of a ranking's curve, and of those of random units if there are some. */
export function linesOf(ranked: AblationJson, random: readonly AblationJson[]): AblationLine[] {
  const { metric } = ranked;
  const name = metric === "given" ? "Units as given" : `Top units by ${metric === "iou" ? "IoU" : metric}`;
  return [{ name, curves: [ranked] }, ...(random.length > 0 ? [{ name: "Random units", curves: random }] : [])];
}

/** The same of ACE's units, beside those of the highest IoU. */
export const aceLines = (ace: AblationJson, iou: AblationJson): AblationLine[] => [
  { name: "Units by ACE", curves: [ace] },
  { name: "Top units by IoU", curves: [iou] },
];

/**
 * Writes every unit's own effect on every concept that there is: `LAYER/unit-effects.csv`, pixels
 * more or less.
 */
export async function writeUnitEffects(
  experiment: Experiment,
  layer: string,
  { concepts }: EditSummary,
  folder: Folder,
): Promise<void> {
  const units: UnitEffect[] = [];
  for await (const unit of unitEffects(experiment, layer)) units.push(unit);
  const names = ["", ...concepts.map(({ concept }) => concept)];
  await folder.write(`${fileName(layer)}/unit-effects.csv`, unitEffectsCsv(names, experiment.before, units));
}
