import { describe, expect, test } from "vitest";
import { faultOf } from "./pictures.ts";

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
  ])("%s", (what, text) => {
    const fault = faultOf(Buffer.from(text, "latin1"));
    expect(fault.message).toContain('"a.jpg"');
    expect(fault.message).toContain(what);
    expect(fault).toMatchObject({ name: "PhotoError", code: "photo", fix: expect.stringMatching(/\.$/) });
    expect(fault.message.endsWith(fault.fix)).toBe(true);
  });
});
