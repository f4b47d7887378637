import { Kept } from "../dissect/kept.ts";
import { defaultBatch } from "../dissect/options.ts";
import { UsageError } from "../errors.ts";
import { withFittingBatch } from "../models/batch-size.ts";
import { type Edit, type EditableLayer, editable } from "../models/edits.ts";
import type { Generator } from "../models/generator.ts";
import { evenBatch, type GeneratorPlan } from "../models/generator-plan.ts";
import type { Segmenter } from "../models/segmenter.ts";
import type { SegmenterPlan } from "../models/segmenter-plan.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { Scope } from "../runtime/scope.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { Counting } from "./counting.ts";
import { type ExperimentImages, experimentImages } from "./experiment-images.ts";
import { InFlight } from "./in-flight.ts";
import { digest, type Measurements, once } from "./measurements.ts";

/** Which images edits are tried on, and where they can be made. */
export interface ExperimentOptions {
  /** Layers that will be edited; the generator runs anew only from the first of them on. */
  readonly editable: readonly (string | EditableLayer)[];
  /** Number of images; their z are those of `seed`. 200 unless given, as in gandissect. */
  readonly size?: number;
  /**
   * What the images are made of instead of drawing it: rows of `rowSize` numbers or, with `from`,
   * images' features as a tensor holds them. `size` and `seed` do not matter then.
   */
  readonly rows?: Float32Array;
  /** The layer that rows are features of, which is no later one than the first to be edited. */
  readonly from?: string;
  /**
   * Seed of the images' z; 3 unless given: gandissect's for ablations, and not one that rankings
   * are made of.
   */
  readonly seed?: number;
  /** Images at a time; chosen for the adapter unless given. Counts do not depend on it. */
  readonly batch?: number;
  /**
   * Bytes of features that may stay on the GPU; what does not fit is made again for every edit. 512
   * MiB unless given.
   */
  readonly memory?: number;
  /** A cache of measurements: what it has is not measured again, what is measured it is given. */
  readonly finished?: Measurements;
  /** Told that so many images more have been edited and segmented. */
  readonly onImages?: (images: number) => void;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: NamesOf<ExperimentOptions> = {
  editable: "list",
  size: true,
  seed: true,
  rows: true,
  from: true,
  batch: true,
  memory: true,
  finished: true,
  onImages: true,
  signal: true,
};

/**
 * A set of images on which edits are tried: their features at the edited layer are at hand, and
 * what every edit makes of them is drawn, segmented at the images' full resolution, and counted on
 * the GPU.
 */
export class Experiment {
  /** Whose images they are. */
  readonly generator: Generator;
  /** What names their pixels. */
  readonly segmenter: Segmenter;
  /** How many images. */
  readonly size: number;
  /** Seed of their z. */
  readonly seed: number;
  /** The first edited layer: the one whose features are at hand. */
  readonly layer: string;
  /** Pixels of every label over all images as they are. */
  readonly before: readonly number[];
  readonly #options: ExperimentOptions;
  /** A digest of what all measurements of this experiment depend on. */
  readonly #fingerprint: string;
  readonly #stages: Stages;
  /** Settles when all turns that were asked for so far are over. */
  #turns: Promise<unknown> = Promise.resolve();

  private constructor(options: ExperimentOptions, stages: Stages, fingerprint: string, before: readonly number[]) {
    this.generator = stages.generator;
    this.segmenter = stages.segmenter;
    this.size = stages.size;
    this.seed = stages.seed;
    this.layer = stages.layer;
    this.before = before;
    this.#options = options;
    this.#stages = stages;
    this.#fingerprint = fingerprint;
  }

