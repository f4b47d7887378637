import { WeightsError } from "../errors.ts";
import { Budget, tensorsFor } from "./budget.ts";
import { readExactly, viewOf } from "./bytes.ts";
import { inflate } from "./inflate.ts";
import type { ReadOptions, Source } from "./source.ts";

// Tests: test/weights/npz.test.ts, test/weights/hostile.test.ts

// Record signatures, little-endian.
const LOCAL_HEADER = 0x04034b50;
const DIRECTORY_ENTRY = 0x02014b50;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;

const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const MAX_COMMENT_BYTES = 0xffff;
const MAX_DIRECTORY_BYTES = 8e6;

const STORED = 0;
const DEFLATED = 8;

/** A file in an archive. */
export interface ZipEntry extends Source {
  /** Bytes that it takes in the archive: as many as it has, unless it is deflated. */
  readonly packed: number;
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly size: number;
  readonly compressedSize: number;
  /** Byte of the local header, which precedes the data. */
  readonly header: number;
}

/**
 * Reads the directory of a zip archive; every file in it is a Source of its own, read on demand.
 * Stored and deflated entries, zip64. Entries may not overlap, leave the archive, or share a name.
 * @throws WeightsError `weights-format`; reads of an entry throw it too, when its own header does
 *   not fit.
 */
export async function openZip(source: Source, options: ReadOptions = {}): Promise<ReadonlyMap<string, ZipEntry>> {
  const { start, size, count } = await locateDirectory(source, options);
  const directory = await readExactly(source, start, start + size, options);
  const listed = parseDirectory(directory, count, source.name).sort((a, b) => a.header - b.header);
  const unpacked = new Budget(tensorsFor(source.size), () => tooMuch(source));
  const entries = new Map<string, ZipEntry>();
  for (const [i, entry] of listed.entries()) {
    if (entries.has(entry.name)) throw damaged(source.name, `it has two entries named "${entry.name}"`);
    const limit = listed[i + 1]?.header ?? start;
    if (entry.header + LOCAL_HEADER_BYTES + entry.compressedSize > limit) {
      throw damaged(source.name, `entry "${entry.name}" leaves the archive or overlaps the next one`);
    }
    unpacked.spend(entry.size);
    entries.set(entry.name, openEntry(source, entry, limit));
  }
  return entries;
}

async function locateDirectory(
  source: Source,
  options: ReadOptions,
): Promise<{ start: number; size: number; count: number }> {
  const tailStart = Math.max(0, source.size - END_BYTES - LOCATOR_BYTES - MAX_COMMENT_BYTES);
  const tail = viewOf(await readExactly(source, tailStart, source.size, options));
  const at = findEnd(tail);
  if (at < 0) throw damaged(source.name, "the zip directory at its end is missing; it may be truncated");
  let count = tail.getUint16(at + 10, true);
  let size = tail.getUint32(at + 12, true);
  let start = tail.getUint32(at + 16, true);
  const locator = at - LOCATOR_BYTES;
  if (locator >= 0 && tail.getUint32(locator, true) === LOCATOR_64) {
    const at64 = Number(tail.getBigUint64(locator + 8, true));
    const end64 = viewOf(await readExactly(source, at64, at64 + 56, options));
    if (end64.getUint32(0, true) !== END_64) throw damaged(source.name, "its zip64 directory is missing");
    count = Number(end64.getBigUint64(32, true));
    size = Number(end64.getBigUint64(40, true));
    start = Number(end64.getBigUint64(48, true));
  }
  if (size > MAX_DIRECTORY_BYTES) throw damaged(source.name, `its zip directory claims ${size} bytes`);
  return { start, size, count };
}

/** The last end record whose comment reaches exactly to the end of the file. */
function findEnd(tail: DataView): number {
  for (let at = tail.byteLength - END_BYTES; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END) continue;
    if (at + END_BYTES + tail.getUint16(at + 20, true) === tail.byteLength) return at;
  }
  return -1;
}

const DIRECTORY_ENTRY_BYTES = 46;

