// Tests: test/networks/segmenters/recognise.test.ts

import { conv } from "../../kernels/conv/conv.ts";
import { average, concat } from "../../kernels/maps/resample.ts";
import type { Value } from "../../runtime/graph.ts";
import { inferMobilenet, type MobilenetConfig, mobilenet } from "../encoders/mobilenet.ts";
import { inferResnet, type ResnetConfig, resnet, resnetName } from "../encoders/resnet.ts";
import { filterOf } from "../filters.ts";
import { type Architecture, type Build, type Network, networkOf } from "../network.ts";
import type { State } from "../state.ts";
import { pixelsInput } from "./network.ts";
import { DECODER, ENCODER } from "./upernet.ts";

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
}

/** What the tensors are called in the messages and by `info`. */
export const semanticName = ({ encoder, decoder }: SemanticConfig): string =>
  `${decoder}, ${"resnet" in encoder ? resnetName(encoder.resnet) : "MobileNetV2 dilated"}`;

/** Reads the architecture off the tensors; undefined when these are not such a network's. */
export function inferSemantic(state: State): SemanticConfig | undefined {
  const residual = inferResnet(state, ENCODER, true);
  const mobile = inferMobilenet(state, ENCODER);
  const decoder = state.has(`${DECODER}ppm.0.1.weight`)
    ? "PPM"
    : state.has(`${DECODER}cbr.0.weight`)
      ? "C1"
      : undefined;
  if (!decoder || !(residual || mobile)) return undefined;
  return { encoder: residual ? { resnet: residual } : { mobilenet: mobile! }, decoder };
}

/**
 * The network: its output "logits", at an eighth of the image's extent, and layers c2…c5, the
 * encoder's stages, whose extents are told for images of `edge`.
 * @throws WeightsError naming every missing, mis-shaped and unexpected tensor.
 */
export function semantic(state: State, config: SemanticConfig, edge: number): Network {
  const name = semanticName(config);
  const architecture: Architecture = {
    name,
    described: `a ${name} network`,
    // Heads for training, and what its synchronised batch norms count.
    ignored: (key) => /deepsup|num_batches_tracked$|\._tmp_running|\._running_iter$/.test(key),
    build: (build) => {
      const x = build.input(pixelsInput(edge));
      const { encoder } = config;
      const stages =
        "resnet" in encoder
          ? resnet(build, ENCODER, encoder.resnet, x)
          : mobilenet(build, ENCODER, encoder.mobilenet, x);
      build.output("logits", "logits", () => decoded(build, config, stages.at(-1)!()));
    },
  };
  return networkOf(architecture, state);
}

/** The logits of the encoder's last stage. */
function decoded({ graph, state }: Build, { decoder }: SemanticConfig, top: Value): Value {
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
