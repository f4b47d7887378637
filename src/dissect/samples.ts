import { type Generator, withoutAlpha } from "../models/generator.ts";
import { evenBatch, type GeneratorPlan } from "../models/generator-plan.ts";
import type { Segmenter, SegmenterPlan } from "../models/segmenter.ts";
import type { Device } from "../runtime/device.ts";
import { elements } from "../runtime/graph.ts";
import { Scope } from "../runtime/scope.ts";
import { Tensor } from "../runtime/tensor.ts";
import { Kept } from "./kept.ts";
import type { SamplePicture } from "./result.ts";

export interface SamplesOptions {
  readonly generator: Generator;
  readonly segmenter: Segmenter;
  readonly layers: readonly string[];
  readonly size: number;
  readonly seed: number;
  readonly batch: number;
  /** Edge of the label maps. */
  readonly segmentationSize: number;
  /** Keep RGB bytes and label maps on the CPU while batches are segmented, to draw unit strips from. */
  readonly pictures: boolean;
  /** Whether labels are looked at in more than one pass, so that label maps are worth keeping. */
  readonly keepLabels: boolean;
  /** Bytes of label maps, then of feature maps, that may stay on the GPU; what does not fit is made again in every pass. */
  readonly memory: number;
  readonly signal?: AbortSignal | undefined;
}

/** One seed's generated images, batch by batch, as often as a statistic needs to see them. */
export class Samples {
  readonly size: number;
  readonly batchSize: number;
  /** Feature maps of the current batch, [batch, h, w, units], by layer. */
  readonly maps: ReadonlyMap<string, Tensor<"f32">>;
  /** Label maps of the current batch, [batch, channels, segmentationSize²]. */
  readonly labelMaps: Tensor<"u32">;
  /** [2]: index of the batch's first image, how many are valid. */
  readonly batch: Tensor<"u32">;

  readonly #scope: Scope;
  readonly #device: Device;
  readonly #generator: Generator;
  readonly #options: SamplesOptions;
  readonly #full: GeneratorPlan;
  readonly #part: GeneratorPlan;
  readonly #segmentation: SegmenterPlan;
  readonly #z: Float32Array;
  readonly #kept: Kept;
  readonly #pictures = new Map<number, SamplePicture>();

  private constructor(
    options: SamplesOptions,
    plans: { readonly full: GeneratorPlan; readonly part: GeneratorPlan; readonly segmentation: SegmenterPlan },
    scope: Scope,
  ) {
    const { generator, size, seed, segmentationSize } = options;
    const device = generator.device;
    this.#options = options;
    this.#device = device;
    this.#generator = generator;
    this.#full = plans.full;
    this.#part = plans.part;
    this.#segmentation = plans.segmentation;
    this.size = size;
    this.batchSize = plans.full.batch;
    this.#z = generator.sample({ size, seed });
    this.maps = new Map(
      [...plans.full.layers].map(([name, { shape }]) => [
        name,
        scope.own(Tensor.create(device, `${name} maps`, shape, "f32")),
      ]),
    );
    const channels = elements(plans.segmentation.labels.shape) / (this.batchSize * segmentationSize ** 2);
    const labelShape = [this.batchSize, channels, segmentationSize ** 2];
    this.labelMaps = scope.own(Tensor.create(device, "label maps", labelShape, "u32"));
    this.batch = scope.own(Tensor.create(device, "batch", [2], "u32"));
    this.#scope = scope;
    const features = [...this.maps.values()];
    const { memory, keepLabels } = options;
    this.#kept = scope.own(new Kept(device, features, keepLabels ? this.labelMaps : undefined, this.batches, memory));
  }

