import { allocateBytes, viewOf } from "./bytes.ts";
import { crc32 } from "./crc32.ts";
import type { DType } from "./dtype.ts";
import { NUMPY_TYPES } from "./numpy-values.ts";
import type { SafetensorsInput } from "./safetensors.ts";

/** A list of texts, which NumPy has as an array of Unicode strings ("<U12"). */
export interface NpzTexts {
  readonly texts: readonly string[];
}

/** 1 January 1980, the first day that zip knows: equal arrays give equal files. */
const FIRST_DAY = 0x21;
const LOCAL_BYTES = 30;
const ENTRY_BYTES = 46;
const END_BYTES = 22;
const STORED = 0;
const VERSION = 20;

/**
 * A `.npz` as `numpy.savez` writes one: a zip archive of arrays that are not deflated, below 4 GB.
 * The same arrays give the same bytes.
 */
export function writeNpz(arrays: Readonly<Record<string, SafetensorsInput | NpzTexts>>): Uint8Array<ArrayBuffer> {
  const files = Object.entries(arrays).map(([name, array]) => {
    const content = npy(array);
    return { name: new TextEncoder().encode(`${name}.npy`), content, sum: crc32(content) };
  });
  const size = files.reduce(
    (sum, { name, content }) => sum + LOCAL_BYTES + ENTRY_BYTES + 2 * name.length + content.length,
    END_BYTES,
  );
  const archive = allocateBytes(size, "The .npz file");
  const view = viewOf(archive);
  let at = 0;
  const starts = files.map(({ name, content, sum }) => {
    const start = at;
    view.setUint32(at, 0x04034b50, true);
    describe(view, at + 4, { name, content, sum });
    archive.set(name, at + LOCAL_BYTES);
    archive.set(content, at + LOCAL_BYTES + name.length);
    at += LOCAL_BYTES + name.length + content.length;
    return start;
  });
  const directory = at;
  files.forEach((file, i) => {
    view.setUint32(at, 0x02014b50, true);
    view.setUint16(at + 4, VERSION, true);
    describe(view, at + 6, file);
    view.setUint32(at + 42, starts[i]!, true);
    archive.set(file.name, at + ENTRY_BYTES);
    at += ENTRY_BYTES + file.name.length;
  });
  view.setUint32(at, 0x06054b50, true);
  view.setUint16(at + 8, files.length, true);
  view.setUint16(at + 10, files.length, true);
  view.setUint32(at + 12, at - directory, true);
  view.setUint32(at + 16, directory, true);
  return archive;
}

interface File {
  readonly name: Uint8Array;
  readonly content: Uint8Array;
  readonly sum: number;
}

/** What an entry's own header and the directory say alike. */
function describe(view: DataView, at: number, { name, content, sum }: File): void {
  view.setUint16(at, VERSION, true);
  view.setUint16(at + 4, STORED, true);
  view.setUint16(at + 8, FIRST_DAY, true);
  view.setUint32(at + 10, sum, true);
  view.setUint32(at + 14, content.length, true);
  view.setUint32(at + 18, content.length, true);
  view.setUint16(at + 22, name.length, true);
}

const codeOf = (dtype: DType): string | undefined =>
  Object.keys(NUMPY_TYPES).find((code) => NUMPY_TYPES[code] === dtype);

/** An array as a `.npy` of version 1, its data at a multiple of 64 bytes. */
function npy(array: SafetensorsInput | NpzTexts): Uint8Array {
  const { descr, shape, data } = "texts" in array ? characters(array) : { descr: codeOf(array.dtype), ...array };
  const extents = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '<${descr}', 'fortran_order': False, 'shape': (${extents}), }`;
  const start = Math.ceil((10 + text.length + 1) / 64) * 64;
  const file = new Uint8Array(start + data.byteLength);
  file.set(new TextEncoder().encode("NUMPY"), 1);
  file[0] = 0x93;
  file[6] = 1;
  viewOf(file).setUint16(8, start - 10, true);
  file.fill(0x20, 10, start - 1);
  file.set(new TextEncoder().encode(text), 10);
  file[start - 1] = 0x0a;
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return file;
}

/** Texts as NumPy lays them out: as many code points of four bytes each, zeros at the end. */
function characters({ texts }: NpzTexts): { descr: string; shape: readonly number[]; data: Uint32Array } {
  const points = texts.map((text) => Array.from(text, (character) => character.codePointAt(0)!));
  const length = points.reduce((most, { length }) => Math.max(most, length), 1);
  const data = new Uint32Array(texts.length * length);
  points.forEach((text, i) => {
    data.set(text, i * length);
  });
  return { descr: `U${length}`, shape: [texts.length], data };
}
