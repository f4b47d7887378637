import { ShapeError, UsageError, WeightsError } from "../../errors.ts";
import type { Pixels } from "../../kernels/maps/resample.ts";
import { Graph, type Value } from "../../runtime/graph.ts";
import { inferMobilenet } from "../encoders/mobilenet.ts";
import { inferResnet, resnetName } from "../encoders/resnet.ts";
import { type OperationList, runOperations } from "../operation-list.ts";
import type { State } from "../state.ts";
import { segsizesOf, semanticLabels } from "./labels.ts";
import type { SegmenterNetwork } from "./network.ts";
import { inferSemantic, semantic, semanticName } from "./semantic.ts";
import { type UnifiedOptions, unifiedLabels } from "./unified.ts";
import { DECODER, ENCODER, type Head, inferUpernet, upernet } from "./upernet.ts";

export { LIST_KEY, parseOperations } from "../operation-list.ts";

/** Unified parsing wants bytes in BGR order minus these means, and no division (spec §2.1). */
const UNIFIED_PIXELS: Pixels = {
  order: "BGR",
  range: 255,
  mean: [102.9801, 115.9465, 122.7717],
  deviation: [1, 1, 1],
};
/** Input edge for 256-pixel images (gandissect's default). */
const SEGSIZES = [256] as const;

/** A file's tensors and what else identifies the network. */
export interface Identified {
  readonly state: State;
  readonly labels: unknown;
  readonly operations?: OperationList | undefined;
}

/**
 * The network whose tensors these are, with its labels: unified parsing's UPerNet,
 * semantic-segmentation-pytorch's pyramid pooling and C1 decoders on dilated ResNets and
 * MobileNetV2, or a list of operations.
 * @throws WeightsError `weights-shape` saying what was recognised and what was missing,
 *   LabelsError, UsageError.
 */
export function recognise({ state, labels, operations }: Identified, options: UnifiedOptions = {}): SegmenterNetwork {
  refuseSwapped(state);
  const segsizes = segsizesOf(labels);
  if (operations) {
    refuseUnified(options, operations.architecture);
    const sizes = segsizes ?? SEGSIZES;
    const x = new Graph("gpu").map("image", 1, sizes[0]!, sizes[0]!, 3);
    const channels = channelsOf(() => runOperations(new Graph("gpu"), state, operations, x));
    return {
      ...semanticLabels(labels, "logits", channels),
      architecture: operations.architecture,
      state,
      segsizes: sizes,
      enlarge: "bilinear",
      ...(operations.sampling ? { sampling: operations.sampling } : {}),
      logits: (graph, pixels) => new Map([["logits", runOperations(graph, state, operations, pixels)]]),
    };
  }
  const other = inferSemantic(state);
  if (other) {
    const architecture = semanticName(other);
    refuseUnified(options, architecture);
    return {
      ...semanticLabels(labels, "logits", other.channels),
      architecture,
      state,
      segsizes: segsizes ?? SEGSIZES,
      logits: (graph, x) => new Map([["logits", semantic(graph, state, other, x)]]),
    };
  }
  if (!state.has(`${DECODER}ppm_conv.0.0.weight`)) throw unknown(state);
  const config = inferUpernet(state);
  return {
    ...unifiedLabels(labels, config, options),
    architecture: `UPerNet, ${resnetName(config.encoder)}`,
    state,
    pixels: UNIFIED_PIXELS,
    segsizes: segsizes ?? SEGSIZES,
    logits: (graph, x, heads) => upernet(graph, state, config, x, [...heads] as Head[]).logits,
  };
}

/**
 * Channels of what a list of operations makes.
 * @throws WeightsError when its operations do not fit each other.
 */
function channelsOf(run: () => Value): number {
  try {
    return run().channels;
  } catch (cause) {
    if (!(cause instanceof ShapeError)) throw cause;
    throw new WeightsError(
      "weights-format",
      `The list of operations in this file does not fit together: ${cause.message}`,
      "See docs/operations.md for its form, and check the input size.",
      { cause },
    );
  }
}

function refuseUnified({ heads, segdiv, parts }: UnifiedOptions, architecture: string): void {
  const asked = [heads && "`heads`", segdiv && "`segdiv`", parts && "`parts`"].filter(Boolean);
  if (asked.length === 0) return;
  throw new UsageError(
    `${asked.join(" and ")} are for unified parsing networks; this is ${architecture}.`,
    "Leave them out.",
  );
}

function refuseSwapped(state: State): void {
  const decoderFirst = ["ppm_conv.0.0", "ppm.0.1", "cbr.0"].some((key) => state.has(`${ENCODER}${key}.weight`));
  const encoderLast = ["conv1", "features.0.0"].some((key) => state.has(`${DECODER}${key}.weight`));
  const right = ["conv1", "features.0.0"].some((key) => state.has(`${ENCODER}${key}.weight`));
  if ((decoderFirst || encoderLast) && !right) {
    throw new WeightsError("weights-shape", "Encoder and decoder are swapped.", "Give them the other way round.");
  }
}

/** What of these tensors was recognised, and what was not. */
function unknown(state: State): WeightsError {
  const encoder = inferResnet(state, ENCODER, false);
  const mobile = inferMobilenet(state, ENCODER);
  const found = encoder ? resnetName(encoder) : mobile ? "MobileNetV2" : undefined;
  const decoder = [...state.keys()].filter((key) => key.startsWith(DECODER));
  const some = (keys: readonly string[]): string => keys.slice(0, 4).join(", ");
  const parts = [
    found
      ? `The encoder is a ${found}, but the decoder is none that is known`
      : "These are not the weights of a UPerNet or of another segmenter that is known",
    found && decoder.length > 0 ? ` (it has ${some(decoder)})` : "",
    found ? "." : ` (the file has ${some([...state.keys()]) || "no tensors"}).`,
  ];
  return new WeightsError(
    "weights-shape",
    parts.join(""),
    "Known are unified parsing's UPerNet (encoder conv1…layer4, decoder ppm_conv, fpn_in, conv_fusion, object_head), pyramid pooling (decoder ppm, conv_last) and C1 (cbr, conv_last) on dilated ResNets and MobileNetV2, and lists of operations; for others use defineSegmenter.",
  );
}