  static async create(options: SamplesOptions): Promise<Samples> {
    const { generator, segmenter, layers, segmentationSize, pictures, signal } = options;
    const batch = evenBatch(options.size, options.batch);
    const depth = (name: string): number => generator.layers.findIndex((layer) => layer.name === name);
    const deepest = layers.reduce((a, b) => (depth(a) > depth(b) ? a : b));
    const scope = new Scope();
    try {
      const full = scope.own(await generator.compile({ batch, retain: layers, bytes: pictures, signal }));
      const part = scope.own(await generator.compile({ batch, retain: layers, until: deepest, signal }));
      const segmentation = scope.own(await segmenter.compile(full.image!, segmentationSize, signal));
      return await generator.device.allocating(
        "a batch",
        () => new Samples(options, { full, part, segmentation }, scope),
      );
    } catch (error) {
      scope.dispose();
      throw error;
    }
  }

  get batches(): number {
    return Math.ceil(this.size / this.batchSize);
  }

  /** Labels a pixel can have at once. */
  get channels(): number {
    return this.labelMaps.shape[1]!;
  }

  /** Whether no batch is segmented twice. */
  get keepsLabels(): boolean {
    return this.#kept.labels === this.batches;
  }

  /**
   * Brings every batch into `maps` and `batch`, and into `labelMaps` when asked, one after the other; at most two are in
   * flight, so that a page stays responsive.
   */
  async *each({
    labels,
  }: {
    readonly labels: boolean;
  }): AsyncGenerator<{ readonly first: number; readonly count: number }> {
    let pictures: Promise<void> | undefined;
    let previous: Promise<unknown> | undefined;
    try {
      for (let index = 0; index < this.batches; index += 1) {
        this.#options.signal?.throwIfAborted();
        const first = index * this.batchSize;
        const count = Math.min(this.batchSize, this.size - first);
        this.batch.write(Uint32Array.of(first, count));
        const segment = labels && !this.#kept.restoreLabels(index);
        // Segmenting needs the image, and making that brings the feature maps along.
        if (segment || !this.#kept.restoreFeatures(index)) await this.#generate(index, first, count, segment);
        await previous;
        pictures = segment && this.#options.pictures ? this.#readPictures(first, count) : undefined;
        pictures?.catch(() => {}); // whoever uses the batch may throw before it is awaited
        yield { first, count };
        previous = Promise.all([this.#device.idle(), pictures]);
        previous.catch(() => {}); // awaited a batch later
      }
      await previous;
    } finally {
      // Whoever leaves early leaves nothing behind: what is being read has buffers of its own.
      await Promise.allSettled([previous, pictures]);
    }
  }

  async #generate(index: number, first: number, count: number, segment: boolean): Promise<void> {
    const { zSize } = this.#generator;
    const plan = segment ? this.#full : this.#part;
    plan.run(this.#z.subarray(first * zSize, (first + count) * zSize));
    for (const [name, tensor] of plan.layers) tensor.copyTo(this.maps.get(name)!);
    await this.#kept.keepFeatures(index);
    if (!segment) return;
    this.#segmentation.run();
    this.#segmentation.labels.copyTo(this.labelMaps);
    await this.#kept.keepLabels(index);
  }

  /** Copies the batch's images and labels off the GPU: submitted at once, before a later batch overwrites them. */
  async #readPictures(first: number, count: number): Promise<void> {
    const { resolution } = this.#generator;
    const pixels = resolution ** 2;
    const perImage = this.channels * this.#options.segmentationSize ** 2;
    const [rgba, labels] = await Promise.all([
      this.#full.rgba!.read(count * pixels),
      this.labelMaps.read(count * perImage),
    ]);
    const bytes = new Uint8Array(rgba.buffer);
    for (let i = 0; i < count; i += 1) {
      this.#pictures.set(first + i, {
        image: first + i,
        rgb: withoutAlpha(bytes, i * pixels, pixels),
        size: resolution,
        labels: Uint16Array.from(labels.subarray(i * perImage, (i + 1) * perImage)),
      });
    }
  }

  /** Pictures of images that were seen with labels. */
  picture(image: number): SamplePicture {
    const picture = this.#pictures.get(image);
    if (!picture) throw new Error(`Image ${image} was not kept.`);
    return picture;
  }

  dispose(): void {
    this.#scope.dispose();
  }
}
