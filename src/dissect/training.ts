import { elements } from "../runtime/graph.ts";
import { Scope } from "../runtime/scope.ts";
import { type Checkpoint, type Counters, ofLayer } from "./checkpoint.ts";
import { Counts } from "./counts.ts";
import type { DissectionEvent } from "./events.ts";
import { type CountingPass, countingPasses } from "./groups.ts";
import { type LayerLevels, levelsOf } from "./layer.ts";
import { countable, emptySearch, FRACTIONS, type LevelSearch, searchLevels } from "./levels.ts";
import type { Settled } from "./options.ts";
import { Presence, type Present } from "./presence.ts";
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
  const { layers, size, grid, coverings, checkpoint, signal, quantileThreshold } = settings;
  const { labels, categories } = segmenter;
  const area = elements(grid);
  // An only category's condition is none.
  const everywhere = categories.length === 1;
  const scope = new Scope();
  try {
    const known = earlierSearch(subject, segmenter, settings);
    if (known) return known;
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
    // Many machines do the same whatever each has room for.
    const early = (samples.keepsLabels && !checkpoint.isShared) || passesFor(all).length > 1;

    const levels = yield* quantilesOf(
      subject,
      settings,
      samples,
      { grid, coverings, quantiles: FRACTIONS.map((fraction) => 1 - fraction) },
      early ? presence : undefined,
    );
    // where an earlier run has come further than to count them
    const isCounted = early || checkpoint.counts("training pixels") !== undefined;
    if (!early) presence.take(checkpoint, "training");
    let seen = isCounted ? await presence.read() : undefined;
    const passes = passesFor(early ? countable(seen!.pixels, size * area) : all);
    const found = new Map(
      layers.map((layer) => [layer, foundBefore(checkpoint, layer, labels.length, subject.layer(layer).channels)]),
    );
    const finished = checkpoint.result("levels", Uint32Array)?.[0] ?? 0;
    const trainingOf = (layer: string) => ({
      units: subject.layer(layer).channels,
      levels: levels.get(layer)!,
      labels: labels.length,
    });
    for (const [index, pass] of passes.entries()) {
      if (index < finished) continue;
      slots.assign(pass.labels);
      const held = new Scope();
      try {
        const counts = await countsOf(pass, levels, held, { subject, samples, presence, slots, coverings, signal });
        const steps = { at: `levels ${index}`, done: index * size, total: passes.length * size };
        yield* countLevels(steps, counts, { samples, presence, slots, checkpoint, isFirst: !seen });
        if (!seen) await presence.put(checkpoint, "training");
        seen ??= await presence.read();
        const common = sumsOf(segmenter, pass, seen, { size, area, everywhere });
        for (const layer of pass.layers) {
          await searchLevels({ ...trainingOf(layer), ...common, counts: counts.get(layer)! }, found.get(layer)!);
          putFound(checkpoint, layer, found.get(layer)!);
        }
        checkpoint.put("levels", Uint32Array.of(index + 1, passes.length));
      } finally {
        held.dispose();
      }
    }
    return layers.map((layer) => levelsOf(layer, found.get(layer)!, trainingOf(layer), quantileThreshold));
  } finally {
    scope.dispose();
  }
}

/** Counts all samples at every level, as far as an earlier run has not. */
async function* countLevels(
  { at, done, total }: { readonly at: string; readonly done: number; readonly total: number },
  counts: ReadonlyMap<string, Counts>,
  {
    samples,
    presence,
    slots,
    checkpoint,
    isFirst,
  }: {
    readonly samples: Samples;
    readonly presence: Presence;
    readonly slots: Slots;
    readonly checkpoint: Checkpoint;
    /** Whether labels are counted for the first time. */
    readonly isFirst: boolean;
  },
): AsyncGenerator<DissectionEvent, void, undefined> {
  const counters: Counters = Object.assign(
    {},
    isFirst ? presence.counters : {},
    ...[...counts].map(([layer, { counters }]) => ofLayer(layer, counters)),
  );
  await checkpoint.begin(at);
  const restored = checkpoint.restore(at, samples, { counters });
  for await (const { first, count } of checkpoint.batches(samples.each({ labels: true, from: restored?.done }))) {
    // which categories the batch's images hold; its sums were read after one pass, and later ones
    // are not
    presence.add();
    slots.update();
    for (const each of counts.values()) each.add();
    await checkpoint.keep(at, first + count, () => ({ counters }));
    yield { type: "progress", phase: "levels", done: done + first + count, total };
  }
}

/** What `searchLevels` is told of the labels. */
const sumsOf = (
  { labels, categories }: Labeller,
  pass: CountingPass,
  seen: Present,
  { size, area, everywhere }: { readonly size: number; readonly area: number; readonly everywhere: boolean },
) => ({
  counted: pass.labels,
  categoryOf: labels.map(({ category }) => categories.indexOf(category)),
  categories: categories.length,
  labelPixels: seen.pixels,
  pixels: size * area,
  categoryPixels: Array.from(seen.images, (count) => (everywhere ? size : count) * area),
});

/** What an earlier run found, if it came to the end of this search. */
function earlierSearch(
  subject: Subject,
  { labels }: Labeller,
  { layers, checkpoint, quantileThreshold }: Settled,
): LayerLevels[] | undefined {
  const [finished = 0, passes = 1] = checkpoint.result("levels", Uint32Array) ?? [];
  if (finished < passes) return undefined;
  const all: LayerLevels[] = [];
  for (const layer of layers) {
    const units = subject.layer(layer).channels;
    const levels = checkpoint.result(`training levels ${layer}`, Float32Array);
    if (!levels) return undefined;
    const found = foundBefore(checkpoint, layer, labels.length, units);
    all.push(levelsOf(layer, found, { units, levels, labels: labels.length }, quantileThreshold));
  }
  return all;
}

const SCORES = ["iqr", "maxiou"] as const;

/** Puts aside what was found of a layer until now. */
function putFound(checkpoint: Checkpoint, layer: string, found: LevelSearch): void {
  for (const by of SCORES) {
    checkpoint.put(`${layer} ${by} score`, found[by].score);
    checkpoint.put(`${layer} ${by} fraction`, found[by].fraction);
    checkpoint.put(`${layer} ${by} iou`, found[by].iou);
  }
}

/** The same as an earlier run left it; nothing found where there was none. */
function foundBefore(checkpoint: Checkpoint, layer: string, labels: number, units: number): LevelSearch {
  const found = emptySearch(labels, units);
  for (const by of SCORES) {
    for (const [name, table] of Object.entries(found[by]) as [string, Float64Array | Uint8Array][]) {
      const kept =
        table instanceof Uint8Array
          ? checkpoint.result(`${layer} ${by} ${name}`, Uint8Array)
          : checkpoint.result(`${layer} ${by} ${name}`, Float64Array);
      if (kept?.length === table.length) table.set(kept);
    }
  }
  return found;
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
    coverings,
    signal,
  }: {
    readonly subject: Subject;
    readonly samples: Samples;
    readonly presence: Presence;
    readonly slots: Slots;
    readonly coverings: Settled["coverings"];
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
        covering: coverings.get(layer),
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
