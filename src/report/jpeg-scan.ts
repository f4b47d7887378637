import { type HuffmanTable, ZIGZAG } from "./jpeg-tables.ts";

// Tests: test/report/jpeg.test.ts

/**
 * Bytes that a block takes at most: 64 coefficients of 27 bits, every byte of them followed by a
 * zero.
 */
const BLOCK_BYTES = 432;
/** Room that an end of file, or a last byte, needs besides. */
const MARGIN = 16;

/** Where the coefficient at each place of a block stands in zigzag order. */
const ORDER = new Uint8Array(64);
ZIGZAG.forEach((place, i) => {
  ORDER[place] = i;
});

/**
 * What follows a JPEG's headers: blocks, transformed, quantised and coded one after the other. Bits
 * go out most significant first; a byte of ones is followed by a zero byte, as the format asks.
 * Pictures are made by the ten thousand, so nothing is allocated for a block, and what is zero, as
 * most is, is looked at once.
 */
export class JpegScan {
  #data: Uint8Array<ArrayBuffer>;
  #length = 0;
  #bits = 0;
  #count = 0;
  readonly #coefficients = new Float32Array(64);
  /** In zigzag order; only what the two masks name is of this block. */
  readonly #quantised = new Int32Array(64);

  constructor(capacity: number) {
    this.#data = new Uint8Array(capacity + MARGIN);
  }

  bytes(values: readonly number[]): void {
    this.reserve(values.length);
    for (const value of values) this.#data[this.#length++] = value;
  }

  /** Makes room, so that writing need not ask. */
  reserve(bytes: number): void {
    const needed = this.#length + bytes + MARGIN;
    if (needed <= this.#data.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#data.length * 2));
    larger.set(this.#data.subarray(0, this.#length));
    this.#data = larger;
  }

  /** The 8×8 block at `at` of a plane. Returns its DC, from which the next is told. */
  block(
    plane: Float32Array,
    at: number,
    stride: number,
    scales: Float32Array,
    table: HuffmanTable,
    lastDc: number,
  ): number {
    const coefficients = this.#coefficients;
    const quantised = this.#quantised;
    for (let row = 0; row < 8; row++) transformRow(plane, at + row * stride, coefficients, row * 8);
    for (let column = 0; column < 8; column++) transformColumn(coefficients, column);
    const first = coefficients[0]! * scales[0]!;
    const dc = (first < 0 ? first - 0.5 : first + 0.5) | 0;
    let low = 0;
    let high = 0;
    for (let place = 1; place < 64; place++) {
      const value = coefficients[place]! * scales[place]!;
      if (value > -0.5 && value < 0.5) continue;
      const i = ORDER[place]!;
      quantised[i] = (value < 0 ? value - 0.5 : value + 0.5) | 0;
      if (i < 32) low |= 1 << i;
      else high |= 1 << i; // shifts by i − 32
    }
    this.reserve(BLOCK_BYTES);
    const size = bitLength(dc - lastDc);
    this.#put(table.dcCode[size]!, table.dcSize[size]!);
    this.#signed(dc - lastDc, size);
    this.#runs(low, high, table);
    return dc;
  }

  /** The coefficients that the masks name, each with the number of zeros before it. */
  #runs(low: number, high: number, table: HuffmanTable): void {
    let last = 0;
    let from = 0;
    for (let mask = low; ; ) {
      if (mask === 0) {
        if (from === 32) break;
        from = 32;
        mask = high;
        continue;
      }
      const lowest = mask & -mask;
      mask ^= lowest;
      const i = from + 31 - Math.clz32(lowest);
      let run = i - last - 1;
      last = i;
      for (; run > 15; run -= 16) this.#put(table.acCode[0xf0]!, table.acSize[0xf0]!);
      const value = this.#quantised[i]!;
      const size = bitLength(value);
      const symbol = (run << 4) | size;
      this.#put(table.acCode[symbol]!, table.acSize[symbol]!);
      this.#signed(value, size);
    }
    if (last < 63) this.#put(table.acCode[0]!, table.acSize[0]!);
  }

  /** Fewer than 8 bits wait, and a code has at most 16: no bit is lost. */
  #put(code: number, size: number): void {
    let bits = (this.#bits << size) | code;
    let count = this.#count + size;
    while (count >= 8) {
      count -= 8;
      const byte = (bits >>> count) & 255;
      this.#data[this.#length++] = byte;
      if (byte === 255) this.#data[this.#length++] = 0;
    }
    bits &= (1 << count) - 1;
    this.#bits = bits;
    this.#count = count;
  }

  /** A value in as many bits as it needs; a negative one as its ones' complement. */
  #signed(value: number, size: number): void {
    if (size > 0) this.#put(value < 0 ? value + (1 << size) - 1 : value, size);
  }

