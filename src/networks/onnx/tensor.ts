import { WeightsError } from "../../errors.ts";
import { readExactly, section, viewOf } from "../../weights/bytes.ts";
import { BYTES_PER_ELEMENT, type DType } from "../../weights/dtype.ts";
import { decodeBfloat16, decodeFloat16 } from "../../weights/float16.ts";
import { elementCount } from "../../weights/layout.ts";
import type { ReadOptions, Source } from "../../weights/source.ts";
import { checkpointTensor } from "../../weights/tensor.ts";
import { type Field, type Protobuf, type Range, varint } from "./protobuf.ts";

// Tests: test/networks/onnx/read.test.ts

/** TensorProto.DataType by its number (onnx/onnx.proto); others, such as strings, are not read. */
const DTYPES: Readonly<Record<number, DType>> = {
  1: "float32",
  2: "uint8",
  3: "int8",
  4: "uint16",
  5: "int16",
  6: "int32",
  7: "int64",
  9: "bool",
  10: "float16",
  11: "float64",
  12: "uint32",
  13: "uint64",
  16: "bfloat16",
};
const UNREAD: Readonly<Record<number, string>> = { 8: "string", 14: "complex64", 15: "complex128" };

/** A tensor of an ONNX file, not yet read. */
export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** ONNX's number of its element type. */
  readonly type: number;
  /** Undefined for strings, complex numbers and types of fewer than eight bits. */
  readonly dtype: DType | undefined;
  /**
   * Its numbers, row-major, exact up to 2⁵³.
   * @throws WeightsError for types that are not read, or a damaged file.
   */
  numbers(options?: ReadOptions): Promise<Float64Array>;
  /** As float32; a view of the file where that is possible. */
  read(options?: ReadOptions): Promise<Float32Array>;
}

/** The element type of this number, as others call it. */
const typeName = (type: number): string => DTYPES[type] ?? UNREAD[type] ?? `type ${type}`;

/** What a TensorProto says, before it is checked. */
class Description {
  name = "";
  type = 0;
  readonly shape: number[] = [];
  /** Where the numbers are, and whether each is a varint. */
  readonly ranges: Range[] = [];
  varints = false;
  raw = false;
  external = false;
  location = "";

  take(field: Field, varints: boolean): void {
    this.ranges.push(field);
    this.varints ||= varints;
  }
}

/** @throws WeightsError for one that is damaged or kept in another file. */
export async function readTensor(file: Protobuf, message: Range, givenName = ""): Promise<OnnxTensor> {
  const told = new Description();
  for await (const field of file.fields(message)) {
    if (field.number === 1) for (const extent of await file.integers(field)) told.shape.push(extent);
    else if (field.number === 2) told.type = field.value;
    else if (field.number === 4 || field.number === 10) told.take(field, false);
    else if (field.number === 5 || field.number === 7 || field.number === 11) told.take(field, true);
    else if (field.number === 8) told.name = await file.text(field);
    else if (field.number === 9) {
      told.take(field, false);
      told.raw = true;
    } else if (field.number === 13) {
      const [key, value] = await readEntry(file, field);
      if (key === "location") told.location = value;
    } else if (field.number === 14) told.external = field.value === 1;
  }
  return checked(file, told, givenName);
}

/** A StringStringEntryProto. */
async function readEntry(file: Protobuf, message: Range): Promise<[key: string, value: string]> {
  const entry: [string, string] = ["", ""];
  for await (const field of file.fields(message)) {
    if (field.number === 1 || field.number === 2) entry[field.number - 1] = await file.text(field);
  }
  return entry;
}

function checked(file: Protobuf, told: Description, givenName: string): OnnxTensor {
  const { type, shape, ranges, varints, raw, external, location } = told;
  const name = told.name || givenName;
  if (external) {
    throw new WeightsError(
      "weights-format",
      `Tensor "${name}" of ${file.source.name} is kept in another file, "${location}".`,
      "Save the model in one file: onnx.save(onnx.load(path), path, save_as_external_data=False).",
    );
  }
  const count = elementCount(shape, name);
  const dtype = DTYPES[type];
  if (dtype === undefined) return unread(name, told);
  const bytes = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  const width = BYTES_PER_ELEMENT[dtype];
  // A varint has at least one byte.
  if (varints ? count > bytes : count * width !== bytes) {
    throw file.damaged(`tensor "${name}" [${shape}] of ${dtype} has ${bytes} bytes`);
  }
  const [only] = ranges;
  if (varints || ranges.length > 1 || !only) {
    const numbers = async (options?: ReadOptions): Promise<Float64Array> =>
      gathered(file, await all(file.source, ranges, options), { name, dtype, count, varints, raw });
    return { name, shape, type, dtype, numbers, read: async (options) => Float32Array.from(await numbers(options)) };
  }
  const source = section(file.source, only.start, bytes, `tensor "${name}" of ${file.source.name}`);
  const stored = checkpointTensor({ name, dtype, shape, available: count, bytes: source });
  return {
    name,
    shape,
    type,
    dtype,
    numbers: async (options) => toFloat64(await readExactly(source, 0, bytes, options), dtype),
    read: (options) => stored.read(options),
  };
}

