import { UsageError } from "../errors.ts";
import type { Image } from "./image.ts";
import { JpegScan } from "./jpeg-scan.ts";
import { HUFFMAN, ZIGZAG } from "./jpeg-tables.ts";

/**
 * A baseline JPEG encoder (ITU-T T.81) with chroma halved both ways, as libjpeg writes by default.
 * It exists because strips are many: it is several times as fast as the JavaScript encoders there
 * are, runs anywhere, and is the same everywhere.
 */
export function encodeJpeg(image: Image, quality: number): Uint8Array<ArrayBuffer> {
  if (!(quality >= 1 && quality <= 100))
    throw new UsageError(`A JPEG quality of ${quality} makes no sense.`, "1 to 100.");
  const { width, height } = image;
  const tables = [quantTable(LUMA, quality), quantTable(CHROMA, quality)] as const;
  const out = new JpegScan(1024 + ((width * height) >> 3));
  writeHeaders(out, width, height, tables);
  const scales = tables.map(transformScales) as [Float32Array, Float32Array];
  const bands = new Bands(image);
  const { y, cb, cr, wide } = bands;
  const half = wide >> 1;
  let [lastY, lastCb, lastCr] = [0, 0, 0];
  for (let row = 0; row < height; row += 16) {
    bands.load(row);
    for (let column = 0; column < width; column += 16) {
      for (let block = 0; block < 4; block++) {
        const at = (block >> 1) * 8 * wide + column + (block & 1) * 8;
        lastY = out.block(y, at, wide, scales[0], HUFFMAN[0], lastY);
      }
      lastCb = out.block(cb, column >> 1, half, scales[1], HUFFMAN[1], lastCb);
      lastCr = out.block(cr, column >> 1, half, scales[1], HUFFMAN[1], lastCr);
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

/**
 * Reciprocals that undo the scaling of the AAN transform (Arai, Agui, Nakajima 1988) and quantise
 * in one product.
 */
function transformScales(table: readonly number[]): Float32Array {
  const aan = [1, 1.387039845, 1.306562965, 1.175875602, 1, 0.785694958, 0.5411961, 0.275899379];
  return Float32Array.from(table, (value, i) => 1 / (value * aan[i >> 3]! * aan[i & 7]! * 8));
}

/**
 * Sixteen rows of a picture at a time: luma at full size and chroma at half, both padded to whole
 * blocks by repeating the border, centred at zero. All rows at once would be megabytes that no
 * cache holds.
 */
class Bands {
  readonly wide: number;
  readonly y: Float32Array;
  readonly cb: Float32Array;
  readonly cr: Float32Array;
  readonly #image: Image;
  /** Where each column's pixel begins in its row. */
  readonly #columns: Int32Array;

  constructor(image: Image) {
    const { width, channels } = image;
    this.#image = image;
    this.wide = Math.ceil(width / 16) * 16;
    this.y = new Float32Array(this.wide * 16);
    this.cb = new Float32Array(this.wide * 4);
    this.cr = new Float32Array(this.wide * 4);
    this.#columns = Int32Array.from({ length: this.wide }, (_, column) => Math.min(column, width - 1) * channels);
  }

  load(first: number): void {
    const { width, height, channels } = this.#image;
    const stride = width * channels;
    for (let row = 0; row < 16; row += 2) {
      const upper = Math.min(first + row, height - 1) * stride;
      const lower = Math.min(first + row + 1, height - 1) * stride;
      this.#rows(upper, lower, row * this.wide, (row >> 1) * (this.wide >> 1));
    }
  }

  /**
   * Two rows, by squares of four pixels. Chroma is summed up pixel by pixel and rounded to 32 bits
   * each time: no other order gives the same bytes as ever.
   */
  #rows(upper: number, lower: number, to: number, half: number): void {
    const { wide, y, cb, cr } = this;
    const { data, channels } = this.#image;
    const columns = this.#columns;
    const green = channels === 1 ? 0 : 1;
    const blue = channels === 1 ? 0 : 2;
    for (let column = 0; column < wide; column += 2) {
      const left = columns[column]!;
      const right = columns[column + 1]!;
      const a0 = data[upper + left]!;
      const a1 = data[upper + left + green]!;
      const a2 = data[upper + left + blue]!;
      y[to + column] = 0.299 * a0 + 0.587 * a1 + 0.114 * a2 - 128;
      const b0 = data[upper + right]!;
      const b1 = data[upper + right + green]!;
      const b2 = data[upper + right + blue]!;
      y[to + column + 1] = 0.299 * b0 + 0.587 * b1 + 0.114 * b2 - 128;
      const c0 = data[lower + left]!;
      const c1 = data[lower + left + green]!;
      const c2 = data[lower + left + blue]!;
      y[to + column + wide] = 0.299 * c0 + 0.587 * c1 + 0.114 * c2 - 128;
      const d0 = data[lower + right]!;
      const d1 = data[lower + right + green]!;
      const d2 = data[lower + right + blue]!;
      y[to + column + wide + 1] = 0.299 * d0 + 0.587 * d1 + 0.114 * d2 - 128;
      let blues = Math.fround(0.25 * (-0.168735892 * a0 - 0.331264108 * a1 + 0.5 * a2));
      blues = Math.fround(blues + 0.25 * (-0.168735892 * b0 - 0.331264108 * b1 + 0.5 * b2));
      blues = Math.fround(blues + 0.25 * (-0.168735892 * c0 - 0.331264108 * c1 + 0.5 * c2));
      blues = Math.fround(blues + 0.25 * (-0.168735892 * d0 - 0.331264108 * d1 + 0.5 * d2));
      cb[half + (column >> 1)] = blues;
      let reds = Math.fround(0.25 * (0.5 * a0 - 0.418687589 * a1 - 0.081312411 * a2));
      reds = Math.fround(reds + 0.25 * (0.5 * b0 - 0.418687589 * b1 - 0.081312411 * b2));
      reds = Math.fround(reds + 0.25 * (0.5 * c0 - 0.418687589 * c1 - 0.081312411 * c2));
      reds = Math.fround(reds + 0.25 * (0.5 * d0 - 0.418687589 * d1 - 0.081312411 * d2));
      cr[half + (column >> 1)] = reds;
    }
  }
}

function writeHeaders(out: JpegScan, width: number, height: number, tables: readonly (readonly number[])[]): void {
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
