import { UsageError, WeightsError } from "../errors.ts";
import { allocateBytes, readExactly, section, viewOf } from "./bytes.ts";
import { BYTES_PER_ELEMENT, type DType } from "./dtype.ts";
import { parseJson } from "./json.ts";
import { elementCount } from "./layout.ts";
import type { ReadOptions, Source } from "./source.ts";
import type { Attribute, Attributes, Checkpoint } from "./tensor.ts";
import { type CheckpointTensor, checkpointTensor, plainCheckpoint } from "./tensor.ts";

/** The header is preceded by its length, a uint64. */
export const LENGTH_BYTES = 8;
/** The format's own limit. */
export const MAX_HEADER_BYTES = 100e6;
/** What is read of it: descriptions of fifty thousand tensors have less. */
const READ_HEADER_BYTES = 10e6;

const DTYPES = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U64: "uint64",
  U32: "uint32",
  U16: "uint16",
  U8: "uint8",
  BOOL: "bool",
} as const satisfies Record<string, DType>;
const NAMES = new Map<DType, string>(Object.entries(DTYPES).map(([name, dtype]) => [dtype, name]));

interface Place {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Bytes from the end of the header. */
  readonly start: number;
  readonly end: number;
}

/**
 * Opens a safetensors file: reads its header, checks that the tensors tile the rest of the file
 * exactly.
 * @throws WeightsError `weights-format`, or `weights-shape` when a tensor's bytes do not match its
 *   shape.
 */
export async function openSafetensors(source: Source, options: ReadOptions = {}): Promise<Checkpoint> {
  const prefix = viewOf(await readExactly(source, 0, LENGTH_BYTES, options));
  const headerBytes = Number(prefix.getBigUint64(0, true));
  if (headerBytes > MAX_HEADER_BYTES) throw damaged(source.name, `its header claims ${headerBytes} bytes`);
  if (headerBytes > READ_HEADER_BYTES) {
    throw new WeightsError(
      "weights-format",
      `${source.name} has a header of ${headerBytes} bytes, more than any network's.`,
      "Save the generator's tensors alone.",
    );
  }
  const dataStart = LENGTH_BYTES + headerBytes;
  const header = parseHeader(await readExactly(source, LENGTH_BYTES, dataStart, options), source.name);
  const { __metadata__: metadata = {}, ...described } = header;
  const places = Object.entries(described).map(([name, value]) => parsePlace(name, value, source.name));
  checkTiling(places, source.size - dataStart, source.name);
  const tensors = new Map<string, CheckpointTensor>();
  for (const { name, dtype, shape, start, end } of places) {
    const available = (end - start) / BYTES_PER_ELEMENT[dtype];
    const bytes = section(source, dataStart + start, end - start, `tensor "${name}" of ${source.name}`);
    tensors.set(name, checkpointTensor({ name, dtype, shape, available, bytes }));
  }
  const texts = parseMetadata(metadata, source.name);
  return { ...plainCheckpoint(source, "safetensors", tensors, texts), attributes: attributesOf(texts, source.name) };
}

/**
 * The key of the metadata under which attributes are kept, of a file that was converted from one
 * with attributes: a JSON object of numbers, words, switches and nulls.
 */
export const ATTRIBUTES_KEY = "ganatomy.attributes";

function attributesOf({ [ATTRIBUTES_KEY]: json = "{}" }: Checkpoint["metadata"], file: string): Attributes {
  let kept: unknown;
  try {
    kept = parseJson(json);
  } catch (cause) {
    throw damaged(file, `its ${ATTRIBUTES_KEY} are no JSON`, cause);
  }
  const isAttribute = (value: unknown): value is Attribute =>
    value === null || typeof value === "number" || typeof value === "string" || typeof value === "boolean";
  if (!isObject(kept) || !Object.values(kept).every(isAttribute)) {
    throw damaged(file, `its ${ATTRIBUTES_KEY} are no object of numbers, words, switches and nulls`);
  }
  return new Map(Object.entries(kept) as [string, Attribute][]);
}

function parseHeader(bytes: Uint8Array, file: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw damaged(file, "its header is no JSON", cause);
  }
  if (!isObject(header)) throw damaged(file, "its header is no JSON object");
  return header;
}

