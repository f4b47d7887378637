import { conv } from "../../kernels/conv/conv.ts";
import { constant, type Learned } from "../../kernels/conv/filter.ts";
import { truncate } from "../../kernels/maps/modulate.ts";
import { pixelnorm } from "../../kernels/maps/pointwise.ts";
import { concat, slice } from "../../kernels/maps/resample.ts";
import { type Graph, padded, type Sources, type Value } from "../../runtime/graph.ts";
import { RandomState } from "../../weights/random.ts";
import type { Build, Lazy } from "../network.ts";
import { need } from "../recording.ts";
import type { State } from "../state.ts";
import { dense } from "./stylegan-parts.ts";

// Tests: test/networks/generators/stylegan2.test.ts

/** How z becomes w. */
export interface Mapping {
  /** Dense layers, of the keys `mapping.fc0`, `mapping.fc1`, … */
  readonly layers: number;
  /** The learning rate's multiplier, with which weights and biases are stored. */
  readonly rate: number;
  /** What multiplies a layer's weights besides, and what its bias. */
  readonly gain: number;
  readonly biasGain: number;
}

/** What w is: of the image as a whole, and of its class. */
export const W = { vector: true, settles: ["classes"] } as const;
/** What w is for each layer: truncated, too. */
export const W_PLUS = { vector: true, settles: ["classes", "truncation", "cutoff"] } as const;

/** Of leaky ReLU. */
const SLOPE = 0.2;

/** Latents that a missing average is estimated of. */
export const ESTIMATED = 1000;

/** As many as there are of the keys `mapping.fc0`, …; one is missed where there is none. */
export function layersOf(state: State): number {
  let layers = 0;
  while (state.has(`mapping.fc${layers}.weight`)) layers += 1;
  return Math.max(1, layers);
}

/** Length of z, classes, and what is behind a class: as shapes say. */
function mappingSizes(state: State) {
  const first = state.get("mapping.fc0.weight")?.shape[1] ?? 1;
  const embed = state.get("mapping.embed.weight")?.shape;
  const joined = state.get("mapping.concat.weight")?.shape;
  const behind = embed?.[0] ?? joined?.[1] ?? 0;
  return { z: Math.max(1, first - behind), classes: embed?.[1] ?? joined?.[0] ?? 0, embed, joined };
}

/**
 * w [n, 1, 1, W] of z, and of a label where there are classes. ADA embeds it and norms both apart;
 * TensorFlow's StyleGANs before it put them side by side and norm them together.
 */
export function mapping({ graph, state, input }: Build, { layers, rate, gain, biasGain }: Mapping): Lazy {
  const { z: channels, classes, embed, joined } = mappingSizes(state);
  const z = input({ name: "z", height: 1, width: 1, channels, draw: "normal-by-seed" });
  const label =
    classes > 0 ? input({ name: "label", height: 1, width: 1, channels: classes, draw: "class" }) : undefined;
  const beside = (a: Value, b: Value): Value => concat(graph, "mapping.input", [a, b], 1, 1);
  const start = (): Value => {
    if (embed) {
      const y = dense(graph, state, label!(), { key: "mapping.embed" });
      return beside(pixelnorm(graph, z()), pixelnorm(graph, y));
    }
    return pixelnorm(graph, joined ? beside(z(), joinedLabel(graph, state, label!())) : z());
  };
  return () => {
    let x = start();
    for (let i = 0; i < layers; i += 1) {
      const key = `mapping.fc${i}`;
      x = dense(graph, state, x, { key, gain: gain * rate, biasGain: biasGain * rate, leaky: true });
    }
    return x;
  };
}

/** A class' row of `mapping.concat.weight` [classes][out]. */
function joinedLabel(graph: Graph, state: State, label: Value): Value {
  const key = "mapping.concat.weight";
  const [classes = 1, outChannels = 1] = need(state, key, [label.channels, undefined]);
  const weight: Learned = {
    sources: [key],
    of: ([w]) =>
      Float32Array.from({ length: w!.length }, (_, at) => w![(at % classes) * outChannels + Math.floor(at / classes)]!),
  };
  const filter = { label: "mapping.concat", inChannels: classes, outChannels, kernel: 1, weight };
  return conv(graph, label, { ...filter, scale: constant(1, outChannels), bias: constant(0, outChannels) });
}

/** Which rows of w are drawn towards the average, and how far: w_avg + psi (w − w_avg). */
export interface Truncation {
  readonly psi: number;
  /** Rows, the first ones; all unless given. */
  readonly cutoff?: number | undefined;
}

