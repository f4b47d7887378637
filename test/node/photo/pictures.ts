// PNGs of every kind and small JPEGs, right and wrong, written from the standards.
import { crc32, deflateSync } from "node:zlib";
import { PhotoError } from "../../../src/errors.ts";
import { decodePhoto } from "../../../src/node/photo/decode.ts";

export const joined = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);

export const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

export function chunk(type: string, content: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(12 + content.length);
  bytes.writeUInt32BE(content.length);
  bytes.write(type, 4, "latin1");
  bytes.set(content, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), 8 + content.length);
  return bytes;
}

/** Samples of a PNG, channels interleaved. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly color: 0 | 2 | 3 | 4 | 6;
  readonly depth: number;
  readonly samples: readonly number[];
  readonly interlaced?: boolean;
  readonly palette?: readonly number[] | undefined;
  readonly transparency?: readonly number[];
}

/** First column and row of each pass, and the steps to the next. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

const paeth = (a: number, b: number, c: number): number => {
  const p = a + b - c;
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
};

/** The header chunk and the filtered rows; filters take turns. */
export function png({ width, height, color, depth, samples, interlaced = false }: Drawing) {
  const channels = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[color] ?? 1;
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([depth, color, 0, 0, interlaced ? 1 : 0], 8);
  const rows: Uint8Array[] = [];
  const unit = Math.max(1, (depth * channels) / 8);
  for (const [x, y, dx, dy] of samples.length === 0 ? [] : interlaced ? ADAM7 : ([[0, 0, 1, 1]] as const)) {
    let above: Uint8Array | undefined;
    for (let row = y; row < height && x < width; row += dy) {
      let bits = "";
      for (let column = x; column < width; column += dx) {
        for (let c = 0; c < channels; c += 1) {
          bits += samples[(row * width + column) * channels + c]!.toString(2).padStart(depth, "0");
        }
      }
      const line = Uint8Array.from(bits.match(/.{1,8}/g)!, (byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
      const filter = rows.length % 5;
      const filtered = line.map((value, i) => {
        const [a, b, c] = [line[i - unit] ?? 0, above?.[i] ?? 0, above?.[i - unit] ?? 0];
        return value - [0, a, b, (a + b) >> 1, paeth(a, b, c)][filter]!;
      });
      rows.push(Uint8Array.of(filter), filtered);
      above = line;
    }
  }
  return { header: chunk("IHDR", head), rows: joined(...rows) };
}

export function writePng(drawing: Drawing): Uint8Array {
  const { header, rows } = png(drawing);
  const { palette, transparency } = drawing;
  return joined(
    SIGNATURE,
    header,
    ...(palette ? [chunk("PLTE", Uint8Array.from(palette))] : []),
    ...(transparency ? [chunk("tRNS", Uint8Array.from(transparency))] : []),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  );
}

/** EXIF data with an orientation among other entries. */
export function tiff(orientation: number, little: boolean, type = 3): Uint8Array {
  const bytes = Buffer.alloc(8 + 2 + 2 * 12 + 4);
  const u16 = (value: number, at: number) => (little ? bytes.writeUInt16LE(value, at) : bytes.writeUInt16BE(value, at));
  const u32 = (value: number, at: number) => (little ? bytes.writeUInt32LE(value, at) : bytes.writeUInt32BE(value, at));
  bytes.write(little ? "II" : "MM");
  u16(42, 2);
  u32(8, 4);
  u16(2, 8);
  for (const [at, tag, kind, value] of [
    [10, 0x0110, 3, 9],
    [22, 0x0112, type, orientation],
  ] as const) {
    u16(tag, at);
    u16(kind, at + 2);
    u32(1, at + 4);
    u16(value, at + 8);
  }
  return bytes;
}

/** A PNG with chunks more, between its header and its pixels or behind these. */
export function withChunks(bytes: Uint8Array, chunks: readonly Uint8Array[], place: "before" | "behind"): Uint8Array {
  const at = place === "before" ? 33 : bytes.length - 12;
  return joined(bytes.subarray(0, at), ...chunks, bytes.subarray(at));
}

/** A segment of a JPEG. */
export function segment(marker: number, content: Uint8Array): Uint8Array {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return joined(head, content);
}

export interface JpegFrame {
  readonly marker: number;
  readonly width: number;
  readonly height: number;
  readonly ids: readonly number[];
  /** The only scan, as bits; spaces are for the eye. */
  readonly scan: string;
  readonly precision?: number;
  readonly sampling?: number;
  readonly quantization?: number;
  readonly before?: readonly Uint8Array[];
}

/**
 * A JPEG of flat blocks. Its quantisation steps are 16; the DC code has 0 for four bits more and 10
 * for no change, the AC code has 0 for the end of a block and nothing else.
 */
export function jpegFrame(frame: JpegFrame): Uint8Array {
  const { marker, width, height, ids, scan, precision = 8, sampling = 0x11, quantization = 0, before = [] } = frame;
  const code = (table: number, lengths: readonly number[], values: readonly number[]) =>
    segment(0xc4, Uint8Array.from([table, ...lengths, ...Array(16 - lengths.length).fill(0), ...values]));
  const channels = ids.flatMap((id) => [id, sampling, quantization]);
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  return joined(
    Buffer.from([0xff, 0xd8]),
    ...before,
    segment(0xdb, Uint8Array.from([0, ...Array(64).fill(16)])),
    segment(marker, Uint8Array.from([precision, ...size, ids.length, ...channels])),
    code(0x00, [1, 1], [4, 0]),
    code(0x10, [1], [0]),
    segment(0xda, Uint8Array.from([ids.length, ...ids.flatMap((id) => [id, 0]), 0, marker === 0xc2 ? 0 : 63, 0])),
    Uint8Array.from(scan.replaceAll(" ", "").match(/.{1,8}/g)!, (byte) => Number.parseInt(byte.padEnd(8, "1"), 2)),
    Buffer.from([0xff, 0xd9]),
  );
}

/** What decoding says of these bytes, which are called "a.jpg". */
export async function faultOf(bytes: Uint8Array): Promise<PhotoError> {
  try {
    await decodePhoto(bytes, "a.jpg");
  } catch (error) {
    if (error instanceof PhotoError) return error;
    throw error;
  }
  throw new Error("nothing was wrong");
}

/** So many whole numbers from 0 to `most`, by a seed. */
export const noise = (seed: number, length: number, most: number): number[] => {
  let state = seed;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * (most + 1));
  });
};
