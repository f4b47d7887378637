/** Enough of the ONNX format to write a network down: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. */

/** A node's attributes: a whole number, a `Float`, or whole numbers. */
export type Attribute = number | Float | readonly number[];

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

/** Collects nodes and weights; `model` writes them down. */
export class OnnxGraph {
  readonly #nodes: Bytes[] = [];
  readonly #initializers: Bytes[] = [];
  #names = 0;

  /** Appends a node and returns the name of its output. */
  node(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    const output = this.#name();
    this.#nodes.push(
      join([
        ...inputs.map((name) => text(1, name)),
        text(2, output),
        text(3, `${op}-${output}`),
        text(4, op),
        ...Object.entries(attributes).map(([name, value]) => field(5, attribute(name, value))),
      ]),
    );
    return output;
  }

  /** Stores a constant and returns its name. */
  constant(shape: readonly number[], values: Float32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>): string {
    const name = this.#name();
    const type = values instanceof Float32Array ? 1 : 7;
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.#initializers.push(join([...shape.map((n) => integer(1, n)), integer(2, type), text(8, name), field(9, raw)]));
    return name;
  }

  /** The model's bytes. */
  model(input: Port, output: Port): Bytes {
    const graph = join([
      ...this.#nodes.map((node) => field(1, node)),
      text(2, "graph"),
      ...this.#initializers.map((tensor) => field(5, tensor)),
      field(11, port(input)),
      field(12, port(output)),
    ]);
    return join([integer(1, 8), field(7, graph), field(8, integer(2, 17))]); // IR version 8, opset 17
  }

  #name(): string {
    this.#names += 1;
    return `v${this.#names}`;
  }
}

/** A float32 tensor's ValueInfoProto. */
function port({ name, shape }: Port): Bytes {
  const dims = shape.map((extent) => field(1, integer(1, extent)));
  const tensor = join([integer(1, 1), field(2, join(dims))]);
  return join([text(1, name), field(2, field(1, tensor))]);
}

function attribute(name: string, value: Attribute): Bytes {
  if (value instanceof Float) return join([text(1, name), float(2, value.value), integer(20, 1)]);
  if (typeof value === "number") return join([text(1, name), integer(3, value), integer(20, 2)]);
  return join([text(1, name), ...value.map((n) => integer(8, n)), integer(20, 7)]);
}

// Protocol buffers: a message is a sequence of fields, each a tag (number and wire type) and a payload.
const integer = (number: number, value: number): Bytes => join([varint(number << 3), varint(value)]);
const field = (number: number, payload: Bytes): Bytes =>
  join([varint((number << 3) | 2), varint(payload.length), payload]);
const text = (number: number, value: string): Bytes => field(number, new TextEncoder().encode(value));
const float = (number: number, value: number): Bytes =>
  join([varint((number << 3) | 5), new Uint8Array(new Float32Array([value]).buffer)]);

function varint(value: number): Bytes {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.from([...bytes, Number(rest)]);
}

function join(parts: readonly Bytes[]): Bytes {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
