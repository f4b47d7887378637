import { UsageError } from "../errors.ts";
import { withFittingBatch } from "../models/batch-size.ts";
import { evenBatch } from "../models/generator-plan.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { bytesOf, Graph } from "../runtime/graph.ts";
import { Scope } from "../runtime/scope.ts";
import type { FeatureNetwork } from "./features.ts";
import type { Images } from "./images.ts";
import type { StepProgress } from "./progress.ts";
import type { Areas } from "./segmentation-distance.ts";
import { openStages, type Rows, type Stages } from "./stages.ts";
import type { Vectors } from "./vectors.ts";

/** What is known of a set of images. */
export interface Measured {
  /** Images that were measured: all, or those until they ended or it was interrupted. */
  readonly n: number;
  /** Rows of float32. */
  readonly vectors?: Vectors;
  /** Pixels of each label in each image. */
  readonly areas?: Areas;
  /** The largest activation of each unit of the images' layer, [n, units]. */
  readonly maxima?: Vectors;
}

/** What is measured of images. */
export interface MeasureOptions {
  /** What makes vectors of images; none are made unless given. */
  readonly features?: FeatureNetwork;
  /** What names pixels; areas are not counted unless given. */
  readonly segmenter?: Segmenter;
  /** What an earlier run measured of the same images: the first of them. */
  readonly known?: Measured;
  /**
   * Images at a time; as many as keep a GPU busy, up to 16, unless given. Results do not depend on
   * it.
   */
  readonly batch?: number;
  /** Told after every batch. */
  readonly onProgress?: (progress: StepProgress) => void;
  /** Told of all that is known, now and then, to be kept. */
  readonly onPartial?: (measured: Measured) => void | Promise<void>;
  /** Stops it: what was asked rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Pixels of a batch: 8 images of 256 pixels, and no more than 16 images. */
const BATCH_PIXELS = 8 * 256 ** 2;
const MAX_BATCH = 16;
/** Images between two calls of `onPartial`. */
const PARTIAL = 1000;

const NAMES: NamesOf<MeasureOptions> = {
  features: true,
  segmenter: true,
  known: true,
  batch: true,
  onProgress: true,
  onPartial: true,
  signal: true,
};

/**
 * Measures images on the GPU, from which vectors and pixels of labels come back, and no maps. Areas
 * are those of the first label map (objects), at the images' full resolution, label 0 included.
 * @throws UsageError; the signal's reason, once `onPartial` has what was measured until then.
 */
export async function measure(images: Images, options: MeasureOptions): Promise<Measured> {
  checkNames("measure", options, NAMES);
  const measuring = await Measuring.open(images, options);
  try {
    return await measuring.run(options);
  } finally {
    measuring.dispose();
  }
}

/** What measures images is ready, to do so once or, where they change, again. */
export class Measuring {
  readonly #images: Images;
  readonly #given: Pick<MeasureOptions, "features" | "segmenter">;
  readonly #stages: Stages;
  readonly #batch: number;
  readonly #scope: Scope;

  private constructor(
    images: Images,
    given: Pick<MeasureOptions, "features" | "segmenter">,
    [stages, batch]: readonly [Stages, number],
    scope: Scope,
  ) {
    this.#images = images;
    this.#given = given;
    this.#stages = stages;
    this.#batch = batch;
    this.#scope = scope;
  }

  /** @throws UsageError where nothing is to be measured. */
  static async open(images: Images, options: MeasureOptions): Promise<Measuring> {
    const { features, segmenter, signal } = options;
    if (!features && !segmenter) throw new UsageError("There is nothing to measure.", "Give features or a segmenter.");
    const given = { ...(features && { features }), ...(segmenter && { segmenter }) };
    const asked = Math.min(images.size, options.batch ?? batchFor(images, given));
    return withFittingBatch(images.device, asked, async (most) => {
      const batch = evenBatch(images.size, most);
      const scope = new Scope();
      try {
        const stages = await openStages(images, { ...given, batch, signal }, scope);
        return new Measuring(images, given, [stages, batch], scope);
      } catch (error) {
        scope.dispose();
        throw error;
      }
    });
  }

