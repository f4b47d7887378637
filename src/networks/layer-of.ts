// Tests: test/networks/generators/progan.test.ts, test/models/own.test.ts

import { UsageError } from "../errors.ts";
import { andMore } from "../names.ts";

/** @throws UsageError listing the known layers. */
export function layerOf<Layer extends { readonly name: string }>(
  { name, layers }: { readonly name: string; readonly layers: readonly Layer[] },
  asked: string,
): Layer {
  const layer = layers.find((candidate) => candidate.name === asked);
  if (layer) return layer;
  const known = andMore(
    layers.map((candidate) => candidate.name),
    24,
  );
  throw new UsageError(`${name} has no layer "${asked}".`, `Its layers are ${known}.`);
}
