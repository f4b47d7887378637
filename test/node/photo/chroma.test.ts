import { expect, test } from "vitest";
import { type Chroma, smoothChroma } from "../../../src/node/photo/chroma.ts";
import { noise } from "./pictures.ts";

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

test.each([
  [{ across: 2, down: 2 }, 8, 6],
  [{ across: 2, down: 2 }, 7, 5],
  [{ across: 2, down: 1 }, 9, 4],
  [{ across: 1, down: 2 }, 3, 7],
  [{ across: 2, down: 2 }, 1, 1],
] as const)("is ¾ of the nearest colour and ¼ of the next, both ways: %j, %i × %i", (chroma: Chroma, width, height) => {
  const { across, down } = chroma;
  const luma = noise(1, width * height, 255);
  const [columns, rows] = [Math.ceil(width / across), Math.ceil(height / down)];
  const colours = [noise(2, columns * rows, 255), noise(3, columns * rows, 255)];
  /** A colour's sample of the coarse grid, whose borders repeat. */
  const coarse = (colour: number, row: number, column: number): number => {
    const [y, x] = [Math.min(rows - 1, Math.max(0, row)), Math.min(columns - 1, Math.max(0, column))];
    return colours[colour]![y * columns + x]!;
  };
  const samples = Uint8Array.from({ length: 3 * width * height }, (_, at) => {
    const [pixel, channel] = [Math.floor(at / 3), at % 3];
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    return channel === 0 ? luma[pixel]! : coarse(channel - 1, Math.floor(y / down), Math.floor(x / across));
  });
  /** The two coarse places that a fine one lies between, and what they count for. */
  const between = (at: number, step: number): [place: number, share: number][] =>
    step === 1
      ? [[at, 1]]
      : [
          [Math.floor(at / 2), 3 / 4],
          [Math.floor(at / 2) + (at % 2 === 0 ? -1 : 1), 1 / 4],
        ];
  const found = smoothChroma(samples, width, height, chroma);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const [cb, cr] = [0, 1].map((colour) => {
        let sum = -128;
        for (const [row, shareDown] of between(y, down)) {
          for (const [column, shareAcross] of between(x, across))
            sum += shareDown * shareAcross * coarse(colour, row, column);
        }
        return sum;
      }) as [number, number];
      const value = luma[y * width + x]!;
      const rgb = [value + 1.402 * cr, value - 0.344136 * cb - 0.714136 * cr, value + 1.772 * cb];
      rgb.forEach((exact, c) => {
        const shown = Math.min(255, Math.max(0, exact));
        expect(Math.abs(found[3 * (y * width + x) + c]! - shown)).toBeLessThanOrEqual(0.5001);
      });
    }
  }
});
