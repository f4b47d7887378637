import { WeightsError } from "../errors.ts";
import { BYTES_PER_ELEMENT, type DType } from "./dtype.ts";
import { damaged, PickleFunction, type PickleVocabulary } from "./pickle-machine.ts";

// Tests: test/weights/pth.test.ts, test/weights/hostile.test.ts

/** A run of elements in the file that tensors are views of. */
export interface TorchStorage {
  /** Its name in the container. */
  readonly key: string;
  readonly dtype: DType;
  /** Elements. */
  readonly count: number;
}

/**
 * A tensor as pickled: a view of a storage. Numbers are as the file claims, unchecked against the
 * storage.
 */
export class TorchTensor {
  readonly storage: TorchStorage;
  /** In elements, like `strides`. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: TorchStorage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** Part of a storage, as PyTorch before 0.4 pickled storages that share memory. */
class StorageView {
  readonly root: TorchStorage;
  readonly offset: number;
  readonly count: number;

  constructor(root: TorchStorage, offset: number, count: number) {
    this.root = root;
    this.offset = offset;
    this.count = count;
  }
}

/** What a storage class stands for: its element type. */
class StorageClass {
  readonly dtype: DType;

  constructor(dtype: DType) {
    this.dtype = dtype;
  }
}

const STORAGES: Readonly<Record<string, DType>> = {
  DoubleStorage: "float64",
  FloatStorage: "float32",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
};
const FUNCTIONS: Readonly<Record<string, (args: readonly unknown[]) => unknown>> = {
  "collections.OrderedDict": orderedDict,
  "torch.Size": ([sizes]) => sizes,
  "torch._utils._rebuild_tensor": rebuildTensor,
  // requires_grad, backward hooks and metadata follow in these; they say nothing about the values.
  "torch._utils._rebuild_tensor_v2": rebuildTensor,
  "torch._utils._rebuild_parameter": ([data]) => data,
};
/** The allow-list: everything a state dict of tensors needs, and nothing else. */
const GLOBALS: ReadonlyMap<string, unknown> = new Map<string, PickleFunction | StorageClass>([
  ...Object.entries(STORAGES).map(([name, dtype]) => [`torch.${name}`, new StorageClass(dtype)] as const),
  ...Object.entries(FUNCTIONS).map(([name, call]) => [name, new PickleFunction(name, call)] as const),
]);

/** The words of a torch.save pickle, and the storages it mentioned so far. */
export class TorchVocabulary implements PickleVocabulary {
  readonly storages = new Map<string, TorchStorage>();

  global(name: string): unknown {
    return GLOBALS.get(name);
  }

  /**
   * ('storage', class, key, location, count[, view]) → storage. The location (cpu, cuda:0) does not
   * matter here.
   */
  persistentLoad(id: unknown): TorchStorage | StorageView {
    if (!Array.isArray(id) || id[0] !== "storage") throw damaged("a persistent id is no storage");
    const [, type, key, , count, view] = id as unknown[];
    if (!(type instanceof StorageClass)) throw damaged("a storage has no element type");
    if (typeof key !== "string") throw damaged("a storage has no key");
    const bytes = typeof count === "number" ? count * BYTES_PER_ELEMENT[type.dtype] : Number.NaN;
    if (!Number.isSafeInteger(count) || !Number.isSafeInteger(bytes) || bytes < 0) {
      throw damaged(`storage ${key} claims ${String(count)} elements`);
    }
    const storage = this.#storage({ key, dtype: type.dtype, count: count as number });
    return Array.isArray(view) ? storageView(storage, view) : storage;
  }

  #storage(claimed: TorchStorage): TorchStorage {
    const known = this.storages.get(claimed.key);
    if (known === undefined) {
      this.storages.set(claimed.key, claimed);
      return claimed;
    }
    if (known.dtype !== claimed.dtype || known.count !== claimed.count) {
      throw damaged(`storage ${claimed.key} is described in two ways`);
    }
    return known;
  }
}

function storageView(root: TorchStorage, [, offset, count]: readonly unknown[]): StorageView {
  const fits = isIndex(offset) && isIndex(count) && offset + count <= root.count;
  if (!fits) throw damaged(`a view lies outside storage ${root.key}`);
  return new StorageView(root, offset, count);
}

function rebuildTensor([storage, offset, shape, strides]: readonly unknown[]): TorchTensor {
  const at = Number(offset);
  const sizes = numbers(shape);
  const steps = numbers(strides);
  if (storage instanceof StorageView) {
    // The view's own end is not enforced: its root's is, and that is what keeps reads inside the
    // file.
    return new TorchTensor(storage.root, storage.offset + at, sizes, steps);
  }
  if (!isStorage(storage)) throw damaged("a tensor has no storage");
  return new TorchTensor(storage, at, sizes, steps);
}

/**
 * A pickled tuple of integers. Bigints are beyond any storage, so what rounding does to them does
 * not matter.
 */
function numbers(tuple: unknown): number[] {
  if (!Array.isArray(tuple)) throw damaged("a tensor lacks its shape or strides");
  return tuple.map(Number);
}

/** `OrderedDict()`, or from pairs as PyTorch before 0.4 and Python 2 wrote it. */
function orderedDict([pairs = []]: readonly unknown[]): Map<unknown, unknown> {
  if (!Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) {
    throw damaged("an OrderedDict is made from something other than pairs");
  }
  return new Map(pairs as [unknown, unknown][]);
}

function isStorage(value: unknown): value is TorchStorage {
  return typeof value === "object" && value !== null && "key" in value && "dtype" in value && "count" in value;
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** For messages: which file is meant. */
export function damagedFile(name: string, what: string): WeightsError {
  return new WeightsError("weights-format", `${name} is damaged: ${what}.`, "Download or copy the file again.");
}
