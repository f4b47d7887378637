// Tests: test/models/own.test.ts, test/models/mosaic.test.ts

import { assignSlots, bytesOf, type Graph, type Parameter, type Value } from "../runtime/graph.ts";

/** What a network costs at one image. */
export interface Cost {
  /** Floating-point operations, two a multiply-add. */
  readonly flops: number;
  /** Bytes that its kernels read and write. */
  readonly traffic: number;
  /** Bytes of weights as they lie on the GPU. */
  readonly weights: number;
  /**
   * Bytes of inputs, results and intermediates, which share memory where their lives do not meet.
   */
  readonly activations: number;
}

/**
 * The cost of a graph of one image; `kept` are its inputs and results, `stored` says under which
 * name a parameter is stored.
 */
export function costOf(
  graph: Graph,
  kept: readonly Value[],
  stored: (parameter: Parameter) => string = ({ value }) => value.label,
): Cost {
  const learned = graph.parameters.map(({ value }) => value.id);
  const { sizes } = assignSlots(graph, new Set([...learned, ...kept.map(({ id }) => id)]));
  const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, bytes) => total + bytes, 0);
  const weights = new Map(graph.parameters.map((parameter) => [stored(parameter), bytesOf(parameter.value)]));
  return {
    flops: graph.flops,
    traffic: sum(graph.steps.flatMap(({ bindings }) => [...new Set(Object.values(bindings))].map(bytesOf))),
    weights: sum(weights.values()),
    activations: sum(sizes) + sum(kept.map(bytesOf)),
  };
}