/** w for each of the synthesis' layers [n, rows, 1, W]. */
export function truncated(
  { graph, state }: Pick<Build, "graph" | "state">,
  w: Value,
  rows: number,
  { psi, cutoff = rows }: Truncation,
  average: Learned,
): Value {
  const psiOf = (row: number): number => (row < cutoff ? psi : 1);
  const psis = graph.parameter("w.psi", [rows], [], () => Float32Array.from({ length: rows }, (_, row) => psiOf(row)));
  const stored = padded(w.channels);
  const sources = psi === 1 ? [] : average.sources;
  for (const key of sources) {
    const shape = state.get(key)?.shape ?? [w.channels];
    // The file's average is one row, under whatever extents of one; an estimate is made of weights.
    const isRow = sources.length === 1 && shape.slice(0, -1).every((extent) => extent === 1);
    need(state, key, isRow ? [...shape.slice(0, -1), w.channels] : sources.length === 1 ? [w.channels] : shape);
  }
  const rest = graph.parameter("w.rest", [rows, stored], sources, (found) => {
    const values = new Float32Array(rows * stored);
    if (psi === 1) return values;
    const mean = average.of(found);
    for (let row = 0; row < rows; row += 1) {
      for (let c = 0; c < w.channels; c += 1) values[row * stored + c] = (1 - psiOf(row)) * mean[c]!;
    }
    return values;
  });
  return truncate(graph, "w+", w, psis, rest);
}

/** Row `row` of w+ [n, rows, 1, W]. */
export function rowOf(graph: Graph, w: Value, row: number): Value {
  const [n = 1, rows = 1, , stored = 4] = w.shape;
  const flat = graph.view(w, w.label, [n, 1, 1, rows * stored], rows * stored);
  const y = slice(graph, flat, row * stored, stored);
  return graph.view(y, `${w.label}.${row}`, y.shape, w.channels);
}

/**
 * The average w as far as it is known: `mapping.w_avg`, or the mean of ESTIMATED latents of
 * RandomState(0), each of the next class.
 */
export function averageOf(state: State, { layers, rate, gain, biasGain }: Mapping): Learned {
  if (state.has("mapping.w_avg")) return { sources: ["mapping.w_avg"], of: ([average]) => average! };
  const keys = Array.from({ length: layers }, (_, i) => [`mapping.fc${i}.weight`, `mapping.fc${i}.bias`]).flat();
  const { z: size, classes, embed, joined } = mappingSizes(state);
  const own = embed ? ["mapping.embed.weight", "mapping.embed.bias"] : joined ? ["mapping.concat.weight"] : [];
  return {
    sources: [...keys, ...own],
    of: (sources) => {
      const behind = (which: number): number[] => {
        const [weight, bias] = sources.slice(keys.length);
        if (embed) return normed(Array.from(bias!, (b, o) => b + weight![o * classes + which]! / Math.sqrt(classes)));
        return joined ? [...weight!.subarray(which * joined[1]!, (which + 1) * joined[1]!)] : [];
      };
      const random = new RandomState(0);
      let mean = new Float64Array(0);
      for (let image = 0; image < ESTIMATED; image += 1) {
        const z = [...random.standardNormal(size)];
        const label = behind(image % Math.max(1, classes));
        let x = embed ? [...normed(z), ...label] : normed([...z, ...label]);
        for (let i = 0; i < layers; i += 1) x = step(x, sources.slice(2 * i, 2 * i + 2), gain * rate, biasGain * rate);
        if (image === 0) mean = new Float64Array(x.length);
        x.forEach((value, c) => {
          mean[c]! += value / ESTIMATED;
        });
      }
      return mean;
    },
  };
}

/** By the root of the mean square. */
function normed(x: readonly number[]): number[] {
  const scale = 1 / Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length + 1e-8);
  return x.map((value) => value * scale);
}

/** A dense layer and its leaky ReLU. */
function step(x: readonly number[], [weight, bias]: Sources, gain: number, biasGain: number): number[] {
  const scale = gain / Math.sqrt(x.length);
  return Array.from(bias!, (b, o) => {
    let sum = 0;
    for (let i = 0, from = o * x.length; i < x.length; i += 1) sum += weight![from + i]! * x[i]!;
    const y = sum * scale + b * biasGain;
    return y > 0 ? y : SLOPE * y;
  });
}
