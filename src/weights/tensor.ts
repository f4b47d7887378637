import { allocateBytes, readExactly } from "./bytes.ts";
import { BYTES_PER_ELEMENT, type DType, toFloat32 } from "./dtype.ts";
import { contiguousStrides, elementCount, elementRange, gather, isContiguous, type Layout } from "./layout.ts";
import type { ReadOptions, Source } from "./source.ts";

// Tests: test/weights/pth.test.ts, test/weights/safetensors.test.ts

/** A tensor of a checkpoint, not yet read. */
export interface CheckpointTensor {
  readonly name: string;
  /** The element type in the file. */
  readonly dtype: DType;
  readonly shape: readonly number[];
  /**
   * The values in C-contiguous order, converted to float32. May be a view of the file's own memory:
   * do not write to it.
   * @throws WeightsError when the file is damaged; what the source throws; the signal's reason.
   */
  read(options?: ReadOptions): Promise<Float32Array>;
}

/** Numbers, words and flags saved beside tensors, by dotted names. */
export type Attributes = ReadonlyMap<string, string | number | boolean | null>;

/**
 * An open file of named tensors. Only its description was read; tensors read their bytes when
 * asked.
 */
export interface Checkpoint {
  readonly source: Source;
  readonly format: "pth-legacy" | "pth-zip" | "safetensors" | "npz" | "npy";
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  /** Numbers and strings saved beside the tensors, such as an epoch. */
  readonly metadata: Readonly<Record<string, string | number>>;
}

/** Where a tensor's elements are: `bytes` is its whole storage, which other tensors may share. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** In elements; C-contiguous when absent. */
  readonly strides?: readonly number[];
  /** In elements. */
  readonly offset?: number;
  /** Storage size in elements. */
  readonly available: number;
  readonly bytes: Source;
}

/**
 * A lazily read tensor. The layout is checked against the storage now, so a later read allocates
 * only what was checked.
 * @throws WeightsError `weights-shape`.
 */
export function checkpointTensor(stored: StoredTensor): CheckpointTensor {
  const { name, dtype, bytes, available } = stored;
  const shape = Object.freeze([...stored.shape]);
  const count = elementCount(shape, name);
  const layout: Layout = { shape, strides: stored.strides ?? contiguousStrides(shape), offset: stored.offset ?? 0 };
  const { start, end } = elementRange(layout, available, name);
  const width = BYTES_PER_ELEMENT[dtype];
  const contiguous = isContiguous(layout);
  return {
    name,
    dtype,
    shape,
    async read(options) {
      if (count === 0) return new Float32Array(0);
      const values = toFloat32(await readExactly(bytes, start * width, end * width, options), dtype);
      if (contiguous) return values;
      return gather(values, { ...layout, offset: 0 }, allocateFloats(count, name));
    },
  };
}

function allocateFloats(count: number, name: string): Float32Array {
  return new Float32Array(allocateBytes(count * 4, `Tensor "${name}"`).buffer);
}
