import { openUnitQuantiles } from "../dissect/unit-quantiles.ts";
import { memorySource } from "../weights/bytes.ts";
import { openZip } from "../weights/zip.ts";
import { openRunningQuantiles } from "./running-quantiles.ts";

/** Quantiles of a layer's units, both ways: a `UnitQuantiles`, or gandissect's sketch of them. */
export interface QuantileTable {
  readonly units: number;
  /** Of every unit the activation that this fraction of its activations lies below. */
  levels(quantile: number): Float32Array;
  /** The fraction of a unit's activations that lies below this one. */
  quantile(unit: number, activation: number): number;
}

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
