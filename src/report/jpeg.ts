import { UsageError } from "../errors.ts";
import type { Image } from "./image.ts";
import { HUFFMAN, type HuffmanTable, ZIGZAG } from "./jpeg-tables.ts";

/**
 * A baseline JPEG encoder (ITU-T T.81) with chroma halved both ways, as libjpeg writes by default. It exists because strips
 * are many: it is several times as fast as the JavaScript encoders there are, runs anywhere, and is the same everywhere.
 */
export function encodeJpeg(image: Image, quality: number): Uint8Array<ArrayBuffer> {
  if (!(quality >= 1 && quality <= 100))
    throw new UsageError(`A JPEG quality of ${quality} makes no sense.`, "1 to 100.");
  const { width, height } = image;
  const tables = [quantTable(LUMA, quality), quantTable(CHROMA, quality)] as const;
  const out = new BitWriter(1024 + ((width * height) >> 1));
  writeHeaders(out, width, height, tables);
  const scales = tables.map(transformScales) as [Float32Array, Float32Array];
  const [y, cb, cr] = planes(image);
  const wide = Math.ceil(width / 16) * 16;
  const last = [0, 0, 0];
  for (let row = 0; row < height; row += 16) {
    for (let column = 0; column < width; column += 16) {
      for (let block = 0; block < 4; block++) {
        const at = (row + (block >> 1) * 8) * wide + column + (block & 1) * 8;
        last[0] = encodeBlock(out, y, at, wide, scales[0], HUFFMAN[0], last[0]!);
      }
      const at = (row >> 1) * (wide >> 1) + (column >> 1);
      last[1] = encodeBlock(out, cb, at, wide >> 1, scales[1], HUFFMAN[1], last[1]!);
      last[2] = encodeBlock(out, cr, at, wide >> 1, scales[1], HUFFMAN[1], last[2]!);
    }
  }
  return out.finish();
}

/** Quantisation tables of Annex K, row by row. */
const LUMA = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
  87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
];
const CHROMA = [
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99,
];

/** Scaled as libjpeg does. */
function quantTable(base: readonly number[], quality: number): number[] {
  const scale = quality < 50 ? 5000 / quality : 200 - quality * 2;
  return base.map((value) => Math.min(255, Math.max(1, Math.floor((value * scale + 50) / 100))));
}

/** Reciprocals that undo the scaling of the AAN transform (Arai, Agui, Nakajima 1988) and quantise in one product. */
function transformScales(table: readonly number[]): Float32Array {
  const aan = [1, 1.387039845, 1.306562965, 1.175875602, 1, 0.785694958, 0.5411961, 0.275899379];
  return Float32Array.from(table, (value, i) => 1 / (value * aan[i >> 3]! * aan[i & 7]! * 8));
}

/** Luma at full size and chroma at half, both padded to whole blocks by repeating the border, centred at zero. */
function planes({ width, height, channels, data }: Image): [Float32Array, Float32Array, Float32Array] {
  const [wide, high] = [Math.ceil(width / 16) * 16, Math.ceil(height / 16) * 16];
  const y = new Float32Array(wide * high);
  const cb = new Float32Array(y.length >> 2);
  const cr = new Float32Array(y.length >> 2);
  const [green, blue] = channels === 1 ? [0, 0] : [1, 2];
  for (let row = 0; row < high; row++) {
    const source = Math.min(row, height - 1) * width;
    const half = (row >> 1) * (wide >> 1);
    for (let column = 0; column < wide; column++) {
      const at = (source + (column < width ? column : width - 1)) * channels;
      const [r, g, b] = [data[at]!, data[at + green]!, data[at + blue]!];
      y[row * wide + column] = 0.299 * r + 0.587 * g + 0.114 * b - 128;
      const to = half + (column >> 1);
      cb[to]! += 0.25 * (-0.168735892 * r - 0.331264108 * g + 0.5 * b);
      cr[to]! += 0.25 * (0.5 * r - 0.418687589 * g - 0.081312411 * b);
    }
  }
  return [y, cb, cr];
}

const coefficients = new Float32Array(64);
const quantised = new Int32Array(64);

/** One 8×8 block: transform, quantise, Huffman. Returns its DC, from which the next is told. */
function encodeBlock(
  out: BitWriter,
  plane: Float32Array,
  at: number,
  stride: number,
  scales: Float32Array,
  table: HuffmanTable,
  lastDc: number,
): number {
  for (let row = 0; row < 8; row++) {
    for (let i = 0; i < 8; i++) coefficients[row * 8 + i] = plane[at + row * stride + i]!;
    transform8(coefficients, row * 8, 1);
  }
  for (let column = 0; column < 8; column++) transform8(coefficients, column, 8);
  let end = 0;
  for (let i = 0; i < 64; i++) {
    const place = ZIGZAG[i]!;
    const value = coefficients[place]! * scales[place]!;
    const rounded = (value < 0 ? value - 0.5 : value + 0.5) | 0;
    quantised[i] = rounded;
    if (rounded !== 0) end = i;
  }
  const dc = quantised[0]!;
  const size = bitLength(dc - lastDc);
  out.put(table.dcCode[size]!, table.dcSize[size]!);
  out.putSigned(dc - lastDc, size);
  let run = 0;
  for (let i = 1; i <= end; i++) {
    const value = quantised[i]!;
    if (value === 0) {
      run++;
      continue;
    }
    for (; run > 15; run -= 16) out.put(table.acCode[0xf0]!, table.acSize[0xf0]!);
    const bits = bitLength(value);
    out.put(table.acCode[(run << 4) | bits]!, table.acSize[(run << 4) | bits]!);
    out.putSigned(value, bits);
    run = 0;
  }
  if (end < 63) out.put(table.acCode[0]!, table.acSize[0]!);
  return dc;
}

