import { crc32, inflateSync } from "node:zlib";
import { PhotoFault } from "./fault.ts";
import type { Photo } from "./photo.ts";

/** Colour types, and the bits that a sample of them may have. */
const KINDS: Readonly<Record<number, { readonly channels: number; readonly depths: readonly number[] }>> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] }, // grey
  2: { channels: 3, depths: [8, 16] }, // RGB
  3: { channels: 1, depths: [1, 2, 4, 8] }, // places in a palette
  4: { channels: 2, depths: [8, 16] }, // grey and alpha
  6: { channels: 4, depths: [8, 16] }, // RGB and alpha
};
const PALETTE = 3;

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly channels: number;
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
    indexed: color === PALETTE,
    interlaced: interlace === 1,
  };
}

/**
 * The pixels of a PNG whose header was found acceptable. Written out because the decoders on npm
 * unpack whatever is in the file before they look at its size, and some misread interlaced
 * palettes. Colour profiles and gamma are ignored; animations give their first picture. Alpha and
 * the transparent colour are laid on white, as on paper.
 * @throws PhotoFault
 */
export function decodePng(bytes: Uint8Array, header: PngHeader): Photo {
  const { palette, transparency, packed } = readChunks(bytes);
  const passes = passesOf(header);
  const size = passes.reduce((sum, { rows, stride }) => sum + rows * (1 + stride), 0);
  const raw = unpack(packed, size);
  const paint = painter(header, palette, transparency);
  const rgb = new Uint8Array(header.width * header.height * 3);
  const step = Math.max(1, (header.depth * header.channels) >> 3);
  let at = 0;
  for (const { x, y, dx, dy, rows, columns, stride } of passes) {
    let above: Uint8Array = new Uint8Array(stride);
    for (let row = 0; row < rows; row++) {
      const line = raw.subarray(at + 1, at + 1 + stride);
      unfilter(raw[at]!, line, above, step);
      let to = ((y + row * dy) * header.width + x) * 3;
      for (let column = 0; column < columns; column++, to += 3 * dx) paint(line, column, rgb, to);
      above = line;
      at += 1 + stride;
    }
  }
  return { width: header.width, height: header.height, rgb };
}

interface Chunks {
  readonly palette?: Uint8Array | undefined;
  readonly transparency?: Uint8Array | undefined;
  readonly packed: readonly Uint8Array[];
}

/** The chunks that make up the picture; the others are passed over. */
function readChunks(bytes: Uint8Array): Chunks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const packed: Uint8Array[] = [];
  const found: Record<string, Uint8Array> = {};
  for (let at = 8; ; ) {
    if (at + 12 > bytes.length) throw new PhotoFault("ends before its end mark", true);
    const end = at + 8 + view.getUint32(at);
    const type = Buffer.from(bytes.subarray(at + 4, at + 8)).toString("latin1");
    if (end + 4 > bytes.length) throw new PhotoFault(`ends within a chunk "${type.replace(/[^a-zA-Z]/g, "?")}"`, true);
    if (type === "IEND") break;
    if (type === "IDAT" || type === "PLTE" || type === "tRNS") {
      if (crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) {
        throw new PhotoFault(`has a damaged chunk "${type}"`);
      }
      const content = bytes.subarray(at + 8, end);
      if (type === "IDAT") packed.push(content);
      else found[type] ??= content;
    }
    at = end + 4;
  }
  return { packed, palette: found["PLTE"], transparency: found["tRNS"] };
}

/** Unpacks exactly so many bytes, and never holds more. */
function unpack(packed: readonly Uint8Array[], size: number): Uint8Array {
  try {
    const raw = inflateSync(Buffer.concat(packed), {
      maxOutputLength: size,
      chunkSize: Math.max(64, Math.min(size, 2 ** 20)),
    });
    if (raw.length === size) return raw;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") throw new PhotoFault("holds more than its size says", false, { cause });
    if (code !== "Z_BUF_ERROR") throw new PhotoFault("has pixels that cannot be unpacked", false, { cause });
  }
  throw new PhotoFault("holds fewer pixels than its size says", true);
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

type Paint = (line: Uint8Array, column: number, rgb: Uint8Array, to: number) => void;

/** How a pixel of this kind becomes RGB bytes. */
function painter({ depth, channels, indexed }: PngHeader, palette?: Uint8Array, transparency?: Uint8Array): Paint {
  const full = 2 ** depth - 1;
  const bytes = depth / 8;
  const sample: (line: Uint8Array, i: number) => number =
    depth === 8
      ? (line, i) => line[i]!
      : depth === 16
        ? (line, i) => (line[2 * i]! << 8) | line[2 * i + 1]!
        : (line, i) => (line[Math.floor(i * bytes)]! >> (8 - depth - ((i * depth) & 7))) & full;
  const onWhite = (value: number, alpha: number): number =>
    Math.round((((value * alpha) / full + full - alpha) * 255) / full);

  if (indexed) {
    if (!palette || palette.length === 0 || palette.length % 3 !== 0) throw new PhotoFault("has no usable palette");
    const table = Uint8Array.from(palette, (value, i) => {
      const alpha = transparency?.[Math.floor(i / 3)] ?? 255;
      return Math.round((value * alpha) / 255 + 255 - alpha);
    });
    return (line, column, rgb, to) => {
      const from = 3 * sample(line, column);
      if (from >= table.length) throw new PhotoFault("uses colours that its palette does not have");
      rgb[to] = table[from]!;
      rgb[to + 1] = table[from + 1]!;
      rgb[to + 2] = table[from + 2]!;
    };
  }
  const colors = channels < 3 ? 1 : 3;
  const hasAlpha = channels > colors;
  // One colour can be transparent where there is no alpha; samples are 16 bits whatever the depth.
  const keyed = !hasAlpha && transparency?.length === 2 * colors;
  const key = Array.from(
    { length: keyed ? colors : 0 },
    (_, c) => (transparency![2 * c]! << 8) | transparency![2 * c + 1]!,
  );
  return (line, column, rgb, to) => {
    const from = column * channels;
    const alpha = hasAlpha
      ? sample(line, from + colors)
      : keyed && key.every((value, c) => value === sample(line, from + c))
        ? 0
        : full;
    for (let c = 0; c < 3; c++) rgb[to + c] = onWhite(sample(line, from + (colors === 3 ? c : 0)), alpha);
  };
}
