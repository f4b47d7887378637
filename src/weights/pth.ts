import { swapped } from "./byte-order.ts";
import { memorySource, readExactly } from "./bytes.ts";
import { BYTES_PER_ELEMENT } from "./dtype.ts";
import { PickleStream } from "./pickle.ts";
import { damagedFile, show } from "./pickle-values.ts";
import { isLegacyMagic, readLegacy } from "./pth-legacy.ts";
import { savedCheckpoint } from "./saved.ts";
import type { LoadOptions, Source } from "./source.ts";
import type { Checkpoint } from "./tensor.ts";
import { CheckpointVocabulary } from "./torch.ts";
import type { ZipEntry } from "./zip.ts";

// Tests: test/weights/pth.test.ts, test/weights/pickles.test.ts

/** Longest pickle in an archive worth reading: names and shapes of a million tensors fit. */
const MAX_PICKLE_BYTES = 100e6;
/** How far a packed pickle may expand: real ones are names that repeat, and expand tenfold. */
const [MAX_EXPANSION, GRANTED_BYTES] = [64, 1e6];

/**
 * Opens a bare pickle, as NVIDIA's networks are published, or what torch.save wrote before version
 * 1.6: a stream of pickles, then the storages.
 * @throws WeightsError.
 */
export async function openPickle(source: Source, options: LoadOptions): Promise<Checkpoint> {
  const pickles = new PickleStream(source, options);
  const first = await pickles.next(new CheckpointVocabulary());
  if (!isLegacyMagic(first)) {
    return savedCheckpoint(
      { source, format: "pickle", pickle: source, saved: first, storage: () => undefined },
      options,
    );
  }
  const { saved, storages } = await readLegacy(source, pickles);
  const storage = ({ key }: { readonly key: string }): Source | undefined => storages.get(key);
  return savedCheckpoint({ source, format: "pth-legacy", pickle: source, saved, storage }, options);
}

/**
 * Opens what torch.save writes since version 1.6, or torch.jit.save: a zip with `<root>/data.pkl`
 * and a file for each storage.
 * @param pickleName the entry that ends in data.pkl
 * @throws WeightsError.
 */
export async function openZipPth(
  source: Source,
  entries: ReadonlyMap<string, ZipEntry>,
  pickleName: string,
  options: LoadOptions,
): Promise<Checkpoint> {
  const root = pickleName.slice(0, -"data.pkl".length);
  const bigEndian = await isBigEndian(source, entries.get(`${root}byteorder`), options);
  const entry = entries.get(pickleName)!;
  if (entry.size > MAX_PICKLE_BYTES || entry.size > GRANTED_BYTES + MAX_EXPANSION * entry.packed) {
    throw damagedFile(source.name, `its pickle has ${entry.size} bytes`);
  }
  // what is packed can only be read from its beginning
  const pickle = entry.size === entry.packed ? entry : await unpacked(entry, options);
  const saved = await new PickleStream(pickle, options, entry.packed).next(new CheckpointVocabulary());
  const format = entries.has(`${root}constants.pkl`) ? "torchscript" : "pth-zip";
  return savedCheckpoint(
    {
      source,
      format,
      pickle,
      saved,
      storage: ({ key, dtype, count }) => {
        const bytes = entries.get(`${root}data/${key}`);
        const width = BYTES_PER_ELEMENT[dtype];
        if (bytes !== undefined && bytes.size !== count * width) {
          const needed = `${bytes.size} bytes where ${count} × ${dtype} need ${count * width}`;
          throw damagedFile(source.name, `storage ${show(key)} has ${needed}`);
        }
        return bytes && bigEndian ? swapped(bytes, width) : bytes;
      },
    },
    options,
  );
}

async function isBigEndian(source: Source, order: Source | undefined, options: LoadOptions): Promise<boolean> {
  if (order === undefined) return false;
  const text = new TextDecoder().decode(await readExactly(order, 0, Math.min(order.size, 16), options)).trim();
  if (text !== "little" && text !== "big") throw damagedFile(source.name, `its byte order is ${show(text)}`);
  return text === "big";
}

async function unpacked(entry: Source, options: LoadOptions): Promise<Source> {
  return memorySource(await readExactly(entry, 0, entry.size, options), entry.name);
}
