import { UsageError } from "../errors.ts";
import { smallerBatch } from "../models/batch-size.ts";
import type { Generator } from "../models/generator.ts";
import { elements } from "../runtime/graph.ts";
import { Scope } from "../runtime/scope.ts";
import { blocksFor } from "./blocks.ts";
import { type Counters, ofLayer } from "./checkpoint.ts";
import { type CountTable, narrowest } from "./counter.ts";
import { Counts } from "./counts.ts";
import type { DissectionEvent } from "./events.ts";
import { generated } from "./generated.ts";
import { type LayerLevels, type LayerStatistics, scoreLayer } from "./layer.ts";
import { Moments } from "./moments.ts";
import { type DissectOptions, type Settled, settle } from "./options.ts";
import { Presence, type Present } from "./presence.ts";
import type { Blocks, Dissection, LayerResult, UnitPictures } from "./result.ts";
import { Samples } from "./samples.ts";
import { quantilesOf } from "./select.ts";
import { ShownPictures } from "./shown-pictures.ts";
import { Slots } from "./slots.ts";
import type { Labeller, Subject } from "./subject.ts";
import { type Examples, Top } from "./top.ts";
import { searchTraining } from "./training.ts";

// Tests: test/dissect/exact.test.ts, test/dissect/channels.test.ts

/** Bytes of pictures in a checkpoint; others are made again by whoever goes on. */
const PICTURE_BYTES = 256 * 2 ** 20;
/** Partial results of a run. */
const PARTIALS = 4;

/** Behind `dissect` of `load.ts`, which says what it does. */
export async function* dissect(
  dissected: Generator | Subject,
  segmenter: Labeller,
  options: DissectOptions = {},
): AsyncGenerator<DissectionEvent, void, undefined> {
  if (!dissected?.layers) throw new UsageError("dissect needs a generator.", "Give what loadGenerator makes, awaited.");
  const subject = "open" in dissected ? dissected : generated(dissected);
  for (let settings = settle(subject, segmenter, options); ; ) {
    try {
      return yield* phases(subject, segmenter, settings);
    } catch (error) {
      const batch = await smallerBatch(subject.device, settings.batch, error);
      // Phases that came to their end have found what they were for.
      settings = settle(subject, segmenter, { ...options, batch }, settings.checkpoint);
    }
  }
}

/** All phases at one batch, which has to fit into memory. */
async function* phases(
  subject: Subject,
  segmenter: Labeller,
  settings: Settled,
): AsyncGenerator<DissectionEvent, void, undefined> {
  const scope = new Scope();
  try {
    const levels =
      typeof settings.quantileThreshold === "number" ? undefined : yield* searchTraining(subject, segmenter, settings);
    const samples = scope.own(
      await Samples.create({
        ...settings,
        subject,
        segmenter,
        seed: settings.seed,
        set: levels ? "test" : "whole",
        pictures: !settings.checkpoint.isPart,
        // the quantile passes of a fixed level come before the scores
        keepLabels: levels === undefined,
      }),
    );
    const chosen = levels ?? (yield* fixedLevels(subject, settings, samples));
    yield* scoreTest(subject, segmenter, settings, samples, chosen, scope);
  } finally {
    scope.dispose();
  }
}

/** One upper quantile of every unit's raw activations on the test set (spec §3.2, step 2'). */
async function* fixedLevels(
  subject: Subject,
  settings: Settled,
  samples: Samples,
): AsyncGenerator<DissectionEvent, LayerLevels[], undefined> {
  const quantile = 1 - (settings.quantileThreshold as number);
  const { rule, grid, coverings } = settings;
  const of = rule.levelsOf === "labels" ? { grid, coverings } : { grid: undefined };
  const levels = yield* quantilesOf(subject, settings, samples, { ...of, quantiles: [quantile] }, undefined, "whole");
  return settings.layers.map((layer) => ({
    layer,
    channels: subject.layer(layer).channels,
    levels: levels.get(layer)!,
  }));
}

