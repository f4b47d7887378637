// Files that weigh more than may be in memory, with a small tensor that is needed: nearly all of
// them are holes, which no disk keeps. None is kept.
import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { int, message, tensor as onnxTensor, text as onnxText, varint } from "../networks/onnx/encode.ts";
import { bytes, le, p, tensor } from "../weights/fixtures.ts";

/** Bytes of zeros. */
type Hole = { readonly hole: number };
type Part = Uint8Array | Hole;

/** A file of which the tensor "small" is needed and "large" is not. */
export interface Large {
  readonly name: string;
  readonly parts: () => readonly Part[];
}

/** Numbers of either tensor. */
const [SMALL, LARGE] = [2 ** 20, 60 * 2 ** 20];
export const NEEDED_BYTES = 4 * SMALL;
const LARGE_BYTES = 4 * LARGE;

const sizeOf = (part: Part): number => ("hole" in part ? part.hole : part.length);
const sum = (parts: readonly Part[]): number => parts.reduce((size, part) => size + sizeOf(part), 0);

/** Writes a file's parts. */
export function writeLarge(path: string, { parts }: Large): void {
  const file = openSync(path, "w");
  let at = 0;
  for (const part of parts()) {
    if (!("hole" in part)) writeSync(file, part, 0, part.length, at);
    at += sizeOf(part);
  }
  ftruncateSync(file, at);
  closeSync(file);
}

function safetensors(): Part[] {
  const described = (count: number, start: number) => ({
    ...{ dtype: "F32", shape: [count], data_offsets: [start, start + 4 * count] },
  });
  const head = JSON.stringify({ large: described(LARGE, 0), small: described(SMALL, LARGE_BYTES) });
  return [bytes(le(head.length, 8), head), { hole: LARGE_BYTES }, { hole: NEEDED_BYTES }];
}

/** An archive of files that are stored as they are. */
function stored(files: readonly (readonly [name: string, data: readonly Part[]])[]): Part[] {
  const parts: Part[] = [];
  const directory: Uint8Array[] = [];
  for (const [name, data] of files) {
    const [size, header] = [le(sum(data), 4), sum(parts)];
    const common = bytes(le(20, 2), le(0, 8), le(0, 4), size, size, le(name.length, 2), le(0, 2));
    parts.push(bytes("PK\x03\x04", common, name), ...data);
    directory.push(bytes("PK\x01\x02", le(20, 2), common, le(0, 8), le(0, 2), le(header, 4), name));
  }
  const listed = bytes(...directory);
  const count = le(files.length, 2);
  const end = bytes("PK\x05\x06", le(0, 4), count, count, le(listed.length, 4), le(sum(parts), 4), le(0, 2));
  return [...parts, listed, end];
}

function pth(): Part[] {
  const of = (key: string, count: number) => tensor({ key, type: "Float", count }, [count], [1]);
  const saved = p.whole(p.dict(["large", of("0", LARGE)], ["small", of("1", SMALL)]));
  return stored([
    ["m/data.pkl", [saved]],
    ["m/data/0", [{ hole: LARGE_BYTES }]],
    ["m/data/1", [{ hole: NEEDED_BYTES }]],
  ]);
}

function npz(): Part[] {
  const of = (count: number): Part[] => {
    const head = `{'descr': '<f4', 'fortran_order': False, 'shape': (${count},), }`.padEnd(117);
    return [bytes(0x93, "NUMPY", 1, 0, le(118, 2), head, "\n"), { hole: 4 * count }];
  };
  return stored([
    ["large.npy", of(LARGE)],
    ["small.npy", of(SMALL)],
  ]);
}

/** The large tensor's bytes are the last of its graph, and that the last of the model. */
function onnx(): Part[] {
  const field = (number: number, size: number) => bytes(varint(number * 8 + 2), varint(size));
  const raw = field(9, LARGE_BYTES);
  const large = bytes(onnxTensor("large", [LARGE], []).subarray(0, -2), raw);
  const small = message(5, onnxTensor("small", [SMALL], new Array<number>(SMALL).fill(0)));
  const graph = bytes(small, field(5, large.length + LARGE_BYTES), large);
  const model = bytes(int(1, 8), message(8, onnxText(1, ""), int(2, 17)), field(7, graph.length + LARGE_BYTES), graph);
  return [model, { hole: LARGE_BYTES }];
}

export const LARGE_FILES: readonly Large[] = [
  { name: "safetensors", parts: safetensors },
  { name: "a .pth of PyTorch", parts: pth },
  { name: ".npz", parts: npz },
  { name: "ONNX", parts: onnx },
];
