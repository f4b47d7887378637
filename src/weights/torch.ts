import { BYTES_PER_ELEMENT, type DType } from "./dtype.ts";
import { NUMPY_GLOBALS, sizes } from "./numpy-values.ts";
import type { PickleVocabulary } from "./pickle-machine.ts";
import { damaged, Payload, PickledName, PickledObject, PickleFunction, show } from "./pickle-values.ts";

// Tests: test/weights/pth.test.ts, test/weights/hostile.test.ts, test/weights/pickles.test.ts

/** A run of elements in the file that tensors are views of. */
export interface TorchStorage {
  /** Its name in the container. */
  readonly key: string;
  readonly dtype: DType;
  /** Elements. */
  readonly count: number;
}

/** A storage that lies in the pickle itself, as a whole legacy file of one storage. */
export class NestedStorage {
  readonly file: Payload | Uint8Array;

  constructor(file: Payload | Uint8Array) {
    this.file = file;
  }
}

/**
 * A tensor as pickled: a view of a storage. Numbers are as the file claims, unchecked against the
 * storage.
 */
export class TorchTensor {
  readonly storage: TorchStorage | NestedStorage;
  /** In elements, like `strides`. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(
    storage: TorchStorage | NestedStorage,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
  ) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }

  /** Attributes of a Parameter, of which none concerns its values. */
  build(): void {}
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

/** A storage of complex or quantised numbers, which only matters if a tensor of it is needed. */
export class UnreadableStorage extends PickledObject {}

/** What a storage class stands for: its element type. */
class StorageClass extends PickledName {
  readonly dtype: DType;

