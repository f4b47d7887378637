/**
 * What a network of one's own is made of, for `defineGenerator` and `defineSegmenter`.
 *
 * @module
 */

export { type ConvOptions, conv } from "../kernels/conv/conv.ts";
export { depthwise } from "../kernels/conv/depthwise.ts";
export { constant, type Filter, type Learned } from "../kernels/conv/filter.ts";
export { type ConvTransposeOptions, convTranspose } from "../kernels/conv/transposed.ts";
export { type Fir, fir } from "../kernels/maps/fir.ts";
export { instancenorm } from "../kernels/maps/instancenorm.ts";
export { reshape } from "../kernels/maps/layout.ts";
export { clamp, pixelnorm } from "../kernels/maps/pointwise.ts";
export { average, concat, maxpool, resize, slice } from "../kernels/maps/resample.ts";
export { scale } from "../kernels/maps/scale.ts";
export { upsample } from "../kernels/maps/separable.ts";
export { type UnaryFunction, unary } from "../kernels/maps/unary.ts";
export { type Description, parseDescription } from "./description.ts";
export { describedNetwork } from "./description-network.ts";
export { filterOf, learned } from "./filters.ts";
export { linearFilterOf } from "./linear.ts";
export {
  type Architecture,
  type Build,
  type LayerInfo,
  type Lazy,
  type Network,
  type NetworkInput,
  type NetworkOutput,
  networkOf,
  type Picture,
} from "./network.ts";
export { need } from "./recording.ts";
export type { State } from "./state.ts";
export { transposedFilterOf } from "./transposed.ts";
