import { expect, test } from "vitest";
import { smoothChroma } from "../../../src/node/photo/chroma.ts";

test("has its colour interpolated where it is kept coarser", () => {
  // Grey of 100; the blue difference is 16 above grey in one pair of columns, and in one pair of
  // rows of four by two.
  const samples = (width: number, height: number, cb: (x: number, y: number) => number) =>
    Uint8Array.from({ length: 3 * width * height }, (_, at) => {
      const p = Math.floor(at / 3);
      return [100, cb(p % width, Math.floor(p / width)), 128][at % 3]!;
    });
  const blue = (rgb: Uint8Array) => [...rgb].filter((_, at) => at % 3 === 2);
  const of = (share: number) => Math.round(100 + 1.772 * 16 * share);
  const across = smoothChroma(
    samples(5, 1, (x) => (x < 2 ? 144 : 128)),
    5,
    1,
    { across: 2, down: 1 },
  );
  expect(blue(across)).toEqual([of(1), of(3 / 4), of(1 / 4), of(0), of(0)]);
  const down = smoothChroma(
    samples(1, 4, (_, y) => (y < 2 ? 144 : 128)),
    1,
    4,
    { across: 1, down: 2 },
  );
  expect(blue(down)).toEqual([of(1), of(3 / 4), of(1 / 4), of(0)]);
});

// EXIF: on which side of the scene the stored picture's first row and its first column lie.
