import { presence } from "../kernels/statistics/statistics.ts";
import type { Label } from "../networks/segmenters/network.ts";
import type { Device } from "../runtime/device.ts";
import { elements, Graph, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";
import type { Checkpoint, Counters } from "./checkpoint.ts";
import { addCounts, Counter, type CountTable } from "./counter.ts";

// Tests: test/dissect/counts.test.ts, test/dissect/training.test.ts

export interface PresenceOptions {
  /** Label maps of the current batch [n, channels, rows, columns]. */
  readonly maps: Tensor<"u32">;
  readonly batch: Tensor<"u32">;
  readonly labels: readonly Label[];
  readonly categories: readonly string[];
  /** Image i is counted in block i mod so many; 1, all together, unless given. */
  readonly blocks?: number | undefined;
  /**
   * Let every category occur in every image: an only category's condition is no condition (spec
   * §3.5, step 2).
   */
  readonly everywhere?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** What was found in some images. */
export interface Present {
  /** Of every label. */
  readonly pixels: CountTable;
  /** That hold each category. */
  readonly images: CountTable;
}

/**
 * Pixels of every label, in any channel of a pixel, and in how many images each category occurs,
 * over the batches added.
 */
export class Presence {
  /** `[n, categories]`: which categories the current batch's images hold. */
  readonly present: Tensor<"u32">;
  readonly #plan: Plan;
  readonly #pixels: Counter;
  readonly #images: Counter;
  readonly #blocks: number;
  readonly #everywhere: boolean;

  private constructor(
    plan: Plan,
    present: Tensor<"u32">,
    pixels: Tensor<"u32">,
    images: Tensor<"u32">,
    { blocks = 1, everywhere = false }: Pick<PresenceOptions, "blocks" | "everywhere">,
  ) {
    this.#plan = plan;
    this.present = present;
    this.#pixels = new Counter(pixels);
    this.#images = new Counter(images);
    this.#blocks = blocks;
    this.#everywhere = everywhere;
  }

  static async create(device: Device, options: PresenceOptions): Promise<Presence> {
    const { maps, labels, categories, blocks = 1, signal } = options;
    const graph = new Graph(device.target);
    const values = {
      labels: graph.value("labels", maps.shape, "u32"),
      batch: graph.value("batch", [2], "u32"),
      categoryOf: graph.value("category of", [labels.length], "u32"),
      pixels: graph.value("pixels", [blocks * labels.length], "u32"),
      present: graph.value("present", [maps.shape[0]!, categories.length], "u32"),
      images: graph.value("images", [blocks * categories.length], "u32"),
    };
    presence(graph, values, { blocks });
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
      options,
    );
  }

  get counters(): Counters {
    return { pixels: this.#pixels, images: this.#images };
  }

  /** Puts what is counted of a set of images aside. */
  async put(checkpoint: Checkpoint, set: string): Promise<void> {
    if (!checkpoint.isUsed) return;
    checkpoint.put(`${set} pixels`, await this.#pixels.read());
    checkpoint.put(`${set} images`, await this.#images.read());
  }

  /** Takes it back, where it was counted in an earlier run or pass. */
  take(checkpoint: Checkpoint, set: string): void {
    this.#pixels.take(checkpoint.counts(`${set} pixels`));
    this.#images.take(checkpoint.counts(`${set} images`));
  }

  /** Looks at the batch the label maps hold now. */
  add(): void {
    if (this.#everywhere) this.present.write(new Uint32Array(elements(this.present.shape)).fill(1));
    else this.present.clear();
    this.#plan.run();
  }

  async read(): Promise<Present> {
    const [first, ...others] = await this.blocks();
    for (const { pixels, images } of others) {
      addCounts(first!.pixels, pixels);
      addCounts(first!.images, images);
    }
    return first!;
  }

  /** The same of every block. */
  async blocks(): Promise<Present[]> {
    const [pixels, images] = [await this.#pixels.read(), await this.#images.read()];
    const part = (table: CountTable, block: number): CountTable => {
      const length = table.length / this.#blocks;
      return table.slice(block * length, (block + 1) * length);
    };
    return Array.from({ length: this.#blocks }, (_, block) => ({
      pixels: part(pixels, block),
      images: part(images, block),
    }));
  }

  dispose(): void {
    this.#plan.dispose();
  }
}
