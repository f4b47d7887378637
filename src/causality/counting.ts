import { areas } from "../kernels/statistics/areas.ts";
import type { Device } from "../runtime/device.ts";
import { type Extent, Graph, type Value } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";

// Tests: test/causality/experiment.test.ts, test/causality/ablation-locations.test.ts

export interface CountingOptions {
  readonly only?: number;
  readonly reach?: Extent;
  /** Label maps that are looked at, the first ones; all unless given. */
  readonly counted?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A table of areas on the GPU; see `areas`. */
export class Counting {
  readonly #plan: Plan;
  readonly #batch: Tensor<"u32">;
  readonly #table: Tensor<"u32">;

  private constructor(plan: Plan, batch: Tensor<"u32">, table: Tensor<"u32">) {
    this.#plan = plan;
    this.#batch = batch;
    this.#table = table;
  }

  /**
   * Of label maps [n, channels, h, w] in a table [n or 1, rows, columns, labels], of one label
   * where `only` is not 0; cells share `reach` pixels where maps are cropped, see `areas`.
   */
  static async create(
    device: Device,
    labels: Tensor<"u32">,
    table: readonly number[],
    { only = 0, reach, counted, signal }: CountingOptions = {},
  ): Promise<Counting> {
    const graph = new Graph(device.target);
    const values = {
      labels: graph.value("labels", labels.shape, "u32"),
      batch: graph.value("batch", [2], "u32"),
      areas: graph.value("areas", table, "u32"),
    };
    areas(graph, values, only, reach, counted);
    const bind: (readonly [Value, Tensor])[] = [[values.labels, labels]];
    const plan = await Plan.compile(device, graph, { keep: [values.areas], bind, signal });
    return new Counting(plan, plan.tensor(values.batch), plan.tensor(values.areas));
  }

  clear(): void {
    this.#table.clear();
  }

  /**
   * Counts what the label maps hold now: the first `count` images, of which the first is `first`.
   */
  add(first: number, count: number): void {
    this.#batch.write(Uint32Array.of(first, count));
    this.#plan.run();
  }

  read(): Promise<Uint32Array> {
    return this.#table.read();
  }

  dispose(): void {
    this.#plan.dispose();
  }
}
