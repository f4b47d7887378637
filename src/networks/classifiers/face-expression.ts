// Tests: test/networks/classifiers/face-expression.test.ts

import { conv } from "../../kernels/conv/conv.ts";
import { depthwise } from "../../kernels/conv/depthwise.ts";
import { constant, type Filter } from "../../kernels/conv/filter.ts";
import { average } from "../../kernels/maps/resample.ts";
import { unary } from "../../kernels/maps/unary.ts";
import type { Graph, Value } from "../../runtime/graph.ts";
import { learned } from "../filters.ts";
import type { Lazy } from "../network.ts";
import { need } from "../recording.ts";
import type { State } from "../state.ts";
import type { ClassifierBuild, ClassifierFamily } from "./family.ts";

/** Blocks, each of which halves the map. */
const BLOCKS = 4;
/** Stride and padding of TensorFlow's "same". */
const HALVING = { stride: 2, pad: "same" } as const;
const KEEPING = { pad: "same" } as const;

/**
 * face-api.js's network of facial expressions (V. Mühler; `model/face_expression_model` of
 * @vladmandic/face-api, MIT), by the names of its TensorFlow.js weights: four blocks of separable
 * convolutions, each added to those before it, the layers "dense0" … "dense3". Faces that fill a
 * square of 112 pixels.
 */
export const FACE_EXPRESSION: ClassifierFamily = {
  name: "a face-api expression network",
  keys: [/^dense0\/conv0\/filters$/, /^dense3\/conv3\/pointwise_filter$/, /^fc\/weights$/],
  of: () => ({ name: "face-api expression network", view: { edge: 112, resized: 112 }, pixels: "face-api", build }),
};

function build({ graph, state, layer, image, logits }: ClassifierBuild): void {
  let before: Lazy = image;
  for (let index = 0; index < BLOCKS; index += 1) {
    const given = before;
    const key = `dense${index}`;
    before = layer(key, () => block({ graph, state }, given(), key, index === 0));
  }
  const last = before;
  logits(() => {
    const x = average(graph, last(), 1, 1);
    return conv(graph, x, filterIn(state, "fc/weights", "fc/bias", x.channels, []));
  });
}

interface Parts {
  readonly graph: Graph;
  readonly state: State;
}

/** Each convolution sees the sum of all before it, behind a ReLU. */
function block(parts: Parts, x: Value, key: string, first: boolean): Value {
  const { graph, state } = parts;
  const stem = first
    ? conv(graph, x, filterIn(state, `${key}/conv0/filters`, `${key}/conv0/bias`, x.channels, [3, 3]), {
        ...{ ...HALVING, activation: "relu" },
      })
    : separably(parts, x, `${key}/conv0`, { ...HALVING, activation: "relu" });
  const two = separably(parts, stem, `${key}/conv1`, { ...KEEPING, residual: stem });
  const three = separably(parts, unary(graph, two, "relu"), `${key}/conv2`, { ...KEEPING, residual: two });
  return separably(parts, unary(graph, three, "relu"), `${key}/conv3`, {
    ...{ ...KEEPING, residual: three, activation: "relu" },
  });
}

/** A convolution of every channel by itself, and one of all channels in one place. */
function separably(
  { graph, state }: Parts,
  x: Value,
  key: string,
  { residual, activation, ...window }: { stride?: number; pad: "same"; residual?: Value; activation?: "relu" },
): Value {
  const name = `${key}/depthwise_filter`;
  const filter: Filter = {
    ...{ label: name, inChannels: x.channels, outChannels: x.channels, kernel: 3 },
    // [3][3][channels][1]
    weight: { sources: [name], of: ([w]) => outputsFirst(w!, [9, 1, x.channels]) },
    scale: constant(1, x.channels),
    bias: constant(0, x.channels),
  };
  need(state, name, [3, 3, x.channels, 1]);
  const filtered = depthwise(graph, x, filter, window);
  return conv(graph, filtered, filterIn(state, `${key}/pointwise_filter`, `${key}/bias`, x.channels, [1, 1]), {
    ...(residual && { residual }),
    ...(activation && { activation }),
  });
}

/** A filter as TensorFlow stores it, [height][width][in][out], or of a linear layer [in][out]. */
function filterIn(state: State, name: string, bias: string, into: number, taps: readonly number[]): Filter {
  const outChannels = need(state, name, [...taps, into, state.get(bias)?.shape[0]]).at(-1)!;
  const area = taps.reduce((product, extent) => product * extent, 1);
  return {
    ...{ label: name, inChannels: into, outChannels, kernel: taps[0] ?? 1 },
    weight: { sources: [name], of: ([w]) => outputsFirst(w!, [area, into, outChannels]) },
    scale: constant(1, outChannels),
    bias: learned(state, bias, [outChannels]),
  };
}

/** [taps][in][out] → [out][in][taps] */
function outputsFirst(
  weight: ArrayLike<number>,
  [taps, inputs, outputs]: readonly [number, number, number],
): Float32Array {
  return Float32Array.from({ length: taps * inputs * outputs }, (_, at) => {
    const [tap, input, output] = [at % taps, Math.floor(at / taps) % inputs, Math.floor(at / taps / inputs)];
    return weight[(tap * inputs + input) * outputs + output]!;
  });
}
