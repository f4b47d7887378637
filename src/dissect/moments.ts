import { type Covering, moments, SUM_WORDS } from "../kernels/statistics/statistics.ts";
import type { Device } from "../runtime/device.ts";
import { Graph, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";
import { type Counters, countersOf } from "./checkpoint.ts";
import { exactSum } from "./exact-sums.ts";
import { correlation } from "./scores.ts";

/** Sums from which the correlation of every unit with every concept follows; see moments.wgsl. */
export class Moments {
  readonly #plan: Plan;
  readonly #total: Tensor<"u32">;
  readonly #stored: number;
  readonly #channels: number;
  readonly #labels: readonly number[];

  private constructor(plan: Plan, total: Tensor<"u32">, stored: number, channels: number, labels: readonly number[]) {
    this.#plan = plan;
    this.#total = total;
    this.#stored = stored;
    this.#channels = channels;
    this.#labels = labels;
  }

  static async create(
    device: Device,
    options: {
      /** The layer's feature maps [n, h, w, units] of the current batch. */
      readonly maps: Tensor<"f32">;
      readonly channels: number;
      readonly batch: Tensor<"u32">;
      /** Slots of the current batch's labels [n, labels a pixel, rows, columns]; see `Slots`. */
      readonly slotMaps: Tensor<"u32">;
      /** The labels that have slots, in their order. */
      readonly labels: readonly number[];
      /** Where the feature maps lie on label maps; see `Covering`. */
      readonly covering?: Covering | undefined;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<Moments> {
    const { maps, channels, batch, slotMaps, labels, covering, signal } = options;
    const [n = 1, height = 1, width = 1, stored = 4] = maps.shape;
    const graph = new Graph(device.target);
    const x = graph.map("maps", n, height, width, channels);
    const values = {
      slots: graph.value("slots", slotMaps.shape, "u32"),
      batch: graph.value("batch", [2], "u32"),
      total: graph.value("moments", [2 + labels.length, stored, SUM_WORDS], "u32"),
    };
    moments(graph, x, values, covering);
    const bind: (readonly [Value, Tensor])[] = [
      [x, maps],
      [values.slots, slotMaps],
      [values.batch, batch],
    ];
    const plan = await Plan.compile(device, graph, { keep: [values.total], bind, signal });
    return new Moments(plan, plan.tensor(values.total), stored, channels, labels);
  }

  get counters(): Counters {
    return countersOf({ moments: this.#total });
  }

  /** Adds the batch the maps hold now. */
  add(): void {
    this.#plan.run();
  }

  /**
   * Correlations [labels][channels] over `count` pixels, of which `pixels[label]` show each label;
   * 0 for labels that do not occur or have no slot.
   */
  async correlations(count: number, pixels: ArrayLike<number>): Promise<Float64Array> {
    const sums = await this.#total.read();
    const at = (row: number, unit: number): number => exactSum(sums, row * this.#stored + unit);
    const result = new Float64Array(pixels.length * this.#channels);
    this.#labels.forEach((label, index) => {
      if (pixels[label] === 0) return;
      for (let unit = 0; unit < this.#channels; unit += 1) {
        result[label * this.#channels + unit] = correlation({
          count,
          sum: at(0, unit),
          squares: at(1, unit),
          onConcept: at(2 + index, unit),
          pixels: pixels[label]!,
        });
      }
    });
    return result;
  }

  /**
   * Mean activation of every unit on the pixels of the label in a slot, of which there are so many.
   */
  async conceptMeans(slot: number, pixels: number): Promise<Float32Array<ArrayBuffer>> {
    const length = SUM_WORDS * this.#stored;
    const sums = await this.#total.read(length, (2 + slot) * length);
    return Float32Array.from({ length: this.#channels }, (_, unit) => (pixels > 0 ? exactSum(sums, unit) / pixels : 0));
  }

  /** Mean activation of every unit over `count` pixels. */
  async means(count: number): Promise<Float32Array<ArrayBuffer>> {
    const sums = await this.#total.read(SUM_WORDS * this.#stored);
    return Float32Array.from({ length: this.#channels }, (_, unit) => exactSum(sums, unit) / count);
  }

  dispose(): void {
    this.#plan.dispose();
  }
}