  finish(): Uint8Array<ArrayBuffer> {
    if (this.#count > 0) this.#put((1 << (8 - this.#count)) - 1, 8 - this.#count);
    this.bytes([0xff, 0xd9]);
    return this.#data.slice(0, this.#length);
  }
}

function bitLength(value: number): number {
  return 32 - Math.clz32(value < 0 ? -value : value);
}

/**
 * The one-dimensional transform of Arai, Agui and Nakajima (1988) of a row of a plane. What is
 * stored is rounded to 32 bits between the two dimensions, and all else is double precision, so
 * that the bytes are the same everywhere.
 */
function transformRow(v: Float32Array, at: number, out: Float32Array, to: number): void {
  const s0 = v[at]! + v[at + 7]!;
  const d0 = v[at]! - v[at + 7]!;
  const s1 = v[at + 1]! + v[at + 6]!;
  const d1 = v[at + 1]! - v[at + 6]!;
  const s2 = v[at + 2]! + v[at + 5]!;
  const d2 = v[at + 2]! - v[at + 5]!;
  const s3 = v[at + 3]! + v[at + 4]!;
  const d3 = v[at + 3]! - v[at + 4]!;
  const e0 = s0 + s3;
  const e3 = s0 - s3;
  const e1 = s1 + s2;
  const e2 = s1 - s2;
  out[to] = e0 + e1;
  out[to + 4] = e0 - e1;
  const z1 = (e2 + e3) * Math.SQRT1_2;
  out[to + 2] = e3 + z1;
  out[to + 6] = e3 - z1;
  const o0 = d3 + d2;
  const o1 = d2 + d1;
  const o2 = d1 + d0;
  const z5 = (o0 - o2) * 0.382683433;
  const z2 = 0.5411961 * o0 + z5;
  const z4 = 1.306562965 * o2 + z5;
  const z3 = o1 * Math.SQRT1_2;
  const z11 = d0 + z3;
  const z13 = d0 - z3;
  out[to + 5] = z13 + z2;
  out[to + 3] = z13 - z2;
  out[to + 1] = z11 + z4;
  out[to + 7] = z11 - z4;
}

/**
 * The same of a column of a block, in place. Written out: with a step as an argument it takes half
 * as long again.
 */
function transformColumn(v: Float32Array, at: number): void {
  const s0 = v[at]! + v[at + 56]!;
  const d0 = v[at]! - v[at + 56]!;
  const s1 = v[at + 8]! + v[at + 48]!;
  const d1 = v[at + 8]! - v[at + 48]!;
  const s2 = v[at + 16]! + v[at + 40]!;
  const d2 = v[at + 16]! - v[at + 40]!;
  const s3 = v[at + 24]! + v[at + 32]!;
  const d3 = v[at + 24]! - v[at + 32]!;
  const e0 = s0 + s3;
  const e3 = s0 - s3;
  const e1 = s1 + s2;
  const e2 = s1 - s2;
  v[at] = e0 + e1;
  v[at + 32] = e0 - e1;
  const z1 = (e2 + e3) * Math.SQRT1_2;
  v[at + 16] = e3 + z1;
  v[at + 48] = e3 - z1;
  const o0 = d3 + d2;
  const o1 = d2 + d1;
  const o2 = d1 + d0;
  const z5 = (o0 - o2) * 0.382683433;
  const z2 = 0.5411961 * o0 + z5;
  const z4 = 1.306562965 * o2 + z5;
  const z3 = o1 * Math.SQRT1_2;
  const z11 = d0 + z3;
  const z13 = d0 - z3;
  v[at + 40] = z13 + z2;
  v[at + 24] = z13 - z2;
  v[at + 8] = z11 + z4;
  v[at + 56] = z11 - z4;
}
