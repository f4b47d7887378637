// Tests: test/networks/classifiers/recognise.test.ts

import { grouped } from "../../kernels/conv/grouped.ts";
import { binary } from "../../kernels/maps/binary.ts";
import { poolMax } from "../../kernels/maps/pool.ts";
import { average } from "../../kernels/maps/resample.ts";
import { channelwise, type Tap } from "../../kernels/maps/separable.ts";
import type { Graph, Value } from "../../runtime/graph.ts";
import { groupsOf } from "../encoders/residual.ts";
import { filterOf } from "../filters.ts";
import type { Lazy } from "../network.ts";
import { denseHead } from "./dense.ts";
import { type ClassifierBuild, type ClassifierFamily, IMAGENET_VIEW } from "./family.ts";

/** Convolutions of AlexNet: kernel, stride, and whether a pool follows. */
const CONVOLUTIONS = [
  { kernel: 11, stride: 4, pool: true },
  { kernel: 5, stride: 1, pool: true },
  { kernel: 3, stride: 1, pool: false },
  { kernel: 3, stride: 1, pool: false },
  { kernel: 3, stride: 1, pool: true },
] as const;
const POOL = { size: 3, stride: 2 } as const;
/** The map that its linear layers are over. */
const HEAD = 6;

/** In which the two AlexNets differ. */
interface Variant {
  readonly keys: readonly [string, string, string, string, string];
  readonly head: readonly [string, string, string];
  /** Padding of the first convolution. */
  readonly pad: number;
  /** Local response normalisation behind the first two pools (Krizhevsky et al. 2012, §3.3). */
  readonly normalised: boolean;
}

/**
 * torchvision's AlexNet (Krizhevsky 2014), which Places365 publishes as well. Layers are "relu1" …
 * "relu5", each behind its ReLU, "pool1", "pool2", "pool5", and the vectors "relu6" and "relu7".
 */
export const ALEXNET: ClassifierFamily = {
  name: "an AlexNet",
  keys: [/^features\.10\.weight$/, /^classifier\.1\.weight$/, /^classifier\.6\.weight$/],
  of: () => ({
    name: "AlexNet",
    view: IMAGENET_VIEW,
    unpadded: true,
    build: (parts) =>
      build(parts, {
        keys: ["features.0", "features.3", "features.6", "features.8", "features.10"],
        head: ["classifier.1", "classifier.4", "classifier.6"],
        pad: 2,
        normalised: false,
      }),
  }),
};

/**
 * Caffe's AlexNet as PNAS 2020 has it: two groups in three convolutions, local response
 * normalisation behind the first two pools ("lrn1", "lrn2"), and no padding in the first.
 */
export const CAFFE_ALEXNET: ClassifierFamily = {
  name: "Caffe's AlexNet",
  keys: [/^conv5\.weight$/, /^fc6\.weight$/, /^fc8\.weight$/],
  of: () => ({
    name: "AlexNet (Caffe)",
    described: "Caffe's AlexNet",
    view: { edge: 227, resized: 256 },
    unpadded: true,
    build: (parts) =>
      build(parts, {
        keys: ["conv1", "conv2", "conv3", "conv4", "conv5"],
        head: ["fc6", "fc7", "fc8"],
        pad: 0,
        normalised: true,
      }),
  }),
};

function build({ graph, state, layer, image, logits }: ClassifierBuild, { keys, head, pad, normalised }: Variant) {
  let before: Lazy = image;
  CONVOLUTIONS.forEach(({ kernel, stride, pool }, index) => {
    const key = keys[index]!;
    const given = before;
    before = layer(`relu${index + 1}`, () => {
      const x = given();
      const groups = groupsOf(x.channels, state.get(`${key}.weight`)?.shape[1]);
      const filter = filterOf(state, key, undefined, { into: x.channels / groups, groups, kernel, bias: true });
      const around = index === 0 ? pad : (kernel - 1) / 2;
      return grouped(graph, x, filter, { stride, pad: around, groups, activation: "relu" });
    });
    if (!pool) return;
    const full = before;
    before = layer(`pool${index + 1}`, () => poolMax(graph, full(), POOL));
    if (!normalised || index > 1) return;
    const pooled = before;
    before = layer(`lrn${index + 1}`, () => responseNormalised(graph, pooled()));
  });
  const last = before;
  const square: Lazy = () => {
    const x = last();
    const [, height, width] = x.shape;
    // Caffe's has no pool that could make up for another size.
    return normalised || (height === HEAD && width === HEAD) ? x : average(graph, x, HEAD, HEAD);
  };
  denseHead({ graph, state, layer, logits }, square, head);
}

/** Channels that are normalised together, and Caffe's α and β. */
const NEAR = 5;
const ALPHA = 1e-4;
const BETA = 0.75;

/** x / (1 + α/5 Σ x²)^β, summed over five neighbouring channels. */
function responseNormalised(graph: Graph, x: Value): Value {
  const reach = (NEAR - 1) / 2;
  const taps = Array.from({ length: x.channels }, (_, channel): Tap[] =>
    Array.from({ length: NEAR }, (_, i) => channel + i - reach)
      .filter((near) => near >= 0 && near < x.channels)
      .map((near) => [near, ALPHA / NEAR]),
  );
  const sums = channelwise(graph, binary(graph, "mul", x, x), { inputs: x.channels, taps });
  const power = binary(graph, "pow", binary(graph, "add", sums, 1), -BETA);
  return binary(graph, "mul", x, power);
}
