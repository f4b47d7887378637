import { describe, expect, test } from "vitest";
import { areaOf, type Extent, WHOLE } from "../../src/report/extents.ts";
import { markEdge, maskPainter } from "../../src/report/upsample.ts";
import { random } from "./fixture.ts";

describe("mask", () => {
  /** The definition (§3.4), one pixel at a time. */
  function surface(map: Float32Array, [h, w]: Extent, [height, width]: Extent, y: number, x: number): number {
    const place = (t: number, edge: number, of: number) =>
      Math.min(edge - 1, Math.max(0, ((t + 0.5) * edge) / of - 0.5));
    const [sy, sx] = [place(y, h, height), place(x, w, width)];
    let sum = 0;
    for (let i = 0; i < h; i++) {
      for (let j = 0; j < w; j++) {
        sum += Math.max(0, 1 - Math.abs(sy - i)) * Math.max(0, 1 - Math.abs(sx - j)) * map[i * w + j]!;
      }
    }
    return sum;
  }

  test.each<readonly [h: number, w: number, extent: Extent]>([
    [4, 4, [16, 16]],
    [3, 5, [17, 17]],
    [8, 8, [8, 8]],
    [1, 1, [6, 6]],
    [16, 16, [8, 8]],
    [4, 6, [12, 18]],
    [8, 4, [7, 20]],
    [2, 16, [9, 5]],
  ])("of a %i×%i map at %j pixels is the half-pixel bilinear surface above the level", (h, w, extent) => {
    const next = random(h * 100 + w);
    const map = Float32Array.from({ length: h * w }, next);
    const mask = new Uint8Array(areaOf(extent)).fill(7);
    maskPainter([h, w], extent)(map, 0.5, mask);
    const place = (i: number) => [Math.floor(i / extent[1]), i % extent[1]] as const;
    const expected = mask.map((_, i) => (surface(map, [h, w], extent, ...place(i)) > 0.5 ? 1 : 0));
    expect(mask).toEqual(expected);
    expect(new Set(mask).size).toBe(h * w === 1 ? 1 : 2);
  });

  test("of a cropped picture is the corner of the whole one's", () => {
    const map = Float32Array.from({ length: 15 }, random(4));
    const [whole, corner] = [new Uint8Array(16 * 20), new Uint8Array(7 * 13)];
    maskPainter([3, 5], [16, 20])(map, 0.5, whole);
    maskPainter([3, 5], [7, 13], { ...WHOLE, high: 16 / 7, wide: 20 / 13 })(map, 0.5, corner);
    expect(corner).toEqual(corner.map((_, i) => whole[Math.floor(i / 13) * 20 + (i % 13)]!));
    expect(new Set(corner).size).toBe(2);
  });

  test("is strict, and its border is the map's own", () => {
    const mask = new Uint8Array(16);
    const paint = maskPainter([2, 2], [4, 4]);
    paint(new Float32Array([1, 1, 1, 1]), 1, mask);
    expect(mask).toEqual(new Uint8Array(16));
    paint(new Float32Array([1, 2, 1, 2]), 1, mask);
    expect([...mask.subarray(0, 4)]).toEqual([0, 1, 1, 1]);
    paint(new Float32Array([1, 1, 1, 1]), 0.999, mask);
    expect(mask).toEqual(new Uint8Array(16).fill(1));
  });

  // Rows of whole words are marked four pixels at a time.
  test.each<Extent>([...[1, 2, 3, 4, 9, 12].map((size) => [size, size] as const), [3, 12], [1, 9], [12, 5], [11, 4]])(
    "of %i×%i pixels has a ring two pixels wide around it, diagonals included",
    (height, width) => {
      const next = random(5);
      for (let round = 0; round < 20; round++) {
        const mask = Uint8Array.from({ length: height * width }, () => (next() < 0.06 ? 1 : 0));
        const expected = mask.map((on, i) => {
          if (on) return 1;
          const [y, x] = [Math.floor(i / width), i % width];
          return mask.some((v, j) => v && Math.abs(Math.floor(j / width) - y) <= 2 && Math.abs((j % width) - x) <= 2)
            ? 2
            : 0;
        });
        markEdge(mask, [height, width], new Uint8Array(height * width));
        expect(mask).toEqual(expected);
      }
    },
  );

  test.each([1, 2, 3, 4, 5, 6])("is marked wherever its bytes begin: %i", (offset) => {
    const fresh = () => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    const at = (bytes: Uint8Array) => {
      const within = new Uint8Array(32).subarray(offset, offset + 16);
      within.set(bytes);
      return within;
    };
    const edge = Uint8Array.of(0, 2, 2, 2, 0, 2, 2, 1, 0, 2, 2, 2, 0, 2, 2, 2);
    for (const [mask, scratch] of [
      [at(fresh()), new Uint8Array(16)],
      [fresh(), at(new Uint8Array(16))],
    ] as const) {
      markEdge(mask, [4, 4], scratch);
      expect(mask).toEqual(edge);
    }
  });
});
