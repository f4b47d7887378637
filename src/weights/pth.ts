import { readExactly } from "./bytes.ts";
import { BYTES_PER_ELEMENT } from "./dtype.ts";
import { unpickle } from "./pickle.ts";
import { readLegacy } from "./pth-legacy.ts";
import type { ReadOptions, Source } from "./source.ts";
import { findStateDict } from "./state-dict.ts";
import type { Checkpoint } from "./tensor.ts";
import { type CheckpointTensor, checkpointTensor } from "./tensor.ts";
import { damagedFile, type TorchStorage, TorchVocabulary } from "./torch.ts";

/** Longest pickle worth reading: names and shapes of a million tensors fit. */
const MAX_PICKLE_BYTES = 100e6;

/**
 * Opens what torch.save wrote before version 1.6: a stream of pickles, then the storages.
 * @throws WeightsError.
 */
export async function openLegacyPth(source: Source, options: ReadOptions): Promise<Checkpoint> {
  const { saved, storages } = await readLegacy(source, MAX_PICKLE_BYTES, options);
  return pthCheckpoint(source, "pth-legacy", saved, (storage) => storages.get(storage.key));
}

/**
 * Opens what torch.save writes since version 1.6: a zip with `<root>/data.pkl` and a file for each
 * storage.
 * @param pickleName the entry that ends in data.pkl
 * @throws WeightsError.
 */
export async function openZipPth(
  source: Source,
  entries: ReadonlyMap<string, Source>,
  pickleName: string,
  options: ReadOptions,
): Promise<Checkpoint> {
  const root = pickleName.slice(0, -"data.pkl".length);
  const order = entries.get(`${root}byteorder`);
  if (order !== undefined && order.size <= 16) {
    const text = new TextDecoder().decode(await readExactly(order, 0, order.size, options));
    if (text.trim() !== "little")
      throw damagedFile(source.name, `its byte order is "${text.trim()}", only little-endian files are read`);
  }
  const pickle = entries.get(pickleName)!;
  if (pickle.size > MAX_PICKLE_BYTES) throw damagedFile(source.name, `its pickle has ${pickle.size} bytes`);
  const { value } = unpickle(await readExactly(pickle, 0, pickle.size, options), new TorchVocabulary());
  return pthCheckpoint(source, "pth-zip", value, ({ key, dtype, count }) => {
    const entry = entries.get(`${root}data/${key}`);
    const wanted = count * BYTES_PER_ELEMENT[dtype];
    if (entry !== undefined && entry.size !== wanted) {
      throw damagedFile(source.name, `storage ${key} has ${entry.size} bytes where ${count} × ${dtype} need ${wanted}`);
    }
    return entry;
  });
}

function pthCheckpoint(
  source: Source,
  format: "pth-legacy" | "pth-zip",
  saved: unknown,
  bytesOf: (storage: TorchStorage) => Source | undefined,
): Checkpoint {
  const found = findStateDict(saved, source.name);
  const tensors = new Map<string, CheckpointTensor>();
  for (const [name, { storage, offset, shape, strides }] of found.tensors) {
    const bytes = bytesOf(storage);
    if (bytes === undefined) throw damagedFile(source.name, `storage ${storage.key} of tensor "${name}" is missing`);
    const { dtype, count: available } = storage;
    tensors.set(name, checkpointTensor({ name, dtype, shape, strides, offset, available, bytes }));
  }
  return { source, format, tensors, metadata: found.metadata };
}
