import { UsageError } from "../errors.ts";
import { pool, weigh } from "../kernels/edit/causality.ts";
import type { Generator } from "../models/generator.ts";
import { staged } from "../models/generator-plan.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { elements, Graph, padded } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import { Scope } from "../runtime/scope.ts";
import { RandomState } from "../weights/random.ts";
import { type AceSettings, PAIRS_A_STEP } from "./ace-options.ts";
import { InFlight } from "./in-flight.ts";
import { drawPlaces } from "./places.ts";
import { cellReach, Response } from "./response.ts";

/**
 * A place in a generated image: the image's row of its seed's z, and a cell of the layer's feature
 * map, row-major.
 */
export interface Place {
  /** Number of the image in its seed, from 0. */
  readonly image: number;
  /** Cell of the layer's map, row · width + column. */
  readonly cell: number;
  /**
   * Share of the cell that shows the concept, 0…1; of a candidate, how many pixels of it inserting
   * there adds.
   */
  readonly score: number;
}

/** What ACE learns from. */
export interface AceCorpus {
  /** Where the concept is, by image; the last `evalSize` are for evaluation. */
  readonly present: readonly Place[];
  /** Where it can be put, likewise. */
  readonly candidates: readonly Place[];
  /** Pairs to learn from: fewer than asked for where the concept is rare. */
  readonly trainSize: number;
  /** Pairs to evaluate on, likewise. */
  readonly evalSize: number;
  /**
   * `[units]`: k, the mean features of the concept, weighted by its share of each cell (Bau et al.
   * 2019, §3.2).
   */
  readonly feature: Float32Array;
}

/**
 * Where the concept was found in the images that were looked through, by image, and its mean
 * features k.
 */
export interface AcePresent {
  /** Each image's cell with most of the concept, where it has any. */
  readonly found: readonly Place[];
  /** As `AceCorpus.feature`. */
  readonly feature: Float32Array;
}

/** How far a phase of ACE is. */
export interface Progress {
  /** Nothing is found yet. */
  readonly type: "progress";
  /** What is being done. */
  readonly phase: "present" | "candidates" | "optimise" | "evaluate";
  /** Images, or pairs, that are done. */
  readonly done: number;
  /** All of the phase's. */
  readonly total: number;
}

/** NumPy draws new places for so many images (spec §4.2). */
const IMAGES_A_DRAW = 10;

/**
 * Finds where the concept is and where it can be put (spec §4.2, phases 1 and 2), and tells what
 * phase 1 found, or goes on from it. Labels decide, so only counts come back.
 */
export async function* searchCorpus(
  generator: Generator,
  segmenter: Segmenter,
  settings: AceSettings,
  known?: AcePresent,
): AsyncGenerator<Progress | { readonly type: "present"; readonly present: AcePresent }, AceCorpus> {
  const { found, feature } = known ?? (yield* searchPresent(generator, segmenter, settings));
  checkFeature(settings, feature);
  if (!known) yield { type: "present", present: { found, feature } };
  const { concept, layer, searchSize, evalSize: wantedEval, trainSize: wantedTrain } = settings;
  // As many as there are, five to learn from for each to evaluate on; a whole number of steps.
  const evalSize = Math.min(wantedEval, Math.floor(found.length / 6));
  const trainSize = Math.min(wantedTrain, PAIRS_A_STEP * Math.floor((found.length - evalSize) / PAIRS_A_STEP));
  if (trainSize < PAIRS_A_STEP) {
    const inAll = found.length === searchSize;
    throw new UsageError(
      `"${concept}" is in ${inAll ? `all ${searchSize}` : `${found.length} of ${searchSize}`} images, too few to learn from ${PAIRS_A_STEP} and to evaluate on others.`,
      `Raise \`searchSize\`${inAll ? "" : ", or choose a concept that the model draws more often"}.`,
    );
  }
  const present = mostOf(found, trainSize + evalSize);
  const { height, width } = generator.layer(layer);
  const popularity = new Float64Array(height * width);
  for (const { cell } of present.slice(0, trainSize)) popularity[cell]! += 1;
  const candidates = yield* searchCandidates(generator, segmenter, { ...settings, feature, popularity });
  return { present, candidates: mostOf(candidates, trainSize + evalSize), trainSize, evalSize, feature };
}

/** One image's overflow is in the mean of all. */
function checkFeature({ concept, layer }: AceSettings, feature: Float32Array): void {
  const unit = feature.findIndex((mean) => !Number.isFinite(mean));
  if (unit < 0) return;
  throw new UsageError(
    `The mean of unit ${unit} of ${layer} where "${concept}" is, is no number: the generator's features overflow.`,
    "Check the weights with `ganatomy generate`.",
  );
}

/** The cell with the highest share, the first of several. */
function highest(cells: Float32Array, image: number): Place {
  const score = cells.reduce((most, share) => Math.max(most, share), 0);
  return { image, cell: Math.max(0, cells.indexOf(score)), score };
}

/** The places with the highest scores, by image. */
const mostOf = (places: readonly Place[], count: number): Place[] =>
  places
    .toSorted((a, b) => b.score - a.score || a.image - b.image)
    .slice(0, count)
    .sort((a, b) => a.image - b.image);

/**
 * Every image's cell with most of the concept, where it has any, and the mean features where it is.
 */
