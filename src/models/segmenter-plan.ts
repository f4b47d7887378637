import type { Tensor } from "../runtime/tensor.ts";

/** A segmenter compiled onto an image tensor. */
export interface SegmenterPlan {
  /** Segments what the image tensor holds now. */
  run(): void;
  /** Labels of every pixel, [n, maps, height, width]; 0 is none. */
  readonly labels: Tensor<"u32">;
  /** Bytes that the plan takes on the device, weights excepted. */
  readonly bytes: number;
  /** Frees its memory on the device; the weights stay. */
  dispose(): void;
  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void;
}