function parsePlace(name: string, value: unknown, file: string): Place {
  const { dtype, shape, data_offsets: offsets } = isObject(value) ? value : {};
  if (typeof dtype !== "string" || !isIndices(shape) || !isIndices(offsets) || offsets.length !== 2) {
    throw damaged(file, `tensor "${name}" is not described by dtype, shape and data_offsets`);
  }
  if (!Object.hasOwn(DTYPES, dtype)) throw damaged(file, `tensor "${name}" has the unknown dtype ${dtype}`);
  const type = DTYPES[dtype as keyof typeof DTYPES];
  const [start, end] = offsets as [number, number];
  const wanted = elementCount(shape, name) * BYTES_PER_ELEMENT[type];
  if (end - start !== wanted) {
    throw new WeightsError(
      "weights-shape",
      `Tensor "${name}" of ${file} has ${end - start} bytes where [${shape}] × ${type} needs ${wanted}.`,
      "The file is damaged; download or write it again.",
    );
  }
  return { name, dtype: type, shape, start, end };
}

/**
 * Every byte belongs to exactly one tensor. This also catches names given twice, of which
 * JSON.parse keeps only the last.
 */
function checkTiling(places: readonly Place[], size: number, file: string): void {
  let at = 0;
  for (const { name, start, end } of [...places].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (start < at) throw damaged(file, `tensor "${name}" overlaps another one`);
    if (start > at) throw damaged(file, `bytes ${at} to ${start} belong to no tensor`);
    at = end;
  }
  if (at > size) throw damaged(file, `it is truncated: its tensors need ${at} bytes, it has ${size}`);
  if (at < size) throw damaged(file, `${size - at} bytes follow its last tensor`);
}

function parseMetadata(value: unknown, file: string): Checkpoint["metadata"] {
  if (!isObject(value) || !Object.values(value).every((each) => typeof each === "string")) {
    throw damaged(file, "its metadata are not strings");
  }
  return Object.freeze(value as Record<string, string>);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isIndices(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

function damaged(file: string, what: string, cause?: unknown): WeightsError {
  const message = `${file} is damaged: ${what}.`;
  return new WeightsError("weights-format", message, "Download or write the file again.", { cause });
}

/**
 * A tensor to write: `data` holds its elements in C-contiguous order, in memory as in the file
 * (little-endian).
 */
export interface SafetensorsInput {
  /** The element type in the file. */
  readonly dtype: DType;
  /** Extents in C order; [] for a single number. */
  readonly shape: readonly number[];
  /** As many bytes as shape and dtype need, of any kind of array. */
  readonly data: ArrayBufferView;
}

/**
 * A safetensors file. The same tensors give the same bytes whatever their order: wide types first,
 * so that all are aligned without holes, then by name. Data begins at a multiple of eight.
 * @throws UsageError when data does not match its shape and dtype.
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, SafetensorsInput>>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const sorted = Object.entries(tensors).sort(
    ([a, { dtype: p }], [b, { dtype: q }]) => BYTES_PER_ELEMENT[q] - BYTES_PER_ELEMENT[p] || (a < b ? -1 : 1),
  );
  const header = new Map<string, unknown>();
  if (metadata !== undefined) header.set("__metadata__", metadata);
  let end = 0;
  for (const [name, tensor] of sorted) {
    checkInput(name, tensor);
    const start = end;
    end += tensor.data.byteLength;
    header.set(name, { dtype: NAMES.get(tensor.dtype), shape: tensor.shape, data_offsets: [start, end] });
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const dataStart = LENGTH_BYTES + headerBytes;
  const file = allocateBytes(dataStart + end, "The safetensors file");
  viewOf(file).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, LENGTH_BYTES, dataStart);
  file.set(json, LENGTH_BYTES);
  let at = dataStart;
  for (const [, { data }] of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

function checkInput(name: string, { dtype, shape, data }: SafetensorsInput): void {
  if (name === "__metadata__") throw new UsageError('A tensor cannot be called "__metadata__".', "Rename it.");
  if (!NAMES.has(dtype)) throw new UsageError(`Tensor "${name}" has the unknown dtype ${dtype}.`, "See DType.");
  const wanted = elementCount(shape, name) * BYTES_PER_ELEMENT[dtype];
  if (data.byteLength === wanted) return;
  throw new UsageError(
    `Tensor "${name}" has ${data.byteLength} bytes of data where [${shape}] × ${dtype} needs ${wanted}.`,
    "Give data of that size.",
  );
}
