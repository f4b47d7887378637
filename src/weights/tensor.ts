import { allocateBytes, readExactly } from "./bytes.ts";
import { BYTES_PER_ELEMENT, type DType, toFloat32, toFloat64 } from "./dtype.ts";
import { contiguousStrides, elementCount, elementRange, gather, isContiguous, type Layout } from "./layout.ts";
import type { ReadOptions, Source } from "./source.ts";

// Tests: test/weights/pth.test.ts, test/weights/safetensors.test.ts

/** A tensor of a checkpoint, not yet read. */
export interface CheckpointTensor {
  /** Its name within the entry, such as "layer1.conv.weight". */
  readonly name: string;
  /** The element type in the file; of TensorFlow.js' quantised tensors, that of their values. */
  readonly dtype: DType;
  /** Extents in C order; [] for a single number. */
  readonly shape: readonly number[];
  /**
   * The values in C-contiguous order, converted to float32. May be a view of the file's own memory:
   * do not write to it.
   * @throws WeightsError when the file is damaged; what the source throws; the signal's reason.
   */
  read(options?: ReadOptions): Promise<Float32Array>;
  /** The same in double precision, for statistics: where the file has it nothing is rounded. */
  readDoubles?(options?: ReadOptions): Promise<Float64Array>;
}

/** A number, word or switch that was saved beside tensors. */
export type Attribute = string | number | boolean | null;

/** What was saved beside tensors, by dotted names. */
export type Attributes = ReadonlyMap<string, Attribute>;

/** A checkpoint that is tensors and nothing else. */
export function plainCheckpoint(
  source: Source,
  format: Checkpoint["format"],
  tensors: ReadonlyMap<string, CheckpointTensor>,
  metadata: Checkpoint["metadata"] = {},
): Checkpoint {
  const attributes = new Map<string, Attribute>();
  return { source, format, tensors, attributes, entry: undefined, entries: [], all: tensors, metadata };
}

/**
 * An open file of named tensors. Only its description was read; tensors read their bytes when
 * asked.
 */
export interface Checkpoint {
  /** Where its bytes are read. */
  readonly source: Source;
  /**
   * "onnx" is a network rather than tensors, of which it has none here: networks/onnx/ reads it.
   */
  readonly format:
    | "pth-legacy"
    | "pth-zip"
    | "torchscript"
    | "pickle"
    | "safetensors"
    | "npz"
    | "npy"
    | "tfjs"
    | "onnx";
  /**
   * The tensors of the entry that was taken, by their names in it. Networks of NVIDIA's TensorFlow
   * files have slashes in them, others dots.
   */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  /**
   * Numbers, words and switches that were saved with the tensors, by dotted names:
   * "synthesis.b8.architecture", "config.alpha", "epoch", of small lists by index: "0.stride.0".
   */
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** Which part of the file the tensors are, such as "G_ema"; undefined when they are all of it. */
  readonly entry: string | undefined;
  /** Other parts that hold tensors. */
  readonly entries: readonly string[];
  /** The tensors of all parts, by their full names in the file. */
  readonly all: ReadonlyMap<string, CheckpointTensor>;
  /** The strings of a safetensors file. */
  readonly metadata: Readonly<Record<string, string>>;
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
  /** The file that it is in, where its strides may be any: one such is read of a file at a time. */
  readonly file?: Source;
}

/**
 * A lazily read tensor. The layout is checked against the storage now, so a later read allocates
 * only what was checked.
 * @throws WeightsError `weights-shape`.
 */
export function checkpointTensor(stored: StoredTensor): CheckpointTensor {
  const { name, dtype, bytes, available, file } = stored;
  const shape = Object.freeze([...stored.shape]);
  const count = elementCount(shape, name);
  const layout: Layout = { shape, strides: stored.strides ?? contiguousStrides(shape), offset: stored.offset ?? 0 };
  const { start, end } = elementRange(layout, available, name);
  const width = BYTES_PER_ELEMENT[dtype];
  const contiguous = isContiguous(layout);
  const values =
    <N extends Float32Array | Float64Array>(of: (bytes: Uint8Array, dtype: DType) => N, room: () => N) =>
    async (options?: ReadOptions): Promise<N> => {
      if (count === 0) return room();
      const read = async (): Promise<N> => {
        const all = of(await readExactly(bytes, start * width, end * width, options), dtype);
        return contiguous ? all : gather(all, { ...layout, offset: 0 }, room());
      };
      return file && end - start > count ? alone(file, read) : read();
    };
  return {
    name,
    dtype,
    shape,
    read: values(toFloat32, () => allocateFloats(count, name)),
    readDoubles: values(toFloat64, () => new Float64Array(allocateFloats(2 * count, name).buffer)),
  };
}

/** Settles when the last read of a file that is to be alone there is over. */
const before = new WeakMap<Source, Promise<unknown>>();

/**
 * Reads a tensor that is spread over more of its storage than it has. All that lies between is read
 * with it, so that one is read at a time: of a hundred, each could take as much as their file.
 */
async function alone<T>(file: Source, read: () => Promise<T>): Promise<T> {
  const found = before.get(file)?.then(read) ?? read();
  const over = (): void => {}; // keeps no numbers
  before.set(file, found.then(over, over));
  return found;
}

function allocateFloats(count: number, name: string): Float32Array {
  return new Float32Array(allocateBytes(count * 4, `Tensor "${name}"`).buffer);
}
