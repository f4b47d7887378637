import { crc32 } from "../weights/crc32.ts";
import { readOrientation, upright } from "./exif.ts";
import type { Image } from "./image.ts";
import { PhotoFault } from "./photo-fault.ts";

// Tests: test/report/decode-png.test.ts, test/node/photo/decode-png.test.ts

/** Colour types, and the bits that a sample of them may have. */
const KINDS: Readonly<Record<number, { readonly channels: number; readonly depths: readonly number[] }>> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] }, // grey
  2: { channels: 3, depths: [8, 16] }, // RGB
  3: { channels: 1, depths: [1, 2, 4, 8] }, // places in a palette
  4: { channels: 2, depths: [8, 16] }, // grey and alpha
  6: { channels: 4, depths: [8, 16] }, // RGB and alpha
};
const PALETTE = 3;

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Whether bytes begin like a PNG. */
export const isPng = (bytes: Uint8Array): boolean => SIGNATURE.every((byte, i) => bytes[i] === byte);

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly channels: number;
  /** Whether the last channel is alpha. */
  readonly alpha: boolean;
  readonly indexed: boolean;
  readonly interlaced: boolean;
}

/** Reads the header alone, which says how large everything else will be. @throws PhotoFault */
export function readPngHeader(bytes: Uint8Array): PngHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33) throw new PhotoFault("ends within its header", true);
  if (view.getUint32(8) !== 13 || view.getUint32(12) !== 0x49484452)
    throw new PhotoFault("does not begin with a header");
  if (crc32(bytes.subarray(12, 29)) !== view.getUint32(29)) throw new PhotoFault("has a damaged header");
  const depth = view.getUint8(24);
  const color = view.getUint8(25);
  const kind = KINDS[color];
  const interlace = view.getUint8(28);
  if (!kind?.depths.includes(depth) || view.getUint16(26) !== 0 || interlace > 1) {
    throw new PhotoFault("has a header that makes no sense");
  }
  return {
    width: view.getUint32(16),
    height: view.getUint32(20),
    depth,
    channels: kind.channels,
    alpha: kind.channels % 2 === 0,
    indexed: color === PALETTE,
    interlaced: interlace === 1,
  };
}

/**
 * How many bytes the pixels of a PNG with this header are before they are painted: filtered rows, a
 * byte more each.
 */
export const rawBytes = (header: PngHeader): number =>
  passesOf(header).reduce((sum, { rows, stride }) => sum + rows * (1 + stride), 0);

/**
 * The picture that unpacked rows are, which are unfiltered in place. Colour profiles and gamma are
 * ignored; animations give their first picture; 16-bit samples are rounded to 8, greys become RGB;
 * a picture is turned as its EXIF data say. What is transparent (by alpha, palette or a transparent
 * colour) is kept as a fourth channel where there is any, or laid on white, as on paper.
 *
 * @throws PhotoFault
 */
export function paintPng(
  header: PngHeader,
  { palette, transparency, orientation }: PngChunks,
  raw: Uint8Array,
  transparent: "kept" | "on white",
): Image {
  const { width, height, depth } = header;
  const hasAlpha = header.alpha || transparency !== undefined;
  const channels = hasAlpha && transparent === "kept" ? 4 : 3;
  const paint = painter(header, channels, palette, transparency);
  const data = new Uint8Array(width * height * channels);
  const step = Math.max(1, (depth * header.channels) >> 3);
  let at = 0;
  for (const { x, y, dx, dy, rows, columns, stride } of passesOf(header)) {
    let above: Uint8Array = new Uint8Array(stride);
    for (let row = 0; row < rows; row++) {
      const line = raw.subarray(at + 1, at + 1 + stride);
      unfilter(raw[at]!, line, above, step);
      let to = ((y + row * dy) * width + x) * channels;
      for (let column = 0; column < columns; column++, to += channels * dx) paint(line, column, data, to);
      above = line;
      at += 1 + stride;
    }
  }
  return upright({ width, height, channels, data }, orientation);
}

/** What of a PNG makes up its picture. */
export interface PngChunks {
  readonly palette?: Uint8Array | undefined;
  readonly transparency?: Uint8Array | undefined;
  /** How the camera was held, 1 to 8 as in EXIF; 1 is upright. */
  readonly orientation: number;
  /** One zlib stream, in pieces. */
  readonly packed: readonly Uint8Array[];
}

/**
 * The chunks that make up the picture; the others are passed over. Nothing is unpacked yet.
 * @throws PhotoFault
 */
export function readPngChunks(bytes: Uint8Array): PngChunks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const packed: Uint8Array[] = [];
  const found: Record<string, Uint8Array> = {};
  for (let at = 8; ; ) {
    if (at + 12 > bytes.length) throw new PhotoFault("ends before its end mark", true);
    const end = at + 8 + view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (end + 4 > bytes.length) throw new PhotoFault(`ends within a chunk "${type.replace(/[^a-zA-Z]/g, "?")}"`, true);
    if (type === "IEND") break;
    const isExif = type === "eXIf";
    if (type === "IDAT" || type === "PLTE" || type === "tRNS" || isExif) {
      const isWhole = crc32(bytes.subarray(at + 4, end)) === view.getUint32(end);
      if (!isWhole && !isExif) throw new PhotoFault(`has a damaged chunk "${type}"`);
      const content = bytes.subarray(at + 8, end);
      if (type === "IDAT") packed.push(content);
      else if (isWhole && !(isExif && packed.length > 0)) found[type] ??= content;
    }
    at = end + 4;
  }
  const { PLTE: palette, tRNS: transparency, eXIf: exif } = found;
  return { packed, palette, transparency, orientation: (exif && readOrientation(exif)) ?? 1 };
}