  /**
   * @throws UsageError for options that make no sense, and for what makes no images to count; what
   *   compiling throws; the signal's reason.
   */
  static async create(generator: Generator, segmenter: Segmenter, options: ExperimentOptions): Promise<Experiment> {
    checkNames("Experiment.create", options, NAMES);
    if (!("append" in generator && "sample" in generator)) {
      throw new UsageError(
        `${(generator as { name?: string }).name ?? "This"} draws no images whose pixels could be counted.`,
        "Give a generator; what edits of a classifier cause `ClassExperiment` of ganatomy/classifiers measures.",
      );
    }
    const stages = await Stages.create(generator, segmenter, options);
    try {
      const before = await stages.count([], options);
      // The fingerprint of all that a measurement depends on besides its edits. The counts of the
      // images before any edit stand for the weights of both networks and for the adapter; how each
      // layer can be edited they cannot show.
      const how = [...editable(options.editable)].map(([layer, { edits = 1, copies = false, rule = null }]) => {
        return [layer, edits, copies, rule];
      });
      const { unions } = segmenter; // two that nothing shows yet count alike
      const fingerprint = await digest([
        generator.name,
        segmenter.name,
        stages.size,
        stages.seed,
        how,
        before,
        ...unions,
        // two that look alike may differ where an edit shows it
        ...(options.rows ? [{ from: options.from, rows: await digest([options.rows]) }] : []),
      ]);
      return new Experiment(options, stages, fingerprint, before);
    } catch (error) {
      stages.dispose();
      throw error;
    }
  }

