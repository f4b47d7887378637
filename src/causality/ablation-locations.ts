import { whole } from "../dissect/options.ts";
import type { GeneratorPlan } from "../models/generator-plan.ts";
import type { SegmenterPlan } from "../models/segmenter-plan.ts";
import { checkNames } from "../names.ts";
import { elements } from "../runtime/graph.ts";
import { Scope } from "../runtime/scope.ts";
import { Tensor } from "../runtime/tensor.ts";
import { ABLATION_NAMES, type AblationOptions, stepsOf } from "./ablation.ts";
import { Counting } from "./counting.ts";
import type { Experiment, ExperimentOptions } from "./experiment.ts";

/** What becomes of a concept just where units are ablated. */
export interface LocalAblation {
  /** The layer of the units. */
  readonly layer: string;
  /** The concept: its number among the segmenter's labels. */
  readonly label: number;
  /** As they were asked for, which may be more than `steps`. */
  readonly units: readonly number[];
  /** As they were asked for. */
  readonly alphas?: readonly number[];
  /** Cells of the layer's map, of all images, in which the concept was seen. */
  readonly locations: number;
  /**
   * `[steps + 1]`: the concept's share of such a cell, summed over them, when the first 0, 1, 2 …
   * units are ablated in that cell alone.
   */
  readonly scores: readonly number[];
}

/**
 * Ablates the first 1, 2, 3 … units at one location after the other, wherever the concept is seen,
 * and measures how much of it is left at that location (gandissect's `evalablate`, spec §4.3). The
 * layer must be the first that the experiment edits.
 * @throws UsageError for units that the layer has not, another layer, a label that the segmenter
 *   has not; the signal's reason.
 */
export async function ablateLocations(
  experiment: Experiment,
  label: number,
  options: AblationOptions & Pick<ExperimentOptions, "signal">,
): Promise<LocalAblation> {
  checkNames("ablateLocations", options, { ...ABLATION_NAMES, signal: true });
  const { layer, alphas, signal } = options;
  experiment.checkLayer(layer);
  whole("label", label, 1, experiment.segmenter.labels.length - 1); // 0 is none
  const units = options.units.slice(0, stepsOf(options));
  const trials = await LocationTrials.create(experiment, layer, label, signal);
  try {
    const sums = new Array<number>(units.length + 2).fill(0);
    await experiment.turn(async () => {
      for await (const { first, count } of experiment.batches()) {
        let seen: readonly Uint32Array[] | undefined;
        for (let i = 0; i < count; i += 1) {
          const what = ["locations", label, layer, units, alphas ?? 1, first + i];
          const counts = await experiment.measure(what, async () => {
            seen ??= await trials.seen(count);
            return trials.ablate(i, seen[i]!, units, alphas);
          });
          counts.forEach((value, index) => {
            sums[index]! += value;
          });
        }
      }
    });
    const [locations = 0, ...pixels] = sums;
    const scores = pixels.map((sum) => sum / trials.cellArea);
    return { layer, label, units: options.units, ...(alphas && { alphas }), locations, scores };
  } finally {
    trials.dispose();
  }
}

/**
 * Two generators from the layer on: one draws a batch as it is, one draws an image again and again,
 * each time edited elsewhere.
 */
class LocationTrials {
  /** Pixels of the image in a cell of the layer's map. */
  readonly cellArea: number;
  readonly #experiment: Experiment;
  readonly #layer: string;
  readonly #plain: Stage;
  readonly #edited: Stage;
  readonly #scope: Scope;
  readonly #signal: AbortSignal | undefined;

  private constructor(
    experiment: Experiment,
    layer: string,
    stages: { readonly plain: Stage; readonly edited: Stage },
    scope: Scope,
    signal: AbortSignal | undefined,
  ) {
    const { generator } = experiment;
    const { height, width } = generator.layer(layer);
    this.cellArea = elements(generator.uncropped) / (height * width);
    this.#experiment = experiment;
    this.#layer = layer;
    this.#plain = stages.plain;
    this.#edited = stages.edited;
    this.#scope = scope;
    this.#signal = signal;
  }

