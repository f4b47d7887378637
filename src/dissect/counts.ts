import { count, presence, upsample } from "../kernels/statistics.ts";
import type { Label } from "../models/labels.ts";
import type { Device } from "../runtime/device.ts";
import { elements, Graph, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";

/** Pixels of every label, and in how many images each category occurs, over the batches added. */
export class Presence {
  /** [n, categories]: which categories the current batch's images hold. */
  readonly present: Tensor<"u32">;
  readonly #plan: Plan;
  readonly #pixels: Tensor<"u32">;
  readonly #images: Tensor<"u32">;
  readonly #everywhere: boolean;

  private constructor(
    plan: Plan,
    present: Tensor<"u32">,
    pixels: Tensor<"u32">,
    images: Tensor<"u32">,
    everywhere: boolean,
  ) {
    this.#plan = plan;
    this.present = present;
    this.#pixels = pixels;
    this.#images = images;
    this.#everywhere = everywhere;
  }

  static async create(
    device: Device,
    options: {
      /** Label maps of the current batch [n, channels, pixels]. */
      readonly maps: Tensor<"u32">;
      readonly batch: Tensor<"u32">;
      readonly labels: readonly Label[];
      readonly categories: readonly string[];
      /** Let every category occur in every image: an only category's condition is no condition (spec §3.5, step 2). */
      readonly everywhere?: boolean;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<Presence> {
    const { maps, labels, categories, signal } = options;
    const graph = new Graph(device.target);
    const values = {
      labels: graph.value("labels", maps.shape, "u32"),
      batch: graph.value("batch", [2], "u32"),
      categoryOf: graph.value("category of", [labels.length], "u32"),
      pixels: graph.value("pixels", [labels.length], "u32"),
      present: graph.value("present", [maps.shape[0]!, categories.length], "u32"),
      images: graph.value("images", [categories.length], "u32"),
    };
    presence(graph, values);
    const bind: (readonly [Value, Tensor])[] = [
      [values.labels, maps],
      [values.batch, options.batch],
    ];
    const plan = await Plan.compile(device, graph, {
      keep: [values.pixels, values.present, values.images],
      bind,
      signal,
    });
    plan
      .tensor<"u32">(values.categoryOf)
      .write(Uint32Array.from(labels, ({ category }) => Math.max(0, categories.indexOf(category))));
    return new Presence(
      plan,
      plan.tensor(values.present),
      plan.tensor(values.pixels),
      plan.tensor(values.images),
      options.everywhere ?? false,
    );
  }

  /** Looks at the batch the label maps hold now. */
  add(): void {
    if (this.#everywhere) this.present.write(new Uint32Array(elements(this.present.shape)).fill(1));
    else this.present.clear();
    this.#plan.run();
  }

  async read(): Promise<{ readonly pixels: Uint32Array; readonly images: Uint32Array }> {
    return { pixels: await this.#pixels.read(), images: await this.#images.read() };
  }

  dispose(): void {
    this.#plan.dispose();
  }
}

export interface CountsOptions {
  /** The layer's feature maps [n, h, w, units] of the current batch. */
  readonly maps: Tensor<"f32">;
  readonly channels: number;
  readonly batch: Tensor<"u32">;
  /** Label maps of the current batch [n, channels, size²]. */
  readonly labelMaps: Tensor<"u32">;
  readonly present: Tensor<"u32">;
  readonly labels: number;
  readonly categories: number;
  /** Edge of the label maps. */
  readonly size: number;
  /** Ascending levels of every unit, [levels][channels]. */
  readonly levels: Float32Array;
  /** Room for upsampled maps that plans run one after the other may share; each has its own unless given. */
  readonly scratch?: Tensor<"f32">;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Exact joint counts of one layer's units with every concept at every level, in one pass. A pixel falls into the bucket of
 * how many levels its activation exceeds; the number above level j is the sum of the buckets beyond j. Counters are
 * integers, so neither batches nor the order of pixels change them.
 */
export class Counts {
  readonly #plan: Plan;
  readonly #histogram: Tensor<"u32">;
  readonly #levels: number;
  readonly #stored: number;
  readonly #channels: number;
  readonly #labels: number;

  private constructor(plan: Plan, histogram: Tensor<"u32">, options: CountsOptions) {
    this.#plan = plan;
    this.#histogram = histogram;
    this.#levels = options.levels.length / options.channels;
    this.#stored = options.maps.shape.at(-1)!;
    this.#channels = options.channels;
    this.#labels = options.labels;
  }

  static async create(device: Device, options: CountsOptions): Promise<Counts> {
    const { maps, channels, batch, labelMaps, present, labels, categories, size, levels, signal } = options;
    const [n = 1, height = 1, width = 1, stored = 4] = maps.shape;
    const rungs = levels.length / channels;
    const graph = new Graph(device.target);
    const x = graph.map("maps", n, height, width, channels);
    const values = {
      labels: graph.value("labels", labelMaps.shape, "u32"),
      batch: graph.value("batch", [2], "u32"),
      present: graph.value("present", present.shape, "u32"),
      level: graph.value("level", [rungs, stored]),
      histogram: graph.value("joint histogram", [labels + categories, rungs + 1, stored], "u32"),
    };
    const chunks = upsample(graph, x, size);
    for (const chunk of chunks) count(graph, chunk, values, labels);
    const bind: (readonly [Value, Tensor])[] = [
      [x, maps],
      [values.labels, labelMaps],
      [values.batch, batch],
      [values.present, present],
    ];
    if (options.scratch) for (const { map } of chunks) bind.push([map, options.scratch]);
    const plan = await Plan.compile(device, graph, { keep: [values.histogram], bind, signal });
    const rows = new Float32Array(rungs * stored);
    for (let level = 0; level < rungs; level += 1) {
      rows.set(levels.subarray(level * channels, (level + 1) * channels), level * stored);
    }
    plan.tensor(values.level).write(rows);
    return new Counts(plan, plan.tensor(values.histogram), options);
  }

  /** Counts the batch the maps hold now. */
  add(): void {
    this.#plan.run();
  }

  /** Pixels of a label on which each unit exceeds each level, [levels][channels]. */
  intersection(label: number): Promise<Uint32Array<ArrayBuffer>> {
    return this.#above(label);
  }

  /** Pixels of images with a category on which each unit exceeds each level, [levels][channels]. */
  activation(category: number): Promise<Uint32Array<ArrayBuffer>> {
    return this.#above(this.#labels + category);
  }

  async #above(row: number): Promise<Uint32Array<ArrayBuffer>> {
    const buckets = this.#levels + 1;
    const histogram = await this.#histogram.read(buckets * this.#stored, row * buckets * this.#stored);
    const above = new Uint32Array(this.#levels * this.#channels);
    for (let unit = 0; unit < this.#channels; unit += 1) {
      let sum = 0;
      for (let level = this.#levels - 1; level >= 0; level -= 1) {
        sum += histogram[(level + 1) * this.#stored + unit]!;
        above[level * this.#channels + unit] = sum;
      }
    }
    return above;
  }

  dispose(): void {
    this.#plan.dispose();
  }
}
