import { examples, top } from "../kernels/statistics/statistics.ts";
import type { Device } from "../runtime/device.ts";
import { Graph, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { type Counters, countersOf } from "./checkpoint.ts";

/**
 * The images that activate each unit most, by the spatial maximum of the raw feature map (spec
 * §3.3).
 */
export class Top {
  readonly #device: Device;
  readonly #maps: Tensor<"f32">;
  readonly #batch: Tensor<"u32">;
  readonly #channels: number;
  readonly #k: number;
  readonly #plan: Plan;
  readonly #value: Tensor<"f32">;
  readonly #image: Tensor<"u32">;

  private constructor(device: Device, options: TopOptions, plan: Plan, value: Tensor<"f32">, image: Tensor<"u32">) {
    this.#device = device;
    this.#maps = options.maps;
    this.#batch = options.batch;
    this.#channels = options.channels;
    this.#k = options.k;
    this.#plan = plan;
    this.#value = value;
    this.#image = image;
  }

  static async create(device: Device, options: TopOptions): Promise<Top> {
    const { maps, batch, channels, k, signal } = options;
    const [n = 1, height = 1, width = 1, stored = 4] = maps.shape;
    const graph = new Graph(device.target);
    const x = graph.map("maps", n, height, width, channels);
    const values = {
      batch: graph.value("batch", [2], "u32"),
      value: graph.value("top activations", [k, stored]),
      image: graph.value("top images", [k, stored], "u32"),
    };
    top(graph, x, values);
    const bind: (readonly [Value, Tensor])[] = [
      [x, maps],
      [values.batch, batch],
    ];
    const plan = await Plan.compile(device, graph, { keep: [values.value, values.image], bind, signal });
    return new Top(device, options, plan, plan.tensor(values.value), plan.tensor(values.image));
  }

  get counters(): Counters {
    return countersOf({ "top activations": this.#value, "top images": this.#image });
  }

  /** Ranks the batch the maps hold now. */
  add(): void {
    this.#plan.run();
  }

  /** Per unit its images, best first. */
  async read(): Promise<{ readonly image: number; readonly activation: number }[][]> {
    const [values, images] = [await this.#value.read(), await this.#image.read()];
    const stored = this.#maps.shape.at(-1)!;
    return Array.from({ length: this.#channels }, (_, unit) => {
      const list: { image: number; activation: number }[] = [];
      for (let rank = 0; rank < this.#k; rank += 1) {
        const image = images[rank * stored + unit]!;
        if (image > 0) list.push({ image: image - 1, activation: values[rank * stored + unit]! });
      }
      return list;
    });
  }

  /**
   * The images that some unit shows now. Whoever is not among them will not come back: later images
   * only take places.
   */
  async images(): Promise<Set<number>> {
    const table = await this.#image.read();
    const stored = this.#maps.shape.at(-1)!;
    const images = new Set<number>();
    // (Beyond the last unit are those that pad the layer.)
    table.forEach((image, at) => {
      if (image > 0 && at % stored < this.#channels) images.add(image - 1);
    });
    return images;
  }

  /** Collects the feature maps of the top images in another pass over all batches. */
  async examples(signal?: AbortSignal): Promise<Examples> {
    const [n = 1, height = 1, width = 1, stored = 4] = this.#maps.shape;
    const graph = new Graph(this.#device.target);
    const x = graph.map("maps", n, height, width, this.#channels);
    const values = {
      batch: graph.value("batch", [2], "u32"),
      image: graph.value("top images", this.#image.shape, "u32"),
      y: graph.value("examples", [this.#k, stored, height * width]),
    };
    examples(graph, x, values);
    const bind: (readonly [Value, Tensor])[] = [
      [x, this.#maps],
      [values.batch, this.#batch],
      [values.image, this.#image],
    ];
    const plan = await Plan.compile(this.#device, graph, { keep: [values.y], bind, signal });
    return { add: () => plan.run(), maps: plan.tensor(values.y), dispose: () => plan.dispose() };
  }

  dispose(): void {
    this.#plan.dispose();
  }
}

/** The feature maps of every unit's top images, filled batch by batch. */
export interface Examples {
  /** Takes what the maps hold now. */
  add(): void;
  /** [k, units, pixels] */
  readonly maps: Tensor<"f32">;
  dispose(): void;
}

export interface TopOptions {
  /** The layer's feature maps [n, h, w, units] of the current batch. */
  readonly maps: Tensor<"f32">;
  readonly channels: number;
  readonly batch: Tensor<"u32">;
  /** Images to keep per unit. */
  readonly k: number;
  readonly signal?: AbortSignal | undefined;
}
