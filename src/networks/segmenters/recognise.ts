import { UsageError, WeightsError } from "../../errors.ts";
import type { Pixels } from "../../kernels/maps/resample.ts";
import { andMore } from "../../names.ts";
import { inferMobilenet } from "../encoders/mobilenet.ts";
import { inferResnet, resnetName } from "../encoders/resnet.ts";
import type { Network } from "../network.ts";
import { listNetwork, type OperationList } from "../operation-list.ts";
import type { State } from "../state.ts";
import { type SemanticLabels, segsizesOf, semanticLabels } from "./labels.ts";
import type { SegmenterNetwork } from "./network.ts";
import { inferSemantic, semantic } from "./semantic.ts";
import { type UnifiedOptions, unifiedLabels } from "./unified.ts";
import { DECODER, ENCODER, inferUpernet, upernet } from "./upernet.ts";

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

export interface RecogniseOptions extends UnifiedOptions {
  /** Edges of the inputs whose probabilities are summed; from the labels unless given, else 256. */
  readonly segsizes?: readonly number[];
}

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
export function recognise(
  { state, labels, operations }: Identified,
  { segsizes: given, ...options }: RecogniseOptions = {},
): SegmenterNetwork {
  refuseSwapped(state);
  const segsizes = given ?? segsizesOf(labels) ?? SEGSIZES;
  const edge = segsizes[0]!;
  if (operations) {
    refuseUnified(options, operations.architecture);
    const network = listNetwork(operations, state, edge);
    const { sampling } = operations;
    return { ...network, ...oneHead(network, labels), segsizes, enlarge: "bilinear", ...(sampling && { sampling }) };
  }
  const other = inferSemantic(state);
  if (other) {
    const network = semantic(state, other, edge);
    refuseUnified(options, network.architecture);
    return { ...network, ...oneHead(network, labels), segsizes };
  }
  if (!state.has(`${DECODER}ppm_conv.0.0.weight`)) throw unknown(state);
  const config = inferUpernet(state);
  const network = upernet(state, config, edge);
  return { ...network, ...unifiedLabels(labels, config, options), pixels: UNIFIED_PIXELS, segsizes };
}

/** How labels are read off a network of one output. */
function oneHead({ outputs: [output] }: Network, labels: unknown): SemanticLabels {
  return semanticLabels(labels, output!.name, output!.channels);
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
  const parts = [
    found
      ? `The encoder is a ${found}, but the decoder is none that is known`
      : "These are not the weights of a UPerNet or of another segmenter that is known",
    found && decoder.length > 0 ? ` (it has ${andMore(decoder, 4)})` : "",
    found ? "." : ` (the file has ${andMore([...state.keys()], 4) || "no tensors"}).`,
  ];
  return new WeightsError(
    "weights-shape",
    parts.join(""),
    "Known are unified parsing's UPerNet (encoder conv1…layer4, decoder ppm_conv, fpn_in, conv_fusion, object_head), pyramid pooling (decoder ppm, conv_last) and C1 (cbr, conv_last) on dilated ResNets and MobileNetV2, and lists of operations; for others use defineSegmenter.",
  );
}
