import { Counting } from "../causality/counting.ts";
import { UsageError } from "../errors.ts";
import { evenBatch } from "../models/generator-plan.ts";
import type { Segmenter } from "../models/segmenter.ts";
import { checkNames, type NamesOf } from "../names.ts";
import { bytesOf, elements, Graph } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import { Scope } from "../runtime/scope.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { tune } from "../runtime/tune.ts";
import type { FeatureNetwork } from "./features.ts";
import type { Images, OpenImages } from "./images.ts";
import type { Areas } from "./segmentation-distance.ts";
import type { Vectors } from "./vectors.ts";

/** What is known of a set of images. */
export interface Measured {
  /** Images that were measured: all, or those until they ended or it was interrupted. */
  readonly n: number;
  /** Rows of float32. */
  readonly vectors?: Vectors;
  readonly areas?: Areas;
}

export interface MeasureOptions {
  /** What makes vectors of images; none are made unless given. */
  readonly features?: FeatureNetwork;
  /** What names pixels; areas are not counted unless given. */
  readonly segmenter?: Segmenter;
  /** What an earlier run measured of the same images: the first of them. */
  readonly known?: Measured;
  /** Images at a time. Results do not depend on it. */
  readonly batch?: number;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  /** Told of all that is known, now and then, to be kept. */
  readonly onPartial?: (measured: Measured) => void | Promise<void>;
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
  const { features, segmenter, known, onProgress, onPartial, signal } = options;
  if (!features && !segmenter) throw new UsageError("There is nothing to measure.", "Give features or a segmenter.");
  const table = new Table(images, options);
  const scope = new Scope();
  try {
    const batch = evenBatch(images.size, options.batch ?? batchFor(images, options));
    const given = { ...(features && { features }), ...(segmenter && { segmenter }) };
    const stages = await open(images, { ...given, batch, signal }, scope);
    let kept = table.n;
    let pending: Promise<void> | undefined;
    try {
      for (let first = known?.n ?? 0; first < images.size; first += batch) {
        signal?.throwIfAborted();
        const count = Math.min(batch, images.size - first);
        const { rows, found } = await stages.run(first, count);
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
  } finally {
    scope.dispose();
  }
}

/** Rows that have come back of a batch. */
interface Rows {
  readonly vectors: Float32Array | undefined;
  readonly areas: Uint32Array | undefined;
}

/** What all images have, row by row. */
class Table {
  n = 0;
  readonly #options: MeasureOptions;
  readonly #pixels: number;
  readonly #vectors: Float32Array | undefined;
  readonly #counts: Uint32Array | undefined;

  constructor({ size, height, width }: Images, options: MeasureOptions) {
    const { features, segmenter, known } = options;
    this.#options = options;
    this.#pixels = height * width;
    this.#vectors = features && new Float32Array(size * features.kind.d);
    this.#counts = segmenter && new Uint32Array(size * segmenter.labels.length);
    if (!known || known.n === 0) return;
    this.n = Math.min(size, known.n);
    if (features) this.#vectors!.set(known.vectors!.data.subarray(0, this.n * features.kind.d));
    if (segmenter) this.#counts!.set(known.areas!.counts.subarray(0, this.n * segmenter.labels.length));
  }

  add({ vectors, areas }: Rows, count: number): void {
    if (count === 0) return;
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
    };
  }
}

interface StagesOptions extends Pick<MeasureOptions, "features" | "segmenter" | "signal"> {
  readonly batch: number;
}

/** From images to rows; everything belongs to the scope. */
async function open(images: Images, { features, segmenter, batch, signal }: StagesOptions, scope: Scope) {
  const raw = segmenter?.reads === "raw";
  const brought = scope.own(await images.open({ batch, raw, signal }));
  const reading = features && scope.own(await vectorsOf(features, brought.image, signal));
  const seen = segmenter && scope.own(await areasOf(segmenter, images, brought, signal));
  return {
    /** Starts on images `first`…; what it resolves with is a promise of their rows, being read. */
    async run(first: number, count: number): Promise<{ readonly rows: Promise<Rows>; readonly found: number }> {
      const found = await brought.bring(first, count);
      if (found === 0) return { rows: Promise.resolve({ vectors: undefined, areas: undefined }), found };
      const [vectors, areas] = [reading?.read(found), seen?.read(found)];
      return {
        rows: Promise.all([vectors, areas]).then(([read, counted]) => ({ vectors: read, areas: counted })),
        found,
      };
    },
  };
}

/** The vectors of what is in an image tensor. */
async function vectorsOf(features: FeatureNetwork, image: Tensor<"f32">, signal: AbortSignal | undefined) {
  const { device } = features;
  const [n = 1, height = 1, width = 1] = image.shape;
  const describe = () => {
    const graph = new Graph(device.target, "f32", device.tuned);
    const x = graph.map("image", n, height, width, 3);
    return { graph, x, y: features.append(graph, x) };
  };
  await tune(device, () => describe().graph, signal);
  const { graph, x, y } = describe();
  const bind = [...(await features.bind(graph, signal)), [x, image] as const];
  const plan = await Plan.compile(device, graph, { keep: [y], bind, signal });
  const stored = elements(y.shape) / n;
  return {
    read(count: number): Promise<Float32Array> {
      plan.run();
      return plan.tensor(y).read(count * stored);
    },
    dispose: () => plan.dispose(),
  };
}

/** The pixels of labels, of what is in an image tensor. */
async function areasOf(
  segmenter: Segmenter,
  { height, width }: Images,
  { image, raw }: OpenImages,
  signal: AbortSignal | undefined,
) {
  const scope = new Scope();
  try {
    const given = segmenter.reads === "raw" ? raw! : image;
    const plan = scope.own(await segmenter.compile(given, [height, width], signal));
    const [n = 1] = plan.labels.shape;
    const labels = segmenter.labels.length;
    const table = [n, 1, 1, labels];
    const counting = scope.own(await Counting.create(segmenter.device, plan.labels, table, { counted: 1, signal }));
    return {
      read(count: number): Promise<Uint32Array> {
        plan.run();
        counting.clear();
        counting.add(0, count);
        return counting.read();
      },
      dispose: () => scope.dispose(),
    };
  } catch (error) {
    scope.dispose();
    throw error;
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
