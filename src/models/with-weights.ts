import { ShapeError, UsageError } from "../errors.ts";
import type { State } from "../networks/state.ts";
import type { Generator } from "./generator.ts";

// Tests: test/inversion/weights.test.ts

/** A tensor of a generator's file, with other numbers in its order. */
export interface TensorNumbers {
  /** As the file's. */
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float32Array<ArrayBuffer>;
}

/**
 * The same generator with other numbers in some of its tensors, such as the weights that `invert`
 * fitted. Both belong to the caller.
 * @throws UsageError for a tensor that it has not, ShapeError for another shape.
 */
export function withWeights(
  generator: Generator,
  weights: ReadonlyMap<string, TensorNumbers>,
  signal?: AbortSignal,
): Promise<Generator> {
  signal?.throwIfAborted();
  return generator.copyTo(generator.device, replacing(generator, weights));
}

/**
 * Numbers as tensors that take the place of a generator's own.
 * @throws UsageError, ShapeError as `withWeights` does.
 */
export function replacing(
  generator: Pick<Generator, "name" | "network">,
  weights: ReadonlyMap<string, TensorNumbers>,
): State {
  const { state } = generator.network;
  const changed = [...weights].map(([key, { shape, data }]) => {
    const before = state.get(key);
    if (!before) throw new UsageError(`${generator.name} has no tensor "${key}".`, "Take the generator they are of.");
    if (`${before.shape}` !== `${shape}`) {
      const which = `"${key}" [${shape}] is [${before.shape}] in ${generator.name}.`;
      throw new ShapeError(which, "Take the generator they are of.");
    }
    if (data.length !== shape.reduce((product, extent) => product * extent, 1)) {
      throw new ShapeError(`"${key}" [${shape}] has ${data.length} numbers.`, "Give as many as its shape says.");
    }
    return [key, { name: before.name, dtype: "float32", shape, read: async () => data }] as const;
  });
  return new Map(changed);
}
