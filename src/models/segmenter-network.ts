// Tests: test/networks/segmenters/recognise.test.ts, test/networks/onnx/networks.test.ts

import type { SegmenterNetwork } from "../networks/segmenters/network.ts";
import type { RecogniseOptions } from "../networks/segmenters/recognise.ts";
import type { State } from "../networks/state.ts";
import type { ReadOptions } from "../weights/source.ts";
import type { Checkpoint } from "../weights/tensor.ts";
import { onDemand } from "./on-demand.ts";

/**
 * The segmenter in a file, or in tensors that are put together of two, of which the first is given.
 */
export async function segmenterNetwork(
  first: Checkpoint,
  state: State,
  labels: unknown,
  options: RecogniseOptions,
  reading: ReadOptions,
): Promise<SegmenterNetwork> {
  if (first.format === "onnx") {
    const { onnxSegmenter } = await onDemand("operators of ONNX", () => import("../networks/onnx/segmenter.ts"));
    return onnxSegmenter(first.source, labels, options, reading);
  }
  const { recognise, LIST_KEY, parseOperations } = await onDemand(
    "published segmenters",
    () => import("../networks/segmenters/recognise.ts"),
  );
  const list = first.metadata[LIST_KEY];
  const operations = typeof list === "string" ? parseOperations(list) : undefined;
  return recognise({ state, labels, operations }, options);
}
