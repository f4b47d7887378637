import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ascending, rankUnits } from "../../causality/ranking.ts";
import { GanatomyError, UsageError } from "../../errors.ts";
import { dissect, type Generator, type Segmenter } from "../../index.ts";

/** Images on which units are ranked, or their quantiles taken, where a command has to do that itself. */
export const RANKING_SIZE = 200;

/** A layer's units for a concept, the best first, and how good each is. */
export interface UnitOrder {
  /** What they are ordered by: "iou", another ranking of a dissection, or "given". */
  readonly metric: string;
  readonly units: readonly number[];
  /** One for each of them, the higher the better. */
  readonly scores: readonly number[];
}

/**
 * Reads the ranking CONCEPT-METRIC of a layer of so many units from a dissection's folder or its `dissect.json`, ours or
 * gandissect's. The concept is its label's own name, without a category.
 */
export async function readOrder(
  path: string,
  layer: string,
  concept: string,
  metric: string,
  channels: number,
): Promise<UnitOrder> {
  const file = (await stat(path).catch(() => undefined))?.isDirectory() ? join(path, "dissect.json") : path;
  const text = await readFile(file, "utf8").catch((cause) => {
    throw new GanatomyError("not-found", `"${file}" cannot be read.`, "Name a folder that `ganatomy dissect` wrote.", {
      cause,
    });
  });
  const layers = layersOf(text, file);
  const found = layers.find((candidate) => candidate.layer === layer);
  if (!found) {
    throw new UsageError(
      `"${file}" has no ${layer}.`,
      `It has ${layers.map((candidate) => candidate.layer).join(", ")}.`,
    );
  }
  const ranking = found.rankings.find(({ name }) => name === `${concept}-${metric}`);
  if (!ranking) {
    const known = found.rankings.map(({ name }) => name).filter((name) => name.endsWith(`-${metric}`));
    throw new UsageError(
      `"${file}" does not rank the units of ${layer} for "${concept}" by ${metric}.`,
      known.length > 0 ? `It has ${known.join(", ")}.` : `It has nothing ranked by ${metric}.`,
    );
  }
  const { length } = ranking.score;
  if (length !== channels) {
    throw new UsageError(
      `"${file}" ranks ${length} units of ${layer}, which has ${channels}.`,
      "Name a dissection of this model.",
    );
  }
  const units = ascending(ranking.score);
  return { metric, units, scores: units.map((unit) => -ranking.score[unit]!) };
}

interface LayerRankings {
  readonly layer: string;
  readonly rankings: readonly { readonly name: string; readonly score: readonly number[] }[];
}

/** What is needed of dissect.json, which is input like any other. */
function layersOf(text: string, file: string): LayerRankings[] {
  try {
    const { layers } = JSON.parse(text) as { layers: LayerRankings[] };
    const whole = layers.every(
      ({ layer, rankings }) =>
        typeof layer === "string" &&
        rankings.every(
          ({ name, score }) => typeof name === "string" && score.every((value) => typeof value === "number"),
        ),
    );
    if (whole) return layers;
  } catch {
    // said below
  }
  throw new UsageError(`"${file}" is no dissect.json.`, "Name the one that `ganatomy dissect` or gandissect wrote.");
}

/** Dissects one layer to rank its units by their IoU with a concept. */
export async function computeOrder(
  generator: Generator,
  segmenter: Segmenter,
  options: {
    readonly layer: string;
    readonly label: number;
    readonly size: number;
    readonly batch?: number;
    readonly signal: AbortSignal;
    progress(phase: string, done: number, total: number): void;
  },
): Promise<UnitOrder> {
  const { layer, label, size, batch, signal } = options;
  for await (const event of dissect(generator, segmenter, {
    layers: [layer],
    size,
    examples: 1,
    ...(batch !== undefined && { batch }),
    signal,
  })) {
    if (event.type === "progress") options.progress(event.phase, event.done, event.total);
    if (event.type !== "result") continue;
    const units = rankUnits(event.dissection, layer, label);
    const { iou } = event.dissection.layers[0]!.tables;
    return { metric: "iou", units, scores: units.map((unit) => iou[label * units.length + unit]!) };
  }
  throw new Error("The dissection ended without a result.");
}