function bitLength(value: number): number {
  return 32 - Math.clz32(value < 0 ? -value : value);
}

/** The one-dimensional AAN transform of eight values, in place. */
function transform8(v: Float32Array, at: number, step: number): void {
  const [i1, i2, i3, i4, i5, i6, i7] = [
    at + step,
    at + 2 * step,
    at + 3 * step,
    at + 4 * step,
    at + 5 * step,
    at + 6 * step,
    at + 7 * step,
  ];
  const s0 = v[at]! + v[i7]!;
  const d0 = v[at]! - v[i7]!;
  const s1 = v[i1]! + v[i6]!;
  const d1 = v[i1]! - v[i6]!;
  const s2 = v[i2]! + v[i5]!;
  const d2 = v[i2]! - v[i5]!;
  const s3 = v[i3]! + v[i4]!;
  const d3 = v[i3]! - v[i4]!;
  const e0 = s0 + s3;
  const e3 = s0 - s3;
  const e1 = s1 + s2;
  const e2 = s1 - s2;
  v[at] = e0 + e1;
  v[i4] = e0 - e1;
  const z1 = (e2 + e3) * Math.SQRT1_2;
  v[i2] = e3 + z1;
  v[i6] = e3 - z1;
  const o0 = d3 + d2;
  const o1 = d2 + d1;
  const o2 = d1 + d0;
  const z5 = (o0 - o2) * 0.382683433;
  const z2 = 0.5411961 * o0 + z5;
  const z4 = 1.306562965 * o2 + z5;
  const z3 = o1 * Math.SQRT1_2;
  const z11 = d0 + z3;
  const z13 = d0 - z3;
  v[i5] = z13 + z2;
  v[i3] = z13 - z2;
  v[i1] = z11 + z4;
  v[i7] = z11 - z4;
}

function writeHeaders(out: BitWriter, width: number, height: number, tables: readonly (readonly number[])[]): void {
  const word = (value: number) => [value >> 8, value & 255];
  const segment = (marker: number, content: readonly number[]) =>
    out.bytes([0xff, marker, ...word(content.length + 2), ...content]);
  out.bytes([0xff, 0xd8]);
  segment(0xe0, [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]);
  tables.forEach((table, id) => {
    segment(0xdb, [id, ...Array.from(ZIGZAG, (place) => table[place]!)]);
  });
  segment(0xc0, [8, ...word(height), ...word(width), 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
  HUFFMAN.forEach(({ dc, ac }, id) => {
    segment(0xc4, [id, ...dc.counts, ...dc.values]);
    segment(0xc4, [0x10 | id, ...ac.counts, ...ac.values]);
  });
  segment(0xda, [3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]);
}

/** Bits, most significant first; a byte of ones is followed by a zero byte, as the format asks. */
class BitWriter {
  #data: Uint8Array<ArrayBuffer>;
  #length = 0;
  #bits = 0;
  #count = 0;

  constructor(capacity: number) {
    this.#data = new Uint8Array(capacity);
  }

  bytes(values: readonly number[]): void {
    for (const value of values) this.#byte(value);
  }

  put(code: number, size: number): void {
    this.#bits = (this.#bits << size) | code;
    this.#count += size;
    while (this.#count >= 8) {
      this.#count -= 8;
      const byte = (this.#bits >>> this.#count) & 255;
      this.#byte(byte);
      if (byte === 255) this.#byte(0);
    }
    // Only what is not written yet, so that shifting never loses a bit of it.
    this.#bits &= (1 << this.#count) - 1;
  }

  /** A value in as many bits as it needs; a negative one as its ones' complement. */
  putSigned(value: number, size: number): void {
    if (size > 0) this.put(value < 0 ? value + (1 << size) - 1 : value, size);
  }

  finish(): Uint8Array<ArrayBuffer> {
    if (this.#count > 0) this.put((1 << (8 - this.#count)) - 1, 8 - this.#count);
    this.bytes([0xff, 0xd9]);
    return this.#data.slice(0, this.#length);
  }

  #byte(value: number): void {
    if (this.#length === this.#data.length) {
      const larger = new Uint8Array(this.#data.length * 2);
      larger.set(this.#data);
      this.#data = larger;
    }
    this.#data[this.#length++] = value;
  }
}
