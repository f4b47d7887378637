import { createHash } from "node:crypto";
import jpeg from "jpeg-js";
import { describe, expect, test } from "vitest";
import { type Image, toRgba } from "../../src/report/image.ts";
import { encodeJpeg } from "../../src/report/jpeg.ts";
import { random } from "./fixture.ts";

/** A smooth picture with some edges and a little noise. */
function picture(width: number, height: number): Image {
  const next = random(width * 1000 + height);
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    const edge = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (width / 4) ** 2 ? 60 : 0;
    return Math.min(255, 40 + edge + 100 * (c === 1 ? x / width : y / height) + 6 * next());
  });
  return { width, height, channels: 3, data };
}

/** Peak signal-to-noise ratio in decibels, of the brightness that the eye sees. */
function psnr(a: Uint8Array | Uint8ClampedArray, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 4) {
    const luma = (v: typeof a) => 0.299 * v[i]! + 0.587 * v[i + 1]! + 0.114 * v[i + 2]!;
    sum += (luma(a) - luma(b)) ** 2;
  }
  return 10 * Math.log10(255 ** 2 / (sum / (a.length / 4)));
}

describe("encodeJpeg", () => {
  test.each([
    [64, 64],
    [1375, 64],
    [1, 1],
    [17, 33],
    [8, 50],
  ])("writes %i×%i pixels that another decoder reads as they were", (width, height) => {
    const image = picture(width, height);
    const read = jpeg.decode(encodeJpeg(image, 90), { useTArray: true });
    expect([read.width, read.height]).toEqual([width, height]);
    expect(psnr(toRgba(image), read.data)).toBeGreaterThan(38);
  });

  test("is as good as jpeg-js at the same quality", () => {
    const image = picture(256, 128);
    const theirs = jpeg.encode({ width: 256, height: 128, data: toRgba(image) }, 80).data;
    const quality = (bytes: Uint8Array) => psnr(toRgba(image), jpeg.decode(bytes, { useTArray: true }).data);
    expect(quality(encodeJpeg(image, 80))).toBeGreaterThan(quality(theirs) - 0.3);
    expect(encodeJpeg(image, 80).length).toBeLessThan(theirs.length * 1.05);
  });

  test("takes noise, whose codes are the longest there are", () => {
    const next = random(3);
    const data = Uint8Array.from({ length: 48 * 48 * 3 }, () => (next() < 0.5 ? 0 : 255));
    const grey = data.map((_, i) => data[i - (i % 3)]!);
    const image: Image = { width: 48, height: 48, channels: 3, data: grey };
    expect(psnr(toRgba(image), jpeg.decode(encodeJpeg(image, 100), { useTArray: true }).data)).toBeGreaterThan(45);
  });

  test("gives a better picture and more bytes for more quality", () => {
    const image = picture(128, 128);
    const [low, high] = [encodeJpeg(image, 20), encodeJpeg(image, 95)];
    expect(high.length).toBeGreaterThan(low.length * 2);
    const quality = (bytes: Uint8Array) => psnr(toRgba(image), jpeg.decode(bytes, { useTArray: true }).data);
    expect(quality(high)).toBeGreaterThan(quality(low) + 5);
  });

  test("keeps colours, and takes grey", () => {
    const flat: Image = {
      width: 16,
      height: 16,
      channels: 3,
      data: new Uint8Array(768).map((_, i) => [200, 30, 90][i % 3]!),
    };
    const [r, g, b] = jpeg.decode(encodeJpeg(flat, 95), { useTArray: true }).data;
    expect(Math.max(Math.abs(r! - 200), Math.abs(g! - 30), Math.abs(b! - 90))).toBeLessThan(5);
    const grey: Image = { width: 9, height: 9, channels: 1, data: new Uint8Array(81).fill(77) };
    const read = jpeg.decode(encodeJpeg(grey, 95), { useTArray: true }).data;
    expect(Math.abs(read[0]! - 77)).toBeLessThan(3);
  });

  // A faster encoder is no reason for other files: these are the bytes of the one that was written
  // to be read.
  test.each([
    [64, 64, 80, "c49de76e64aeb9ac"],
    [1375, 64, 80, "f513807a812dc271"],
    [17, 33, 90, "f3932af1036cad0d"],
    [1, 1, 50, "71d91c290c2e5fa7"],
    [40, 24, 100, "7df2c41e246bd2b3"],
    [31, 16, 1, "3322a1e71bbe86ba"],
  ])("writes %i×%i pixels at quality %i to the same bytes as ever", (width, height, quality, expected) => {
    const hash = createHash("sha256");
    const image = picture(width, height);
    hash.update(encodeJpeg(image, quality));
    const next = random(width);
    const noise = image.data.map(() => (next() < 0.5 ? 0 : 255));
    hash.update(encodeJpeg({ ...image, data: noise }, quality));
    const grey: Image = { width, height, channels: 1, data: noise.subarray(0, width * height) };
    hash.update(encodeJpeg(grey, quality));
    const rgba: Image = { width, height, channels: 4, data: toRgba(image) as unknown as Uint8Array };
    hash.update(encodeJpeg(rgba, quality));
    expect(hash.digest("hex").slice(0, 16)).toBe(expected);
  });

  test("refuses a quality that is none", () => {
    expect(() => encodeJpeg(picture(8, 8), 0)).toThrow("quality of 0");
  });
});
