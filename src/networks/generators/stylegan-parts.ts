import { conv } from "../../kernels/conv/conv.ts";
import { constant, type Learned } from "../../kernels/conv/filter.ts";
import { type Graph, padded, type Value } from "../../runtime/graph.ts";
import { learned } from "../filters.ts";
import { need } from "../recording.ts";
import type { State } from "../state.ts";

// What StyleGANs share.
// Tests: test/networks/generators/stylegan2.test.ts

/** A dense layer with an equalised learning rate: `key.weight` [out][in], `key.bias` [out]. */
export interface Dense {
  readonly key: string;
  /** Multiplies the weights, which are divided by √in, and the bias. */
  readonly gain?: number;
  readonly biasGain?: number;
  readonly leaky?: boolean;
  /** Outputs; as many as the file says unless given. */
  readonly channels?: number;
  readonly biased?: boolean;
}

/** The layer's output [n, 1, 1, out] for x [n, 1, 1, in]. */
export function dense(graph: Graph, state: State, x: Value, layer: Dense): Value {
  const { key, gain = 1, biasGain = gain, leaky = false, channels, biased = true } = layer;
  const [outChannels = 1] = need(state, `${key}.weight`, [channels, x.channels]);
  const bias = biased ? scaled(learned(state, `${key}.bias`, [outChannels]), biasGain) : constant(0, outChannels);
  const filter = {
    label: key,
    inChannels: x.channels,
    outChannels,
    kernel: 1,
    weight: learned(state, `${key}.weight`, [outChannels, x.channels]),
    scale: constant(gain / Math.sqrt(x.channels), outChannels),
    bias,
  };
  return conv(graph, x, filter, { activation: leaky ? "leaky" : "none" });
}

/** The same numbers times a factor: millions, for which `from` takes ten times as long as `map`. */
export const scaled = ({ sources, of }: Learned, factor: number): Learned => ({
  sources,
  of: (found) => new Float64Array(of(found)).map((value) => value * factor),
});

/** The constant `key` [c][4][4] that every image begins with, as a map [1, 4, 4, c]. */
export function constantMap(graph: Graph, key: string, channels: number): Value {
  const stored = padded(channels);
  const value = graph.parameter(key, [1, 4, 4, stored], [key], ([numbers]) => {
    const map = new Float32Array(16 * stored);
    for (let c = 0; c < channels; c += 1) {
      for (let pixel = 0; pixel < 16; pixel += 1) map[pixel * stored + c] = numbers![16 * c + pixel]!;
    }
    return map;
  });
  return { ...value, channels };
}
