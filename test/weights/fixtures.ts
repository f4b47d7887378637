import { readFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { RandomState } from "../../src/weights/random.ts";

/** A file of test/golden, alone in its buffer. */
export function golden(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(`../golden/${name}`, import.meta.url)));
}

/**
 * The golden recipe of a ProGAN tensor: standard normals seeded by the CRC-32 of its key, biases a
 * tenth of that.
 */
export function recipe(key: string, count: number): Float32Array {
  const normals = Float32Array.from(new RandomState(crc32(key)).standardNormal(count));
  // The factor is a float32 too: NumPy keeps float32 arrays float32 when scaled.
  return key.endsWith(".b") ? normals.map((value) => Math.fround(0.1) * value) : normals;
}

export function le(value: number, bytes: 2 | 4 | 8): number[] {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(value), true);
  return [...new Uint8Array(view.buffer, 0, bytes)];
}

export function ascii(text: string): number[] {
  return [...new TextEncoder().encode(text)];
}

/** A byte string from numbers, texts and arrays. */
export function bytes(...parts: (number | string | Iterable<number>)[]): Uint8Array<ArrayBuffer> {
  const arrays = parts.map((part) => {
    if (typeof part === "number") return Uint8Array.of(part);
    if (typeof part === "string") return Uint8Array.from(ascii(part));
    return part instanceof Uint8Array ? part : Uint8Array.from(part);
  });
  const joined = new Uint8Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    joined.set(array, at);
    at += array.length;
  }
  return joined;
}

// A pickler in miniature: each function returns the opcodes that leave one value on the stack.
export const p = {
  text: (value: string) => bytes(0x58, le(new TextEncoder().encode(value).length, 4), value),
  int: (value: number) => (value >= 0 && value < 2 ** 31 ? bytes(0x4a, le(value, 4)) : p.long(BigInt(value))),
  long: (value: bigint) => {
    const view = new DataView(new ArrayBuffer(16));
    view.setBigUint64(0, BigInt.asUintN(64, value), true);
    view.setBigInt64(8, value >> 64n, true);
    return bytes(0x8a, 16, new Uint8Array(view.buffer));
  },
  tuple: (...items: Iterable<number>[]) => bytes(0x28, ...items, 0x74),
  list: (...items: Iterable<number>[]) => bytes(0x5d, 0x28, ...items, 0x65),
  dict: (...items: [string, Iterable<number>][]) =>
    bytes(0x7d, 0x28, ...items.flatMap(([key, value]) => [p.text(key), value]), 0x75),
  global: (module: string, name: string) => bytes("c", module, "\n", name, "\n"),
  call: (callee: Iterable<number>, args: Iterable<number>) => bytes(callee, args, "R"),
  none: bytes("N"),
  no: bytes(0x89),
  whole: (value: Iterable<number>) => bytes(0x80, 2, value, "."),
};

export interface StorageSpec {
  readonly key: string;
  /** As in torch: Float, Half… */
  readonly type: string;
  readonly count: number;
}

export function storage({ key, type, count }: StorageSpec, view: Iterable<number> = p.none): Uint8Array {
  return bytes(
    p.tuple(p.text("storage"), p.global("torch", `${type}Storage`), p.text(key), p.text("cpu"), p.int(count), view),
    "Q",
  );
}

export function tensor(
  spec: StorageSpec | Uint8Array,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): Uint8Array {
  const from = spec instanceof Uint8Array ? spec : storage(spec);
  const args = [from, p.int(offset), p.tuple(...shape.map(p.int)), p.tuple(...strides.map(p.int)), p.no, p.dict()];
  return p.call(p.global("torch._utils", "_rebuild_tensor_v2"), p.tuple(...args));
}

/** A legacy .pth around a pickled object. `storages` are [key, element count, raw bytes]. */
export function legacy(
  saved: Iterable<number>,
  storages: readonly (readonly [key: string, count: number, data: ArrayBufferView])[] = [],
): Uint8Array<ArrayBuffer> {
  return bytes(
    p.whole(p.long(0x1950a86a20f9469cfc6cn)),
    p.whole(p.int(1001)),
    p.whole(p.dict(["little_endian", bytes(0x88)])),
    p.whole(saved),
    p.whole(p.list(...storages.map(([key]) => p.text(key)))),
    ...storages.flatMap(([, count, data]) => [
      le(count, 8),
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    ]),
  );
}

export interface ZipFile {
  readonly name: string;
  readonly data: Uint8Array;
  /** 8 with `data` already deflated and `size` what it inflates to. */
  readonly method?: number;
  readonly size?: number;
  /** Lies for the directory: where the local header is said to be. */
  readonly header?: number;
  readonly compressedSize?: number;
  readonly flags?: number;
}

/** A zip archive, zip64 if asked. */
export function zip(files: readonly ZipFile[], { zip64 = false, comment = "" } = {}): Uint8Array<ArrayBuffer> {
  let locals = bytes();
  let directory = bytes();
  for (const file of files) {
    const { name, data, method = 0, size = data.length, header = locals.length, flags = 0 } = file;
    const compressedSize = file.compressedSize ?? data.length;
    const sizes = zip64 ? [le(0xffffffff, 4), le(0xffffffff, 4)] : [le(compressedSize, 4), le(size, 4)];
    const extra = zip64 ? bytes(le(1, 2), le(24, 2), le(size, 8), le(compressedSize, 8), le(header, 8)) : bytes();
    const common = bytes(le(20, 2), le(flags, 2), le(method, 2), le(0, 4), le(0, 4), ...sizes, le(name.length, 2));
    locals = bytes(locals, "PK\x03\x04", common, le(0, 2), name, data);
    const at = le(zip64 ? 0xffffffff : header, 4);
    const rest = bytes(le(extra.length, 2), le(0, 2), le(0, 2), le(0, 2), le(0, 4), at, name, extra);
    directory = bytes(directory, "PK\x01\x02", le(20, 2), common, rest);
  }
  const start = locals.length;
  const end64 = zip64
    ? bytes(
        "PK\x06\x06",
        le(44, 8),
        le(45, 2),
        le(45, 2),
        le(0, 4),
        le(0, 4),
        le(files.length, 8),
        le(files.length, 8),
        le(directory.length, 8),
        le(start, 8),
        "PK\x06\x07",
        le(0, 4),
        le(start + directory.length, 8),
        le(1, 4),
      )
    : bytes();
  const count = le(zip64 ? 0xffff : files.length, 2);
  const place = zip64 ? [le(0xffffffff, 4), le(0xffffffff, 4)] : [le(directory.length, 4), le(start, 4)];
  return bytes(
    locals,
    directory,
    end64,
    "PK\x05\x06",
    le(0, 4),
    count,
    count,
    ...place,
    le(comment.length, 2),
    comment,
  );
}

/** The error of a promise that must fail. */
export async function failure(promise: Promise<unknown>): Promise<Error & { code?: string; fix?: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not fail");
}
