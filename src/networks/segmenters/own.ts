// Tests: test/models/own.test.ts

import { UsageError } from "../../errors.ts";
import { Graph, type Value } from "../../runtime/graph.ts";
import type { AppendOptions, Network, NetworkValues } from "../network.ts";
import type { State } from "../state.ts";
import { pixelsInput } from "./network.ts";

/** The head of a network that has only one. */
export const HEAD = "logits";

/** A network written as one function. */
export interface OwnNetwork {
  readonly architecture: string;
  readonly state: State;
  readonly heads: ReadonlySet<string>;
  /** Edge of the images for which extents are told. */
  readonly edge: number;
  /** Logits of the heads that are asked for, of preprocessed pixels x [n, height, width, 3]. */
  logits(graph: Graph, x: Value, state: State, heads: ReadonlySet<string>): Value | ReadonlyMap<string, Value>;
}

/**
 * The network of a function, which is appended whole: it has no layers.
 * @throws what the function throws for tensors that are missing or do not fit.
 */
export function ownNetwork({ architecture, state, heads, edge, logits }: OwnNetwork): Network {
  const image = pixelsInput(edge);
  const append = (graph: Graph, batch: number, options: AppendOptions = {}): NetworkValues => {
    const layer = options.from ?? options.until ?? [...(options.edit?.keys() ?? [])][0];
    if (layer !== undefined) {
      throw new UsageError(`The ${architecture} has no layer "${layer}".`, "Networks of one function have none.");
    }
    const x = options.inputs?.get(image.name) ?? graph.map(image.name, batch, edge, edge, image.channels);
    const made = logits(graph, x, state, options.outputs ?? heads);
    const outputs = "shape" in made ? new Map([[HEAD, made]]) : made;
    return { inputs: new Map([[image.name, x]]), layers: new Map(), edits: new Map(), dense: new Map(), outputs };
  };
  const outputs = Array.from(append(new Graph("gpu"), 1).outputs, ([name, { channels, shape }]) => {
    const [, height = 1, width = 1] = shape;
    return { name, channels, height, width, kind: "logits", layer: undefined } as const;
  });
  return { architecture, state, inputs: [image], layers: [], outputs, append };
}
