import { RADIX_BITS } from "../kernels/statistics.ts";
import type { Generator } from "../models/generator.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { Scope } from "../runtime/scope.ts";
import { Counts, Presence } from "./counts.ts";
import { IOU_THRESHOLD, IQR_THRESHOLD, type LayerLevels, type LayerStatistics, levelsOf, scoreLayer } from "./layer.ts";
import { FRACTIONS, searchLevels } from "./levels.ts";
import { Moments } from "./moments.ts";
import { type DissectOptions, type Settled, settle } from "./options.ts";
import { Quantiles, selectionBytes } from "./quantiles.ts";
import type { Dissection, LayerResult, UnitPictures } from "./result.ts";
import { Samples } from "./samples.ts";
import { type Examples, Top } from "./top.ts";

/** The steps of a dissection: choosing levels on the training set, then scoring and collecting pictures on the test set. */
export type Phase = "activations" | "quantiles" | "levels" | "scores" | "pictures";

export type DissectionEvent =
  /** `done` of `total` images of a phase. */
  | { readonly type: "progress"; readonly phase: Phase; readonly done: number; readonly total: number }
  /** The scores of the test images seen so far. */
  | { readonly type: "partial"; readonly dissection: Dissection }
  | {
      readonly type: "result";
      readonly dissection: Dissection;
      /** What unit strips are drawn from, layer by layer and unit by unit. */
      pictures(options?: { readonly signal?: AbortSignal }): AsyncIterable<UnitPictures>;
    };

/** Partial results of a run. */
const PARTIALS = 4;

/**
 * What each unit of a generator's layers detects (Bau et al. 2019, §3.1; spec §3).
 *
 * An async iterable of progress, partial results and at last the result. Statistics stay on the GPU: what comes back is,
 * per layer, the quantiles at 100 levels, the counts of the concepts that occur, and the top images' feature maps, besides
 * the test set's pictures. The same options give the same bits on one adapter, whatever the batch size.
 *
 * Leaving the loop, or aborting the signal, frees everything.
 * @throws UsageError for options that make no sense, UnsupportedError, DeviceLostError; the signal's reason.
 */
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
      await Samples.create({ ...settings, generator, segmenter, seed: settings.seed, pictures: true }),
    );
    const chosen = levels ?? (yield* fixedLevels(generator, settings, samples));
    yield* scoreTest(generator, segmenter, settings, samples, chosen, scope);
  } finally {
    scope.dispose();
  }
}

/** Quantiles of the upsampled activations, then counts at every level, on the training set. */
async function* searchTraining(
  generator: Generator,
  segmenter: Segmenter,
  settings: Settled,
): AsyncGenerator<DissectionEvent, LayerLevels[], undefined> {
  const { device } = generator;
  const { layers, size, segmentationSize, signal, quantileThreshold } = settings;
  const scope = new Scope();
  try {
    const samples = scope.own(
      await Samples.create({ ...settings, generator, segmenter, seed: settings.trainSeed, pictures: false }),
    );
    const levels = yield* quantilesOf(generator, settings, samples, {
      size: segmentationSize,
      quantiles: FRACTIONS.map((fraction) => 1 - fraction),
    });

    const { labels, categories } = segmenter;
    const presence = scope.own(
      await Presence.create(device, {
        maps: samples.labelMaps,
        batch: samples.batch,
        labels,
        categories,
        everywhere: categories.length === 1,
        signal,
      }),
    );
    const counts = new Map<string, Counts>();
    for (const layer of layers) {
      const { channels } = generator.layer(layer);
      const created = await Counts.create(device, {
        maps: samples.maps.get(layer)!,
        channels,
        batch: samples.batch,
        labelMaps: samples.labelMaps,
        present: presence.present,
        labels: labels.length,
        categories: categories.length,
        size: segmentationSize,
        levels: ascending(levels.get(layer)!, channels),
        scratch: samples.scratch,
        signal,
      });
      counts.set(layer, scope.own(created));
    }
    for await (const { first, count } of samples.each({ labels: true })) {
      presence.add();
      for (const layer of layers) counts.get(layer)!.add();
      yield { type: "progress", phase: "levels", done: first + count, total: size };
    }
    const { pixels, images } = await presence.read();
    const area = segmentationSize ** 2;
    const result: LayerLevels[] = [];
    for (const layer of layers) {
      const training = {
        counts: counts.get(layer)!,
        units: generator.layer(layer).channels,
        levels: levels.get(layer)!,
        labels: labels.length,
        categoryOf: labels.map(({ category }) => categories.indexOf(category)),
        categories: categories.length,
        labelPixels: pixels,
        pixels: size * area,
        categoryPixels: Array.from(images, (count) => (categories.length === 1 ? size : count) * area),
      };
      result.push(levelsOf(layer, await searchLevels(training), training, quantileThreshold));
    }
    return result;
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
  const levels = yield* quantilesOf(generator, settings, samples, { size: undefined, quantiles: [quantile] });
  return settings.layers.map((layer) => ({
    layer,
    channels: generator.layer(layer).channels,
    levels: levels.get(layer)!,
  }));
}

/** Selections kept on the GPU at once: one 512-unit layer takes 329 MiB. */
const SELECTION_BYTES = 512 * 2 ** 20;

/** The layers in groups whose selections fit beside each other; at least one a group. */
function groupsOf(layers: readonly string[], samples: Samples, targets: number): string[][] {
  const groups: string[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const layer of layers) {
    const need = selectionBytes(samples.maps.get(layer)!.shape, targets);
    if (bytes + need > SELECTION_BYTES) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)!.push(layer);
    bytes += need;
  }
  return groups;
}

