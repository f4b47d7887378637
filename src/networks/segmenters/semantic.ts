import { conv } from "../../kernels/conv.ts";
import { average, concat } from "../../kernels/resample.ts";
import type { Graph, Value } from "../../runtime/graph.ts";
import { expectMobilenet, inferMobilenet, type MobilenetConfig, mobilenet } from "../encoders/mobilenet.ts";
import { expectResnet, inferResnet, type ResnetConfig, resnet, resnetName } from "../encoders/resnet.ts";
import { Expected, filterOf } from "../filters.ts";
import { checkShapes, type State } from "../state.ts";
import { DECODER, ENCODER } from "./upernet.ts";

/** Bins a side of PSPNet's pyramid pooling (Zhao et al. 2017). */
const POOL_SCALES = [1, 2, 3, 6] as const;

/** A network of CSAILVision/semantic-segmentation-pytorch, read off its tensors: a dilated encoder and one head (spec §2.4). */
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
 * Reads the architecture off the tensors and checks that all of it is there; undefined when these are not such a network's.
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
  const expected = new Expected(state);
  const encoder = residual ? { resnet: residual } : { mobilenet: mobile! };
  const into = residual
    ? expectResnet(expected, state, ENCODER, residual)[3]!
    : expectMobilenet(expected, state, ENCODER, mobile!);
  const channels = decoder === "PPM" ? expectPooling(expected, into) : expectPlain(expected, into);
  // Heads for training, and what its synchronised batch norms count.
  const ignored = (key: string): boolean => /deepsup|num_batches_tracked$|\._tmp_running|\._running_iter$/.test(key);
  const config = { encoder, decoder, channels } as const;
  checkShapes(`a ${semanticName(config)} network`, state, expected.shapes, ignored);
  return config;
}

function expectPooling(expected: Expected, into: number): number {
  let pooled = into;
  POOL_SCALES.forEach((_, i) => {
    pooled += expected.conv(`${DECODER}ppm.${i}.1`, into, 1, `${DECODER}ppm.${i}.2`);
  });
  const inner = expected.conv(`${DECODER}conv_last.0`, pooled, 3, `${DECODER}conv_last.1`);
  return expected.biased(`${DECODER}conv_last.4`, inner, 1);
}

function expectPlain(expected: Expected, into: number): number {
  const inner = expected.conv(`${DECODER}cbr.0`, into, 3, `${DECODER}cbr.1`);
  return expected.biased(`${DECODER}conv_last`, inner, 1);
}

/** Appends the network to a graph: logits at an eighth of the preprocessed image x [n, h, w, 3]. */
export function semantic(graph: Graph, state: State, { encoder, decoder }: SemanticConfig, x: Value): Value {
  const top =
    "resnet" in encoder
      ? resnet(graph, state, ENCODER, encoder.resnet, x)[3]!
      : mobilenet(graph, state, ENCODER, encoder.mobilenet, x);
  const filter = (key: string, norm?: string) => filterOf(state, `${DECODER}${key}`, norm && `${DECODER}${norm}`);
  if (decoder === "C1") {
    const inner = conv(graph, top, filter("cbr.0", "cbr.1"), { pad: 1, activation: "relu" });
    return conv(graph, inner, filter("conv_last"));
  }
  const [, height = 1, width = 1] = top.shape;
  const pyramid = POOL_SCALES.map((scale, i) =>
    conv(graph, average(graph, top, scale, scale), filter(`ppm.${i}.1`, `ppm.${i}.2`), { activation: "relu" }),
  );
  const pooled = concat(graph, "ppm", [top, ...pyramid], height, width);
  const inner = conv(graph, pooled, filter("conv_last.0", "conv_last.1"), { pad: 1, activation: "relu" });
  return conv(graph, inner, filter("conv_last.4"));
}
