import { tileBytes } from "../kernels/maps/picture.ts";
import type { Generator } from "../models/generator.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { elements } from "../runtime/graph.ts";
import { Scope } from "../runtime/scope.ts";
import { blocksFor } from "./blocks.ts";
import { Counts } from "./counts.ts";
import type { DissectionEvent } from "./events.ts";
import { IOU_THRESHOLD, IQR_THRESHOLD, type LayerLevels, type LayerStatistics, scoreLayer } from "./layer.ts";
import { Moments } from "./moments.ts";
import { type DissectOptions, type Settled, settle } from "./options.ts";
import { Presence, type Present } from "./presence.ts";
import type { Blocks, Dissection, LayerResult, UnitPictures } from "./result.ts";
import { Samples } from "./samples.ts";
import { quantilesOf } from "./select.ts";
import { ShownPictures } from "./shown-pictures.ts";
import { Slots } from "./slots.ts";
import { type Examples, Top } from "./top.ts";
import { searchTraining } from "./training.ts";

// Tests: test/dissect/exact.test.ts, test/dissect/channels.test.ts

/** Partial results of a run. */
const PARTIALS = 4;

/** Behind `dissect` of `load.ts`, which says what it does. */
export async function* dissect(
  generator: Generator,
  segmenter: Segmenter,
  options: DissectOptions = {},
): AsyncGenerator<DissectionEvent, void, undefined> {
  const settings = settle(generator, segmenter, options);
  const scope = new Scope();
  try {
    const levels =
      typeof settings.quantileThreshold === "number"
        ? undefined
        : yield* searchTraining(generator, segmenter, settings);
    const samples = scope.own(
      await Samples.create({
        ...settings,
        generator,
        segmenter,
        seed: settings.seed,
        pictures: true,
        // the quantile passes of a fixed level come before the scores
        keepLabels: levels === undefined,
      }),
    );
    const chosen = levels ?? (yield* fixedLevels(generator, settings, samples));
    yield* scoreTest(generator, segmenter, settings, samples, chosen, scope);
  } finally {
    scope.dispose();
  }
}

/** One upper quantile of every unit's raw activations on the test set (spec §3.2, step 2'). */
async function* fixedLevels(
  generator: Generator,
  settings: Settled,
  samples: Samples,
): AsyncGenerator<DissectionEvent, LayerLevels[], undefined> {
  const quantile = 1 - (settings.quantileThreshold as number);
  const levels = yield* quantilesOf(generator, settings, samples, { grid: undefined, quantiles: [quantile] });
  return settings.layers.map((layer) => ({
    layer,
    channels: generator.layer(layer).channels,
    levels: levels.get(layer)!,
  }));
}