/** Exact quantiles of all layers, [quantiles][units] each, in as many passes over the samples as the selections need. */
async function* quantilesOf(
  generator: Generator,
  { layers, size, signal }: Settled,
  samples: Samples,
  wanted: { readonly size: number | undefined; readonly quantiles: readonly number[] },
): AsyncGenerator<DissectionEvent, Map<string, Float32Array>, undefined> {
  const result = new Map<string, Float32Array>();
  const groups = groupsOf(layers, samples, 2 * wanted.quantiles.length);
  const passes = groups.length * RADIX_BITS.length;
  let pass = 0;
  for (const group of groups) {
    const scope = new Scope();
    try {
      const selections = new Map<string, Quantiles>();
      for (const layer of group) {
        const { channels, height, width } = generator.layer(layer);
        const created = await Quantiles.create(generator.device, {
          maps: samples.maps.get(layer)!,
          channels,
          batch: samples.batch,
          samples: size * (wanted.size === undefined ? height * width : wanted.size ** 2),
          scratch: samples.scratch,
          ...wanted,
          signal,
        });
        selections.set(layer, scope.own(created));
      }
      for (const _ of RADIX_BITS) {
        const phase = pass === 0 ? "activations" : "quantiles";
        const before = pass === 0 ? 0 : (pass - 1) * size;
        const total = pass === 0 ? size : (passes - 1) * size;
        // Segmenting now lets the later passes find everything kept, where it fits.
        for await (const { first, count } of samples.each({ labels: pass === 0 && samples.keeps })) {
          for (const selection of selections.values()) selection.add();
          yield { type: "progress", phase, done: before + first + count, total };
        }
        for (const selection of selections.values()) selection.endPass();
        pass += 1;
      }
      for (const [layer, selection] of selections) result.set(layer, await selection.read());
    } finally {
      scope.dispose();
    }
  }
  return result;
}

/** [levels][units] in the opposite order of levels. */
function ascending(levels: Float32Array, units: number): Float32Array {
  const reversed = new Float32Array(levels.length);
  for (let from = 0; from < levels.length; from += units) {
    reversed.set(levels.subarray(from, from + units), levels.length - units - from);
  }
  return reversed;
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
  const { device } = generator;
  const { size, segmentationSize, signal, examples, quantileThreshold } = settings;
  const { labels, categories } = segmenter;
  const area = segmentationSize ** 2;
  const presence = scope.own(
    await Presence.create(device, { maps: samples.labelMaps, batch: samples.batch, labels, categories, signal }),
  );
  const statistics = new Map<string, LayerStatistics>();
  const collected = new Map<string, Examples>();
  for (const { layer, channels, levels } of chosen) {
    const common = { maps: samples.maps.get(layer)!, channels, batch: samples.batch, signal };
    const { labelMaps, scratch } = samples;
    const onLabels = { ...common, labelMaps, labels: labels.length, size: segmentationSize, scratch };
    const counts = scope.own(
      await Counts.create(device, { ...onLabels, present: presence.present, categories: categories.length, levels }),
    );
    const moments = scope.own(await Moments.create(device, onLabels));
    const top = scope.own(await Top.create(device, { ...common, k: examples }));
    statistics.set(layer, { counts, moments, top });
    // Now, so that a lack of memory shows before the work is done.
    collected.set(layer, scope.own(await top.examples(signal)));
  }

  const dissectionOf = async (seen: number): Promise<Dissection> => {
    const { pixels, images } = await presence.read();
    const testPixels = { labels: pixels, categories: Array.from(images, (count) => count * area), all: seen * area };
    const layers: LayerResult[] = [];
    for (const levels of chosen) {
      const models = { generator, segmenter };
      layers.push(await scoreLayer(models, levels, statistics.get(levels.layer)!, testPixels, quantileThreshold));
    }
    const { name, resolution, sizes } = generator;
    return {
      model: { name, resolution, sizes },
      segmenter: { name: segmenter.name },
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
        segmentationSize,
      },
      adapter: device.adapter,
      labelPixels: [...pixels],
      layers,
    };
  };

  let partials = 1;
  for await (const { first, count } of samples.each({ labels: true })) {
    presence.add();
    for (const { counts, moments, top } of statistics.values()) {
      counts.add();
      moments.add();
      top.add();
    }
    const done = first + count;
    yield { type: "progress", phase: "scores", done, total: size };
    if (done < size && done >= (partials * size) / (PARTIALS + 1)) {
      yield { type: "partial", dissection: await dissectionOf(done) };
      partials = Math.floor((done * (PARTIALS + 1)) / size) + 1;
    }
  }

  const dissection = await dissectionOf(size);
  for await (const { first, count } of samples.each({ labels: false })) {
    for (const examples of collected.values()) examples.add();
    yield { type: "progress", phase: "pictures", done: first + count, total: size };
  }
  const features = new Map<string, Float32Array>();
  for (const [layer, { maps }] of collected) features.set(layer, await maps.read());
  yield {
    type: "result",
    dissection,
    async *pictures({ signal: stop } = {}) {
      for (const { layer, shape, units } of dissection.layers) {
        const pixels = shape[0] * shape[1];
        const maps = features.get(layer)!;
        const stored = samples.maps.get(layer)!.shape.at(-1)!;
        for (const { unit, top } of units) {
          stop?.throwIfAborted();
          yield {
            layer,
            unit,
            tops: top.map(({ image }, rank) => {
              const at = (rank * stored + unit) * pixels;
              return { picture: samples.picture(image), feature: maps.subarray(at, at + pixels) };
            }),
          };
        }
      }
    },
  };
}
