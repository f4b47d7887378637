import { GanatomyError } from "../errors.ts";
import { readExactly } from "./bytes.ts";
import { openSource } from "./open.ts";
import { openSafetensors } from "./safetensors.ts";
import { SNIFF_BYTES, sniffContainer } from "./sniff.ts";
import type { LoadOptions, ReadOptions, SourceLike } from "./source.ts";
import type { Checkpoint } from "./tensor.ts";

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
  const source = await openSource(like, rest);
  const reading: ReadOptions = { signal: options.signal };
  const plain = async (opening: Promise<Checkpoint>): Promise<Checkpoint> => {
    const checkpoint = await opening;
    const has = key !== undefined || [...checkpoint.tensors.keys()].some((name) => PREFIXED.test(name));
    return has ? (await python()).narrowedCheckpoint(checkpoint, key) : checkpoint;
  };
  const head = await readExactly(source, 0, Math.min(source.size, SNIFF_BYTES), reading);
  switch (sniffContainer(head)) {
    case "pickle":
      return (await python()).openPickle(source, { ...reading, key });
    case "safetensors":
      return plain(openSafetensors(source, reading));
    case "npy":
      return (await python()).openSingleArray(source, reading);
    case "zip":
      return (await python()).openArchive(source, { ...reading, key });
    default:
      throw (await python()).noCheckpoint(head, source.size, source.name);
  }
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
