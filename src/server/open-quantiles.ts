import { openUnitQuantiles } from "../dissect/unit-quantiles.ts";
import { memorySource } from "../weights/bytes.ts";
import { openZip } from "../weights/zip.ts";
import type { QuantileTable } from "./quantile-table.ts";
import { openRunningQuantiles } from "./running-quantiles.ts";

/**
 * `LAYER/quantiles.npz` of a report folder: `ganatomy dissect`'s, or gandissect's.
 * @throws WeightsError for another file.
 */
export async function openQuantiles(file: Uint8Array, name: string): Promise<QuantileTable> {
  // Of its own type: a Buffer's slices are no copies.
  const source = memorySource(new Uint8Array(file.buffer, file.byteOffset, file.byteLength), name);
  const entries = await openZip(source);
  return entries.has("levels.npy") ? openUnitQuantiles(source) : openRunningQuantiles(entries, name);
}