/** Which pixels a pass holds: one has all, Adam7's seven have ever finer grids. */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  readonly rows: number;
  readonly columns: number;
  /** Bytes a row. */
  readonly stride: number;
}

const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

function passesOf({ width, height, depth, channels, interlaced }: PngHeader): Pass[] {
  return (interlaced ? ADAM7 : ([[0, 0, 1, 1]] as const))
    .map(([x, y, dx, dy]) => {
      const columns = Math.ceil((width - x) / dx);
      const stride = Math.ceil((columns * depth * channels) / 8);
      return { x, y, dx, dy, rows: Math.ceil((height - y) / dy), columns, stride };
    })
    .filter(({ rows, columns }) => rows > 0 && columns > 0);
}

/** Undoes a row's filter in place; `step` bytes lie between a sample and the one before it. */
function unfilter(filter: number, line: Uint8Array, above: Uint8Array, step: number): void {
  const size = line.length;
  if (filter === 1) for (let i = step; i < size; i++) line[i]! += line[i - step]!;
  else if (filter === 2) for (let i = 0; i < size; i++) line[i]! += above[i]!;
  else if (filter === 3) {
    for (let i = 0; i < size; i++) line[i]! += ((i < step ? 0 : line[i - step]!) + above[i]!) >> 1;
  } else if (filter === 4) {
    for (let i = 0; i < size; i++) {
      const [left, corner] = i < step ? [0, 0] : [line[i - step]!, above[i - step]!];
      const up = above[i]!;
      const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
      line[i]! += a <= b && a <= c ? left : b <= c ? up : corner;
    }
  } else if (filter !== 0) throw new PhotoFault("has a row with an unknown filter");
}

type Paint = (line: Uint8Array, column: number, data: Uint8Array, to: number) => void;

/** How a pixel of this kind becomes bytes: RGB on white, or RGBA. */
function painter(header: PngHeader, into: 3 | 4, palette?: Uint8Array, transparency?: Uint8Array): Paint {
  const { depth, channels, alpha: hasAlpha } = header;
  const full = 2 ** depth - 1;
  const sample = samplesOf(depth);
  if (header.indexed) return painterOf(sample, into, palette, transparency);
  const colors = hasAlpha ? channels - 1 : channels;
  // One colour can be transparent where there is no alpha; samples are 16 bits whatever the depth.
  const keyed = !hasAlpha && transparency?.length === 2 * colors;
  const key = Array.from(
    { length: keyed ? colors : 0 },
    (_, c) => (transparency![2 * c]! << 8) | transparency![2 * c + 1]!,
  );
  return (line, column, data, to) => {
    const from = column * channels;
    const alpha = hasAlpha
      ? sample(line, from + colors)
      : keyed && key.every((value, c) => value === sample(line, from + c))
        ? 0
        : full;
    const laid = into === 3 ? alpha : full;
    for (let c = 0; c < 3; c++) data[to + c] = onWhite(sample(line, from + (colors === 3 ? c : 0)), laid, full);
    if (into === 4) data[to + 3] = onWhite(alpha, full, full);
  };
}

/** A value as a byte, where so much of white shows through. */
const onWhite = (value: number, alpha: number, full: number): number =>
  Math.round((((value * alpha) / full + full - alpha) * 255) / full);

/** What reads sample `i` of a row. */
function samplesOf(depth: number): (line: Uint8Array, i: number) => number {
  if (depth === 8) return (line, i) => line[i]!;
  if (depth === 16) return (line, i) => (line[2 * i]! << 8) | line[2 * i + 1]!;
  const full = 2 ** depth - 1;
  return (line, i) => (line[(i * depth) >> 3]! >> (8 - depth - ((i * depth) & 7))) & full;
}

/** How places in a palette become bytes. */
function painterOf(
  sample: (line: Uint8Array, i: number) => number,
  into: 3 | 4,
  palette?: Uint8Array,
  transparency?: Uint8Array,
): Paint {
  if (!palette || palette.length === 0 || palette.length % 3 !== 0) throw new PhotoFault("has no usable palette");
  const colors = palette.length / 3;
  const table = new Uint8Array(into * colors);
  for (let color = 0; color < colors; color++) {
    const alpha = transparency?.[color] ?? 255;
    const laid = into === 3 ? alpha : 255;
    for (let c = 0; c < 3; c++) table[into * color + c] = onWhite(palette[3 * color + c]!, laid, 255);
    if (into === 4) table[into * color + 3] = alpha;
  }
  return (line, column, data, to) => {
    const from = into * sample(line, column);
    if (from >= table.length) throw new PhotoFault("uses colours that its palette does not have");
    for (let c = 0; c < into; c++) data[to + c] = table[from + c]!;
  };
}
