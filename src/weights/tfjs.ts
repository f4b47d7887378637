import { UsageError, WeightsError } from "../errors.ts";
import { allocateBytes, readExactly, section } from "./bytes.ts";
import { BYTES_PER_ELEMENT, type DType } from "./dtype.ts";
import { parseJson } from "./json.ts";
import { elementCount } from "./layout.ts";
import { cut } from "./pickle-values.ts";
import { latin1 } from "./sniff.ts";
import type { ReadOptions, Source } from "./source.ts";
import { type Checkpoint, type CheckpointTensor, checkpointTensor, plainCheckpoint } from "./tensor.ts";

/**
 * Longest manifest worth reading, with a model's topology where that is in it; and most files of
 * weights that one names.
 */
const [MAX_MANIFEST_BYTES, MAX_FILES] = [10e6, 1000];

/** What TensorFlow.js writes; what has eight bytes an element there is no tensor here. */
const DTYPES: Readonly<Record<string, DType | number>> = {
  float32: "float32",
  int32: "int32",
  bool: "bool",
  uint8: "uint8",
  complex64: 8,
};

/** What a value in the file stands for: value · scale + min. */
interface Quantisation {
  /** What it is in the file. */
  readonly dtype: DType;
  readonly scale: number;
  readonly min: number;
}

/**
 * Whether a file that begins so says where weights of TensorFlow.js are: a weights manifest, or a
 * model.json that has one behind its topology.
 */