/** Scores, correlations and top images on the test set. */
async function* scoreTest(
  generator: Generator,
  segmenter: Segmenter,
  settings: Settled,
  samples: Samples,
  chosen: readonly LayerLevels[],
  scope: Scope,
): AsyncGenerator<DissectionEvent, void, undefined> {
  const { size } = settings;
  const counters = await countersOf(generator, segmenter, settings, samples, chosen, scope);
  const { presence, slots, statistics, collected } = counters;
  const counted: Counted = { generator, segmenter, settings, samples, chosen, presence, statistics };
  const shownPictures = new ShownPictures(
    samples,
    [...statistics.values()].map(({ top }) => top),
  );
  try {
    let partials = 1;
    for await (const { first, count } of samples.each({ labels: true, pictures: true })) {
      presence.add();
      slots.update();
      for (const { counts, moments, top } of statistics.values()) {
        counts.add();
        moments.add();
        top.add();
      }
      const done = first + count;
      await shownPictures.looked();
      yield { type: "progress", phase: "scores", done, total: size };
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
  for await (const { first, count } of samples.each({ labels: false })) {
    for (const examples of collected.values()) examples.add();
    yield { type: "progress", phase: "pictures", done: first + count, total: size };
  }
  const features = new Map<string, { readonly maps: Float32Array; readonly stored: number }>();
  for (const [layer, examples] of collected) {
    features.set(layer, { maps: await examples.maps.read(), stored: examples.maps.shape[1]! });
    examples.dispose();
  }
  // Whoever draws may need the memory, and nothing is asked of the GPU any more.
  scope.dispose();
  await generator.device.reclaim();
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
  generator: Generator,
  segmenter: Segmenter,
  { signal, examples, reach }: Settled,
  samples: Samples,
  chosen: readonly LayerLevels[],
  scope: Scope,
): Promise<{
  readonly presence: Presence;
  readonly slots: Slots;
  readonly statistics: ReadonlyMap<string, LayerStatistics>;
  readonly collected: ReadonlyMap<string, Examples>;
}> {
  const { device } = generator;
  const { labels, categories } = segmenter;
  const { labelMaps, maps } = samples;
  const shapes = chosen.map(({ layer }) => maps.get(layer)!.shape);
  const blocks = blocksFor(shapes, categories.length + labels.length - 1);
  const [presence, slots] = await scope.all([
    Presence.create(device, { maps: labelMaps, batch: samples.batch, labels, categories, blocks, signal }),
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
    const onLabels = { ...common, slotMaps: slots.maps, labels: scored, reach };
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

/** What was counted of the test set, by which, and of which settings. */
interface Counted {
  readonly generator: Generator;
  readonly segmenter: Segmenter;
  readonly settings: Settled;
  readonly samples: Samples;
  readonly chosen: readonly LayerLevels[];
  readonly presence: Presence;
  readonly statistics: ReadonlyMap<string, LayerStatistics>;
}

/** The scores of the first `seen` images. */
async function dissectionOf(
  { generator, segmenter, settings, samples, chosen, presence, statistics }: Counted,
  seen: number,
): Promise<Dissection> {
  const { grid, quantileThreshold, examples } = settings;
  const { labels, categories } = segmenter;
  const area = elements(grid);
  const parts = await presence.blocks();
  const { pixels, images } = await presence.read();
  const testPixels = {
    labels: pixels,
    categories: Array.from(images, (count) => count * area),
    all: seen * area,
    blocks: parts.length,
  };
  const layers: LayerResult[] = [];
  for (const levels of chosen) {
    const models = { generator, segmenter };
    layers.push(await scoreLayer(models, levels, statistics.get(levels.layer)!, testPixels, quantileThreshold));
  }
  const { name, resolution, height, width, uncropped, sizes, network } = generator;
  const made = network.outputs.find(({ kind, range }) => kind === "raw" && range === "tiles");
  const cropped = uncropped[0] !== height || uncropped[1] !== width;
  const [rows, columns] = grid;
  return {
    model: {
      name,
      resolution,
      ...(height !== width && { height, width }),
      ...(cropped && { uncropped }),
      ...(made && { tiles: tileBytes(made.channels) }),
      sizes,
    },
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
      iouThreshold: IOU_THRESHOLD,
      iqrThreshold: IQR_THRESHOLD,
      segmentationSize: Math.max(rows, columns),
      ...(rows !== columns && { segmentationHeight: rows, segmentationWidth: columns }),
    },
    adapter: generator.device.adapter,
    labelPixels: [...pixels],
    ...(parts.length > 1 && { blocks: blocksOf(parts, pixels, area) }),
    layers,
  };
}

/** The test set's blocks, of maps of so many pixels. */
function blocksOf(parts: readonly Present[], all: ArrayLike<number>, area: number): Blocks {
  const labels = Array.from(all, (_, label) => label).filter((label) => label > 0 && all[label]! > 0);
  return {
    count: parts.length,
    labels,
    pixels: Uint32Array.from(parts.flatMap(({ pixels }) => labels.map((label) => pixels[label]!))),
    categoryPixels: Uint32Array.from(parts.flatMap(({ images }) => Array.from(images, (count) => count * area))),
  };
}

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
