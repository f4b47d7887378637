import { UsageError, WeightsError } from "../errors.ts";
import { readExactly } from "./bytes.ts";
import { parseJson } from "./json.ts";
import { cut } from "./pickle-values.ts";
import type { ReadOptions, Source } from "./source.ts";
import { type Checkpoint, type CheckpointTensor, plainCheckpoint } from "./tensor.ts";

// Tests: test/weights/shards.test.ts

/** Longest index worth reading: a million names fit; and most files that one names. */
const [MAX_INDEX_BYTES, MAX_SHARDS] = [10e6, 1000];

/**
 * Opens a checkpoint in several files by its index, such as `model.safetensors.index.json`:
 * {"weight_map": {tensor: file}}. The files lie beside it.
 * @param open opens one of them
 * @throws WeightsError `weights-format` when index and files do not fit each other; UsageError when
 *   nobody knows where the files are; what `open` throws.
 */
export async function openShards(
  index: Source,
  open: (shard: Source) => Promise<Checkpoint>,
  options: ReadOptions,
): Promise<Checkpoint> {
  if (!index.beside) {
    throw new UsageError(
      `${index.name} is the index of a checkpoint in several files, and where they are is not known.`,
      "Open it by its URL, or in Node by its path, and without `sha256`, which is of one file.",
    );
  }
  const places = await readIndex(index, options);
  const files = [...new Set(places.values())];
  if (files.length > MAX_SHARDS) throw damaged(index.name, `it names ${files.length} files`);
  const shards = new Map<string, Checkpoint>();
  for (const file of files) shards.set(file, await open(await index.beside(file)));
  const tensors = new Map<string, CheckpointTensor>();
  for (const [name, file] of places) {
    const tensor = shards.get(file)!.all.get(name);
    if (!tensor) throw damaged(index.name, `"${cut(file)}" has no tensor "${cut(name)}"`);
    tensors.set(name, tensor);
  }
  return plainCheckpoint(index, shards.get(files[0]!)!.format, tensors);
}

/** Which file each tensor is in. */
async function readIndex(index: Source, options: ReadOptions): Promise<Map<string, string>> {
  if (index.size > MAX_INDEX_BYTES) throw damaged(index.name, `an index has no ${index.size} bytes`);
  let map: unknown;
  try {
    const text = new TextDecoder().decode(await readExactly(index, 0, index.size, options));
    map = (parseJson(text) as { weight_map?: unknown } | null)?.weight_map;
  } catch (cause) {
    if (cause instanceof SyntaxError) throw damaged(index.name, "it is no JSON", cause);
    throw cause;
  }
  const places = Object.entries(typeof map === "object" && map !== null ? map : {});
  if (places.length === 0) throw damaged(index.name, "it names no tensors");
  for (const [name, file] of places) {
    // a name that leads elsewhere would read what the index's author has no business with
    if (typeof file === "string" && /^[\w-][\w.-]*$/.test(file)) continue;
    throw damaged(index.name, `tensor "${cut(name)}" is in ${typeof file === "string" ? `"${cut(file)}"` : "no file"}`);
  }
  return new Map(places as [string, string][]);
}

function damaged(name: string, what: string, cause?: unknown): WeightsError {
  const fix = "Download the index and its files again.";
  return new WeightsError("weights-format", `${name} is damaged: ${what}.`, fix, { cause });
}
