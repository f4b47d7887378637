import type { CheckpointTensor } from "../weights/tensor.ts";

/** The tensors of a network by the names its architecture uses. */
export type State = ReadonlyMap<string, CheckpointTensor>;