function parseDirectory(bytes: Uint8Array, count: number, archive: string): Entry[] {
  const view = viewOf(bytes);
  const utf8 = new TextDecoder();
  const entries: Entry[] = [];
  let at = 0;
  // `count` is only compared, never allocated: a hostile archive may claim any number.
  while (at + DIRECTORY_ENTRY_BYTES <= bytes.length && view.getUint32(at, true) === DIRECTORY_ENTRY) {
    const nameAt = at + DIRECTORY_ENTRY_BYTES;
    const extraAt = nameAt + view.getUint16(at + 28, true);
    const end = extraAt + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (end > bytes.length) break;
    const name = utf8.decode(bytes.subarray(nameAt, extraAt));
    const method = view.getUint16(at + 10, true);
    if (view.getUint16(at + 8, true) & 1) throw damaged(archive, `entry "${name}" is encrypted`);
    if (method !== STORED && method !== DEFLATED)
      throw damaged(archive, `entry "${name}" uses compression method ${method}`);
    const [size, compressedSize, header] = zip64Sizes(
      [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)],
      new DataView(view.buffer, view.byteOffset + extraAt, view.getUint16(at + 30, true)),
    );
    if (method === STORED && size !== compressedSize) throw damaged(archive, `entry "${name}" has two sizes`);
    entries.push({ name, method, size, compressedSize, header });
    at = end;
  }
  if (entries.length !== count)
    throw damaged(archive, `its directory has ${entries.length} readable entries of ${count}`);
  return entries;
}

const ZIP64_EXTRA = 1;
const IN_EXTRA = 0xffffffff;

/**
 * Replaces the values that did not fit 32 bits by those of the zip64 extra field, where they stand
 * in this order.
 */
function zip64Sizes(sizes: [number, number, number], extra: DataView): [number, number, number] {
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== ZIP64_EXTRA) continue;
    let value = at + 4;
    return sizes.map((size) => {
      if (size !== IN_EXTRA || value + 8 > extra.byteLength) return size;
      value += 8;
      return Number(extra.getBigUint64(value - 8, true));
    }) as [number, number, number];
  }
  return sizes;
}

const LOCAL_HEADER_BYTES = 30;
/**
 * Local headers carry padding so that data is aligned (PyTorch: to 64 bytes); this much is read
 * with the first piece of data.
 */
const PADDING_BYTES = 256;

/**
 * @param limit byte where the next entry, or the directory, begins
 */
function openEntry(source: Source, entry: Entry, limit: number): ZipEntry {
  const { name, method, size, compressedSize, header } = entry;
  let dataStart: number | undefined;

  /**
   * Bytes [from, to) as they lie in the archive. The first read brings the local header along,
   * which says where data starts.
   */
  async function readRaw(from: number, to: number, options?: ReadOptions): Promise<Uint8Array> {
    if (dataStart === undefined) {
      const end = Math.min(limit, header + LOCAL_HEADER_BYTES + name.length + PADDING_BYTES + to);
      const bytes = await readExactly(source, header, end, options);
      dataStart = header + dataOffset(viewOf(bytes));
      if (dataStart + to <= end) return bytes.subarray(dataStart - header + from, dataStart - header + to);
    }
    return readExactly(source, dataStart + from, dataStart + to, options);
  }

  function dataOffset(local: DataView): number {
    if (local.getUint32(0, true) !== LOCAL_HEADER) throw damaged(source.name, `entry "${name}" has no header`);
    const offset = LOCAL_HEADER_BYTES + local.getUint16(26, true) + local.getUint16(28, true);
    if (header + offset + compressedSize > limit)
      throw damaged(source.name, `entry "${name}" overlaps what follows it`);
    return offset;
  }

  if (method === STORED) return { name, size, packed: compressedSize, read: readRaw };
  const read = (from: number, to: number, options?: ReadOptions) =>
    inflate({ name, size: compressedSize, read: readRaw }, { declared: size, from, to }, options);
  return { name, size, packed: compressedSize, read };
}

function tooMuch({ name, size }: Source): WeightsError {
  return new WeightsError(
    "weights-format",
    `${name} unpacks to many times its ${size} bytes, more than a file of its size may.`,
    "If it is what you mean to load, save it unpacked: numpy.savez, torch.save or safetensors.",
  );
}

function damaged(name: string, what: string): WeightsError {
  return new WeightsError("weights-format", `${name} is damaged: ${what}.`, "Download or copy the file again.");
}
