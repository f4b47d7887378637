import type { Objective } from "../causality/ascent.ts";
import { binary } from "../kernels/maps/binary.ts";
import type { Generator } from "../models/generator.ts";
import { staged } from "../models/generator-plan.ts";
import { meanSquare } from "./error.ts";

// Tests: test/inversion/invert.test.ts

/** Numbers of a graph's inputs, by name, as tensors hold them. */
export type Given = ReadonlyMap<string, Float32Array<ArrayBuffer>>;

/** What `fitting` is given. */
export interface FittingOptions {
  /** Images at a time. */
  readonly n: number;
  /** The input, or the layer, that is to be found. */
  readonly of: string;
  readonly given: Given;
  /** `[height, width, 4]`: the image to come near, numbers from −1 to 1 and zeros. */
  readonly target: Float32Array<ArrayBuffer>;
  /**
   * How much it counts that what is to be found stays near what is given of it, as a multiple of
   * the mean squared distance; 0 unless given.
   */
  readonly stay?: number;
  readonly signal?: AbortSignal | undefined;
}

/** What to maximise so that images come near one: the mean squared error, with a minus. */
export function fitting(generator: Generator, options: FittingOptions): Objective {
  const { n, of, given, target, stay = 0, signal } = options;
  const isInput = generator.network.inputs.some(({ name }) => name === of);
  return {
    append(graph) {
      const { height, width } = generator;
      const { inputs, image } = generator.append(graph, n, isInput ? {} : { from: of });
      const wanted = graph.map("the image to come near", 1, height, width, 3);
      const input = inputs.get(of)!;
      const fixed = new Map([[wanted, target]]);
      for (const [name, value] of inputs) if (name !== of) fixed.set(value, given.get(name)!);
      const error = meanSquare(graph, image!, wanted);
      if (stay === 0) return { input, of: error, weights: [-1], fixed };
      const start = graph.value("start", input.shape, "f32", input.channels);
      fixed.set(start, given.get(of)!);
      const far = binary(graph, "mul", meanSquare(graph, input, start), stay);
      return { input, of: binary(graph, "add", error, far), weights: [-1], fixed };
    },
    bind: (graph) => generator.bind(graph, signal),
  };
}

/** What a space's latents of rows are, and the other inputs, as tensors hold them. */
export async function latentsOf(
  generator: Generator,
  rows: Float32Array,
  n: number,
  of: string,
  signal?: AbortSignal,
): Promise<Given> {
  const inputs = staged(generator.network.inputs, rows, n);
  if (inputs.has(of)) return inputs;
  const plan = await generator.compile({ batch: n, retain: [of], until: of, signal });
  try {
    plan.run(rows);
    return new Map([...inputs, [of, await plan.layers.get(of)!.read()]]);
  } finally {
    plan.dispose();
  }
}
