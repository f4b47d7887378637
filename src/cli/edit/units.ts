import { stat } from "node:fs/promises";
import { join } from "node:path";
import { ascending, rankUnits } from "../../causality/ranking.ts";
import type { Label } from "../../dissect/result.ts";
import { GanatomyError, UsageError } from "../../errors.ts";
import { dissect, type Generator, type Segmenter } from "../../index.ts";
import { andMore } from "../../names.ts";
import { uniqueNames } from "../../report/concepts.ts";
import { parseJson } from "../../weights/json.ts";
import { textOf } from "../files-read.ts";

/**
 * Images on which units are ranked, or their quantiles taken, where a command has to do that
 * itself.
 */
export const RANKING_SIZE = 200;

/** A layer's units for a concept, the best first, and how good each is. */
export interface UnitOrder {
  /** What they are ordered by: "iou", another ranking of a dissection, or "given". */
  readonly metric: string;
  readonly units: readonly number[];
  /** One for each of them, the higher the better. */
  readonly scores: readonly number[];
}

export interface OrderOptions {
  readonly layer: string;
  /** Units of the layer. */
  readonly channels: number;
  /** All labels, of which `label` is the concept. */
  readonly labels: readonly Label[];
  readonly label: number;
  readonly metric: string;
  /** Whether the concept is a union, which no dissection has ranked. */
  readonly isUnion?: boolean;
  /**
   * The model that a dissection must be of, or `note` says so: layers alike do not mean units
   * alike.
   */
  readonly model: string;
  note(text: string): void;
}

/**
 * Reads the ranking CONCEPT-METRIC from a dissection's folder or its `dissect.json`, ours or
 * gandissect's. In ours a name that occurs in several categories carries its category ("glass
 * (material)"); gandissect's does not say which one it means.
 * @throws UsageError when there is no such ranking, or no unit has a score above 0 in it.
 */
export async function readOrder(
  path: string,
  { layer, channels, labels, label, metric, isUnion, model, note }: OrderOptions,
): Promise<UnitOrder> {
  const file = (await stat(path).catch(() => undefined))?.isDirectory() ? join(path, "dissect.json") : path;
  const text = await textOf(file, (cause) => {
    const fix = "Name a folder that `ganatomy dissect` wrote.";
    throw new GanatomyError("not-found", `"${file}" cannot be read (${cause.code}).`, fix, { cause });
  });
  const { netname, layers } = dissectionOf(text, file);
  if (typeof netname === "string" && netname !== model) {
    note(
      `"${file}" is a dissection of "${netname}", and this model is "${model}": units of one are not those of another.`,
    );
  }
  const found = layers.find((candidate) => candidate.layer === layer);
  if (!found) {
    throw new UsageError(
      `"${file}" has no ${layer}.`,
      `It has ${andMore(
        layers.map((candidate) => candidate.layer),
        24,
      )}.`,
    );
  }
  const names = uniqueNames(labels);
  const concept = names[label]!;
  const named = (name: string) => found.rankings.find((ranking) => ranking.name === `${name}-${metric}`);
  const ranking = named(concept);
  if (!ranking && isUnion) {
    throw new UsageError(
      `"${file}" ranks the units of ${layer} for one concept at a time, not for "${concept}" by ${metric}.`,
      "Leave --dissection out: units are ranked here, then.",
    );
  }
  if (!ranking) {
    const { name } = labels[label]!;
    if (named(name)) {
      throw new UsageError(
        `"${file}" ranks the units of ${layer} for "${name}", which is any of ${names.filter((_, other) => labels[other]!.name === name).join(", ")}.`,
        "Name a dissection that `ganatomy dissect` wrote: it tells them apart.",
      );
    }
    const end = `-${metric}`;
    const concepts = found.rankings.flatMap((one) => (one.name.endsWith(end) ? [one.name.slice(0, -end.length)] : []));
    throw new UsageError(
      `"${file}" does not rank the units of ${layer} for "${concept}" by ${metric}.`,
      concepts.length > 0 ? `It does for ${andMore(concepts, 24)}.` : `It has nothing ranked by ${metric}.`,
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
  const scores = units.map((unit) => (ranking.score[unit] === 0 ? 0 : -ranking.score[unit]!));
  if (!hasUnits(scores)) {
    throw new UsageError(
      `No unit of ${layer} has a score for "${concept}" by ${metric} above 0 in "${file}": the concept is not in its images, or nowhere that units respond.`,
      "Name a concept that is, or a dissection of more images.",
    );
  }
  return { metric, units, scores };
}

/**
 * Whether there are units of the concept: without, the order is that of their numbers, and says
 * nothing.
 */
const hasUnits = (scores: readonly number[]): boolean => scores.some((score) => score > 0);

interface LayerRankings {
  readonly layer: string;
  readonly rankings: readonly { readonly name: string; readonly score: readonly number[] }[];
}

interface DissectedModel {
  readonly netname?: unknown;
  readonly layers: readonly LayerRankings[];
}

/** What is needed of dissect.json, which is input like any other. */
function dissectionOf(text: string, file: string): DissectedModel {
  try {
    const { netname, layers } = parseJson(text) as DissectedModel;
    const whole = layers.every(
      ({ layer, rankings }) =>
        typeof layer === "string" &&
        rankings.every(
          ({ name, score }) => typeof name === "string" && score.every((value) => typeof value === "number"),
        ),
    );
    if (whole) return { netname, layers };
  } catch {
    // said below
  }
  throw new GanatomyError(
    "file",
    `"${file}" is no dissect.json.`,
    "Name the one that `ganatomy dissect` or gandissect wrote.",
  );
}

/**
 * Dissects one layer to rank its units by their IoU with a concept.
 * @throws UsageError when no unit has any.
 */
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
    const scores = units.map((unit) => iou[label * units.length + unit]!);
    if (!hasUnits(scores)) {
      throw new UsageError(
        `No unit of ${layer} has an IoU with "${uniqueNames(segmenter.labels)[label]}" above 0: the concept is not in the ${size} images that units were ranked on, or nowhere that they respond.`,
        "Name a concept that the model draws, or a --dissection of more images.",
      );
    }
    return { metric: "iou", units, scores };
  }
  throw new Error("The dissection ended without a result.");
}
