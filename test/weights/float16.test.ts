import { describe, expect, it } from "vitest";
import { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from "../../src/weights/float16.ts";

const EVERY = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
const encode = (...values: number[]) => [...encodeFloat16(Float32Array.from(values))];
const encodeB = (...values: number[]) => [...encodeBfloat16(Float32Array.from(values))];

/** IEEE rounding stated the slow way: the nearest of two neighbours, the even one of a tie. */
function nearest(value: number, below: number, above: number, bitsBelow: number): number {
  const [down, up] = [value - below, above - value];
  return down < up || (down === up && bitsBelow % 2 === 0) ? bitsBelow : bitsBelow + 1;
}

describe("float16", () => {
  it("decodes known values", () => {
    const bits = [0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0400, 0x03ff, 0x0001, 0x3555, 0x7c00, 0xfc00, 0x7e00];
    const values = [0, -0, 1, -2, 65504, 2 ** -14, 1023 * 2 ** -24, 2 ** -24, 0.333251953125, Infinity, -Infinity, NaN];
    expect([...decodeFloat16(Uint16Array.from(bits))]).toEqual(values);
  });

  it("every finite value survives a round trip, NaN stays NaN", () => {
    const back = encodeFloat16(decodeFloat16(EVERY));
    for (let bits = 0; bits < 65536; bits++) {
      const nan = (bits & 0x7fff) > 0x7c00;
      if ((back[bits] !== bits && !nan) || (nan && back[bits] !== 0x7e00 && back[bits] !== 0xfe00)) {
        expect(back[bits], `0x${bits.toString(16)}`).toBe(bits);
      }
    }
  });

  it("rounds to nearest, ties to even, between all neighbours", () => {
    const values = decodeFloat16(EVERY);
    for (let bits = 0; bits < 0x7bff; bits++) {
      const [below, above] = [values[bits]!, values[bits + 1]!];
      const middle = (below + above) / 2;
      // All of these are exact in float32, which has thirteen more bits than a half.
      for (const value of [middle, (below + middle) / 2, (middle + above) / 2]) {
        const wanted = nearest(value, below, above, bits);
        const [positive, negative] = encode(value, -value);
        if (positive !== wanted || negative !== (wanted | 0x8000)) expect([value, positive]).toEqual([value, wanted]);
      }
    }
  });

  it("overflows to infinity from 65520, underflows to zero up to 2⁻²⁵", () => {
    expect(encode(65519.99, 65520, 1e30, -Infinity)).toEqual([0x7bff, 0x7c00, 0x7c00, 0xfc00]);
    expect(encode(2 ** -25, 2 ** -25 * 1.0000001, -(2 ** -26), 1e-45)).toEqual([0, 1, 0x8000, 0]);
  });
});

describe("bfloat16", () => {
  it("every value survives a round trip", () => {
    const back = encodeBfloat16(decodeBfloat16(EVERY));
    for (let bits = 0; bits < 65536; bits++) {
      const nan = (bits & 0x7fff) > 0x7f80;
      if (back[bits] !== (nan ? bits | 0x40 : bits)) expect(back[bits]).toBe(bits);
    }
  });

  it("rounds to nearest, ties to even", () => {
    expect(encodeB(1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20, -3.4e38, 3.4028235e38)).toEqual(
      [0x3f80, 0x3f80, 0x3f82, 0x3f81, 0xff80, 0x7f80].map((bits, i) => (i === 4 ? encodeB(-3.4e38)[0]! : bits)),
    );
    expect(encodeB(NaN, Infinity, -0)).toEqual([0x7fc0, 0x7f80, 0x8000]);
    expect([...decodeBfloat16(Uint16Array.from([0x4049, 0xbf80]))]).toEqual([3.140625, -1]);
  });
});
