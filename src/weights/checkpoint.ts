import { GanatomyError } from "../errors.ts";
import { readExactly } from "./bytes.ts";
import { openSource } from "./open.ts";
import { openSafetensors } from "./safetensors.ts";
import { SNIFF_BYTES, sniffContainer } from "./sniff.ts";
import type { LoadOptions, Source, SourceLike } from "./source.ts";
import { type Checkpoint, plainCheckpoint } from "./tensor.ts";

/**
 * Opens a checkpoint of any known format; which one is told by its bytes, never by its name.
 *
 * Nothing in the file is executed, and what it claims is checked before it is believed: see
 * `unpickle`, `checkpointTensor`.
 * @throws WeightsError `weights-format` for what is no checkpoint, truncated or damaged,
 *   `weights-unsafe` for pickles with more than tensors, `weights-shape` for tensors that do not
 *   fit their bytes, `weights-integrity`; what `openSource` throws; the signal's reason.
 */
export async function openCheckpoint(like: SourceLike, options: LoadOptions = {}): Promise<Checkpoint> {
  const { key, ...rest } = options;
  // the parts of a tuple are called by numbers
  const part = key === undefined ? key : String(key);
  return openContainer(await openSource(like, rest), { signal: options.signal, key: part });
}

/** @param shard whether an index named it, which then is none itself */
async function openContainer(source: Source, options: LoadOptions, shard = false): Promise<Checkpoint> {
  const head = await readExactly(source, 0, Math.min(source.size, SNIFF_BYTES), options);
  const container = sniffContainer(head);
  if (container === "safetensors") return narrowed(await openSafetensors(source, options), options);
  if (container === "onnx" && !shard) return plainCheckpoint(source, "onnx", new Map());
  const { openArchive, openOther, openPickle, openShards, openSingleArray } = await python();
  switch (container) {
    case "pickle":
      return openPickle(source, options);
    case "npy":
      return openSingleArray(source, options);
    case "zip":
      return openArchive(source, options);
  }
  if (container === undefined || container === "onnx" || shard) return openOther(source, head, options);
  const open = (each: Source): Promise<Checkpoint> => openContainer(each, { signal: options.signal }, true);
  return narrowed(await openShards(source, open, options), options);
}

async function narrowed(checkpoint: Checkpoint, { key }: LoadOptions): Promise<Checkpoint> {
  if (key === undefined && ![...checkpoint.tensors.keys()].some((name) => PREFIXED.test(name))) return checkpoint;
  return (await python()).narrowedCheckpoint(checkpoint, key);
}

/**
 * Names that may have prefixes to be taken off: wrappers', or those of a generator among others.
 */
const PREFIXED = /(^|\.)(module|_orig_mod)\.|^(g|net|ema|avg|model|state|params)/i;

/**
 * Read on demand: the readers of Python's containers are a tenth of the library, and safetensors do
 * without.
 */
async function python(): Promise<typeof import("./python.ts")> {
  try {
    return await import("./python.ts");
  } catch (cause) {
    throw new GanatomyError(
      "network",
      "The part of this library that reads .pth, .npz and .npy files did not load.",
      "Serve the whole `dist` folder, chunks included; or convert the file to safetensors.",
      { cause },
    );
  }
}
