import { viewOf } from "./bytes.ts";
import { BYTES_PER_ELEMENT, type DType, toFloat32 } from "./dtype.ts";
import { type Buildable, damaged, Payload, PickledObject, PickleFunction, show } from "./pickle-values.ts";

// Tests: test/weights/pickles.test.ts

/** NumPy's type codes, without the byte order. */
export const NUMPY_TYPES: Readonly<Record<string, DType>> = {
  f8: "float64",
  f4: "float32",
  f2: "float16",
  i8: "int64",
  i4: "int32",
  i2: "int16",
  i1: "int8",
  u8: "uint64",
  u4: "uint32",
  u2: "uint16",
  u1: "uint8",
  b1: "bool",
};

/** Where bytes are: at hand, passed over, or characters of which each is one (Python 2). */
export type PickledBytes = Uint8Array | Payload | string;

/** An element type; its byte order comes with BUILD. */
class NumpyType implements Buildable {
  readonly code: string;
  bigEndian: boolean;

  constructor(code: string) {
    this.code = code.replace(/^[<=|>]/, "");
    this.bigEndian = code.startsWith(">");
  }

  build(state: unknown): void {
    this.bigEndian = Array.isArray(state) && state[1] === ">";
  }

  /** Undefined for what is no plain number. */
  get dtype(): DType | undefined {
    return Object.hasOwn(NUMPY_TYPES, this.code) ? NUMPY_TYPES[this.code] : undefined;
  }
}

/**
 * An array as pickled, of numbers or of anything. Its shape is as the file claims, unchecked
 * against its bytes.
 */
export class NumpyArray implements Buildable {
  shape: readonly number[] = [];
  type = new NumpyType("V");
  fortran = false;
  /** Undefined for arrays of objects, and until BUILD. */
  bytes: PickledBytes | undefined;
  /** Of an array of objects. */
  items: readonly unknown[] | undefined;

  build(state: unknown): void {
    // (version, shape, type, whether it is column-major, bytes); without the version before NumPy
    // 1.0
    const [shape, type, fortran, bytes] = Array.isArray(state) ? state.slice(-4) : [];
    if (!(type instanceof NumpyType)) throw damaged("an array has no element type");
    this.shape = sizes(shape);
    this.type = type;
    this.fortran = fortran === true || fortran === 1;
    this.bytes = isBytes(bytes) ? bytes : undefined;
    this.items = Array.isArray(bytes) ? bytes : undefined;
  }

  /** The value of an array without dimensions; undefined for what is no plain number. */
  number(): number | undefined {
    const { dtype, bigEndian } = this.type;
    if (this.shape.length > 0 || dtype === undefined || this.bytes === undefined || this.bytes instanceof Payload)
      return undefined;
    if (this.bytes.length !== BYTES_PER_ELEMENT[dtype]) return undefined;
    const bytes = bytesOf(this.bytes).slice();
    return dtype === "float64"
      ? viewOf(bytes).getFloat64(0, !bigEndian)
      : toFloat32(bigEndian ? bytes.reverse() : bytes, dtype)[0];
  }
}

/** A scalar of NumPy, such as `np.float32(0)`: an array without dimensions. */
export class NumpyScalar extends NumpyArray {}

/** Bytes at hand as such. */
export function bytesOf(bytes: Uint8Array | string): Uint8Array {
  return typeof bytes === "string" ? Uint8Array.from(bytes, (character) => character.charCodeAt(0)) : bytes;
}

function isBytes(value: unknown): value is PickledBytes {
  return value instanceof Uint8Array || value instanceof Payload || typeof value === "string";
}

/** The sizes of a shape. Bigints are beyond any memory, so what rounding does does not matter. */
export function sizes(tuple: unknown): number[] {
  if (!Array.isArray(tuple)) throw damaged(`a shape is ${show(tuple)}`);
  return tuple.map((size) => {
    if (typeof size === "number" || typeof size === "bigint") return Number(size);
    throw damaged(`a size of a shape is ${show(size)}`);
  });
}

function newType([code]: readonly unknown[]): NumpyType | PickledObject {
  // np.dtype([("field", …)]) and the like; nothing that weights need
  return typeof code === "string" ? new NumpyType(code) : new PickledObject("numpy.dtype", []);
}

function newScalar([type, bytes]: readonly unknown[]): NumpyScalar | PickledObject {
  if (!(type instanceof NumpyType) || !isBytes(bytes)) return new PickledObject("numpy.core.multiarray.scalar", []);
  const scalar = new NumpyScalar();
  scalar.build([[], type, false, bytes]);
  return scalar;
}

/** `_frombuffer(buffer, type, shape, order)`: arrays of protocol 5. */
function fromBuffer([bytes, type, shape, order]: readonly unknown[]): NumpyArray {
  const array = new NumpyArray();
  array.build([shape, type, order === "F", bytes]);
  return array;
}

/** Bytes as protocol 2 writes them: text and the name of its encoding, which is always this. */
function encode([text, encoding]: readonly unknown[]): PickledBytes {
  if (text instanceof Payload || (typeof text === "string" && (encoding === "latin1" || encoding === "latin-1")))
    return text;
  throw damaged(`bytes are encoded from ${show(text)} as ${show(encoding)}`);
}

function bytesLike([bytes = new Uint8Array(0), encoding]: readonly unknown[]): PickledBytes {
  if (typeof bytes === "string") return encode([bytes, encoding]);
  if (isBytes(bytes)) return bytes;
  throw damaged(`bytes are made from ${show(bytes)}`);
}

const CALLS: Readonly<Record<string, (args: readonly unknown[]) => unknown>> = {
  "numpy.ndarray": () => new NumpyArray(),
  "numpy.dtype": newType,
  "numpy.core.multiarray._reconstruct": () => new NumpyArray(),
  "numpy.core.multiarray.scalar": newScalar,
  "numpy.core.numeric._frombuffer": fromBuffer,
  "_codecs.encode": encode,
  // protocol 2 calls these for empty bytes, and for bytearrays
  "__builtin__.bytes": bytesLike,
  "builtins.bytes": bytesLike,
  "__builtin__.bytearray": bytesLike,
  "builtins.bytearray": bytesLike,
};

/** NumPy's words. Since NumPy 2 `numpy.core` is called `numpy._core`. */
export const NUMPY_GLOBALS: readonly PickleFunction[] = Object.entries(CALLS).flatMap(([name, call]) => [
  new PickleFunction(name, call),
  ...(name.startsWith("numpy.core.") ? [new PickleFunction(name.replace("core", "_core"), call)] : []),
]);
