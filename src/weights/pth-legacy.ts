import { swapped } from "./byte-order.ts";
import { readExactly, section, viewOf } from "./bytes.ts";
import { BYTES_PER_ELEMENT } from "./dtype.ts";
import { type PickleStream, PLAIN, unpickle } from "./pickle.ts";
import { damaged, damagedFile, show } from "./pickle-values.ts";
import type { Source } from "./source.ts";
import { CheckpointVocabulary, type TorchStorage } from "./torch.ts";

// Tests: test/weights/pth.test.ts, test/weights/hostile.test.ts

/** The integer that opens every legacy file, as PyTorch chose it. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL_VERSION = 1001;

/** Whether this is the first value of a file that torch.save wrote before version 1.6. */
export function isLegacyMagic(value: unknown): boolean {
  return value === MAGIC;
}

/**
 * Reads what follows the magic number: protocol version, system info, the saved object, the keys of
 * its storages. Locates the storages, whose bytes are read and checked on demand.
 */
export async function readLegacy(
  source: Source,
  pickles: PickleStream,
): Promise<{ saved: unknown; storages: ReadonlyMap<string, Source> }> {
  checkVersion(await pickles.next(PLAIN), await pickles.next(PLAIN));
  const vocabulary = new CheckpointVocabulary();
  const saved = await pickles.next(vocabulary);
  const storages = listed(await pickles.next(PLAIN), vocabulary);
  const located = new Map<string, Source>();
  let { at } = pickles;
  for (const storage of storages) {
    located.set(storage.key, storageSource(source, storage, at));
    at += COUNT_BYTES + storage.count * BYTES_PER_ELEMENT[storage.dtype];
  }
  if (at > source.size) throw damagedFile(source.name, `it ends after ${source.size} bytes of ${at}`);
  return { saved, storages: located };
}

function checkVersion(version: unknown, system: unknown): void {
  if (version !== PROTOCOL_VERSION) throw damaged(`the version of its format is ${show(version)}, not 1001`);
  // It says which byte order the machine had; the storages show theirs themselves.
  if (!(system instanceof Map)) throw damaged("it does not say on what system it was written");
}

function listed(keys: unknown, { storages }: CheckpointVocabulary): TorchStorage[] {
  if (!Array.isArray(keys)) throw damaged("the list of its storages is missing");
  const found = keys.map((key: unknown) => {
    const storage = typeof key === "string" ? storages.get(key) : undefined;
    if (storage === undefined) throw damaged(`storage ${show(key)} has no description`);
    return storage;
  });
  if (new Set(found).size !== found.length) throw damaged("a storage is listed twice");
  return found;
}

/** A storage is preceded by its element count, an int64. */
const COUNT_BYTES = 8;

/**
 * A storage's bytes. The count before them is checked with the first read: opening a file must not
 * touch every part of it. It also shows the order of bytes: PyTorch writes little-endian ones on
 * any machine, but not every program that writes its format does.
 */
function storageSource(source: Source, { key, dtype, count }: TorchStorage, at: number): Source {
  const start = at + COUNT_BYTES;
  const size = count * BYTES_PER_ELEMENT[dtype];
  const name = `storage ${show(key)} of ${source.name}`;
  const elements = section(source, start, size, name);
  let ordered: Source | undefined;
  return {
    name,
    size,
    async read(from, to, options) {
      if (ordered) return ordered.read(from, to, options);
      const bytes = await readExactly(source, at, start + to, options);
      const written = (little: boolean) => viewOf(bytes).getBigInt64(0, little) === BigInt(count);
      if (written(true)) {
        ordered = elements;
        return bytes.subarray(COUNT_BYTES + from);
      }
      if (!written(false)) {
        const found = viewOf(bytes).getBigInt64(0, true);
        throw damagedFile(source.name, `storage ${show(key)} has ${found} elements where ${count} are expected`);
      }
      ordered = swapped(elements, BYTES_PER_ELEMENT[dtype]);
      return ordered.read(from, to, options);
    },
  };
}

/** A legacy file of one storage, as it lies in other pickles. */
export interface NestedFile {
  readonly storage: TorchStorage;
  /** Where its bytes begin. */
  readonly start: number;
}

/** @param head its first bytes, which have all but the elements */
export function readNested(head: Uint8Array, size: number): NestedFile {
  const magic = unpickle(head, PLAIN);
  if (!isLegacyMagic(magic.value)) throw damaged("a storage in it is not as torch.save writes it");
  const version = unpickle(head, PLAIN, magic.end);
  const system = unpickle(head, PLAIN, version.end);
  checkVersion(version.value, system.value);
  const vocabulary = new CheckpointVocabulary();
  const keys = unpickle(head, PLAIN, unpickle(head, vocabulary, system.end).end);
  const [storage, ...others] = listed(keys.value, vocabulary);
  if (storage === undefined || others.length > 0) throw damaged("a storage in it is not one");
  const start = keys.end + COUNT_BYTES;
  const wanted = start + storage.count * BYTES_PER_ELEMENT[storage.dtype];
  if (wanted !== size) throw damaged(`storage ${show(storage.key)} has ${size} bytes of ${wanted}`);
  return { storage, start };
}
