import { packedWords } from "../kernels/readout/pack.ts";
import { evenBatch } from "../models/generator-plan.ts";
import type { Device } from "../runtime/device.ts";
import { type Extent, elements, padded } from "../runtime/graph.ts";
import { Scope } from "../runtime/scope.ts";
import { Tensor } from "../runtime/tensor.ts";
import type { Share } from "./checkpoint.ts";
import { Kept } from "./kept.ts";
import { PackedLabels } from "./packed-labels.ts";
import type { SamplePicture } from "./result.ts";
import type { Batches, ImageSet, Labeller, LabelPlan, Subject } from "./subject.ts";

export interface SamplesOptions {
  readonly subject: Subject;
  readonly segmenter: Labeller;
  readonly set: ImageSet;
  readonly layers: readonly string[];
  readonly size: number;
  /** Those of them that are gone through; all unless given. */
  readonly range?: Share;
  readonly seed: number;
  readonly batch: number;
  /** Rows and columns of the label maps. */
  readonly grid: Extent;
  /**
   * Whether a pass is to take RGB bytes and label maps to the CPU, to draw unit strips from; see
   * `each`.
   */
  readonly pictures: boolean;
  /** Whether labels are looked at in more than one pass, so that label maps are worth keeping. */
  readonly keepLabels: boolean;
  /**
   * Bytes of label maps, then of feature maps, that may stay on the GPU; what does not fit is made
   * again in every pass.
   */
  readonly memory: number;
  readonly signal?: AbortSignal | undefined;
}

const numbers = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);

/** What samples are made by and lie in. */
interface Parts extends Pick<Samples, "batchSize" | "maps" | "labelMaps" | "batch"> {
  readonly batches: Batches;
  readonly segmentation: LabelPlan;
  readonly packed: PackedLabels;
}

/** The images of a set, batch by batch, as often as a statistic needs to see them. */
export class Samples {
  readonly size: number;
  /** The images that are gone through. */
  readonly range: Share;
  readonly batchSize: number;
  /** Feature maps of the current batch, [batch, h, w, units], by layer. */
  readonly maps: ReadonlyMap<string, Tensor<"f32">>;
  /** Label maps of the current batch, [batch, channels, rows, columns]. */
  readonly labelMaps: Tensor<"u32">;
  /** `[2]`: index of the batch's first image, how many are valid. */
  readonly batch: Tensor<"u32">;

  readonly #scope: Scope;
  readonly #device: Device;
  readonly #options: SamplesOptions;
  readonly #batches: Batches;
  readonly #segmentation: LabelPlan;
  readonly #kept: Kept;
  readonly #packed: PackedLabels;
  readonly #pictures = new Map<number, SamplePicture>();

  private constructor(options: SamplesOptions, parts: Parts, scope: Scope) {
    this.#options = options;
    this.#device = options.subject.device;
    this.#batches = parts.batches;
    this.#segmentation = parts.segmentation;
    this.size = options.size;
    this.range = options.range ?? { first: 0, end: options.size };
    this.batchSize = parts.batchSize;
    this.maps = parts.maps;
    this.labelMaps = parts.labelMaps;
    this.batch = parts.batch;
    this.#packed = parts.packed;
    this.#scope = scope;
    const { memory, keepLabels } = options;
    const packed = keepLabels ? parts.packed : undefined;
    this.#kept = scope.own(new Kept(this.#device, [...this.maps.values()], packed, this.batches, memory));
  }

  static async create(options: SamplesOptions): Promise<Samples> {
    const { subject, segmenter, set, layers, size, seed, grid, pictures, signal } = options;
    const { first, end } = options.range ?? { first: 0, end: size };
    const batchSize = evenBatch(end - first, options.batch);
    const raw = segmenter.reads === "raw";
    const scope = new Scope();
    try {
      const opening = { set, size, seed, batch: batchSize, layers, bytes: pictures, raw, signal };
      const batches = scope.own(await subject.open(opening));
      const segmentation = scope.own(await segmenter.compile(batches[segmenter.reads]!, grid, signal));
      const { device } = subject;
      const tensors = await device.allocating("a batch", () => ({
        maps: new Map(
          layers.map((name) => {
            const { height, width, channels } = subject.layer(name);
            const shape = [batchSize, height, width, padded(channels)];
            return [name, scope.own(Tensor.create(device, `${name} maps`, shape, "f32"))];
          }),
        ),
        labelMaps: scope.own(Tensor.create(device, "label maps", segmentation.labels.shape, "u32")),
        batch: scope.own(Tensor.create(device, "batch", [2], "u32")),
      }));
      const packed = scope.own(await PackedLabels.create(device, tensors.labelMaps, signal));
      return new Samples(options, { batches, batchSize, segmentation, ...tensors, packed }, scope);
    } catch (error) {
      scope.dispose();
      throw error;
    }
  }

