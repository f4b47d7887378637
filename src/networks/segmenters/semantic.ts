// Tests: test/networks/segmenters/recognise.test.ts

import { conv } from "../../kernels/conv/conv.ts";
import { average, concat } from "../../kernels/maps/resample.ts";
import { Graph, type Value } from "../../runtime/graph.ts";
import { inferMobilenet, type MobilenetConfig, mobilenet } from "../encoders/mobilenet.ts";
import { inferResnet, type ResnetConfig, resnet, resnetName } from "../encoders/resnet.ts";
import { filterOf } from "../filters.ts";
import { recorded } from "../recording.ts";
import type { State } from "../state.ts";
import { DECODER, ENCODER, SMALL } from "./upernet.ts";

/** Bins a side of PSPNet's pyramid pooling (Zhao et al. 2017). */
const POOL_SCALES = [1, 2, 3, 6] as const;

/**
 * A network of CSAILVision/semantic-segmentation-pytorch, read off its tensors: a dilated encoder
 * and one head (spec §2.4).
 */
export interface SemanticConfig {
  readonly encoder: { readonly resnet: ResnetConfig } | { readonly mobilenet: MobilenetConfig };
  /** Pyramid pooling, or the plain decoder C1 of one 3×3 and one 1×1 convolution. */
  readonly decoder: "PPM" | "C1";
  /** Channels of the logits. */
  readonly channels: number;
}

/** What the tensors are called in the messages and by `info`. */
export const semanticName = ({ encoder, decoder }: SemanticConfig): string =>
  `${decoder}, ${"resnet" in encoder ? resnetName(encoder.resnet) : "MobileNetV2 dilated"}`;

/**
 * Reads the architecture off the tensors and checks that all of it is there; undefined when these
 * are not such a network's.
 * @throws WeightsError `weights-shape` when some of it is missing or does not fit.
 */
export function inferSemantic(state: State): SemanticConfig | undefined {
  const residual = inferResnet(state, ENCODER, true);
  const mobile = inferMobilenet(state, ENCODER);
  const decoder = state.has(`${DECODER}ppm.0.1.weight`)
    ? "PPM"
    : state.has(`${DECODER}cbr.0.weight`)
      ? "C1"
      : undefined;
  if (!decoder || !(residual || mobile)) return undefined;
  const encoder = residual ? { resnet: residual } : { mobilenet: mobile! };
  const channels = state.get(`${DECODER}${decoder === "PPM" ? "conv_last.4" : "conv_last"}.weight`)?.shape?.[0] ?? 1;
  const config = { encoder, decoder, channels } as const;
  // Heads for training, and what its synchronised batch norms count.
  const ignored = (key: string): boolean => /deepsup|num_batches_tracked$|\._tmp_running|\._running_iter$/.test(key);
  const graph = new Graph("gpu");
  const x = graph.map("x", 1, SMALL, SMALL, 3);
  recorded(`a ${semanticName(config)} network`, state, (asked) => semantic(graph, asked, config, x), ignored);
  return config;
}

/** Appends the network to a graph: logits at an eighth of the preprocessed image x [n, h, w, 3]. */
export function semantic(graph: Graph, state: State, { encoder, decoder }: SemanticConfig, x: Value): Value {
  const top =
    "resnet" in encoder
      ? resnet(graph, state, ENCODER, encoder.resnet, x)[3]!
      : mobilenet(graph, state, ENCODER, encoder.mobilenet, x);
  const unit = (input: Value, key: string, kernel: number): Value => {
    const [weight, norm] = [`${DECODER}${key}`, `${DECODER}${key.replace(/\d+$/, (at) => String(Number(at) + 1))}`];
    const filter = filterOf(state, weight, norm, { into: input.channels, kernel });
    return conv(graph, input, filter, { pad: (kernel - 1) / 2, activation: "relu" });
  };
  const last = (input: Value, key: string): Value =>
    conv(graph, input, filterOf(state, `${DECODER}${key}`, undefined, { into: input.channels, kernel: 1, bias: true }));
  if (decoder === "C1") return last(unit(top, "cbr.0", 3), "conv_last");
  const [, height = 1, width = 1] = top.shape;
  const pyramid = POOL_SCALES.map((scale, i) => unit(average(graph, top, scale, scale), `ppm.${i}.1`, 1));
  const pooled = concat(graph, "ppm", [top, ...pyramid], height, width);
  return last(unit(pooled, "conv_last.0", 3), "conv_last.4");
}
