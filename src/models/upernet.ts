import { WeightsError } from "../errors.ts";
import type { Activation } from "../kernels/activation.ts";
import { conv } from "../kernels/conv.ts";
import type { Filter } from "../kernels/filter.ts";
import { concat, maxpool, prroi, resize, resizeAdd } from "../kernels/resample.ts";
import type { Graph, Value } from "../runtime/graph.ts";
import { checkShapes, type State } from "./state.ts";

/** Heads of unified parsing (Xiao et al. 2018) that classify pixels. */
export type Head = "object" | "part" | "material";

/** A UPerNet's architecture, read off its tensors: a residual encoder with a deep stem and a feature pyramid decoder (spec §2.1). */
export interface UpernetConfig {
  /** Residual blocks per stage. */
  readonly blocks: readonly number[];
  /** 3×3 bottlenecks of three convolutions (ResNet-50 and up), or basic blocks of two. */
  readonly bottleneck: boolean;
  /** Labels of each head that is there, index 0 ("-") included. */
  readonly heads: Readonly<Partial<Record<Head, number>>>;
}

/** Keys start with `encoder.` or `decoder.`. */
const ENCODER = "encoder.";
const DECODER = "decoder.";
const HEADS: readonly Head[] = ["object", "part", "material"];
/** Bins a side of the pyramid pooling, in the order of `ppm_conv`. */
const POOL_SCALES = [1, 2, 3, 6] as const;
/** PyTorch's BatchNorm2d default. */
const EPSILON = 1e-5;

/**
 * Reads the architecture off the tensors and checks that all of it is there.
 * @throws WeightsError `weights-shape`
 */