  get batches(): number {
    return Math.ceil((this.range.end - this.range.first) / this.batchSize);
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
   * Brings every batch into `maps` and `batch`, and into `labelMaps` when asked, one after the
   * other; at most two are in flight, so that a page stays responsive. With `pictures`, those are
   * taken to the CPU too: in a pass that tells which of them to `forget`, as they would all pile up
   * in another.
   */
  async *each({
    labels,
    pictures: shown = false,
    from = this.range.first,
    only,
  }: {
    readonly labels: boolean;
    /** Only with labels, and if these samples are to have pictures at all. */
    readonly pictures?: boolean;
    /** The first image, at a border of batches. */
    readonly from?: number | undefined;
    /** Batches that hold none of these are left out. */
    readonly only?: ReadonlySet<number>;
  }): AsyncGenerator<{ readonly first: number; readonly count: number }> {
    let pictures: Promise<void> | undefined;
    let previous: Promise<unknown> | undefined;
    try {
      const { first: start, end } = this.range;
      for (let index = Math.ceil((from - start) / this.batchSize); index < this.batches; index += 1) {
        this.#options.signal?.throwIfAborted();
        const first = start + index * this.batchSize;
        const count = Math.min(this.batchSize, end - first);
        if (only && !numbers(first, count).some((image) => only.has(image))) continue;
        this.batch.write(Uint32Array.of(first, count));
        const segment = labels && !this.#kept.restoreLabels(index);
        // Segmenting and showing need the image, and making that brings the feature maps along.
        const image = segment || shown;
        if (image || !this.#kept.restoreFeatures(index)) await this.#generate(index, first, count, { image, segment });
        await previous;
        pictures = shown ? this.#readPictures(first, count) : undefined;
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

  async #generate(
    index: number,
    first: number,
    count: number,
    { image, segment }: { readonly image: boolean; readonly segment: boolean },
  ): Promise<void> {
    const { layers, numbers } = await this.#batches.bring(first, count, image);
    for (const [name, tensor] of layers) tensor.copyTo(this.maps.get(name)!);
    await this.#kept.keepFeatures(index);
    if (!segment) return;
    await this.#segmentation.run(numbers);
    this.#segmentation.labels.copyTo(this.labelMaps);
    this.#packed.pack();
    await this.#kept.keepLabels(index);
  }

  /**
   * Copies the batch's images and labels off the GPU: submitted at once, before a later batch
   * overwrites them.
   */
  async #readPictures(first: number, count: number): Promise<void> {
    const { height, width } = this.#options.subject;
    const perImage = this.channels * elements(this.#options.grid);
    const reads = [this.#batches.bytes(count), this.#packed.halves.read(packedWords(count * perImage))] as const;
    await Promise.allSettled(reads); // where one fails the other is not left behind
    const [rgb, halves] = await Promise.all(reads);
    const labels = new Uint16Array(halves.buffer);
    const Labels = this.#options.segmenter.labels.length <= 256 ? Uint8Array : Uint16Array;
    for (let i = 0; i < count; i += 1) {
      this.#pictures.set(first + i, {
        image: first + i,
        rgb: rgb[i]!,
        height,
        width,
        labels: new Labels(labels.subarray(i * perImage, (i + 1) * perImage)),
      });
    }
  }

  /** Pictures on the CPU now. */
  get pictures(): number {
    return this.#pictures.size;
  }

  /** Pictures as tables, that hold so many bytes at most. */
  pictureTables(most: number): Map<string, Uint8Array | Uint16Array> {
    const tables = new Map<string, Uint8Array | Uint16Array>();
    let bytes = 0;
    for (const [image, { rgb, labels }] of this.#pictures) {
      bytes += rgb.byteLength + labels.byteLength;
      if (bytes > most) break;
      tables.set(`picture ${image}`, rgb).set(`labels ${image}`, labels);
    }
    return tables;
  }

  /** Takes pictures back from such tables, those of the right size. */
  takePictures(tables: ReadonlyMap<string, unknown>): void {
    const { height, width } = this.#options.subject;
    const Labels = this.#options.segmenter.labels.length <= 256 ? Uint8Array : Uint16Array;
    const images = [...tables.keys()].flatMap((name) => /^picture (\d+)$/.exec(name)?.[1] ?? []).map(Number);
    for (const image of images) {
      if (image >= this.size) continue;
      const [rgb, labels] = [tables.get(`picture ${image}`), tables.get(`labels ${image}`)];
      const isWhole =
        rgb instanceof Uint8Array &&
        rgb.length === 3 * height * width &&
        labels instanceof Labels &&
        labels.length === this.channels * elements(this.#options.grid);
      if (isWhole) this.#pictures.set(image, { image, rgb, height, width, labels });
    }
  }

  /** Whether there are pictures of all these. */
  hasPictures(images: Iterable<number>): boolean {
    for (const image of images) if (!this.#pictures.has(image)) return false;
    return true;
  }

  /** Lets the pictures go of those of the first `seen` images that nothing is to be shown of. */
  forget(seen: number, shown: ReadonlySet<number>): void {
    for (const image of this.#pictures.keys()) if (image < seen && !shown.has(image)) this.#pictures.delete(image);
  }

  /** Pictures of images that were seen in a pass with pictures, and not forgotten. */
  picture(image: number): SamplePicture {
    const picture = this.#pictures.get(image);
    if (!picture) throw new Error(`Image ${image} was not kept.`);
    return picture;
  }

  dispose(): void {
    this.#scope.dispose();
  }
}
