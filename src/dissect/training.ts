import { type Extent, elements } from "../runtime/graph.ts";
import { Scope } from "../runtime/scope.ts";
import { Counts } from "./counts.ts";
import type { DissectionEvent } from "./events.ts";
import { type CountingPass, countingPasses } from "./groups.ts";
import { type LayerLevels, levelsOf } from "./layer.ts";
import { countable, emptySearch, FRACTIONS, searchLevels } from "./levels.ts";
import type { Settled } from "./options.ts";
import { Presence } from "./presence.ts";
import { Samples } from "./samples.ts";
import { quantilesOf } from "./select.ts";
import { Slots } from "./slots.ts";
import type { Labeller, Subject } from "./subject.ts";

// Tests: test/dissect/channels.test.ts

/** A 512-unit layer's joint histogram takes 202 KiB a label at 100 levels. */
const HISTOGRAM_BYTES = 512 * 2 ** 20;

/**
 * Levels from the training set: quantiles of the upsampled activations, then counts of the concepts
 * at every one of them. Of a unified parsing network's two thousand labels only those that occur
 * often enough to be matched are counted, for which label maps are looked at before.
 */
export async function* searchTraining(
  subject: Subject,
  segmenter: Labeller,
  settings: Settled,
  /** Bytes of joint histograms kept on the GPU at once. */
  histogramBytes = HISTOGRAM_BYTES,
): AsyncGenerator<DissectionEvent, LayerLevels[], undefined> {
  const { device } = subject;
  const { layers, size, grid, reach, signal, quantileThreshold } = settings;
  const { labels, categories } = segmenter;
  const area = elements(grid);
  // An only category's condition is none.
  const everywhere = categories.length === 1;
  const scope = new Scope();
  try {
    const { samples, presence, slots } = await trainingSet(subject, segmenter, settings, everywhere, scope);
    const shapes = new Map(layers.map((layer) => [layer, samples.maps.get(layer)!.shape]));
    const passesFor = (counted: readonly number[]) =>
      countingPasses(shapes, counted, {
        levels: FRACTIONS.length,
        categories: categories.length,
        device,
        bytes: histogramBytes,
      });
    const all = labels.map((_, label) => label).slice(1);
    // Where label maps cannot be kept, segmenting everything once more is only worth it if it saves
    // passes.
    const early = samples.keepsLabels || passesFor(all).length > 1;

    const levels = yield* quantilesOf(
      subject,
      settings,
      samples,
      { grid, reach, quantiles: FRACTIONS.map((fraction) => 1 - fraction) },
      early ? presence : undefined,
    );
    let seen = early ? await presence.read() : undefined;
    const passes = passesFor(seen ? countable(seen.pixels, size * area) : all);
    const found = new Map(
      layers.map((layer) => [layer, emptySearch(labels.length, subject.layer(layer).channels)] as const),
    );
    const trainingOf = (layer: string) => ({
      units: subject.layer(layer).channels,
      levels: levels.get(layer)!,
      labels: labels.length,
    });
    for (const [index, pass] of passes.entries()) {
      slots.assign(pass.labels);
      const held = new Scope();
      try {
        const counts = await countsOf(pass, levels, held, { subject, samples, presence, slots, reach, signal });
        for await (const { first, count } of samples.each({ labels: true })) {
          // which categories the batch's images hold; its sums were read after one pass, and later
          // ones are not
          presence.add();
          slots.update();
          for (const layer of pass.layers) counts.get(layer)!.add();
          yield { type: "progress", phase: "levels", done: index * size + first + count, total: passes.length * size };
        }
        seen ??= await presence.read();
        const common = {
          counted: pass.labels,
          categoryOf: labels.map(({ category }) => categories.indexOf(category)),
          categories: categories.length,
          labelPixels: seen.pixels,
          pixels: size * area,
          categoryPixels: Array.from(seen.images, (count) => (everywhere ? size : count) * area),
        };
        for (const layer of pass.layers) {
          await searchLevels({ ...trainingOf(layer), ...common, counts: counts.get(layer)! }, found.get(layer)!);
        }
      } finally {
        held.dispose();
      }
    }
    return layers.map((layer) => levelsOf(layer, found.get(layer)!, trainingOf(layer), quantileThreshold));
  } finally {
    scope.dispose();
  }
}

/** The training set's samples, what counts their labels, and which labels have counters. */
async function trainingSet(
  subject: Subject,
  segmenter: Labeller,
  settings: Settled,
  everywhere: boolean,
  scope: Scope,
): Promise<{ readonly samples: Samples; readonly presence: Presence; readonly slots: Slots }> {
  const { labels, categories, device } = segmenter;
  const { trainSeed: seed, signal } = settings;
  const samples = scope.own(
    await Samples.create({ ...settings, subject, segmenter, seed, set: "training", pictures: false, keepLabels: true }),
  );
  const { labelMaps, batch } = samples;
  const [presence, slots] = await scope.all([
    Presence.create(device, { maps: labelMaps, batch, labels, categories, everywhere, signal }),
    Slots.create(device, { labelMaps, labels: labels.length, signal }),
  ]);
  return { samples, presence, slots };
}

/** The counters of one pass, by layer; `held` lets them go. */
async function countsOf(
  { layers, labels }: CountingPass,
  levels: ReadonlyMap<string, Float32Array>,
  held: Scope,
  {
    subject,
    samples,
    presence,
    slots,
    reach,
    signal,
  }: {
    readonly subject: Subject;
    readonly samples: Samples;
    readonly presence: Presence;
    readonly slots: Slots;
    readonly reach: Extent;
    readonly signal: AbortSignal | undefined;
  },
): Promise<ReadonlyMap<string, Counts>> {
  const created = await held.all(
    layers.map((layer) => {
      const { channels } = subject.layer(layer);
      return Counts.create(subject.device, {
        maps: samples.maps.get(layer)!,
        channels,
        batch: samples.batch,
        slotMaps: slots.maps,
        labels,
        present: presence.present,
        reach,
        levels: ascending(levels.get(layer)!, channels),
        signal,
      });
    }),
  );
  return new Map(layers.map((layer, index) => [layer, created[index]!]));
}

/** [levels][units] in the opposite order of levels. */
function ascending(levels: Float32Array, units: number): Float32Array {
  const reversed = new Float32Array(levels.length);
  for (let from = 0; from < levels.length; from += units) {
    reversed.set(levels.subarray(from, from + units), levels.length - units - from);
  }
  return reversed;
}
