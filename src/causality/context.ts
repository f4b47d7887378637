import { UsageError } from "../errors.ts";
import { centres } from "../kernels/edit/causality.ts";
import { isFloat32 } from "../models/edits.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { Graph } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import { Scope } from "../runtime/scope.ts";
import { Tensor } from "../runtime/tensor.ts";
import { padded4 } from "./ace-search.ts";
import type { Experiment } from "./experiment.ts";
import { Response } from "./response.ts";

/** Which units are inserted, and what they become. */
export interface ContextOptions {
  /** The first layer that the experiment edits. */
  readonly layer: string;
  /** Units that are inserted. */
  readonly units: readonly number[];
  /** What each becomes: their 0.995 quantiles in the papers (spec §7.4), or ACE's k. */
  readonly values: readonly number[];
  /** How much of each is replaced, 0…1; all unless given. */
  readonly alphas?: readonly number[];
  /** Told after each of the layer's cells, which has been tried in all images. */
  readonly onCells?: (done: number, total: number) => void;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<ContextOptions> = {
  layer: true,
  units: true,
  values: true,
  alphas: true,
  onCells: true,
  signal: true,
};

/** What inserting at places that showed one label does. */
export interface ContextEffect {
  /** What was there: its number among the segmenter's labels. */
  readonly label: number;
  /** Places, over all images, whose centre bore the label. */
  readonly places: number;
  /** Pixels of the concept that inserting there adds to an image, in the mean. */
  readonly gain: number;
}

/** Where in a scene a concept may be placed. */
export interface Context {
  /** The layer of the units. */
  readonly layer: string;
  /** The concept: its number among the segmenter's labels. */
  readonly label: number;
  /** Those that were inserted. */
  readonly units: readonly number[];
  /** Pixels of the concept in an image as it is, in the mean. */
  readonly before: number;
  /**
   * By what was there before, the highest gain first. A centre that bears several labels counts for
   * each.
   */
  readonly effects: readonly ContextEffect[];
  /** `[h, w]`: the mean gain of every cell of the layer. */
  readonly cells: Float64Array;
}

/**
 * Inserts units at every cell of a layer in every image, one cell at a time, and measures how many
 * pixels of a concept that adds, by what the image showed there before (Bau et al. 2019, Fig. 8;
 * PNAS 2020, Fig. 4; spec §7.4).
 * @throws UsageError for a concept that the segmenter does not know, units that the layer has not,
 *   a layer that is not the first that the experiment edits; the signal's reason.
 */
export async function insertionContext(
  experiment: Experiment,
  concept: string,
  options: ContextOptions,
): Promise<Context> {
  checkNames("insertionContext", options, NAMES);
  const { layer, units, values, alphas, signal, onCells } = options;
  const { generator, segmenter, size } = experiment;
  const { height, width } = generator.layer(layer);
  const label = segmenter.label(concept);
  checkUnits(generator.layer(layer), options);
  experiment.checkLayer(layer);
  const trials = await Trials.create(experiment, concept, options);
  try {
    const what = ["context", label, layer, units, values, alphas ?? 1];
    const { labels, channels } = await trials.centres();
    const before = await trials.measure([...what, "before"], undefined);
    const after: (readonly number[])[] = [];
    for (let cell = 0; cell < height * width; cell += 1) {
      signal?.throwIfAborted();
      after.push(await trials.measure([...what, cell], cell));
      onCells?.(cell + 1, height * width);
    }
    const mean = before.reduce((sum, count) => sum + count, 0) / size;
    return { layer, label, units, before: mean, ...gainsOf(before, after, labels, channels) };
  } finally {
    trials.dispose();
  }
}

/**
 * What a concept gains in every cell, and by the label that was there: of its pixels in every image
 * `before` and, for every cell, `after` inserting there; and of the cells' centres, label maps
 * [images, channels, cells].
 */
export function gainsOf(
  before: readonly number[],
  after: readonly (readonly number[])[],
  labels: Uint32Array,
  channels: number,
): Pick<Context, "effects" | "cells"> {
  const sums = new Map<number, { places: number; gain: number }>();
  const cells = new Float64Array(after.length);
  for (const [cell, counts] of after.entries()) {
    for (const [image, count] of counts.entries()) {
      const gain = count - before[image]!;
      cells[cell]! += gain;
      const seen = new Set<number>();
      for (let c = 0; c < channels; c += 1) seen.add(labels[(image * channels + c) * after.length + cell]!);
      for (const there of seen) {
        const sum = sums.get(there) ?? { places: 0, gain: 0 };
        sums.set(there, { places: sum.places + 1, gain: sum.gain + gain });
      }
    }
  }
  sums.delete(0);
  const effects = [...sums].map(([there, { places, gain }]) => ({ label: there, places, gain: gain / places }));
  effects.sort((a, b) => b.gain - a.gain || a.label - b.label);
  return { effects, cells: cells.map((gain) => gain / before.length) };
}

function checkUnits({ name, channels }: { name: string; channels: number }, options: ContextOptions): void {
  const { units, values, alphas } = options;
  const wrong = units.find((unit) => !Number.isInteger(unit) || unit < 0 || unit >= channels);
  if (wrong !== undefined) throw new UsageError(`${name} has no unit ${wrong}.`, `Its units are 0…${channels - 1}.`);
  if (units.length === 0) throw new UsageError("There are no units to insert.", "Name at least one.");
  for (const [numbers, what] of [
    [values, "values"],
    [alphas ?? units, "alphas"],
  ] as const) {
    if (numbers.length !== units.length || !numbers.every(isFloat32)) {
      throw new UsageError(`${units.length} units have ${numbers.length} ${what}.`, "Give a number for every unit.");
    }
  }
  const alpha = alphas?.find((one) => one < 0 || one > 1);
  if (alpha !== undefined) throw new UsageError(`${alpha} is no alpha.`, "Use 0…1.");
}

/** The experiment's images with units inserted at one cell. */
class Trials {
  readonly #experiment: Experiment;
  readonly #options: ContextOptions;
  readonly #response: Response;
  readonly #scope: Scope;

