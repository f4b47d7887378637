import { packedWords, packLabels, unpackLabels } from "../kernels/readout/pack.ts";
import type { Device } from "../runtime/device.ts";
import { elements, Graph } from "../runtime/graph.ts";
import { Plan } from "../runtime/plan.ts";
import { Scope } from "../runtime/scope.ts";
import type { Tensor } from "../runtime/tensor.ts";

// Tests: test/dissect/kept.test.ts, test/dissect/options.test.ts

/** How many labels there can be: each takes 16 bits where it is kept. */
export const MAX_LABELS = 65_536;

/** The label maps of the current batch in half their size: to be kept, and to be read back. */
export class PackedLabels {
  /** The labels in their order, two to an element. */
  readonly halves: Tensor<"u32">;
  readonly #packing: Plan;
  readonly #unpacking: Plan;
  readonly #scope: Scope;

  private constructor(packing: Plan, unpacking: Plan, halves: Tensor<"u32">, scope: Scope) {
    this.#packing = packing;
    this.#unpacking = unpacking;
    this.halves = halves;
    this.#scope = scope;
  }

  static async create(device: Device, labelMaps: Tensor<"u32">, signal?: AbortSignal): Promise<PackedLabels> {
    const words = packedWords(elements(labelMaps.shape));
    const scope = new Scope();
    try {
      const there = new Graph(device.target);
      const labels = there.value("labels", labelMaps.shape, "u32");
      const halves = there.value("packed label maps", [words], "u32");
      packLabels(there, labels, halves);
      const packing = scope.own(
        await Plan.compile(device, there, { keep: [halves], bind: [[labels, labelMaps]], signal }),
      );
      const tensor = packing.tensor<"u32">(halves);
      const back = new Graph(device.target);
      const from = back.value("packed label maps", [words], "u32");
      const to = back.value("labels", labelMaps.shape, "u32");
      unpackLabels(back, from, to);
      const bind = [[from, tensor] as const, [to, labelMaps] as const];
      const unpacking = scope.own(await Plan.compile(device, back, { bind, signal }));
      return new PackedLabels(packing, unpacking, tensor, scope);
    } catch (error) {
      scope.dispose();
      throw error;
    }
  }

  /** Brings the label maps into `halves`. */
  pack(): void {
    this.#packing.run();
  }

  /** Brings `halves` into the label maps. */
  unpack(): void {
    this.#unpacking.run();
  }

  dispose(): void {
    this.#scope.dispose();
  }
}
