// What is loaded on demand: the containers that Python writes (pickles, PyTorch's .pth in both its
// forms, NumPy's .npz and .npy), checkpoints in several files, TensorFlow.js's among them, prefixes
// of names, refusals.
import { WeightsError } from "../errors.ts";
import { narrowedCheckpoint } from "./entries.ts";
import { noCheckpoint } from "./impostors.ts";
import { openNpy } from "./npy.ts";
import { openZipPth } from "./pth.ts";
import type { LoadOptions, ReadOptions, Source } from "./source.ts";
import { type Checkpoint, type CheckpointTensor, plainCheckpoint } from "./tensor.ts";
import { looksLikeTfjs, openTfjs } from "./tfjs.ts";
import { openZip } from "./zip.ts";

// Tests: test/weights/pth.test.ts, test/weights/npz.test.ts

export { openPickle } from "./pth.ts";
export { openShards } from "./shards.ts";
export { narrowedCheckpoint };

/**
 * What no container of its own tells by its first bytes: weights of TensorFlow.js.
 * @param head the first SNIFF_BYTES, or all there are
 * @throws WeightsError saying what it looks like instead.
 */
export function openOther(source: Source, head: Uint8Array, options: ReadOptions): Promise<Checkpoint> {
  if (looksLikeTfjs(head)) return openTfjs(source, options);
  throw noCheckpoint(head, source.size, source.name);
}

/** A lone array gets the name that numpy.savez would give it. */
export async function openSingleArray(source: Source, options: ReadOptions): Promise<Checkpoint> {
  const array = await openNpy(source, "arr_0", options);
  return plainCheckpoint(source, "npy", new Map([[array.name, array]]));
}

/** What torch.save and numpy.savez write: zip archives. */
export async function openArchive(source: Source, options: LoadOptions): Promise<Checkpoint> {
  const entries = await openZip(source, options);
  const names = [...entries.keys()];
  const pickle = names.find((name) => /^[^/]*\/?data\.pkl$/.test(name));
  if (pickle !== undefined) {
    return openZipPth(source, entries, pickle, options);
  }
  const arrays = names.filter((name) => name.endsWith(".npy"));
  if (arrays.length > 0) return narrowedCheckpoint(await openNpz(source, entries, arrays, options), options.key);
  if (names.some((name) => /^[^/]+\/(data\/\d+|version|byteorder|\.data\/|\.format_version)/.test(name))) {
    throw new WeightsError(
      "weights-format",
      `${source.name} is what torch.save had written when it was interrupted: storages without their description.`,
      "Take an earlier checkpoint, or copy the file again if it was still being written.",
    );
  }
  const holds = names.slice(0, 5).map((name) => `"${name}"`);
  throw new WeightsError(
    "weights-format",
    `${source.name} is a zip archive, but neither of torch.save nor of numpy.savez (it holds ${holds.join(", ") || "nothing"}).`,
    "If a checkpoint is packed in it, unpack it first.",
  );
}

async function openNpz(
  source: Source,
  entries: ReadonlyMap<string, Source>,
  names: readonly string[],
  options: ReadOptions,
): Promise<Checkpoint> {
  const tensors = new Map<string, CheckpointTensor>();
  // one after the other: each may bring a piece of what it is packed into
  for (const entry of names) {
    const array = await openNpy(entries.get(entry)!, entry.slice(0, -".npy".length), options);
    tensors.set(array.name, array);
  }
  return plainCheckpoint(source, "npz", tensors);
}