  private constructor(experiment: Experiment, options: ContextOptions, response: Response, scope: Scope) {
    this.#experiment = experiment;
    this.#options = options;
    this.#response = response;
    this.#scope = scope;
  }

  static async create(experiment: Experiment, concept: string, options: ContextOptions): Promise<Trials> {
    const { generator, segmenter, inputs, size } = experiment;
    const { layer, units, values, alphas, signal } = options;
    const scope = new Scope();
    try {
      const response = scope.own(
        await Response.create({
          generator,
          segmenter,
          layer,
          concept,
          inputs,
          of: "mask",
          extent: [generator.height, generator.width],
          edits: 1,
          rows: size,
          signal,
        }),
      );
      const { channels } = generator.layer(layer);
      const [alpha, value] = [new Float32Array(channels), new Float32Array(channels)];
      units.forEach((unit, index) => {
        alpha[unit] = alphas?.[index] ?? 1;
        value[unit] = values[index]!;
      });
      response.alpha.write(padded4(alpha));
      response.value.write(padded4(value));
      return new Trials(experiment, options, response, scope);
    } catch (error) {
      scope.dispose();
      throw error;
    }
  }

  /** Pixels of the concept in every image with the units inserted at a cell, or as it is. */
  measure(what: readonly unknown[], cell: number | undefined): Promise<readonly number[]> {
    return this.#experiment.turn(() => this.#experiment.measure(what, () => this.#insert(cell)));
  }

  async #insert(cell: number | undefined): Promise<number[]> {
    const { size, generator } = this.#experiment;
    const { height, width } = generator.layer(this.#options.layer);
    const mask = new Float32Array(this.#response.images * height * width);
    if (cell !== undefined) for (let at = cell; at < mask.length; at += height * width) mask[at] = 1;
    this.#response.mask.write(mask);
    for await (const { first, count } of this.#experiment.batches()) this.#response.run(first, count);
    const totals = await this.#response.totals.read(size);
    return Array.from(totals, (share) => Math.round(share * generator.height * generator.width));
  }

  /** What every image shows at the centre of every cell: labels [size, channels, h, w]. */
  async centres(): Promise<{ readonly labels: Uint32Array; readonly channels: number }> {
    const { generator, segmenter, inputs, size } = this.#experiment;
    const { layer, signal } = this.#options;
    const { height, width } = generator.layer(layer);
    const [batch = 1] = inputs.get(layer)!.shape;
    const draw = this.#scope.own(
      await generator.compile({ batch, from: layer, inputs, raw: segmenter.reads === "raw", signal }),
    );
    const segmentation = this.#scope.own(
      await segmenter.compile(draw[segmenter.reads]!, [generator.height, generator.width], signal),
    );
    const graph = new Graph(generator.device.target);
    const maps = graph.value("labels", segmentation.labels.shape, "u32");
    const there = centres(graph, maps, [height, width], generator.uncropped);
    const bind = [[maps, segmentation.labels]] as const;
    const pick = this.#scope.own(await Plan.compile(generator.device, graph, { keep: [there], bind, signal }));
    const found = pick.tensor(there);
    const [, channels = 1] = found.shape;
    const shape = [size, channels, height, width];
    const all = this.#scope.own(Tensor.create(generator.device, "labels before", shape, "u32"));
    const bytes = 4 * channels * height * width;
    await this.#experiment.turn(async () => {
      for await (const { first, count } of this.#experiment.batches()) {
        draw.run();
        segmentation.run();
        pick.run();
        found.copyTo(all, count * bytes, 0, first * bytes);
      }
    });
    return { labels: await all.read(), channels };
  }

  dispose(): void {
    this.#scope.dispose();
  }
}
