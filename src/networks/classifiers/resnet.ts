// Tests: test/networks/classifiers/recognise.test.ts

import { conv } from "../../kernels/conv/conv.ts";
import { average, maxpool } from "../../kernels/maps/resample.ts";
import { channelwise, picking, separable } from "../../kernels/maps/separable.ts";
import type { Graph, Value } from "../../runtime/graph.ts";
import { groupsOf, residualBlock } from "../encoders/residual.ts";
import { filterOf } from "../filters.ts";
import { linearFilterOf } from "../linear.ts";
import type { Lazy } from "../network.ts";
import type { State } from "../state.ts";
import { type ClassifierBuild, type ClassifierFamily, IMAGENET_VIEW } from "./family.ts";

/** The pictures of CIFAR. */
const CIFAR_VIEW = { edge: 32, resized: 32 } as const;

/**
 * Residual networks (He et al. 2016), with groups ResNeXts, by torchvision's names, which timm and
 * Places365 share, and those for CIFAR, which begin with a 3×3 convolution that does not stride:
 * blocks, widths and groups are read off the tensors. Layers are the stem ("relu", "maxpool") and
 * every block ("layer4.1"), the last of a stage by the stage's name ("layer4").
 */
export const RESNET: ClassifierFamily = {
  name: "a ResNet",
  keys: [/^conv1\.weight$/, /^layer1\.0\.conv1\.weight$/, /^(fc|linear)\.weight$/],
  of: (state) => ({
    name: nameOf(state),
    view: forCifar(state) ? CIFAR_VIEW : IMAGENET_VIEW,
    build,
  }),
};

const forCifar = (state: State): boolean => state.get("conv1.weight")?.shape[2] === 3;

/** How many blocks each stage has. */
function blocksOf(state: State): number[] {
  const stages: number[] = [];
  for (let stage = 1; state.has(`layer${stage}.0.conv1.weight`); stage += 1) {
    let blocks = 1;
    while (state.has(`layer${stage}.${blocks}.conv1.weight`)) blocks += 1;
    stages.push(blocks);
  }
  return stages;
}

const isBottleneck = (state: State): boolean => state.has("layer1.0.conv3.weight");

function nameOf(state: State): string {
  const blocks = blocksOf(state).reduce((sum, count) => sum + count, 0);
  const bottleneck = isBottleneck(state);
  const [inner = 1, seen = inner] = state.get("layer1.0.conv2.weight")?.shape ?? [];
  const groups = bottleneck ? groupsOf(inner, seen) : 1;
  return `${groups > 1 ? "ResNeXt" : "ResNet"}-${blocks * (bottleneck ? 3 : 2) + 2}`;
}

function build({ graph, state, layer, image, logits }: ClassifierBuild): void {
  const bottleneck = isBottleneck(state);
  const cifar = forCifar(state);
  const [kernel, stride] = cifar ? [3, 1] : [7, 2];
  const stem = layer("relu", () => {
    const filter = filterOf(state, "conv1", "bn1", { into: 3, kernel });
    return conv(graph, image(), filter, { stride, pad: (kernel - 1) / 2, activation: "relu" });
  });
  let before: Lazy = cifar ? stem : layer("maxpool", () => maxpool(graph, stem()));
  blocksOf(state).forEach((count, index) => {
    for (let block = 0; block < count; block += 1) {
      const stage = `layer${index + 1}`;
      const key = `${stage}.${block}`;
      const given = before;
      before = layer(block === count - 1 ? stage : key, () => {
        const x = given();
        const entrance = index > 0 && block === 0;
        const shortcut = shortcutOf({ graph, state }, x, key, entrance ? 2 : 1);
        return residualBlock({ graph, state }, x, key, { bottleneck, stride: entrance ? 2 : 1, shortcut });
      });
    }
  });
  const last = before;
  const head = state.has("fc.weight") ? "fc" : "linear";
  logits(() => conv(graph, average(graph, last(), 1, 1), linearFilterOf(state, head)));
}

/** What a block adds: its input, or as much of it as fits what the block makes. */
function shortcutOf(
  { graph, state }: { readonly graph: Graph; readonly state: State },
  x: Value,
  key: string,
  stride: number,
): Value {
  const learned = ["downsample", "shortcut"].find((name) => state.has(`${key}.${name}.0.weight`));
  if (learned !== undefined) {
    const filter = filterOf(state, `${key}.${learned}.0`, `${key}.${learned}.1`, { into: x.channels, kernel: 1 });
    return conv(graph, x, filter, { stride });
  }
  const outputs = state.get(`${key}.conv1.weight`)?.shape[0] ?? x.channels;
  return stride > 1 ? optionA(graph, x, stride, outputs) : x;
}

/** A shortcut without weights: every other pixel, and zeros on both sides of its channels. */
function optionA(graph: Graph, x: Value, stride: number, outputs: number): Value {
  const [, height = 1, width = 1] = x.shape;
  const every = (extent: number) =>
    picking(
      extent,
      Array.from({ length: Math.ceil(extent / stride) }, (_, i) => i * stride),
    );
  const before = Math.floor((outputs - x.channels) / 2);
  const channels = Array.from({ length: outputs }, (_, channel) => channel - before);
  return channelwise(graph, separable(graph, x, every(height), every(width)), picking(x.channels, channels));
}
