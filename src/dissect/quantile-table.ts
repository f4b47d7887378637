/** Quantiles of a layer's units, both ways: a `UnitQuantiles`, or gandissect's sketch of them. */
export interface QuantileTable {
  readonly units: number;
  /** Of every unit the activation that this fraction of its activations lies below. */
  levels(quantile: number): Float32Array;
  /** The fraction of a unit's activations that lies below this one. */
  quantile(unit: number, activation: number): number;
}