/** Scores, correlations and top images on the test set. */
async function* scoreTest(
  subject: Subject,
  segmenter: Labeller,
  settings: Settled,
  samples: Samples,
  chosen: readonly LayerLevels[],
  scope: Scope,
): AsyncGenerator<DissectionEvent, void, undefined> {
  const { size, checkpoint } = settings;
  const { isPart } = checkpoint;
  const counters = await countersOf(subject, segmenter, settings, samples, chosen, scope);
  const { presence, slots, statistics, collected } = counters;
  const counted: Counted = { subject, segmenter, settings, samples, chosen, presence, statistics };
  const shownPictures = new ShownPictures(
    samples,
    [...statistics.values()].map(({ top }) => top),
  );
  const all = scoreCounters(counters);
  await checkpoint.begin("scores");
  const restored = checkpoint.restore("scores", samples, { counters: all });
  const from = restored?.done ?? samples.range.first;
  samples.takePictures(restored?.extra ?? new Map());
  try {
    let partials = Math.floor((from * (PARTIALS + 1)) / size) + 1;
    const each = samples.each({ labels: true, pictures: !isPart, from });
    for await (const { first, count } of checkpoint.batches(each)) {
      presence.add();
      slots.update();
      for (const { counts, moments, top } of statistics.values()) {
        counts.add();
        moments.add();
        top.add();
      }
      const done = first + count;
      await shownPictures.looked();
      await checkpoint.keep(
        "scores",
        done,
        () => ({ counters: all }),
        () => samples.pictureTables(PICTURE_BYTES),
      );
      yield { type: "progress", phase: "scores", done, total: size };
      if (isPart) continue;
      if (done < size && done >= (partials * size) / (PARTIALS + 1)) {
        yield { type: "partial", dissection: await dissectionOf(counted, done) };
        partials = Math.floor((done * (PARTIALS + 1)) / size) + 1;
      }
      shownPictures.sift(done);
    }
    await shownPictures.end();
  } finally {
    await shownPictures.settled(); // whoever leaves early leaves no read behind
  }
  const dissection = await dissectionOf(counted, size);
  // Those that an earlier run had, and did not keep, are made again.
  const shown = await shownPictures.images();
  const again = !samples.hasPictures(shown);
  for await (const { first, count } of samples.each({ labels: again, pictures: again, only: shown })) {
    for (const examples of collected.values()) examples.add();
    if (again) samples.forget(first, shown);
    yield { type: "progress", phase: "pictures", done: first + count, total: size };
  }
  if (again) samples.forget(size, shown);
  const features = new Map<string, { readonly maps: Float32Array; readonly stored: number }>();
  for (const [layer, examples] of collected) {
    features.set(layer, { maps: await examples.maps.read(), stored: examples.maps.shape[1]! });
    examples.dispose();
  }
  // Whoever draws may need the memory, and nothing is asked of the GPU any more.
  scope.dispose();
  await subject.device.reclaim();
  yield {
    type: "result",
    dissection,
    pictures: ({ signal: stop } = {}) => unitPictures(dissection, samples, features, stop),
  };
}

/**
 * What counts the test set: its labels, and of each layer the statistics and the maps of the top
 * images.
 */
async function countersOf(
  subject: Subject,
  segmenter: Labeller,
  { rule, signal, examples, coverings }: Settled,
  samples: Samples,
  chosen: readonly LayerLevels[],
  scope: Scope,
): Promise<{
  readonly presence: Presence;
  readonly slots: Slots;
  readonly statistics: ReadonlyMap<string, LayerStatistics>;
  readonly collected: ReadonlyMap<string, Examples>;
}> {
  const { device } = subject;
  const { labels, categories } = segmenter;
  const { labelMaps, maps } = samples;
  const shapes = chosen.map(({ layer }) => maps.get(layer)!.shape);
  const blocks = blocksFor(shapes, categories.length + labels.length - 1);
  const [presence, slots] = await scope.all([
    Presence.create(device, {
      maps: labelMaps,
      batch: samples.batch,
      labels,
      categories,
      blocks,
      everywhere: rule.images === "all",
      signal,
    }),
    Slots.create(device, { labelMaps, labels: labels.length, signal }),
  ]);
  // At one level a label takes a few kilobytes: all are counted, as which occur is only known after
  // the last batch.
  const scored = labels.map((_, label) => label).slice(1);
  slots.assign(scored);
  const statistics = new Map<string, LayerStatistics>();
  const collected = new Map<string, Examples>();
  for (const { layer, channels, levels } of chosen) {
    const common = { maps: maps.get(layer)!, channels, batch: samples.batch, signal };
    const onLabels = { ...common, slotMaps: slots.maps, labels: scored, covering: coverings.get(layer) };
    const [counts, moments, top] = await scope.all([
      Counts.create(device, { ...onLabels, present: presence.present, levels, blocks }),
      Moments.create(device, onLabels),
      Top.create(device, { ...common, k: examples }),
    ]);
    statistics.set(layer, { counts, moments, top });
    // Now, so that a lack of memory shows before the work is done.
    collected.set(layer, scope.own(await top.examples(signal)));
  }
  return { presence, slots, statistics, collected };
}