  constructor(name: string, dtype: DType) {
    super(name);
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
const CALLS: Readonly<Record<string, (args: readonly unknown[]) => unknown>> = {
  "collections.OrderedDict": newDict,
  "collections.defaultdict": () => new Map(),
  "collections.Counter": newDict,
  "dnnlib.util.EasyDict": newDict,
  "dnnlib.EasyDict": newDict,
  "builtins.dict": newDict,
  "builtins.set": newSet,
  "__builtin__.set": newSet,
  "builtins.frozenset": newSet,
  "__builtin__.frozenset": newSet,
  "torch.Size": ([list]) => list,
  "torch._utils._rebuild_tensor": rebuildTensor,
  // requires_grad, backward hooks and metadata follow in these; they say nothing about the values.
  "torch._utils._rebuild_tensor_v2": rebuildTensor,
  "torch._utils._rebuild_parameter": ([data]) => data,
  "torch._utils._rebuild_parameter_with_state": ([data]) => data,
  "torch.nn.parameter.Parameter": ([data]) => data,
  // (function, type, arguments, state): a tensor of a subclass, or with attributes
  "torch._tensor._rebuild_from_type_v2": ([rebuild, , args]) =>
    rebuild instanceof PickleFunction && Array.isArray(args)
      ? rebuild.call(args)
      : new PickledObject("torch.Tensor", []),
  "torch.storage._load_from_bytes": nestedStorage,
  "torch_utils.persistence._reconstruct_persistent_obj": persistentObject,
  // TorchScript's lists, and a value with its type
  "torch.jit._pickle.build_intlist": ([list]) => list,
  "torch.jit._pickle.build_doublelist": ([list]) => list,
  "torch.jit._pickle.build_boollist": ([list]) => list,
  "torch.jit._pickle.build_tensorlist": ([list]) => list,
  "torch.jit._pickle.restore_type_tag": ([value]) => value,
  "copyreg._reconstructor": newObject,
  "copy_reg._reconstructor": newObject,
};
/** What something is made of. Everything else stays as it was called, inert. */
const GLOBALS: ReadonlyMap<string, PickledName> = new Map(
  [
    ...Object.entries(STORAGES).map(([name, dtype]) => new StorageClass(`torch.${name}`, dtype)),
    ...Object.entries(CALLS).map(([name, call]) => new PickleFunction(name, call)),
    ...NUMPY_GLOBALS,
  ].map((word) => [word.name, word]),
);

/** The words of checkpoints, and the storages they mentioned so far. */
export class CheckpointVocabulary implements PickleVocabulary {
  readonly storages = new Map<string, TorchStorage>();

  global(name: string): unknown {
    return GLOBALS.get(name);
  }

  /**
   * ('storage', class, key, location, count[, view]) → storage; the location (cpu, cuda:0) does not
   * matter here. ('module', class, file, source) → class.
   */
  persistentLoad(id: unknown): unknown {
    if (!Array.isArray(id)) throw damaged(`a persistent id is ${show(id)}`);
    const [kind, type, key, , count, view] = id as unknown[];
    if (kind === "module" && type instanceof PickledName) return type;
    if (kind !== "storage") throw damaged(`a persistent id is no storage but ${show(kind)}`);
    if (!(type instanceof PickledName)) throw damaged(`a storage has no element type but ${show(type)}`);
    if (!(type instanceof StorageClass)) return new UnreadableStorage(type.name, []);
    if (typeof key !== "string") throw damaged(`a storage is called ${show(key)}`);
    const bytes = typeof count === "number" ? count * BYTES_PER_ELEMENT[type.dtype] : Number.NaN;
    if (!Number.isSafeInteger(count) || !Number.isSafeInteger(bytes) || bytes < 0) {
      throw damaged(`storage ${show(key)} claims ${show(count)} elements`);
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
      throw damaged(`storage ${show(claimed.key)} is described in two ways`);
    }
    return known;
  }
}

function storageView(root: TorchStorage, [, offset, count]: readonly unknown[]): StorageView {
  const fits = isIndex(offset) && isIndex(count) && offset + count <= root.count;
  if (!fits) throw damaged(`a view lies outside storage ${show(root.key)}`);
  return new StorageView(root, offset, count);
}

function rebuildTensor([storage, offset, shape, strides]: readonly unknown[]): TorchTensor | PickledObject {
  if (storage instanceof UnreadableStorage) return new PickledObject(storage.name, [storage]);
  const [at] = sizes([offset]);
  const view = storage instanceof StorageView ? storage : undefined;
  // A view's own end is not enforced: its root's is, and that is what keeps reads inside the file.
  const root = view ? view.root : storage;
  if (!(root instanceof NestedStorage) && !isStorage(root)) throw damaged(`a tensor has no storage but ${show(root)}`);
  return new TorchTensor(root, (view?.offset ?? 0) + at!, sizes(shape), sizes(strides));
}

function nestedStorage([file]: readonly unknown[]): NestedStorage {
  if (file instanceof Uint8Array || (file instanceof Payload && file.kind === "bytes")) return new NestedStorage(file);
  throw damaged(`a storage is loaded from ${show(file)}`);
}

/** {type, version, module_src, class_name, state} → an object of that class with that state. */
function persistentObject([meta]: readonly unknown[]): PickledObject {
  const name: unknown = meta instanceof Map ? meta.get("class_name") : undefined;
  if (!(meta instanceof Map) || typeof name !== "string") throw damaged("a persistent object is not described");
  const object = new PickledObject(name, []);
  object.state = meta.get("state");
  return object;
}

/** A dict: empty, from pairs as PyTorch before 0.4 and Python 2 wrote it, or from another. */
function newDict([items = []]: readonly unknown[]): Map<unknown, unknown> {
  if (items instanceof Map) return new Map(items);
  if (!Array.isArray(items) || !items.every((pair) => Array.isArray(pair) && pair.length === 2)) {
    throw damaged("a dict is made from something other than pairs");
  }
  return new Map(items as [unknown, unknown][]);
}

function newSet([items = []]: readonly unknown[]): Set<unknown> {
  if (!Array.isArray(items)) throw damaged(`a set is made from ${show(items)}`);
  return new Set(items);
}

/** `_reconstructor(class, base, state)`: an object as copyreg makes it, empty. */
function newObject([type]: readonly unknown[]): PickledObject {
  return new PickledObject(type instanceof PickledName ? type.name : "object", []);
}

function isStorage(value: unknown): value is TorchStorage {
  return typeof value === "object" && value !== null && "key" in value && "dtype" in value && "count" in value;
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