  /** All images, but for those that are known. @throws The signal's reason, after `onPartial`. */
  async run({ known, onProgress, onPartial, signal }: MeasureOptions = {}): Promise<Measured> {
    const images = this.#images;
    const batch = this.#batch;
    const table = new Table(images, { ...this.#given, ...(known && { known }) });
    let kept = table.n;
    let pending: Promise<void> | undefined;
    try {
      for (let first = known?.n ?? 0; first < images.size; first += batch) {
        signal?.throwIfAborted();
        const count = Math.min(batch, images.size - first);
        const { rows, found } = await this.#stages.run(first, count);
        rows.catch(() => {}); // of no interest where the batch before fails
        await pending;
        pending = rows.then((read) => table.add(read, found));
        pending.catch(() => {}); // awaited a batch later
        onProgress?.({ done: table.n, total: images.size });
        if (found < count) break;
        if (table.n - kept < PARTIAL || !onPartial) continue;
        kept = table.n;
        await onPartial(table.measured);
      }
      await pending;
    } catch (error) {
      await Promise.allSettled([pending]);
      if (table.n > kept) await onPartial?.(table.measured);
      throw error;
    }
    onProgress?.({ done: table.n, total: images.size });
    return table.measured;
  }

  dispose(): void {
    this.#scope.dispose();
  }
}

/** What all images have, row by row. */
class Table {
  n = 0;
  readonly #options: MeasureOptions;
  readonly #pixels: number;
  readonly #vectors: Float32Array | undefined;
  readonly #counts: Uint32Array | undefined;
  readonly #units: number;
  readonly #maxima: Float32Array | undefined;

  constructor({ size, height, width, layer }: Images, options: MeasureOptions) {
    const { features, segmenter, known } = options;
    this.#options = options;
    this.#pixels = height * width;
    this.#vectors = features && new Float32Array(size * features.kind.d);
    this.#counts = segmenter && new Uint32Array(size * segmenter.labels.length);
    this.#units = layer?.channels ?? 0;
    this.#maxima = layer && new Float32Array(size * this.#units);
    if (!known || known.n === 0) return;
    this.n = Math.min(size, known.n);
    if (features) this.#vectors!.set(known.vectors!.data.subarray(0, this.n * features.kind.d));
    if (segmenter) this.#counts!.set(known.areas!.counts.subarray(0, this.n * segmenter.labels.length));
    this.#maxima?.set(known.maxima!.data.subarray(0, this.n * this.#units));
  }

  add({ vectors, areas, pooled }: Rows, count: number): void {
    if (count === 0) return;
    for (let i = 0; pooled && i < count; i += 1) {
      this.#maxima!.set(pooled.max(i).subarray(0, this.#units), (this.n + i) * this.#units);
    }
    const { features, segmenter } = this.#options;
    if (features) {
      const { d } = features.kind;
      const stored = vectors!.length / count;
      for (let i = 0; i < count; i += 1) {
        this.#vectors!.set(vectors!.subarray(i * stored, i * stored + d), (this.n + i) * d);
      }
    }
    if (segmenter) {
      const labels = segmenter.labels.length;
      for (let i = 0; i < count; i += 1) {
        const row = areas!.subarray(i * labels, (i + 1) * labels);
        // The kernel counts what is named; what is not is the rest.
        row[0] = this.#pixels - row.reduce((sum, pixels) => sum + pixels, 0);
        this.#counts!.set(row, (this.n + i) * labels);
      }
    }
    this.n += count;
  }

  get measured(): Measured {
    const { features, segmenter } = this.#options;
    const { n } = this;
    const labels = segmenter?.labels ?? [];
    return {
      n,
      ...(features && { vectors: { data: this.#vectors!.subarray(0, n * features.kind.d), n, d: features.kind.d } }),
      ...(segmenter && {
        areas: { counts: this.#counts!.subarray(0, n * labels.length), n, labels, pixels: this.#pixels },
      }),
      ...(this.#maxima && { maxima: { data: this.#maxima.subarray(0, n * this.#units), n, d: this.#units } }),
    };
  }
}

/** As many images as keep a GPU busy, and whose largest map still fits what the device binds. */
function batchFor({ device, height, width }: Images, { features, segmenter }: MeasureOptions): number {
  const graph = new Graph(device.target);
  const image = graph.map("image", 1, height, width, 3);
  features?.append(graph, image);
  if (segmenter?.reads === "image") segmenter.append(graph, image, [height, width]);
  const learned = new Set(graph.parameters.map(({ value }) => value.id));
  const largest = Math.max(...graph.values.filter(({ id }) => !learned.has(id)).map(bytesOf));
  const { maxStorageBufferBindingSize, maxBufferSize } = device.gpu.limits;
  const fitting = Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize) / largest);
  return Math.max(1, Math.min(MAX_BATCH, Math.floor(BATCH_PIXELS / (height * width)), fitting));
}