export function looksLikeTfjs(head: Uint8Array): boolean {
  const text = latin1(head).trimStart();
  return (
    /^\[\s*\{[\s\S]*"(weights|paths)"\s*:/.test(text) ||
    /^\{[\s\S]*("modelTopology"|"weightsManifest"|"(layers|graph)-model")/.test(text)
  );
}

/**
 * Opens weights of TensorFlow.js by their manifest: `model.json`, or `*-weights_manifest.json`,
 * groups of tensors that follow each other in the files of a group, which lie beside it. Names keep
 * their slashes, and filters their order, [height][width][in][out]. What was quantised to 8 or 16
 * bits is read as the numbers that it stands for, and is a tensor of theirs: float32, or int32. A
 * model's topology is not read.
 * @throws WeightsError `weights-format` when manifest and files do not fit each other,
 *   `weights-shape`; UsageError when nobody knows where the files are.
 */
export async function openTfjs(manifest: Source, options: ReadOptions): Promise<Checkpoint> {
  if (!manifest.beside) {
    throw new UsageError(
      `${manifest.name} says which files hold a TensorFlow.js model's weights, and where they are is not known.`,
      "Open it by its URL, or in Node by its path, and without `sha256`, which is of one file.",
    );
  }
  const groups = await readGroups(manifest, options);
  const files = groups.reduce((sum, { paths }) => sum + paths.length, 0);
  if (files > MAX_FILES) throw damaged(manifest.name, `it names ${files} files`);
  const tensors = new Map<string, CheckpointTensor>();
  for (const { paths, weights } of groups) {
    const parts: Source[] = [];
    for (const path of paths) parts.push(await manifest.beside(path));
    const bytes = joined(parts, manifest.name);
    let start = 0;
    for (const weight of weights) {
      const place = placeOf(weight, manifest.name);
      const { name, shape, width, dtype } = place;
      const size = elementCount(shape, name) * width;
      if (tensors.has(name)) throw damaged(manifest.name, `it names "${cut(name)}" twice`);
      if (start + size > bytes.size) {
        throw damaged(manifest.name, `"${cut(name)}" ends at byte ${start + size} of the ${bytes.size} of its files`);
      }
      if (dtype) {
        const { scaled } = place;
        const part = section(bytes, start, size, `tensor "${name}" of ${manifest.name}`);
        const stored = { name, dtype: scaled?.dtype ?? dtype, shape, available: size / width, bytes: part };
        tensors.set(name, dequantised(checkpointTensor(stored), dtype, scaled));
      }
      start += size;
    }
    if (start !== bytes.size) {
      throw damaged(manifest.name, `its tensors take ${start} bytes, and their files have ${bytes.size}`);
    }
  }
  if (tensors.size === 0) throw damaged(manifest.name, "it names no tensors");
  return plainCheckpoint(manifest, "tfjs", tensors);
}

interface Group {
  readonly paths: readonly string[];
  readonly weights: readonly unknown[];
}

async function readGroups(manifest: Source, options: ReadOptions): Promise<Group[]> {
  const { name, size } = manifest;
  if (size > MAX_MANIFEST_BYTES) throw damaged(name, `a manifest has no ${size} bytes`);
  const text = new TextDecoder().decode(await readExactly(manifest, 0, size, options));
  let found: unknown;
  try {
    found = parseJson(text);
  } catch (cause) {
    throw damaged(name, "it is no JSON", cause);
  }
  const groups = Array.isArray(found) ? found : (found as { weightsManifest?: unknown }).weightsManifest;
  if (!Array.isArray(groups)) throw damaged(name, "it has no weightsManifest");
  return groups.map((group: Partial<Group> | null) => {
    const { paths, weights } = group ?? {};
    if (!Array.isArray(paths) || !Array.isArray(weights)) throw damaged(name, "a group has no paths or no weights");
    // a name that leads elsewhere would read what the manifest's author has no business with
    const odd = paths.find((path) => typeof path !== "string" || !/^[\w-][\w.-]*$/.test(path));
    if (odd !== undefined)
      throw damaged(name, `weights are in ${typeof odd === "string" ? `"${cut(odd)}"` : "no file"}`);
    return { paths, weights };
  });
}

/** A tensor's name and shape, and how its elements are stored. */
interface Place {
  readonly name: string;
  readonly shape: readonly number[];
  /** Bytes of an element. */
  readonly width: number;
  /** Absent of what is no tensor here. */
  readonly dtype?: DType;
  readonly scaled?: Quantisation;
}

function placeOf(weight: unknown, file: string): Place {
  const { name, shape, dtype, quantization } = (weight ?? {}) as Readonly<Record<string, unknown>>;
  const isShape = Array.isArray(shape) && shape.every((extent) => typeof extent === "number");
  if (typeof name !== "string" || !isShape) throw damaged(file, "a tensor has no name or no shape");
  if (quantization) {
    const { dtype: stored, scale, min } = quantization as Readonly<Record<string, unknown>>;
    if (stored === "float16" && dtype === "float32") return { name, shape, width: 2, dtype: stored };
    const known = (stored === "uint8" || stored === "uint16") && (dtype === "float32" || dtype === "int32");
    if (!known || !finite(scale) || !finite(min)) {
      throw damaged(file, `"${cut(name)}" is quantised in a way that is not known`);
    }
    return { name, shape, width: BYTES_PER_ELEMENT[stored], dtype, scaled: { dtype: stored, scale, min } };
  }
  const known = own(DTYPES, dtype);
  if (known === undefined) {
    const said = typeof dtype === "string" ? `is of "${cut(dtype)}", which is not read` : "has no dtype";
    throw damaged(file, `"${cut(name)}" ${said}`);
  }
  return typeof known === "number"
    ? { name, shape, width: known }
    : { name, shape, width: BYTES_PER_ELEMENT[known], dtype: known };
}

const own = <T>(table: Readonly<Record<string, T>>, key: unknown): T | undefined =>
  typeof key === "string" && Object.hasOwn(table, key) ? table[key] : undefined;

const finite = (value: unknown): value is number => Number.isFinite(value);

/**
 * As TensorFlow.js does: rounded once, from the double product and sum; to whole numbers of 32 bits
 * where those were quantised.
 */
function dequantised(stored: CheckpointTensor, dtype: DType, quantisation?: Quantisation): CheckpointTensor {
  if (!quantisation) return stored;
  const { scale, min } = quantisation;
  const value = (of: number): number => of * scale + min;
  const number = dtype === "int32" ? (of: number): number => Math.round(value(of)) | 0 : value;
  const { name, shape } = stored;
  return { ...{ name, dtype, shape }, read: async (options) => (await stored.read(options)).map(number) };
}

/** Files one behind the other as one. */
function joined(parts: readonly Source[], name: string): Source {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  return {
    ...{ name: `the weights of ${name}`, size },
    async read(start, end, options) {
      const bytes = allocateBytes(end - start, `Weights of ${name}`);
      let before = 0;
      for (const part of parts) {
        const [from, to] = [Math.max(start - before, 0), Math.min(end - before, part.size)];
        if (from < to) bytes.set(await readExactly(part, from, to, options), before + from - start);
        before += part.size;
      }
      return bytes;
    },
  };
}

function damaged(name: string, what: string, cause?: unknown): WeightsError {
  return new WeightsError(
    "weights-format",
    `${name} is damaged, or no manifest of TensorFlow.js weights: ${what}.`,
    "Download it and its files again, or convert the model's weights to safetensors.",
    { cause },
  );
}
