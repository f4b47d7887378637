/**
 * Enough of the ONNX format to write a network down:
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
 */

/** A node's attributes: a whole number, a `Float`, text, or whole numbers. */
export type Attribute = number | Float | string | readonly number[];

/** TensorProto's numbers of element types. */
export const TYPE = { float32: 1, int64: 7 } as const;

/** A number that stays a float even where it is whole. */
export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

interface Port {
  readonly name: string;
  readonly shape: readonly number[];
}

type Bytes = Uint8Array<ArrayBuffer>;

/** A part of the file, in pieces: weights are copied once, at the end. */
type Message = readonly Bytes[];

/** Collects nodes and weights; `model` writes them down. */
export class OnnxGraph {
  readonly #nodes: Message[] = [];
  readonly #initializers: Message[] = [];
  #names = 0;

  /** Appends a node and returns the name of its output. */
  node(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    return this.nodes(op, inputs, 1, attributes)[0]!;
  }

  /** Appends a node of several outputs and returns their names. */
  nodes(
    op: string,
    inputs: readonly string[],
    count: number,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): readonly string[] {
    const outputs = Array.from({ length: count }, () => this.#name());
    this.#nodes.push([
      ...inputs.flatMap((name) => text(1, name)),
      ...outputs.flatMap((name) => text(2, name)),
      ...text(3, `${op}-${outputs[0]}`),
      ...text(4, op),
      ...Object.entries(attributes).flatMap(([name, value]) => field(5, attribute(name, value))),
    ]);
    return outputs;
  }

  /** Stores a constant and returns its name. */
  constant(shape: readonly number[], values: Float32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>): string {
    const name = this.#name();
    const type = values instanceof Float32Array ? TYPE.float32 : TYPE.int64;
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.#initializers.push([
      ...shape.flatMap((n) => integer(1, n)),
      ...integer(2, type),
      ...text(8, name),
      ...field(9, [raw]),
    ]);
    return name;
  }

  /** Stores a shape, or indices, and returns its name. */
  extents = (shape: readonly number[]): string => this.constant([shape.length], BigInt64Array.from(shape, BigInt));

  /** The model's bytes. */
  model(input: Port, output: Port): Bytes {
    const graph = [
      ...this.#nodes.flatMap((node) => field(1, node)),
      ...text(2, "graph"),
      ...this.#initializers.flatMap((tensor) => field(5, tensor)),
      ...field(11, port(input)),
      ...field(12, port(output)),
    ];
    // IR version 8, opset 17
    return join([...integer(1, 8), ...field(7, graph), ...field(8, integer(2, 17))]);
  }

  #name(): string {
    this.#names += 1;
    return `v${this.#names}`;
  }
}

/** A float32 tensor's ValueInfoProto. */
function port({ name, shape }: Port): Message {
  const dims = shape.flatMap((extent) => field(1, integer(1, extent)));
  const tensor = [...integer(1, 1), ...field(2, dims)];
  return [...text(1, name), ...field(2, field(1, tensor))];
}

function attribute(name: string, value: Attribute): Message {
  if (value instanceof Float) return [...text(1, name), ...float(2, value.value), ...integer(20, 1)];
  if (typeof value === "string") return [...text(1, name), ...text(4, value), ...integer(20, 3)];
  if (typeof value === "number") return [...text(1, name), ...integer(3, value), ...integer(20, 2)];
  return [...text(1, name), ...value.flatMap((n) => integer(8, n)), ...integer(20, 7)];
}

// Protocol buffers: a message is a sequence of fields, each a tag (number and wire type) and a
// payload.
const integer = (number: number, value: number): Message => [varint(number << 3), varint(value)];
const field = (number: number, payload: Message): Message => [
  varint((number << 3) | 2),
  varint(size(payload)),
  ...payload,
];
const text = (number: number, value: string): Message => field(number, [new TextEncoder().encode(value)]);
const float = (number: number, value: number): Message => [
  varint((number << 3) | 5),
  new Uint8Array(new Float32Array([value]).buffer),
];
const size = (message: Message): number => message.reduce((sum, { length }) => sum + length, 0);

function varint(value: number): Bytes {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.from([...bytes, Number(rest)]);
}

function join(parts: Message): Bytes {
  const joined = new Uint8Array(size(parts));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
