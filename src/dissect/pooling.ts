// Tests: test/look/top-images.test.ts, test/compare/measure.test.ts

import { region } from "../kernels/readout/region.ts";
import { Graph } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import type { Tensor } from "../runtime/tensor.ts";

/** What each unit does in each image of a batch: rows of the units that are stored. */
export interface Pooled {
  /** The largest activation in image i. */
  max(i: number): Float32Array;
  /** The mean in image i. */
  mean(i: number): Float32Array;
}

/** A layer's feature maps, pooled over space: two numbers a unit and image come back, no maps. */
export class Pooling {
  readonly #plan: Plan;
  readonly #pooled: Tensor<"f32">;
  readonly #cells: number;
  readonly #stored: number;

  private constructor(plan: Plan, pooled: Tensor<"f32">, shape: readonly number[]) {
    const [, height = 1, width = 1, stored = 4] = shape;
    this.#plan = plan;
    this.#pooled = pooled;
    this.#cells = height * width;
    this.#stored = stored;
  }

  /** @param features [n, h, w, c], as a plan retains them */
  static async create(features: Tensor<"f32">, signal?: AbortSignal): Promise<Pooling> {
    const { device, shape } = features;
    const [n = 1, height = 1, width = 1, stored = 4] = shape;
    const graph = new Graph(device.target);
    const x = graph.map("features", n, height, width, stored);
    const everywhere = graph.value("everywhere", [1, height, width]);
    const y = region(graph, x, everywhere, everywhere);
    const plan = await Plan.compile(device, graph, { keep: [y], bind: [[x, features]], signal });
    plan.tensor(everywhere).write(new Float32Array(height * width).fill(1));
    return new Pooling(plan, plan.tensor(y), shape);
  }

  /** Of the first `count` images that the maps hold now. */
  async read(count: number): Promise<Pooled> {
    this.#plan.run();
    const values = await this.#pooled.read(2 * count * this.#stored);
    const row = (i: number, which: 0 | 1): Float32Array =>
      values.subarray((2 * i + which) * this.#stored, (2 * i + which + 1) * this.#stored);
    return { max: (i) => row(i, 0), mean: (i) => row(i, 1).map((sum) => sum / this.#cells) };
  }

  dispose(): void {
    this.#plan.dispose();
  }
}
