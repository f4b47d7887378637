import { WeightsError } from "../errors.ts";
import { Budget, tensorsFor } from "./budget.ts";
import { swapped } from "./byte-order.ts";
import { memorySource, readExactly, section } from "./bytes.ts";
import { BYTES_PER_ELEMENT } from "./dtype.ts";
import { chooseEntry, narrowed } from "./entries.ts";
import { contiguousStrides, elementCount } from "./layout.ts";
import { bytesOf, NumpyArray, type PickledBytes } from "./numpy-values.ts";
import { cut, damaged, damagedFile, Payload, PickledName, PickledObject, show, unsafe } from "./pickle-values.ts";
import { readNested } from "./pth-legacy.ts";
import { flatten, notMade, type PickledTensor } from "./saved-tree.ts";
import type { LoadOptions, Source } from "./source.ts";
import {
  type Attribute,
  type Checkpoint,
  type CheckpointTensor,
  checkpointTensor,
  type StoredTensor,
} from "./tensor.ts";
import { NestedStorage, type TorchStorage, type TorchTensor } from "./torch.ts";

// Tests: test/weights/pickles.test.ts, test/weights/entries.test.ts

/** What was unpickled of a file, and where its bytes are. */
export interface SavedFile {
  readonly source: Source;
  readonly format: Checkpoint["format"];
  /** Of which Payloads are parts. */
  readonly pickle: Source;
  readonly saved: unknown;
  storage(storage: TorchStorage): Source | undefined;
}

/**
 * The generator, or whatever is the one thing with tensors, in what was saved.
 *
 * @throws WeightsError `weights-format` when there is no tensor, `weights-unsafe` when what is
 *   there would have to be made by running it; UsageError for a key that is none.
 */
export function savedCheckpoint(file: SavedFile, { key }: Pick<LoadOptions, "key">): Checkpoint {
  const { source, format, saved } = file;
  const chosen = chooseEntry(saved, key);
  const flat = flatten(chosen.value);
  const beside = flatten(chosen.beside);
  const named = narrowed(flat, chosen.rest, chosen.entry === undefined ? [] : [chosen.entry, ...chosen.others]);
  const found = new Map([...named.tensors, ...[...beside.tensors].filter(([name]) => !named.tensors.has(name))]);
  if (found.size === 0 && flat.unknown.size === 0) throw noTensors(saved, source.name);
  const attributes = new Map<string, Attribute>([...beside.attributes, ...named.attributes]);
  const tensors = new Map<string, CheckpointTensor>();
  const counted = { ...file, budget: new Budget(tensorsFor(source.size), () => tooMuch(source)) };
  // before the first is made: many are told by their number
  counted.budget.spend(TENSOR * [...found.values()].filter((tensor) => typeof tensor !== "number").length);
  for (const [name, tensor] of found) tensors.set(name, readable(counted, name, tensor));
  for (const [name, by] of flat.unknown) if (!tensors.has(name)) tensors.set(name, unmade(name, by));
  const entry = [chosen.entry, named.prefix.replace(/\.$/, "")].filter(Boolean).join(".") || undefined;
  let all: ReadonlyMap<string, CheckpointTensor> | undefined;
  return {
    source,
    format,
    tensors,
    attributes,
    entry,
    entries: [...chosen.others, ...named.others.map((each) => (chosen.entry ? `${chosen.entry}.${each}` : each))],
    get all() {
      all ??= new Map([...flatten(saved).tensors].map(([name, tensor]) => [name, readable(file, name, tensor)]));
      return all;
    },
    metadata: {},
  };
}

/** Bytes that a tensor takes besides its numbers. */
const TENSOR = 1500;

function tooMuch({ name, size }: Source): WeightsError {
  return new WeightsError(
    "weights-shape",
    `The tensors of ${name} share or repeat so much that they would be many times its ${size} bytes.`,
    "Save them as they are: {name: tensor.contiguous().clone()} of a state dict, or write safetensors.",
  );
}

/** A file whose tensors are counted, where all of them may be read. */
type Counted = SavedFile & { readonly budget?: Budget };

function stored({ budget, source: file }: Counted, tensor: StoredTensor): CheckpointTensor {
  const opened = checkpointTensor({ ...tensor, file });
  budget?.spend(4 * elementCount(tensor.shape, tensor.name));
  return opened;
}

