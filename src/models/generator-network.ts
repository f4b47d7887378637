// Tests: test/networks/generators/progan.test.ts, test/networks/onnx/networks.test.ts

import type { GeneratorOptions } from "../networks/generators/family.ts";
import type { Network } from "../networks/network.ts";
import type { LoadOptions } from "../weights/source.ts";
import type { Checkpoint } from "../weights/tensor.ts";
import { onDemand } from "./on-demand.ts";

/** The generator in a file; what recognises it is loaded as far as it is needed. */
export async function generatorNetwork(
  checkpoint: Checkpoint,
  asked: GeneratorOptions,
  loading: LoadOptions,
): Promise<Network> {
  if (checkpoint.format === "onnx") {
    const onnx = await onDemand("operators of ONNX", () => import("../networks/onnx/generator.ts"));
    return onnx.onnxGenerator(checkpoint.source, asked, loading);
  }
  const { tensors, attributes, metadata, entry } = checkpoint;
  // All parts are looked at only by what asks for them: others may be damaged.
  const file = { tensors, attributes, metadata, entry, onWarning: loading.onWarning, all: () => checkpoint.all };
  const { familyNetwork } = await onDemand("generators", () => import("../networks/generators/families.ts"));
  const known = familyNetwork(file, asked);
  if (known) return known;
  const others = await onDemand("descriptions", () => import("../networks/generators/recognise.ts"));
  return others.recogniseGenerator(file, asked);
}
