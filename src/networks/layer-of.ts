// Tests: test/networks/generators/progan.test.ts, test/models/own.test.ts

import { UsageError } from "../errors.ts";
import type { LayerInfo } from "./network.ts";

/** @throws UsageError listing the known layers. */
export function layerOf({ name, layers }: { name: string; layers: readonly LayerInfo[] }, asked: string): LayerInfo {
  const layer = layers.find((candidate) => candidate.name === asked);
  if (layer) return layer;
  const known = layers.map((candidate) => candidate.name).join(", ");
  throw new UsageError(`${name} has no layer "${asked}".`, `Its layers are ${known}.`);
}
