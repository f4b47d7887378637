/**
 * Photographs brought into a generator.
 *
 * @module
 */

export type { Picture } from "../compare/fitted.ts";
export { type TensorNumbers, withWeights } from "../models/with-weights.ts";
export { invert } from "./invert.ts";
export type {
  Inversion,
  InversionEvent,
  InversionProgress,
  InvertOptions,
  LatentSpace,
} from "./options.ts";
export { type WalkOptions, walkAt } from "./walk.ts";
export { weightsBehind } from "./weights.ts";
