import { WeightsError } from "../../errors.ts";
import { conv } from "../../kernels/conv/conv.ts";
import { convOfPyramid } from "../../kernels/conv/pyramid.ts";
import { concat, prroi, resize, resizeAdd } from "../../kernels/maps/resample.ts";
import type { Value } from "../../runtime/graph.ts";
import { inferResnet, type ResnetConfig, resnet, resnetName } from "../encoders/resnet.ts";
import { filterOf } from "../filters.ts";
import { type Architecture, type Build, type Network, networkOf, once } from "../network.ts";
import type { State } from "../state.ts";
import { pixelsInput } from "./network.ts";

/** Heads of unified parsing (Xiao et al. 2018) that classify pixels. */
export type Head = "object" | "part" | "material";
export const HEADS: readonly Head[] = ["object", "part", "material"];

/**
 * A UPerNet's architecture, read off its tensors: a residual encoder and a feature pyramid decoder
 * (spec §2.1).
 */
export interface UpernetConfig {
  readonly encoder: ResnetConfig;
  /** Labels of each head that is there, index 0 ("-") included. */
  readonly heads: Readonly<Partial<Record<Head, number>>>;
}

/** Keys start with `encoder.` or `decoder.`. */
export const ENCODER = "encoder.";
export const DECODER = "decoder.";
/** Bins a side of the pyramid pooling, in the order of `ppm_conv`. */
const POOL_SCALES = [1, 2, 3, 6] as const;

/**
 * Reads the architecture off the tensors.
 * @throws WeightsError `weights-shape`
 */
export function inferUpernet(state: State): UpernetConfig {
  const encoder = inferResnet(state, ENCODER, false);
  if (!encoder || !state.has(`${DECODER}ppm_conv.0.0.weight`)) {
    throw new WeightsError(
      "weights-shape",
      "These are not the weights of a UPerNet: a residual encoder (conv1…conv3, layer1…layer4) and a decoder (ppm_conv, fpn_in, conv_fusion, object_head) are expected.",
      "Unified parsing networks in the layout of CSAILVision/unifiedparsing can be loaded.",
    );
  }
  const heads: Partial<Record<Head, number>> = {};
  for (const head of HEADS) {
    const shape = state.get(`${DECODER}${head}_head.1.weight`)?.shape;
    if (shape) heads[head] = shape[0]!;
  }
  if (heads.object === undefined) {
    throw new WeightsError(
      "weights-shape",
      "This decoder has no object head.",
      "An object_head is needed to name concepts.",
    );
  }
  return { encoder, heads };
}

/**
 * The network: an output for each head, at a quarter of the image's extent, and layers c2…c5, the
 * encoder's stages, whose extents are told for images of `edge`.
 * @throws WeightsError naming every missing, mis-shaped and unexpected tensor.
 */
export function upernet(state: State, config: UpernetConfig, edge: number): Network {
  const architecture: Architecture = {
    name: `UPerNet, ${resnetName(config.encoder)}`,
    described: "a UPerNet",
    ignored: (key) => key.endsWith("num_batches_tracked") || key.startsWith(`${DECODER}scene_head`),
    build: (build) => append(build, config, edge),
  };
  return networkOf(architecture, state);
}

/** Heads that nobody asks for cost nothing. */
function append(build: Build, config: UpernetConfig, edge: number): void {
  const { graph, state, input, output } = build;
  // Values of several input sizes share weights by label, so labels are the checkpoint's keys.
  const filter = (key: string, norm: string, into: number, kernel: number) =>
    filterOf(state, `${DECODER}${key}`, `${DECODER}${norm}`, { into, kernel });
  const unit = (input: Value, key: string, norm: string, kernel: number): Value => {
    const options = { pad: (kernel - 1) / 2, activation: "relu" } as const;
    return conv(graph, input, filter(key, norm, input.channels, kernel), options);
  };

  const stages = resnet(build, ENCODER, config.encoder, input(pixelsInput(edge)));
  /** P2…P5. */
  const levels = once(() => {
    const top = stages[3]!();
    const [, height = 1, width = 1] = top.shape;
    // The pooled maps are resized before their 1×1 convolution: ReLU does not commute with
    // interpolation.
    const pyramid = POOL_SCALES.map((scale, i) =>
      unit(resize(graph, prroi(graph, top, scale), height, width), `ppm_conv.${i}.0`, `ppm_conv.${i}.1`, 1),
    );
    const pooled = concat(graph, "ppm", [top, ...pyramid], height, width);
    let f = unit(pooled, "ppm_last_conv.0", "ppm_last_conv.1", 3);
    const made = [f];
    for (const i of [2, 1, 0]) {
      const lateral = unit(stages[i]!(), `fpn_in.${i}.0`, `fpn_in.${i}.1`, 1);
      f = resizeAdd(graph, f, lateral);
      made.unshift(unit(f, `fpn_out.${i}.0.0`, `fpn_out.${i}.0.1`, 3));
    }
    return made;
  });
  const fused = once(() => {
    const into = levels().length * levels()[0]!.channels;
    return convOfPyramid(graph, levels(), filter("conv_fusion.0", "conv_fusion.1", into, 3), "relu");
  });
  for (const head of HEADS.filter((head) => config.heads[head] !== undefined)) {
    output(head, "logits", () => {
      // Material is judged on P2, object and part on the fusion of all levels.
      const inner = unit(head === "material" ? levels()[0]! : fused(), `${head}_head.0.0`, `${head}_head.0.1`, 3);
      const last = { into: inner.channels, kernel: 1, bias: true };
      return conv(graph, inner, filterOf(state, `${DECODER}${head}_head.1`, undefined, last));
    });
  }
}
