// Tests: test/networks/classifiers/recognise.test.ts

import { conv } from "../../kernels/conv/conv.ts";
import type { Filter } from "../../kernels/conv/filter.ts";
import type { Value } from "../../runtime/graph.ts";
import { widthBeside } from "../filters.ts";
import { linearFilterOf } from "../linear.ts";
import type { Lazy } from "../network.ts";
import { need } from "../recording.ts";
import type { State } from "../state.ts";
import type { ClassifierBuild } from "./family.ts";

/**
 * A linear layer over a whole map x [n, h, w, c], flattened as PyTorch flattens it, channel by
 * channel: a convolution whose window is the map. timm stores it as one.
 */
function wholeMapFilter(state: State, key: string, x: Value): Filter {
  const [, height = 1, width = 1] = x.shape;
  const flat = state.get(`${key}.weight`)?.shape.length !== 4;
  const inner = flat ? [x.channels * height * width] : [x.channels, height, width];
  need(state, `${key}.weight`, [widthBeside(state, key, undefined), ...inner]);
  const outChannels = state.get(`${key}.weight`)?.shape[0] ?? 1;
  need(state, `${key}.bias`, [outChannels]);
  return {
    label: key,
    inChannels: x.channels,
    outChannels,
    kernel: height === 1 && width === 1 ? 1 : [height, width],
    weight: { sources: [`${key}.weight`], of: ([w]) => w! },
    scale: { sources: [], of: () => new Float32Array(outChannels).fill(1) },
    bias: { sources: [`${key}.bias`], of: ([b]) => b! },
  };
}

/**
 * The three linear layers that VGG and AlexNet end in, over the map that `last` makes: layers
 * "relu6" and "relu7", vectors, and the logits.
 */
export function denseHead(
  { graph, state, layer, logits }: Pick<ClassifierBuild, "graph" | "state" | "layer" | "logits">,
  last: Lazy,
  [first, second, third]: readonly [string, string, string],
): void {
  const relu6 = layer(
    "relu6",
    () => {
      const x = last();
      return conv(graph, x, wholeMapFilter(state, first, x), { activation: "relu" });
    },
    { vector: true },
  );
  const relu7 = layer(
    "relu7",
    () => {
      const x = relu6();
      return conv(graph, x, wholeMapFilter(state, second, x), { activation: "relu" });
    },
    { vector: true },
  );
  logits(() => conv(graph, relu7(), linearFilterOf(state, third)));
}
