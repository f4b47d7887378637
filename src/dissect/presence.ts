import { presence } from "../kernels/statistics/statistics.ts";
import type { Label } from "../networks/segmenters/network.ts";
import type { Device } from "../runtime/device.ts";
import { elements, Graph, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";

// Tests: test/dissect/counts.test.ts, test/dissect/training.test.ts

/**
 * Pixels of every label, in any channel of a pixel, and in how many images each category occurs,
 * over the batches added.
 */
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
      /** Label maps of the current batch [n, channels, rows, columns]. */
      readonly maps: Tensor<"u32">;
      readonly batch: Tensor<"u32">;
      readonly labels: readonly Label[];
      readonly categories: readonly string[];
      /**
       * Let every category occur in every image: an only category's condition is no condition (spec
       * §3.5, step 2).
       */
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
