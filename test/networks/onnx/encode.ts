// Writes ONNX files for tests: the few messages of onnx/onnx.proto that a model is made of.

/** The bytes of a message or a part of one. */
export type Bytes = readonly number[] | Uint8Array;

const join = (parts: readonly Bytes[]): Uint8Array => {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
};

export function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, BigInt(value));
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return Uint8Array.from([...bytes, Number(left)]);
}

export const int = (field: number, value: number | bigint): Uint8Array => join([varint(field * 8), varint(value)]);
export const bytes = (field: number, content: Bytes): Uint8Array =>
  join([varint(field * 8 + 2), varint(content.length), content]);
export const text = (field: number, content: string): Uint8Array => bytes(field, new TextEncoder().encode(content));
export const message = (field: number, ...parts: readonly Bytes[]): Uint8Array => bytes(field, join(parts));
export const float = (field: number, value: number): Uint8Array =>
  join([varint(field * 8 + 5), new Uint8Array(Float32Array.of(value).buffer)]);
export const packed = (field: number, values: readonly (number | bigint)[]): Uint8Array =>
  bytes(field, join(values.map(varint)));

/** Element types by ONNX's numbers. */
export const TYPE = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10, double: 11 } as const;

const RAW = {
  [TYPE.float]: (values: readonly number[]) => Float32Array.from(values),
  [TYPE.uint8]: (values: readonly number[]) => Uint8Array.from(values),
  [TYPE.int8]: (values: readonly number[]) => Int8Array.from(values),
  [TYPE.int32]: (values: readonly number[]) => Int32Array.from(values),
  [TYPE.int64]: (values: readonly number[]) => BigInt64Array.from(values, (value) => BigInt(value)),
  [TYPE.bool]: (values: readonly number[]) => Uint8Array.from(values),
  [TYPE.double]: (values: readonly number[]) => Float64Array.from(values),
} as const;

/** A TensorProto's fields, numbers as raw data. */
export const tensor = (
  name: string,
  shape: readonly number[],
  values: readonly number[],
  type: keyof typeof RAW = TYPE.float,
): Uint8Array =>
  join([
    ...shape.map((extent) => int(1, extent)),
    int(2, type),
    text(8, name),
    bytes(9, new Uint8Array(RAW[type](values).buffer)),
  ]);

/** What an attribute holds: whole numbers are ints; a float is given as { float }. */
export type AttributeValue =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly tensor: Uint8Array };

function attribute(name: string, value: AttributeValue): Uint8Array {
  if (typeof value === "number") return join([text(1, name), int(3, value), int(20, 2)]);
  if (typeof value === "string") return join([text(1, name), text(4, value), int(20, 3)]);
  if ("float" in value) return join([text(1, name), float(2, value.float), int(20, 1)]);
  if ("floats" in value) return join([text(1, name), ...value.floats.map((one) => float(7, one)), int(20, 6)]);
  if ("tensor" in value) return join([text(1, name), bytes(5, value.tensor), int(20, 4)]);
  return join([text(1, name), ...value.map((one) => int(8, one)), int(20, 7)]);
}

/** A node as [operator, inputs, outputs, attributes]. */
export type NodeLine = readonly [
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes?: Readonly<Record<string, AttributeValue>>,
];

const nodeOf = ([operator, inputs, outputs, attributes = {}]: NodeLine): Uint8Array =>
  join([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(3, `/${operator}/${outputs[0]}`),
    text(4, operator),
    ...Object.entries(attributes).map(([name, value]) => bytes(5, attribute(name, value))),
  ]);

const valueInfo = (name: string, shape: readonly (number | string)[], type: number): Uint8Array =>
  join([
    text(1, name),
    message(
      2,
      message(
        1,
        int(1, type),
        message(2, ...shape.map((extent) => message(1, typeof extent === "number" ? int(1, extent) : text(2, extent)))),
      ),
    ),
  ]);

export interface ModelParts {
  readonly nodes?: readonly NodeLine[];
  /** TensorProtos. */
  readonly weights?: readonly Uint8Array[];
  readonly inputs?: Readonly<Record<string, readonly (number | string)[]>>;
  readonly outputs?: readonly string[];
  readonly opset?: number;
  /** Types of inputs that are not float, by name. */
  readonly types?: Readonly<Record<string, number>>;
}

/** An ONNX file. */
export const model = (parts: ModelParts): Uint8Array<ArrayBuffer> => {
  const { nodes = [], weights = [], inputs = {}, outputs = [], opset = 17, types = {} } = parts;
  return Uint8Array.from(
    join([
      int(1, 8),
      text(2, "test"),
      message(
        7,
        ...nodes.map((line) => bytes(1, nodeOf(line))),
        ...weights.map((weight) => bytes(5, weight)),
        ...Object.entries(inputs).map(([name, shape]) => bytes(11, valueInfo(name, shape, types[name] ?? TYPE.float))),
        ...outputs.map((name) => bytes(12, valueInfo(name, [], TYPE.float))),
      ),
      message(8, text(1, ""), int(2, opset)),
    ]),
  );
};
