import type { Tensor } from "../runtime/tensor.ts";

// Tests: test/package/guides.test.ts

/** What a run or plan is to keep. */
export interface Retaining<L extends string> {
  /** Layers whose output (before any edit) can be read after a run. */
  readonly retain?: readonly L[];
}

/** Where a plan ends. */
export interface Until<U extends string | undefined> {
  /** Stop after this layer; there is no image then. */
  readonly until?: U;
}

/**
 * What a run or plan keeps: of the layers that its `retain` names, TypeScript knows that they are
 * there.
 */
export interface Retained<L extends string> {
  /** Retained layers, [batch, h, w, channels rounded up to 4]. */
  readonly layers: { get(name: string extends L ? never : L): Tensor<"f32"> } & ReadonlyMap<string, Tensor<"f32">>;
}
