import { readExactly, section, viewOf } from "./bytes.ts";
import { BYTES_PER_ELEMENT } from "./dtype.ts";
import { PLAIN, unpickle } from "./pickle.ts";
import { PickleTruncated } from "./pickle-machine.ts";
import type { ReadOptions, Source } from "./source.ts";
import { damagedFile, type TorchStorage, TorchVocabulary } from "./torch.ts";

// Tests: test/weights/pth.test.ts, test/weights/hostile.test.ts

/** The integer that opens every legacy file, as PyTorch chose it. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL_VERSION = 1001;
/** Nobody knows where the pickles end; this much is tried first, then four times more. */
const FIRST_PIECE = 64 * 1024;

interface Pickles {
  readonly saved: unknown;
  /** In the order in which they follow. */
  readonly storages: readonly TorchStorage[];
  /** Byte at which the first storage begins. */
  readonly end: number;
}

/**
 * Reads the pickles of a legacy file and locates its storages, whose bytes are read and checked on
 * demand.
 */
export async function readLegacy(
  source: Source,
  maxBytes: number,
  options: ReadOptions,
): Promise<{ saved: unknown; storages: ReadonlyMap<string, Source> }> {
  const { saved, storages, end } = await readPickles(source, maxBytes, options);
  const located = new Map<string, Source>();
  let at = end;
  for (const storage of storages) {
    located.set(storage.key, storageSource(source, storage, at));
    at += COUNT_BYTES + storage.count * BYTES_PER_ELEMENT[storage.dtype];
  }
  if (at > source.size) throw damagedFile(source.name, `it ends after ${source.size} bytes of ${at}`);
  return { saved, storages: located };
}

async function readPickles(source: Source, maxBytes: number, options: ReadOptions): Promise<Pickles> {
  const limit = Math.min(source.size, maxBytes);
  for (let size = Math.min(limit, FIRST_PIECE); ; size = Math.min(limit, size * 4)) {
    const bytes = await readExactly(source, 0, size, options);
    try {
      return parsePickles(bytes, source.name);
    } catch (error) {
      if (!(error instanceof PickleTruncated) || size === limit) throw error;
    }
  }
}

/** Magic number, protocol version, system info, the saved object, the keys of its storages. */
function parsePickles(bytes: Uint8Array, name: string): Pickles {
  const magic = unpickle(bytes, PLAIN);
  if (magic.value !== MAGIC) throw damagedFile(name, "it is a pickle, but not one that torch.save wrote");
  const version = unpickle(bytes, PLAIN, magic.end);
  if (version.value !== PROTOCOL_VERSION) throw damagedFile(name, `its version is ${String(version.value)}, not 1001`);
  const system = unpickle(bytes, PLAIN, version.end);
  if (!(system.value instanceof Map) || system.value.get("little_endian") !== true) {
    throw damagedFile(name, "only files from little-endian machines are read");
  }
  const vocabulary = new TorchVocabulary();
  const saved = unpickle(bytes, vocabulary, system.end);
  const keys = unpickle(bytes, PLAIN, saved.end);
  if (!Array.isArray(keys.value)) throw damagedFile(name, "the list of its storages is missing");
  const storages = keys.value.map((key: unknown) => {
    const storage = vocabulary.storages.get(String(key));
    if (storage === undefined) throw damagedFile(name, `storage ${String(key)} has no description`);
    return storage;
  });
  if (new Set(storages).size !== storages.length) throw damagedFile(name, "a storage is listed twice");
  return { saved: saved.value, storages, end: keys.end };
}

/** A storage is preceded by its element count, an int64. */
const COUNT_BYTES = 8;

/**
 * A storage's bytes. The count before them is checked with the first read: opening a file must not
 * touch every part of it.
 */
function storageSource(source: Source, { key, dtype, count }: TorchStorage, at: number): Source {
  const start = at + COUNT_BYTES;
  const elements = section(source, start, count * BYTES_PER_ELEMENT[dtype], `storage ${key} of ${source.name}`);
  let checked = false;
  return {
    ...elements,
    async read(from, to, options) {
      if (checked) return elements.read(from, to, options);
      const bytes = await readExactly(source, at, start + to, options);
      const written = viewOf(bytes).getBigInt64(0, true);
      if (written !== BigInt(count)) {
        throw damagedFile(source.name, `storage ${key} has ${written} elements where ${count} are expected`);
      }
      checked = true;
      return bytes.subarray(COUNT_BYTES + from);
    },
  };
}