async function* searchPresent(
  generator: Generator,
  segmenter: Segmenter,
  settings: AceSettings,
): AsyncGenerator<Progress, AcePresent> {
  const { layer, concept, searchSize, presentSeed, grid, signal } = settings;
  const { device, rowSize } = generator;
  const { height, width, channels } = generator.layer(layer);
  const images = Math.min(settings.batch, searchSize);
  const graph = new Graph(device.target, segmenter.storage, device.tuned);
  const { inputs, layers, ...made } = generator.append(graph, images);
  const labels = segmenter.append(graph, made[segmenter.reads]!, grid);
  const batch = graph.value("batch", [2], "u32");
  const cells = graph.value("cells", [searchSize, height, width]);
  const sums = graph.value("sums", [padded(channels), 2]);
  pool(graph, segmenter.mask(graph, labels, concept), batch, cells, cellReach(generator, grid));
  weigh(graph, layers.get(layer)!, cells, batch, sums);
  const bind = [...(await generator.bind(graph, signal)), ...(await segmenter.bind(graph, signal))];
  const plan = await Plan.compile(device, graph, { keep: [cells, sums], bind, signal });
  try {
    const rows = generator.sample({ size: searchSize, seed: presentSeed });
    const inFlight = new InFlight(device);
    for (let first = 0; first < searchSize; first += images) {
      signal?.throwIfAborted();
      const count = Math.min(images, searchSize - first);
      const batchRows = rows.subarray(first * rowSize, (first + count) * rowSize);
      for (const [name, numbers] of staged(generator.network.inputs, batchRows, images)) {
        plan.tensor(inputs.get(name)!).write(numbers);
      }
      plan.tensor<"u32">(batch).write(Uint32Array.of(first, count));
      plan.run();
      await inFlight.submitted();
      yield { type: "progress", phase: "present", done: first + count, total: searchSize };
    }
    await inFlight.end();
    const all = await plan.tensor(cells).read();
    const pairs = await plan.tensor(sums).read();
    const places = Array.from({ length: searchSize }, (_, image) =>
      highest(all.subarray(image * height * width, (image + 1) * height * width), image),
    );
    const total = all.reduce((sum, share) => sum + share, 0);
    const mean = (unit: number): number => (pairs[2 * unit]! + pairs[2 * unit + 1]!) / total;
    return {
      found: places.filter(({ score }) => score > 0),
      feature: Float32Array.from({ length: channels }, (_, unit) => (total > 0 ? mean(unit) : 0)),
    };
  } finally {
    plan.dispose();
  }
}

/**
 * Each image's best place to insert the features at: all units, at one cell that does not show the
 * concept.
 */
async function* searchCandidates(
  generator: Generator,
  segmenter: Segmenter,
  settings: AceSettings & { readonly feature: Float32Array; readonly popularity: Float64Array },
): AsyncGenerator<Progress, Place[]> {
  const { layer, searchSize, candidateSeed, grid, feature, popularity, seed, signal } = settings;
  const { device, rowSize } = generator;
  const { height, width, channels } = generator.layer(layer);
  const cells = height * width;
  const places = Math.min(settings.places, cells);
  const images = Math.min(settings.batch, searchSize);
  const random = new RandomState(seed);
  const common = popularity.reduce((sum, count) => sum + count, 0) / cells / 10;
  const weights = popularity.map((count) => count + common);
  const draws = Array.from({ length: Math.ceil(searchSize / IMAGES_A_DRAW) }, () =>
    drawPlaces(random, weights, places),
  );
  const drawn = (image: number): readonly number[] => draws[Math.floor(image / IMAGES_A_DRAW)]!;
  const scope = new Scope();
  try {
    const features = scope.own(await generator.compile({ batch: images, retain: [layer], until: layer, signal }));
    const response = scope.own(
      await Response.create({
        ...settings,
        generator,
        segmenter,
        inputs: features.behind(layer),
        of: "mask",
        extent: grid,
        edits: 1,
        rows: (1 + places) * searchSize,
        cellRows: searchSize, // of the images as they are
      }),
    );
    response.alpha.write(Float32Array.from({ length: padded(channels) }, (_, unit) => (unit < channels ? 1 : 0)));
    response.value.write(padded4(feature));
    const rows = generator.sample({ size: searchSize, seed: candidateSeed });
    const inFlight = new InFlight(device);
    for (let first = 0; first < searchSize; first += images) {
      signal?.throwIfAborted();
      const count = Math.min(images, searchSize - first);
      features.run(rows.subarray(first * rowSize, (first + count) * rowSize));
      // Row 0 of each image is the image itself.
      for (let row = 0; row <= places; row += 1) {
        const mask = new Float32Array(images * cells);
        if (row > 0) for (let i = 0; i < count; i += 1) mask[i * cells + drawn(first + i)[row - 1]!] = 1;
        response.mask.write(mask);
        response.run(row * searchSize + first, count);
      }
      await inFlight.submitted();
      yield { type: "progress", phase: "candidates", done: first + count, total: searchSize };
    }
    await inFlight.end();
    const totals = await response.totals.read();
    const shares = await response.cells.read();
    return Array.from({ length: searchSize }, (_, image): Place => {
      const gains = drawn(image).map((cell, index): Place => {
        const taken = shares[image * cells + cell]! !== 0;
        const gained = totals[(1 + index) * searchSize + image]! - totals[image]!;
        return { image, cell, score: taken ? 0 : Math.round(gained * elements(grid)) };
      });
      return gains.reduce((best, place) => (place.score > best.score ? place : best));
    });
  } finally {
    scope.dispose();
  }
}

/** Zeros after the last unit. */
export function padded4(values: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const stored = new Float32Array(padded(values.length));
  stored.set(values);
  return stored;
}
