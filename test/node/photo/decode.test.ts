import { describe, expect, test } from "vitest";
import { faultOf, joined, png, SIGNATURE } from "./pictures.ts";

describe("other files", () => {
  const boxed = (brand: string) => `\0\0\0\x18ftyp${brand}\0\0\0\0`;
  test.each([
    ["a WebP picture", "RIFF\x24\0\0\0WEBPVP8 "],
    ["a GIF", "GIF89a\x01\0"],
    ["a HEIC picture", boxed("heic")],
    ["a HEIC picture", boxed("mif1")],
    ["an AVIF picture", boxed("avif")],
    ["a film", boxed("isom")],
    ["a JPEG XL picture", "\0\0\0\x0cJXL \r\n\x87\n"],
    ["a JPEG 2000 picture", "\0\0\0\x0cjP  \r\n\x87\n"],
    ["a TIFF picture", "II*\0\x08\0\0\0"],
    ["a TIFF picture", "MM\0*\0\0\0\x08"],
    ["a BMP picture", "BM\x46\0\0\0\0\0\0\0\x36\0"],
    ["an SVG drawing", '<?xml version="1.0"?>\n<!-- drawn --><svg>'],
    ["a PDF document", "%PDF-1.7"],
    ["an HTML page", "\n<!DOCTYPE html><html>"],
    ["a Git LFS pointer", "version https://git-lfs.github.com/spec/v1"],
    ["is empty", ""],
    ["no photo", "\x89PNG"],
    ["no photo", "\xff\xd8"],
    ["no photo", "hello"],
  ])("%s", async (what, text) => {
    const fault = await faultOf(Buffer.from(text, "latin1"));
    expect(fault.message).toContain('"a.jpg"');
    expect(fault.message).toContain(what);
    expect(fault).toMatchObject({ name: "PhotoError", code: "photo", fix: expect.stringMatching(/\.$/) });
    expect(fault.message.endsWith(fault.fix)).toBe(true);
  });
});

describe("a picture's size is looked at before it is decoded", () => {
  /** What is wrong with a PNG of this size that has a header alone. */
  const saidOf = async (width: number, height: number, behind = Buffer.alloc(0)): Promise<string> =>
    (await faultOf(joined(SIGNATURE, png({ width, height, color: 0, depth: 8, samples: [] }).header, behind))).message;
  /** A chunk that is cut off, of as many bytes as a large file has. */
  const large = Buffer.alloc(10e6, 1);

  test.each([
    [0, 5, "has no pixels (0 × 5)"],
    [5, 0, "has no pixels (5 × 0)"],
    [0, 0, "has no pixels (0 × 0)"],
    [10_001, 10_000, "has 10001 × 10000 pixels; more than 100 megapixels are not read"],
    [1, 100_000_001, "has 1 × 100000001 pixels; more than 100 megapixels are not read"],
    [100_000_001, 1, "has 100000001 × 1 pixels; more than 100 megapixels are not read"],
  ])("%i × %i pixels", async (width, height, said) => expect(await saidOf(width, height)).toContain(said));

  test("one colour is packed into a thousandth, and takes no more memory than a file of its size may", async () => {
    expect(await saidOf(10_000, 1099)).toContain("truncated");
    expect(await saidOf(10_000, 1101)).toMatch(/10000 × 1101 pixels in \d+ bytes, which would take far more memory/);
    expect(await saidOf(10_000, 1101, Buffer.alloc(1e4))).toContain("truncated");
  });

  test.each([
    [1, 1],
    [10_000, 10_000],
    [1, 100_000_000],
  ])("%i × %i pixels are looked for, and missed", async (width, height) => {
    expect(await saidOf(width, height, large)).toMatch(
      /^"a\.jpg" is truncated: the PNG ends .* Download or copy it again; if/,
    );
  });
});
