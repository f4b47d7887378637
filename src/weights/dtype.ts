import { decodeBfloat16, decodeFloat16 } from "./float16.ts";

// Tests: test/weights/safetensors.test.ts, test/weights/npz.test.ts

/** Element types by the names PyTorch and NumPy share. */
export type DType =
  | "float64"
  | "float32"
  | "float16"
  | "bfloat16"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint64"
  | "uint32"
  | "uint16"
  | "uint8"
  | "bool";

/** Bytes of one element. */
export const BYTES_PER_ELEMENT: Readonly<Record<DType, number>> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint64: 8,
  uint32: 4,
  uint16: 2,
  uint8: 1,
  bool: 1,
};

/**
 * Little-endian elements as float32, rounded where float32 is narrower (every host with WebGPU is
 * little-endian, so bytes are viewed as they are). Float32 bytes at a multiple of four come back as
 * a view of the same memory: a file already in memory is not copied again.
 */
export function toFloat32(bytes: Uint8Array, dtype: DType): Float32Array {
  const width = BYTES_PER_ELEMENT[dtype];
  const { buffer, byteOffset } = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  const count = bytes.length / width;
  switch (dtype) {
    case "float32":
      return new Float32Array(buffer, byteOffset, count);
    case "float64":
      return new Float32Array(new Float64Array(buffer, byteOffset, count));
    case "float16":
      return decodeFloat16(new Uint16Array(buffer, byteOffset, count));
    case "bfloat16":
      return decodeBfloat16(new Uint16Array(buffer, byteOffset, count));
    case "int64":
      return fromBigInts(new BigInt64Array(buffer, byteOffset, count));
    case "uint64":
      return fromBigInts(new BigUint64Array(buffer, byteOffset, count));
    case "int32":
      return new Float32Array(new Int32Array(buffer, byteOffset, count));
    case "uint32":
      return new Float32Array(new Uint32Array(buffer, byteOffset, count));
    case "int16":
      return new Float32Array(new Int16Array(buffer, byteOffset, count));
    case "uint16":
      return new Float32Array(new Uint16Array(buffer, byteOffset, count));
    case "int8":
      return new Float32Array(new Int8Array(buffer, byteOffset, count));
    case "uint8":
      return new Float32Array(new Uint8Array(buffer, byteOffset, count));
    case "bool":
      return Float32Array.from(bytes, (byte) => (byte === 0 ? 0 : 1));
  }
}

/** The same as float64, of which only what the file has as float64 has more digits. */
export function toFloat64(bytes: Uint8Array, dtype: DType): Float64Array {
  if (dtype !== "float64") return Float64Array.from(toFloat32(bytes, dtype));
  const { buffer, byteOffset, length } = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  return new Float64Array(buffer, byteOffset, length / 8);
}

function fromBigInts(values: BigInt64Array | BigUint64Array): Float32Array {
  const floats = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) floats[i] = Number(values[i]);
  return floats;
}