function unread(name: string, { type, shape }: Description): OnnxTensor {
  const refuse = async (): Promise<never> => {
    throw new WeightsError(
      "weights-format",
      `Tensor "${name}" is of ${typeName(type)}, which is not read.`,
      "Export the model with float32 weights.",
    );
  };
  return { name, shape, type, dtype: undefined, numbers: refuse, read: refuse };
}

async function all(source: Source, ranges: readonly Range[], options?: ReadOptions): Promise<Uint8Array> {
  const joined = new Uint8Array(ranges.reduce((sum, { start, end }) => sum + end - start, 0));
  let at = 0;
  for (const { start, end } of ranges) {
    joined.set(await readExactly(source, start, end, options), at);
    at += end - start;
  }
  return joined;
}

interface Gathered {
  readonly name: string;
  readonly dtype: DType;
  readonly count: number;
  readonly varints: boolean;
  readonly raw: boolean;
}

/**
 * Numbers of several fields, or of varints: small types are kept as those, halves as their bits.
 */
function gathered(file: Protobuf, bytes: Uint8Array, { name, dtype, count, varints, raw }: Gathered): Float64Array {
  if (!varints) return toFloat64(bytes, dtype);
  if (raw) throw file.damaged(`tensor "${name}" is stored twice`);
  const numbers = new Float64Array(count);
  let at = 0;
  for (let i = 0; i < count; i += 1) {
    const next = varint(bytes, at, bytes.length);
    if (!next) throw file.damaged(`tensor "${name}" has fewer than ${count} numbers`);
    numbers[i] = dtype === "uint64" && next.value < 0 ? next.value + 2 ** 64 : next.value;
    at = next.end;
  }
  if (at !== bytes.length) throw file.damaged(`tensor "${name}" has more than ${count} numbers`);
  if (dtype === "float16") return Float64Array.from(decodeFloat16(Uint16Array.from(numbers)));
  if (dtype === "bfloat16") return Float64Array.from(decodeBfloat16(Uint16Array.from(numbers)));
  return numbers;
}

/** Little-endian elements as doubles; those of 64 bits are rounded past 2⁵³. */
function toFloat64(bytes: Uint8Array, dtype: DType): Float64Array {
  const view = viewOf(bytes);
  const width = BYTES_PER_ELEMENT[dtype];
  const numbers = new Float64Array(bytes.length / width);
  const each = (of: (at: number) => number): Float64Array => {
    for (let i = 0; i < numbers.length; i += 1) numbers[i] = of(i * width);
    return numbers;
  };
  switch (dtype) {
    case "float64":
      return each((at) => view.getFloat64(at, true));
    case "float32":
      return each((at) => view.getFloat32(at, true));
    case "float16":
      return Float64Array.from(decodeFloat16(Uint16Array.from(each((at) => view.getUint16(at, true)))));
    case "bfloat16":
      return Float64Array.from(decodeBfloat16(Uint16Array.from(each((at) => view.getUint16(at, true)))));
    case "int64":
      return each((at) => Number(view.getBigInt64(at, true)));
    case "uint64":
      return each((at) => Number(view.getBigUint64(at, true)));
    case "int32":
      return each((at) => view.getInt32(at, true));
    case "uint32":
      return each((at) => view.getUint32(at, true));
    case "int16":
      return each((at) => view.getInt16(at, true));
    case "uint16":
      return each((at) => view.getUint16(at, true));
    case "int8":
      return each((at) => view.getInt8(at));
    case "uint8":
      return each((at) => view.getUint8(at));
    case "bool":
      return each((at) => (view.getUint8(at) === 0 ? 0 : 1));
  }
}