  /**
   * Pixels of every label over all images, edited. The edits of one layer are composed in their
   * order.
   * @throws UsageError, ShapeError for edits that do not fit; the signal's reason.
   */
  pixels(edits: readonly Edit[]): Promise<readonly number[]> {
    return this.turn(() => this.measure(["pixels", ...edits], () => this.#stages.count(edits, this.#options)));
  }

  /**
   * Lets `run` have the features and the GPU's counters to itself: after every turn that was asked
   * for before, whether that failed or not. A turn within a turn would wait for itself.
   */
  turn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turns.then(run);
    this.#turns = result.catch(() => {}); // whoever asked for the turn gets the rejection
    return result;
  }

  /** @throws UsageError unless this is the layer whose features are at hand. */
  checkLayer(layer: string): void {
    if (layer === this.layer) return;
    throw new UsageError(
      `The features at hand are those of ${this.layer}, not of ${layer}.`,
      `Create the experiment with \`editable: ["${layer}"]\`.`,
    );
  }

  /**
   * A measurement of these images from `finished`, or else what `run` measures now, which is kept
   * there. The cache key is a digest of the experiment's fingerprint and of `what`. Where `what`
   * has features on the GPU, as values copied from another image, there is no key, and nothing is
   * kept.
   */
  measure(what: readonly unknown[], run: () => Promise<readonly number[]>): Promise<readonly number[]> {
    return once(this.#options.finished, [this.#fingerprint, ...what], run);
  }

  /**
   * Brings the features of every batch into `features` [batch, h, w, c], one after the other.
   * Iterate within a `turn`.
   * @throws UsageError while another iteration, or a measurement, is under way: they would share
   *   the features.
   */
  batches(): AsyncGenerator<{
    /** Number of the batch's first image. */
    readonly first: number;
    /** Images in it. */
    readonly count: number;
  }> {
    return this.#stages.batches(this.#options.signal);
  }

  /**
   * What the generator from the first edited layer on reads, by name: the current batch's features
   * there, before any edit, and where it needs them the generator's own inputs.
   */
  get inputs(): ReadonlyMap<string, Tensor<"f32">> {
    return this.#stages.inputs;
  }

  /** Frees its memory on the device; generator and segmenter stay. */
  dispose(): void {
    this.#stages.dispose();
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * From z to counts: the generator up to the edited layer, the rest of it, the segmenter, the
 * counters.
 */
class Stages {
  readonly generator: Generator;
  readonly segmenter: Segmenter;
  readonly size: number;
  readonly seed: number;
  readonly layer: string;
  readonly inputs: ReadonlyMap<string, Tensor<"f32">>;
  readonly #head: GeneratorPlan;
  readonly #tail: GeneratorPlan;
  readonly #segmentation: SegmenterPlan;
  readonly #counting: Counting;
  readonly #rows: Float32Array;
  /** Numbers that one image is made of. */
  readonly #row: number;
  readonly #kept: Kept;
  readonly #scope: Scope;
  #iterating = false;

  private constructor(
    models: { readonly generator: Generator; readonly segmenter: Segmenter },
    plans: {
      readonly head: GeneratorPlan;
      readonly tail: GeneratorPlan;
      readonly segmentation: SegmenterPlan;
      readonly counting: Counting;
    },
    { layer, images, seed, memory }: { layer: string; images: ExperimentImages; seed: number; memory: number },
    scope: Scope,
  ) {
    this.generator = models.generator;
    this.segmenter = models.segmenter;
    this.size = images.size;
    this.seed = seed;
    this.layer = layer;
    this.#head = plans.head;
    this.#tail = plans.tail;
    this.#segmentation = plans.segmentation;
    this.#counting = plans.counting;
    this.inputs = plans.tail.inputs;
    this.#rows = images.rows;
    this.#row = images.row;
    const batches = Math.ceil(images.size / plans.tail.batch);
    this.#kept = scope.own(new Kept(models.generator.device, [...this.inputs.values()], undefined, batches, memory));
    this.#scope = scope;
  }

  static async create(generator: Generator, segmenter: Segmenter, options: ExperimentOptions): Promise<Stages> {
    const { editable: layers, seed = 3, memory = 512 * 2 ** 20, from, signal } = options;
    const { height, width } = generator;
    const first = firstLayer(generator, layers);
    const images = experimentImages(generator, first, options);
    const { size } = images;
    if (generator.device !== segmenter.device) {
      throw new UsageError("Generator and segmenter are on different devices.", "Load both with the same `device`.");
    }
    const start = { retain: [first], until: first, ...(from !== undefined && { from }) };
    // Half of an even one is even, too.
    const asked = evenBatch(size, options.batch ?? defaultBatch(generator, segmenter));
    return withFittingBatch(generator.device, asked, async (batch) => {
      const scope = new Scope();
      try {
        const head = scope.own(await generator.compile({ ...start, batch, signal }));
        const inputs = head.behind(first);
        const seen = { raw: segmenter.reads === "raw" };
        const tail = scope.own(
          await generator.compile({ batch, from: first, inputs, editable: layers, ...seen, signal }),
        );
        const segmentation = scope.own(await segmenter.compile(tail[segmenter.reads]!, [height, width], signal));
        const table = [1, 1, 1, segmenter.labels.length];
        const counting = scope.own(await Counting.create(generator.device, segmentation.labels, table, { signal }));
        const plans = { head, tail, segmentation, counting };
        return new Stages({ generator, segmenter }, plans, { layer: first, images, seed, memory }, scope);
      } catch (error) {
        scope.dispose();
        throw error;
      }
    });
  }

  async *batches(signal?: AbortSignal): AsyncGenerator<{ readonly first: number; readonly count: number }> {
    const { batch } = this.#tail;
    const inFlight = new InFlight(this.generator.device);
    if (this.#iterating) {
      throw new UsageError(
        "The batches of this experiment are being iterated already.",
        "End that first, or give each its `turn`.",
      );
    }
    this.#iterating = true;
    try {
      for (let first = 0; first < this.size; first += batch) {
        signal?.throwIfAborted();
        const count = Math.min(batch, this.size - first);
        if (!this.#kept.restoreFeatures(first / batch)) {
          this.#head.run(this.#rows.subarray(first * this.#row, (first + count) * this.#row));
          await this.#kept.keepFeatures(first / batch);
        }
        yield { first, count };
        await inFlight.submitted();
      }
      await inFlight.end();
    } finally {
      this.#iterating = false;
    }
  }

  async count(edits: readonly Edit[], { signal, onImages }: ExperimentOptions): Promise<readonly number[]> {
    this.#tail.setEdits(edits);
    this.#counting.clear();
    for await (const { first, count } of this.batches(signal)) {
      this.#tail.run();
      this.#segmentation.run();
      this.#counting.add(first, count);
      onImages?.(count);
    }
    return [...(await this.#counting.read())];
  }

  dispose(): void {
    this.#scope.dispose();
  }
}

/** The one of these layers that comes first. */
function firstLayer(generator: Generator, layers: ExperimentOptions["editable"]): string {
  const names = layers.map((entry) => generator.layer(typeof entry === "string" ? entry : entry.layer).name);
  const first = generator.layers.find(({ name }) => names.includes(name));
  if (first) return first.name;
  throw new UsageError("There is no layer to edit.", "Name at least one in `editable`.");
}
