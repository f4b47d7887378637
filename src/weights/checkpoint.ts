import { WeightsError } from "../errors.ts";
import { readExactly } from "./bytes.ts";
import { openNpy } from "./npy.ts";
import { openLegacyPth, openZipPth } from "./pth.ts";
import { openSafetensors } from "./safetensors.ts";
import { SNIFF_BYTES, sniffContainer } from "./sniff.ts";
import { type LoadOptions, openSource, type ReadOptions, type Source, type SourceLike } from "./source.ts";
import type { CheckpointTensor } from "./tensor.ts";
import { openZip } from "./zip.ts";

/** An open file of named tensors. Only its description was read; tensors read their bytes when asked. */
export interface Checkpoint {
  readonly source: Source;
  readonly format: "pth-legacy" | "pth-zip" | "safetensors" | "npz" | "npy";
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  /** Numbers and strings saved beside the tensors, such as an epoch. */
  readonly metadata: Readonly<Record<string, string | number>>;
}

/**
 * Opens a checkpoint of any known format; which one is told by its bytes, never by its name.
 *
 * Nothing in the file is executed, and what it claims is checked before it is believed: see `unpickle`, `checkpointTensor`.
 * @throws WeightsError `weights-format` for what is no checkpoint, truncated or damaged, `weights-unsafe` for pickles with more
 *   than tensors, `weights-shape` for tensors that do not fit their bytes, `weights-integrity`; what `openSource` throws;
 *   the signal's reason.
 */
export async function openCheckpoint(like: SourceLike, options: LoadOptions = {}): Promise<Checkpoint> {
  const source = await openSource(like, options);
  const reading: ReadOptions = { signal: options.signal };
  const head = await readExactly(source, 0, Math.min(source.size, SNIFF_BYTES), reading);
  switch (sniffContainer(head, source.size, source.name)) {
    case "pickle":
      return openLegacyPth(source, reading);
    case "safetensors":
      return openSafetensors(source, reading);
    case "npy":
      return openSingleArray(source, reading);
    case "zip":
      return openArchive(source, reading);
  }
}

/** A lone array gets the name that numpy.savez would give it. */
async function openSingleArray(source: Source, options: ReadOptions): Promise<Checkpoint> {
  const array = await openNpy(source, "arr_0", options);
  return { source, format: "npy", tensors: new Map([[array.name, array]]), metadata: Object.freeze({}) };
}

async function openArchive(source: Source, options: ReadOptions): Promise<Checkpoint> {
  const entries = await openZip(source, options);
  const names = [...entries.keys()];
  const pickle = names.find((name) => /^[^/]*\/?data\.pkl$/.test(name));
  if (pickle !== undefined) {
    if (names.some((name) => /(^|\/)constants\.pkl$/.test(name))) throw torchScript(source.name);
    return openZipPth(source, entries, pickle, options);
  }
  const arrays = names.filter((name) => name.endsWith(".npy"));
  if (arrays.length > 0) return openNpz(source, entries, arrays, options);
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
  const arrays = await Promise.all(
    names.map((name) => openNpy(entries.get(name)!, name.slice(0, -".npy".length), options)),
  );
  const tensors = new Map(arrays.map((array) => [array.name, array]));
  return { source, format: "npz", tensors, metadata: Object.freeze({}) };
}

function torchScript(name: string): WeightsError {
  return new WeightsError(
    "weights-format",
    `${name} is a TorchScript program, not a checkpoint.`,
    "In Python: torch.save(torch.jit.load(path).state_dict(), new_path).",
  );
}