export function inferUpernet(state: State): UpernetConfig {
  const swapped = state.has(`${ENCODER}ppm_conv.0.0.weight`) || state.has(`${DECODER}conv1.weight`);
  if (swapped && !(state.has(`${ENCODER}conv1.weight`) || state.has(`${DECODER}ppm_conv.0.0.weight`))) {
    throw new WeightsError("weights-shape", "Encoder and decoder are swapped.", "Give them the other way round.");
  }
  const blocks = [1, 2, 3, 4].map((stage) => {
    let count = 0;
    while (state.has(`${ENCODER}layer${stage}.${count}.conv1.weight`)) count += 1;
    return count;
  });
  const recognised = state.has(`${ENCODER}conv3.weight`) && state.has(`${DECODER}ppm_conv.0.0.weight`);
  if (!recognised || blocks.includes(0)) {
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
  const config: UpernetConfig = { blocks, bottleneck: state.has(`${ENCODER}layer1.0.conv3.weight`), heads };
  checkUpernet(state, config);
  return config;
}

/** Compares every tensor's shape with what the widths of a few say it must be. */
function checkUpernet(state: State, config: UpernetConfig): void {
  const expected = new Map<string, readonly number[]>();
  const out = (key: string): number => state.get(`${key}.weight`)?.shape[0] ?? 0;
  const bn = (key: string, channels: number): void => {
    for (const name of ["weight", "bias", "running_mean", "running_var"]) expected.set(`${key}.${name}`, [channels]);
  };
  const unit = (key: string, norm: string, into: number, kernel: number): number => {
    const channels = out(key);
    expected.set(`${key}.weight`, [channels, into, kernel, kernel]);
    bn(norm, channels);
    return channels;
  };
  let channels = 3;
  for (const i of [1, 2, 3]) channels = unit(`${ENCODER}conv${i}`, `${ENCODER}bn${i}`, channels, 3);
  const stages = config.blocks.map((count, index) => {
    for (let b = 0; b < count; b += 1) {
      const key = `${ENCODER}layer${index + 1}.${b}`;
      const kernels = config.bottleneck ? [1, 3, 1] : [3, 3];
      let inner = channels;
      kernels.forEach((kernel, i) => {
        inner = unit(`${key}.conv${i + 1}`, `${key}.bn${i + 1}`, inner, kernel);
      });
      if (state.has(`${key}.downsample.0.weight`)) unit(`${key}.downsample.0`, `${key}.downsample.1`, channels, 1);
      channels = inner;
    }
    return channels;
  });
  const [, , , top = 0] = stages;
  let pooled = top;
  POOL_SCALES.forEach((_, i) => {
    pooled += unit(`${DECODER}ppm_conv.${i}.0`, `${DECODER}ppm_conv.${i}.1`, top, 1);
  });
  const width = unit(`${DECODER}ppm_last_conv.0`, `${DECODER}ppm_last_conv.1`, pooled, 3);
  for (const i of [0, 1, 2]) {
    unit(`${DECODER}fpn_in.${i}.0`, `${DECODER}fpn_in.${i}.1`, stages[i]!, 1);
    unit(`${DECODER}fpn_out.${i}.0.0`, `${DECODER}fpn_out.${i}.0.1`, width, 3);
  }
  unit(`${DECODER}conv_fusion.0`, `${DECODER}conv_fusion.1`, 4 * width, 3);
  for (const [head, labels] of Object.entries(config.heads)) {
    const inner = unit(`${DECODER}${head}_head.0.0`, `${DECODER}${head}_head.0.1`, width, 3);
    expected.set(`${DECODER}${head}_head.1.weight`, [labels, inner, 1, 1]);
    expected.set(`${DECODER}${head}_head.1.bias`, [labels]);
  }
  const ignored = (key: string): boolean =>
    key.endsWith("num_batches_tracked") || key.startsWith(`${DECODER}scene_head`);
  checkShapes("a UPerNet", state, expected, ignored);
}

/** The named values of a segmenter's graph. */
export interface UpernetValues {
  /** C2…C5, the encoder's stages. */
  readonly stages: readonly Value[];
  /** Logits of the heads that were asked for, at a quarter of the input's extent. */
  readonly logits: ReadonlyMap<Head, Value>;
}

/** Appends the network to a graph; x is the preprocessed image [n, s, s, 3]. Heads that nobody asks for cost nothing. */
export function upernet(
  graph: Graph,
  state: State,
  config: UpernetConfig,
  x: Value,
  heads: readonly Head[] = ["object"],
): UpernetValues {
  const shape = (key: string): readonly number[] => state.get(`${key}.weight`)!.shape;
  // Values of several input sizes share weights by label, so labels are the checkpoint's keys.
  const unit = (
    input: Value,
    key: string,
    norm: string,
    options: { stride?: number; activation?: Activation; residual?: Value } = {},
  ): Value => {
    const [outChannels = 0, inChannels = 0, kernel = 1] = shape(key);
    const { activation = "relu", ...rest } = options;
    const filter: Filter = {
      label: key,
      inChannels,
      outChannels,
      kernel,
      weight: { sources: [`${key}.weight`], of: ([w]) => w! },
      scale: {
        sources: [`${norm}.weight`, `${norm}.running_var`],
        of: ([gamma, variance]) => Float64Array.from(gamma!, (g, o) => g / Math.sqrt(variance![o]! + EPSILON)),
      },
      bias: {
        sources: ["weight", "bias", "running_mean", "running_var"].map((name) => `${norm}.${name}`),
        of: ([gamma, beta, mean, variance]) =>
          Float64Array.from(beta!, (b, o) => b - (mean![o]! * gamma![o]!) / Math.sqrt(variance![o]! + EPSILON)),
      },
    };
    return conv(graph, input, filter, { pad: (kernel - 1) / 2, activation, ...rest });
  };

  let y = unit(x, `${ENCODER}conv1`, `${ENCODER}bn1`, { stride: 2 });
  y = unit(y, `${ENCODER}conv2`, `${ENCODER}bn2`);
  y = unit(y, `${ENCODER}conv3`, `${ENCODER}bn3`);
  y = maxpool(graph, y);
  const stages = config.blocks.map((count, index) => {
    for (let b = 0; b < count; b += 1) {
      const key = `${ENCODER}layer${index + 1}.${b}`;
      const stride = index > 0 && b === 0 ? 2 : 1;
      const shortcut = state.has(`${key}.downsample.0.weight`)
        ? unit(y, `${key}.downsample.0`, `${key}.downsample.1`, { stride, activation: "none" })
        : y;
      // Bottlenecks stride in the 3×3 convolution.
      const first = unit(y, `${key}.conv1`, `${key}.bn1`, { stride: config.bottleneck ? 1 : stride });
      const middle = config.bottleneck ? unit(first, `${key}.conv2`, `${key}.bn2`, { stride }) : first;
      const last = config.bottleneck ? 3 : 2;
      y = unit(middle, `${key}.conv${last}`, `${key}.bn${last}`, { residual: shortcut });
    }
    return y;
  });

  const top = stages[3]!;
  const [, height = 1, width = 1] = top.shape;
  // The pooled maps are resized before their 1×1 convolution: ReLU does not commute with interpolation.
  const pyramid = POOL_SCALES.map((scale, i) =>
    unit(
      resize(graph, prroi(graph, top, scale), height, width),
      `${DECODER}ppm_conv.${i}.0`,
      `${DECODER}ppm_conv.${i}.1`,
    ),
  );
  const pooled = concat(graph, "ppm", [top, ...pyramid], height, width);
  let f = unit(pooled, `${DECODER}ppm_last_conv.0`, `${DECODER}ppm_last_conv.1`);
  const levels = [f];
  for (const i of [2, 1, 0]) {
    const lateral = unit(stages[i]!, `${DECODER}fpn_in.${i}.0`, `${DECODER}fpn_in.${i}.1`);
    f = resizeAdd(graph, f, lateral);
    levels.unshift(unit(f, `${DECODER}fpn_out.${i}.0.0`, `${DECODER}fpn_out.${i}.0.1`));
  }
  const finest = levels[0]!;
  const [, fineHeight = 1, fineWidth = 1] = finest.shape;
  const logits = new Map<Head, Value>();
  // Material is judged on P2, object and part on the fusion of all levels.
  const onFusion = heads.some((head) => head !== "material");
  const fused = onFusion
    ? unit(concat(graph, "fpn", levels, fineHeight, fineWidth), `${DECODER}conv_fusion.0`, `${DECODER}conv_fusion.1`)
    : finest;
  for (const head of heads) {
    const key = `${DECODER}${head}_head`;
    const inner = unit(head === "material" ? finest : fused, `${key}.0.0`, `${key}.0.1`);
    const [outChannels = 0, inChannels = 0] = shape(`${key}.1`);
    logits.set(
      head,
      conv(graph, inner, {
        label: `${key}.1`,
        inChannels,
        outChannels,
        kernel: 1,
        weight: { sources: [`${key}.1.weight`], of: ([w]) => w! },
        scale: { sources: [], of: () => new Float64Array(outChannels).fill(1) },
        bias: { sources: [`${key}.1.bias`], of: ([b]) => b! },
      }),
    );
  }
  return { stages, logits };
}
