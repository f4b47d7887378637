/** Float32 values of IEEE binary16 bit patterns; exact, subnormals and infinities included. */
export function decodeFloat16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const half = bits[i]!;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    let magnitude: number;
    if (exponent === 0) magnitude = fraction * 2 ** -24;
    else if (exponent === 31) magnitude = fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
    else magnitude = (1024 + fraction) * POWERS[exponent]!;
    values[i] = half & 0x8000 ? -magnitude : magnitude;
  }
  return values;
}

/**
 * 2^(exponent − 25): what a unit of the fraction is worth; a table because `**` in the loop costs a
 * third of a big load.
 */
const POWERS = Array.from({ length: 31 }, (_, exponent) => 2 ** (exponent - 25));

/**
 * IEEE binary16 bit patterns of float32 values, rounded to nearest, ties to even; beyond ±65519.99
 * becomes infinite.
 */
export function encodeFloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const words = bitsOf(values);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const sign = (word >>> 16) & 0x8000;
    const magnitude = word & 0x7fffffff;
    let half: number;
    if (magnitude > 0x7f800000) half = 0x7e00;
    else if (magnitude >= 0x47800000) half = 0x7c00;
    else if (magnitude >= 0x38800000) half = (roundOff(magnitude, 13) - 0x1c000) & 0x7fff;
    else half = subnormalHalf(magnitude);
    halves[i] = sign | half;
  }
  return halves;
}

/** Bits of a half below 2⁻¹⁴, whose unit is 2⁻²⁴: the float32 fraction shifted into place. */
function subnormalHalf(magnitude: number): number {
  const exponent = magnitude >>> 23;
  // Under 2⁻²⁵ everything rounds to zero, and the shift below would leave the 32-bit range.
  if (exponent < 102) return 0;
  return roundOff((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
}

/** Drops the lowest `count` bits, rounding to nearest, ties to even. */
function roundOff(word: number, count: number): number {
  const odd = (word >>> count) & 1;
  return (word + (1 << (count - 1)) - 1 + odd) >>> count;
}

/** Float32 values of bfloat16 bit patterns (the upper half of a float32); exact. */
export function decodeBfloat16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
  return new Float32Array(words.buffer);
}

/** Bfloat16 bit patterns of float32 values, rounded to nearest, ties to even; NaN stays NaN. */
export function encodeBfloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const words = bitsOf(values);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    halves[i] = (word & 0x7fffffff) > 0x7f800000 ? (word >>> 16) | 0x40 : roundOff(word, 16);
  }
  return halves;
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}