/** Everything that counts the test set. */
function scoreCounters({ presence, statistics }: Pick<Counted, "presence" | "statistics">): Counters {
  const layers = [...statistics].map(([layer, { counts, moments, top }]) =>
    ofLayer(layer, { ...counts.counters, ...moments.counters, ...top.counters }),
  );
  return Object.assign({}, presence.counters, ...layers);
}

/** What was counted of the test set, by which, and of which settings. */
interface Counted {
  readonly subject: Subject;
  readonly segmenter: Labeller;
  readonly settings: Settled;
  readonly samples: Samples;
  readonly chosen: readonly LayerLevels[];
  readonly presence: Presence;
  readonly statistics: ReadonlyMap<string, LayerStatistics>;
}

/** The scores of the first `seen` images. */
async function dissectionOf(
  { subject, segmenter, settings, samples, chosen, presence, statistics }: Counted,
  seen: number,
): Promise<Dissection> {
  const { grid, rule, quantileThreshold, examples, areas } = settings;
  const { labels, categories } = segmenter;
  const area = elements(grid);
  const counted = await presence.blocks();
  const parts =
    rule.images === "all" ? counted.map((part, block) => everywhere(part, block, counted.length, seen)) : counted;
  const { pixels, images } = await presence.read();
  const testPixels = {
    labels: pixels,
    categories: Array.from(images, (count) => (rule.images === "all" ? seen : count) * area),
    all: seen * area,
    blocks: parts.length,
  };
  const layers: LayerResult[] = [];
  for (const levels of chosen) {
    const models = { subject, segmenter };
    const area = areas.get(levels.layer);
    const scored = await scoreLayer(models, levels, statistics.get(levels.layer)!, testPixels, quantileThreshold, rule);
    layers.push(area ? { ...scored, area } : scored);
  }
  const names = subject.names?.(typeof quantileThreshold === "number" ? "whole" : "test");
  const [rows, columns] = grid;
  return {
    model: subject.model,
    ...(names && { images: names.slice(0, seen) }),
    segmenter: { name: segmenter.name, channels: samples.channels },
    labels,
    categories,
    settings: {
      layers: settings.layers,
      size: seen,
      seed: settings.seed,
      trainSeed: settings.trainSeed,
      quantileThreshold,
      examples,
      iouThreshold: rule.iou,
      iqrThreshold: rule.iqr ?? 0,
      segmentationSize: Math.max(rows, columns),
      ...(rows !== columns && { segmentationHeight: rows, segmentationWidth: columns }),
    },
    adapter: subject.device.adapter,
    labelPixels: [...pixels],
    ...(parts.length > 1 && { blocks: blocksOf(parts, pixels, area) }),
    layers,
  };
}

/** What was found in a block as if every image held every category. */
const everywhere = (part: Present, block: number, blocks: number, seen: number): Present => ({
  ...part,
  images: part.images.map(() => Math.max(0, Math.ceil((seen - block) / blocks))),
});

/** The test set's blocks, of maps of so many pixels. */
function blocksOf(parts: readonly Present[], all: ArrayLike<number>, area: number): Blocks {
  const labels = Array.from(all, (_, label) => label).filter((label) => label > 0 && all[label]! > 0);
  return {
    count: parts.length,
    labels,
    pixels: tableOf(parts.flatMap(({ pixels }) => labels.map((label) => pixels[label]!))),
    categoryPixels: tableOf(parts.flatMap(({ images }) => Array.from(images, (count) => count * area))),
  };
}

const tableOf = (counts: readonly number[]): CountTable => narrowest(Float64Array.from(counts));

/** What each unit shows, layer by layer. */
async function* unitPictures(
  { layers }: Dissection,
  samples: Samples,
  features: ReadonlyMap<string, { readonly maps: Float32Array; readonly stored: number }>,
  stop: AbortSignal | undefined,
): AsyncGenerator<UnitPictures, void, undefined> {
  for (const { layer, shape, units } of layers) {
    const pixels = shape[0] * shape[1];
    const { maps, stored } = features.get(layer)!;
    for (const { unit, top } of units) {
      stop?.throwIfAborted();
      const tops = top.map(({ image }, rank) => {
        const at = (rank * stored + unit) * pixels;
        return { picture: samples.picture(image), feature: maps.subarray(at, at + pixels) };
      });
      yield { layer, unit, tops };
    }
  }
}