  static async create(
    experiment: Experiment,
    layer: string,
    label: number,
    signal?: AbortSignal,
  ): Promise<LocationTrials> {
    const { generator, segmenter, inputs } = experiment;
    const { device } = generator;
    const { height, width } = generator.layer(layer);
    const [batch = 1] = inputs.get(layer)!.shape;
    const seen = { raw: segmenter.reads === "raw" };
    const scope = new Scope();
    const stage = async (options: { readonly inputs: typeof inputs; readonly editable?: string[] }): Promise<Stage> => {
      const draw = scope.own(await generator.compile({ batch, from: layer, ...options, ...seen, signal }));
      const segment = scope.own(
        await segmenter.compile(draw[segmenter.reads]!, [generator.height, generator.width], signal),
      );
      const table = [batch, height, width, 1];
      const count = scope.own(
        await Counting.create(device, segment.labels, table, { only: label, reach: generator.uncropped, signal }),
      );
      return { draw, segment, count };
    };
    try {
      const own = new Map(
        [...inputs].map(([name, { shape }]) => [name, scope.own(Tensor.create(device, name, shape, "f32"))]),
      );
      const stages = { plain: await stage({ inputs }), edited: await stage({ inputs: own, editable: [layer] }) };
      return new LocationTrials(experiment, layer, stages, scope, signal);
    } catch (error) {
      scope.dispose();
      throw error;
    }
  }

  /** Pixels of the concept in every cell of each of the current batch's first `images` images. */
  seen(images: number): Promise<Uint32Array[]> {
    return counted(this.#plain, images);
  }

  /**
   * Cells in which an image of the current batch shows the concept, its pixels there, and those
   * that are left after 1, 2 … units.
   */
  async ablate(
    image: number,
    seen: Uint32Array,
    units: readonly number[],
    alphas: readonly number[] | undefined,
  ): Promise<number[]> {
    const { batch } = this.#edited.draw;
    const cells = [...seen.keys()].filter((cell) => seen[cell]! > 0);
    const left = new Array<number>(units.length).fill(0);
    for (let slot = 0; slot < Math.min(batch, cells.length); slot += 1) {
      for (const [name, tensor] of this.#experiment.inputs) {
        const bytes = tensor.bytes / batch;
        tensor.copyTo(this.#edited.draw.inputs.get(name)!, bytes, image * bytes, slot * bytes);
      }
    }
    for (let start = 0; start < cells.length; start += batch) {
      const tried = cells.slice(start, start + batch);
      const mask = new Float32Array(batch * seen.length);
      tried.forEach((cell, slot) => {
        mask[slot * seen.length + cell] = 1;
      });
      for (let n = 1; n <= units.length; n += 1) {
        this.#signal?.throwIfAborted();
        const alpha = alphas?.slice(0, n);
        this.#edited.draw.setEdit({ layer: this.#layer, units: units.slice(0, n), mask, ...(alpha && { alpha }) });
        const maps = await counted(this.#edited, tried.length);
        tried.forEach((cell, slot) => {
          left[n - 1]! += maps[slot]![cell]!;
        });
      }
    }
    return [cells.length, seen.reduce((sum, pixels) => sum + pixels, 0), ...left];
  }

  dispose(): void {
    this.#scope.dispose();
  }
}

interface Stage {
  readonly draw: GeneratorPlan;
  readonly segment: SegmenterPlan;
  readonly count: Counting;
}

/** Draws, segments and counts: the cells of each of the first images. */
async function counted({ draw, segment, count }: Stage, images: number): Promise<Uint32Array[]> {
  draw.run();
  segment.run();
  count.clear();
  count.add(0, images);
  const table = await count.read();
  const cells = table.length / draw.batch;
  return Array.from({ length: images }, (_, image) => table.subarray(image * cells, (image + 1) * cells));
}