function readable(file: Counted, name: string, tensor: PickledTensor): CheckpointTensor {
  if (typeof tensor === "number") {
    const bytes = memorySource(new Uint8Array(Float64Array.of(tensor).buffer));
    return checkpointTensor({ name, dtype: "float64", shape: [], available: 1, bytes });
  }
  return tensor instanceof NumpyArray ? readableArray(file, name, tensor) : readableTorch(file, name, tensor);
}

function readableTorch(file: Counted, name: string, tensor: TorchTensor): CheckpointTensor {
  const { offset, shape, strides } = tensor;
  let [storage, bytes]: [TorchStorage | undefined, Source | undefined] = [undefined, undefined];
  if (tensor.storage instanceof NestedStorage) {
    const { file: nested } = tensor.storage;
    const found = readNested(nested instanceof Payload ? nested.head : nested, nested.length);
    storage = found.storage;
    bytes = section(pickledSource(file, nested, name), found.start, nested.length - found.start, name);
  } else {
    storage = tensor.storage;
    bytes = file.storage(storage);
  }
  if (bytes === undefined) {
    throw damagedFile(file.source.name, `storage ${show(storage.key)} of tensor "${name}" is missing`);
  }
  return stored(file, { name, dtype: storage.dtype, shape, strides, offset, available: storage.count, bytes });
}

function readableArray(file: Counted, name: string, array: NumpyArray): CheckpointTensor {
  const { shape, type, fortran } = array;
  const { dtype } = type;
  if (dtype === undefined || array.bytes === undefined) return unmade(name, `an array of type "${cut(type.code)}"`);
  const available = elementCount(shape, name);
  const width = BYTES_PER_ELEMENT[dtype];
  const pickled = pickledSource(file, array.bytes, name, available * width);
  if (pickled.size !== available * width) {
    throw damagedFile(file.source.name, `array "${name}" has ${pickled.size} bytes of ${available * width}`);
  }
  const bytes = type.bigEndian && width > 1 ? swapped(pickled, width) : pickled;
  return stored(file, {
    name,
    dtype,
    shape,
    strides: contiguousStrides(shape, fortran ? "F" : "C"),
    available,
    bytes,
  });
}

/** @param size of text that stands for bytes, once it is decoded */
function pickledSource({ pickle }: SavedFile, bytes: PickledBytes, name: string, size = bytes.length): Source {
  // a text that many arrays share is made bytes of by whoever reads one
  if (typeof bytes === "string") {
    return { name, size: bytes.length, read: async (from, to) => bytesOf(bytes.slice(from, to)) };
  }
  if (bytes instanceof Uint8Array) return memorySource(bytes, name);
  const { start, end, kind } = bytes;
  if (kind === "bytes") return section(pickle, start, end - start, name);
  return {
    name,
    size,
    async read(from, to, options) {
      const decoded = latin1(await readExactly(pickle, start, end, options), size);
      return decoded.subarray(from, to);
    },
  };
}

/** Bytes of which each is a character of UTF-8 text, as protocol 2 writes them. */
function latin1(text: Uint8Array, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let to = 0;
  for (let at = 0; at < text.length; at += 1) {
    const byte = text[at]!;
    // C2 80 … C3 BF are the characters from 128 to 255
    bytes[to] = byte < 0x80 ? byte : ((byte & 0x03) << 6) | (text[++at]! & 0x3f);
    to += 1;
  }
  if (to !== size) throw damaged(`an array has ${to} bytes of ${size}`);
  return bytes;
}

/** A tensor that could only be had by running something: whoever asks for it is told so. */
function unmade(name: string, by: string): CheckpointTensor {
  const refuse = (): never => {
    throw notMade(name, by);
  };
  return {
    name,
    get dtype() {
      return refuse();
    },
    get shape() {
      return refuse();
    },
    read: async () => refuse(),
  };
}

function noTensors(saved: unknown, name: string): WeightsError {
  if (saved instanceof PickledName || (saved instanceof PickledObject && saved.state === undefined)) {
    return unsafe(`the global ${cut(saved.name)}`);
  }
  const keys = saved instanceof Map ? [...saved.keys()].slice(0, 8).map(show) : [];
  const holds = keys.length > 0 ? `top-level keys: ${keys.join(", ")}` : `it is ${show(saved)}`;
  return new WeightsError(
    "weights-format",
    `${name} holds no tensors (${holds}).`,
    "Save a state dict: torch.save(model.state_dict(), path).",
  );
}
