/** Photographs brought into a generator. */

export type { Picture } from "../compare/fitted.ts";
export {
  type Inversion,
  type InversionEvent,
  type InversionProgress,
  type InvertOptions,
  invert,
  type LatentSpace,
} from "./invert.ts";
