import { relabel } from "../kernels/statistics/statistics.ts";
import type { Device } from "../runtime/device.ts";
import { Graph } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";

/**
 * Which labels have counters. A segmenter may know two thousand labels of which a hundred occur;
 * only those that are assigned a slot take memory in the tables of units × labels.
 */
export class Slots {
  /**
   * Label maps of the current batch as slots [n, channels, rows, columns], from 1 on in the order
   * assigned; 0 has no counter.
   */
  readonly maps: Tensor<"u32">;
  readonly #plan: Plan;
  readonly #slotOf: Tensor<"u32">;

  private constructor(plan: Plan, maps: Tensor<"u32">, slotOf: Tensor<"u32">) {
    this.#plan = plan;
    this.maps = maps;
    this.#slotOf = slotOf;
  }

  static async create(
    device: Device,
    options: {
      /** Label maps of the current batch [n, channels, rows, columns]. */
      readonly labelMaps: Tensor<"u32">;
      /** How many labels there are. */
      readonly labels: number;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<Slots> {
    const { labelMaps, labels, signal } = options;
    const graph = new Graph(device.target);
    const values = {
      labels: graph.value("labels", labelMaps.shape, "u32"),
      slotOf: graph.value("slot of", [labels], "u32"),
      slots: graph.value("slots", labelMaps.shape, "u32"),
    };
    relabel(graph, values);
    const plan = await Plan.compile(device, graph, {
      keep: [values.slots],
      bind: [[values.labels, labelMaps]],
      signal,
    });
    return new Slots(plan, plan.tensor(values.slots), plan.tensor(values.slotOf));
  }

  /** Gives these labels the slots 1, 2 … and all others none. */
  assign(labels: readonly number[]): void {
    const slotOf = new Uint32Array(this.#slotOf.shape[0]!);
    labels.forEach((label, index) => {
      slotOf[label] = index + 1;
    });
    this.#slotOf.write(slotOf);
  }

  /** Looks at the batch the label maps hold now. */
  update(): void {
    this.#plan.run();
  }

  dispose(): void {
    this.#plan.dispose();
  }
}
