import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { decodePhoto } from "../../../src/node/photo/decode.ts";
import { encodeJpeg } from "../../../src/report/jpeg.ts";
import { chunk, faultOf, joined, png, SIGNATURE } from "./pictures.ts";

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

  test("up to 50 megapixels are read of a file of any size, more of large ones", async () => {
    expect(await saidOf(10_000, 5000)).toContain("truncated");
    expect(await saidOf(10_000, 5001)).toMatch(
      /10000 × 5001 pixels in \d+ bytes; more than 50 megapixels are read only of files of 10 MB and more/,
    );
    expect(await saidOf(10_000, 5001, large)).toContain("truncated");
  });

  test("a screenshot of a large screen and a photograph of a phone are read, however well they pack", async () => {
    const rows = Buffer.alloc((1 + 3 * 5120) * 2880, 7).map((_, i) => (i % (1 + 3 * 5120) === 0 ? 0 : 7));
    const { header } = png({ width: 5120, height: 2880, color: 2, depth: 8, samples: [] });
    const screen = joined(SIGNATURE, header, chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0)));
    expect(screen.length).toBeLessThan(300e3);
    const { width, height, rgb } = await decodePhoto(screen, "a.png");
    expect([width, height, rgb.length, rgb.at(-1)]).toEqual([5120, 2880, 3 * 5120 * 2880, 7]);

    const data = new Uint8Array(3 * 4032 * 3024).fill(200);
    const phone = encodeJpeg({ width: 4032, height: 3024, channels: 3, data }, 50);
    expect(phone.length).toBeLessThan(1.2e6);
    expect((await decodePhoto(phone, "a.jpg")).rgb).toEqual(data);
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
