/**
 * The GPU: devices, tensors, graphs of operations and what they compile to.
 *
 * @module
 */

export type { Adapter } from "./adapter.ts";
export { Device, type DeviceOptions } from "./device.ts";
export {
  type DType,
  fold,
  Graph,
  type Operation,
  type OperationKind,
  type Parameter,
  padded,
  type Step,
  type Storage,
  type Target,
  type Value,
} from "./graph.ts";
export type { Bindings, Choices, Kernel, Params } from "./kernel.ts";
export { type CompileOptions, Plan } from "./plan.ts";
export { type Resource, Scope } from "./scope.ts";
export { type ShowOptions, show } from "./show.ts";
export { type ArrayOf, Tensor } from "./tensor.ts";
