import { Counts } from "../dissect/counts.ts";
import { generated } from "../dissect/generated.ts";
import { FRACTIONS } from "../dissect/levels.ts";
import { Moments } from "../dissect/moments.ts";
import { settle } from "../dissect/options.ts";
import { Presence } from "../dissect/presence.ts";
import { Samples } from "../dissect/samples.ts";
import { quantilesOf } from "../dissect/select.ts";
import { Slots } from "../dissect/slots.ts";
import type { Subject } from "../dissect/subject.ts";
import { UsageError } from "../errors.ts";
import type { Covering } from "../kernels/statistics/statistics.ts";
import type { Generator } from "../models/generator.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { elements } from "../runtime/graph.ts";
import { Scope } from "../runtime/scope.ts";
import { type ConceptCounts, CutoffCurves } from "./cutoff-curves.ts";

/** Which units and concepts are compared, at which cutoffs, and in which images. */
export interface CutoffsOptions {
  /** Its name, as in `generator.layers`. */
  readonly layer: string;
  /** Names of labels, "door" or "material/glass". */
  readonly concepts: readonly string[];
  /**
   * Fractions of a unit's upsampled activations that lie below its level, 0…1; the 100 that a
   * dissection tries, from 0 to 0.999, unless given.
   */
  readonly cutoffs?: readonly number[];
  /** Images; 200 unless given. */
  readonly size?: number;
  /** Seed of their z; 1 unless given. */
  readonly seed?: number;
  /** As in `DissectOptions`: half the image's longer edge unless given. */
  readonly segmentationSize?: number;
  /**
   * Images at a time; as many as `dissect` takes unless given. The result does not depend on it.
   */
  readonly batch?: number;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<CutoffsOptions> = {
  layer: "needed",
  concepts: "needed",
  cutoffs: "list",
  size: true,
  seed: true,
  segmentationSize: true,
  batch: true,
  signal: true,
};

/** The cutoffs of a dissection's level search, the lowest first. */
const TRIED: readonly number[] = FRACTIONS.map((fraction) => 1 - fraction).reverse();

/**
 * How well the units of a layer agree with some concepts at every cutoff, and how their activations
 * are distributed on each concept's pixels. Levels are exact quantiles (Hazen's definition) of the
 * activations upsampled to the label maps, counts are exact; what comes back from the GPU are
 * counts, a table a concept.
 * @throws UsageError for options that make no sense; the signal's reason.
 */
export async function cutoffCurves(
  generator: Generator,
  segmenter: Segmenter,
  options: CutoffsOptions,
): Promise<CutoffCurves> {
  checkNames("cutoffCurves", options, NAMES);
  const { layer, concepts, cutoffs: asked = TRIED, size = 200, seed = 1, signal, ...more } = options;
  if (concepts.length === 0) throw new UsageError("No concept is asked for.", "Name a label of the segmenter.");
  const labels = [...new Set(concepts.map((concept) => segmenter.label(concept)))];
  for (const cutoff of asked) {
    if (cutoff >= 0 && cutoff <= 1) continue;
    throw new UsageError(`${cutoff} is no cutoff.`, "Use a number between 0 and 1, such as 0.95.");
  }
  const cutoffs = [...new Set(asked)].sort((a, b) => a - b);
  // The lowest and the highest level bound what the others leave open.
  const quantiles = [...new Set([0, ...cutoffs, 1])];
  const subject = generated(generator);
  const given = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined));
  const settings = settle(subject, segmenter, { layers: [layer], size, seed, signal: signal!, ...given });
  const { grid, coverings } = settings;
  const scope = new Scope();
  try {
    const sampling = { ...settings, subject, segmenter, set: "whole", pictures: false, keepLabels: true } as const;
    const samples = scope.own(await Samples.create(sampling));
    const levels = await returned(quantilesOf(subject, settings, samples, { grid, coverings, quantiles }));
    const own = levels.get(layer)!;
    const counters = await countersOf(subject, segmenter, {
      layer,
      labels,
      levels: own,
      samples,
      covering: coverings.get(layer),
      signal,
      scope,
    });
    const { presence, slots, counts, moments } = counters;
    for await (const _ of samples.each({ labels: true })) {
      presence.add();
      slots.update();
      counts.add();
      moments.add();
    }
    const { pixels, images } = await presence.read();
    const found = new Map<number, ConceptCounts>();
    for (const [row, label] of labels.entries()) {
      const category = segmenter.categories.indexOf(segmenter.labels[label]!.category);
      found.set(label, {
        pixels: pixels[label]!,
        categoryPixels: images[category]! * elements(grid),
        intersection: await counts.intersection(label),
        activation: await counts.activation(category),
        means: await moments.conceptMeans(row, pixels[label]!),
      });
    }
    return new CutoffCurves({ cutoffs, quantiles, levels: own, size, found, label: (name) => segmenter.label(name) });
  } finally {
    scope.dispose();
  }
}

/** What a generator returns, its events left aside. */
async function returned<T>(events: AsyncGenerator<unknown, T, undefined>): Promise<T> {
  for (;;) {
    const { done, value } = await events.next();
    if (done) return value;
  }
}

/** What one pass over the images counts. */
async function countersOf(
  subject: Subject,
  { labels: all, categories }: Pick<Segmenter, "labels" | "categories">,
  {
    layer,
    labels,
    levels,
    samples,
    covering,
    signal,
    scope,
  }: {
    readonly layer: string;
    readonly labels: readonly number[];
    /** [quantiles][units], ascending. */
    readonly levels: Float32Array;
    readonly samples: Samples;
    readonly covering: Covering | undefined;
    readonly signal: AbortSignal | undefined;
    readonly scope: Scope;
  },
): Promise<{ presence: Presence; slots: Slots; counts: Counts; moments: Moments }> {
  const { device } = subject;
  const { labelMaps, batch, maps } = samples;
  const [presence, slots] = await scope.all([
    Presence.create(device, { maps: labelMaps, batch, labels: all, categories, signal }),
    Slots.create(device, { labelMaps, labels: all.length, signal }),
  ]);
  slots.assign(labels);
  const { channels } = subject.layer(layer);
  const onLabels = { maps: maps.get(layer)!, channels, batch, slotMaps: slots.maps, labels, covering, signal };
  const [counts, moments] = await scope.all([
    Counts.create(device, { ...onLabels, present: presence.present, levels }),
    Moments.create(device, onLabels),
  ]);
  return { presence, slots, counts, moments };
}
