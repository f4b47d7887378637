import {
  type AblationOptions,
  ablateEverywhere,
  ablateLocations,
  type Experiment,
  shuffledUnits,
  unitEffects,
} from "../../causality/index.ts";
import { type AblationJson, toFullAblation, toPixAblation } from "../../report/ablation.ts";
import { ablationSvg } from "../../report/ablation-plot.ts";
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

/** Writes a concept's curve as gandissect does, those of random units, and the plot of all. */
export async function writeCurves(experiment: Experiment, job: CurveJob, folder: Folder): Promise<void> {
  const { layer, concept, label, order, mixed, everyLocation = false } = job;
  const steps = Math.min(job.steps, order.units.length);
  const parent = `${fileName(layer)}/${everyLocation ? "pixablation" : "fullablation"}`;
  const measure = async (metric: string, options: Omit<AblationOptions, "layer" | "steps">): Promise<AblationJson> => {
    const ablation = { layer, steps, ...options };
    const curve = everyLocation
      ? toPixAblation(await ablateLocations(experiment, label, { ...ablation, signal: job.signal }), {
          classname: concept,
          metric,
        })
      : toFullAblation(await ablateEverywhere(experiment, ablation), { classname: concept, classnum: label, metric });
    await folder.write(`${parent}/${fileName(concept)}-${metric}.json`, `${JSON.stringify(curve)}\n`);
    return curve;
  };
  const alphas = mixed ? order.scores.map((score) => Math.min(1, Math.max(0, score))) : undefined;
  const ranked = await measure(order.metric, { units: order.units, ...(alphas && { alphas }) });
  const random: AblationJson[] = [];
  const { channels } = experiment.generator.layer(layer);
  for (let seed = 1; seed <= job.random; seed += 1) {
    random.push(await measure(`random-${seed}`, { units: shuffledUnits(channels, seed) }));
  }
  const name =
    order.metric === "given" ? "Units as given" : `Top units by ${order.metric === "iou" ? "IoU" : order.metric}`;
  const lines = [{ name, curves: [ranked] }, ...(random.length > 0 ? [{ name: "Random units", curves: random }] : [])];
  await folder.write(`${parent}/effect-${fileName(concept)}-${order.metric}.svg`, ablationSvg(concept, lines));
}

/** Writes every unit's own effect on every concept that there is: `LAYER/unit-effects.csv`, pixels more or less. */
export async function writeUnitEffects(
  experiment: Experiment,
  layer: string,
  { concepts }: EditSummary,
  folder: Folder,
): Promise<void> {
  const { before } = experiment;
  const labels = [...before.keys()].slice(1);
  const rows = [["unit", ...labels.map((label) => `"${concepts[label - 1]!.concept.replaceAll('"', '""')}"`)]];
  rows.push(["before", ...labels.map((label) => String(before[label]))]);
  for await (const { unit, pixels } of unitEffects(experiment, layer)) {
    rows.push([String(unit), ...labels.map((label) => String(pixels[label]! - before[label]!))]);
  }
  await folder.write(`${fileName(layer)}/unit-effects.csv`, `${rows.map((row) => row.join(",")).join("\r\n")}\r\n`);
}
