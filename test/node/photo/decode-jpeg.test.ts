import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { PhotoError } from "../../../src/errors.ts";
import { decodePhoto } from "../../../src/node/photo/decode.ts";
import { readJpegHeader } from "../../../src/node/photo/decode-jpeg.ts";
import type { Photo } from "../../../src/node/photo/photo.ts";
import { encodeJpeg } from "../../../src/report/jpeg.ts";
import { faultOf, joined, jpegFrame, noise, segment, tiff } from "./pictures.ts";

describe("JPEG", () => {
  /** Four coloured quarters: red, green, blue, white from the top left on. */
  const quarters = (width: number, height: number): Uint8Array =>
    encodeJpeg(
      {
        width,
        height,
        channels: 3,
        data: Uint8Array.from({ length: width * height * 3 }, (_, i) => {
          const [column, row, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
          return row < height / 2
            ? c === (column < width / 2 ? 0 : 1)
              ? 255
              : 0
            : column < width / 2 && c < 2
              ? 0
              : 255;
        }),
      },
      95,
    );
  /** The colours in the corners, clockwise from the top left. */
  const corners = ({ width, height, rgb }: Photo): string =>
    [
      [2, 2],
      [width - 3, 2],
      [width - 3, height - 3],
      [2, height - 3],
    ]
      .map(([x, y]) => {
        const [r, g, b] = rgb.subarray((y! * width + x!) * 3).map((value) => (value > 128 ? 1 : 0));
        return "krgybmcw"[r! + 2 * g! + 4 * b!];
      })
      .join("");

  const exif = (...said: Parameters<typeof tiff>): Uint8Array =>
    segment(0xe1, joined(Buffer.from("Exif\0\0"), tiff(...said)));
  const withSegments = (bytes: Uint8Array, ...segments: Uint8Array[]) =>
    joined(bytes.subarray(0, 2), ...segments, bytes.subarray(2));

  const fixture = (name: string): Promise<Uint8Array> => readFile(new URL(`./jpegs/${name}.jpg`, import.meta.url));

  // One picture of 43 × 29 pixels, partly noise, by libjpeg-turbo's cjpeg 2.1.5, and what its djpeg
  // makes of each file: SHA-256 of the samples.
  test.each([
    ["444", "22ae52644b9a4076dc32936ecf9486370c244fa7c5b42b3f5f558e8b8e297bdc"],
    ["422", "b0e5f2ea0633eca7da635b0be838c6165c19a95e42b01e5f063af33943330bc8"],
    ["420", "0a1b89f31ed71d75f1c59c18d2fb368428126aff07983502a93c1b36839ee519"],
    ["440", "681615e677b80cb26fced945c51c4af8ca5e755406b43ba3577ad44f60eb817d"],
    ["411", "94591ced9c3ccc414b186879d66fbe1c129dc3bc2e7d98a31f29ba40a3e0f50c"],
    ["progressive", "0a1b89f31ed71d75f1c59c18d2fb368428126aff07983502a93c1b36839ee519"],
    ["restart", "0a1b89f31ed71d75f1c59c18d2fb368428126aff07983502a93c1b36839ee519"],
    ["rgb", "c9ebfbb5fc56e8638053f43aab383bf2eaf886b569daa7e747206d8f982679ed"],
    ["grey", "5d51a158fd123485521eec5628e84d0002ad8ef009a83cf87bf5cef027c2e393"],
  ])("of kind %s is to the bit what djpeg reads", async (kind, expected) => {
    const { width, height, rgb } = await decodePhoto(await fixture(kind), "a");
    expect([width, height, rgb.length]).toEqual([43, 29, 3 * 43 * 29]);
    const grey = rgb.filter((_, at) => at % 3 === 0);
    if (kind === "grey") expect(rgb).toEqual(Uint8Array.from(rgb, (_, at) => grey[Math.floor(at / 3)]!));
    const samples = kind === "grey" ? grey : rgb;
    expect(createHash("sha256").update(samples).digest("hex")).toBe(expected);
  });

  // Beside these files, the pixels that Pillow 9.4 makes of them. Its transform rounds otherwise;
  // and libjpeg interpolates colour where the other decoder repeats it, of noise by up to 46.
  test.each([
    ["of ink", "cmyk", 1, 0.1],
    ["whose two colours are sampled in unlike ways", "unlike", 46, 3.5],
  ])("%s, which libjpeg-turbo's interface refuses, is read by another decoder", async (_, kind, most, mean) => {
    const photo = await decodePhoto(await fixture(kind), "a");
    const expected = await readFile(new URL(`./jpegs/${kind}.rgb`, import.meta.url));
    expect([photo.width, photo.height, photo.rgb.length]).toEqual([43, 29, expected.length]);
    const off = Array.from(photo.rgb, (value, at) => Math.abs(value - expected[at]!));
    expect(Math.max(...off)).toBeLessThanOrEqual(most);
    expect(off.reduce((sum, value) => sum + value, 0) / off.length).toBeLessThan(mean);
  });

  test("with bytes between its pixels and its end, which decoders warn of, is read", async () => {
    const whole = await fixture("444");
    const more = joined(whole.subarray(0, -2), Buffer.alloc(9, 1), whole.subarray(-2));
    const [photo, plain] = [await decodePhoto(more, "a"), await decodePhoto(whole, "a")];
    photo.rgb.forEach((value, at) => void expect(Math.abs(value - plain.rgb[at]!)).toBeLessThanOrEqual(2));
  });

  test("photos are decoded side by side, each into its own memory", async () => {
    const files = await Promise.all(["444", "422", "grey", "cmyk"].map(fixture));
    const alone = [];
    for (const bytes of files) alone.push(await decodePhoto(bytes, "a"));
    expect(await Promise.all(files.map((bytes) => decodePhoto(bytes, "a")))).toEqual(alone);
  });

  test.each([
    [1, "top", "left"],
    [2, "top", "right"],
    [3, "bottom", "right"],
    [4, "bottom", "left"],
    [5, "left", "top"],
    [6, "right", "top"],
    [7, "right", "bottom"],
    [8, "left", "bottom"],
  ])(
    "with orientation %i has its first row at the %s and its first column at the %s",
    async (orientation, row, column) => {
      const sideways = orientation >= 5;
      for (const little of [true, false]) {
        const photo = await decodePhoto(withSegments(quarters(48, 32), exif(orientation, little)), "a.jpg");
        expect([photo.width, photo.height]).toEqual(sideways ? [32, 48] : [48, 32]);
        const clockwise = ["top left", "top right", "bottom right", "bottom left"];
        const place = (a: string, b: string) =>
          clockwise.findIndex((corner) => corner.includes(a) && corner.includes(b));
        const opposite = { top: "bottom", bottom: "top", left: "right", right: "left" } as Record<string, string>;
        const seen = corners(photo);
        expect(seen[place(row, column)]).toBe("r"); // stored: first row, first column
        expect(seen[place(row, opposite[column]!)]).toBe("g"); // first row, last column
        expect(seen[place(opposite[row]!, column)]).toBe("b");
        expect(seen[place(opposite[row]!, opposite[column]!)]).toBe("w");
      }
      // and every pixel has its place
      const data = Uint8Array.from(noise(4, 3 * 6 * 4, 255));
      const bytes = encodeJpeg({ width: 6, height: 4, channels: 3, data }, 95);
      const stored = await decodePhoto(bytes, "a.jpg");
      const turned = await decodePhoto(withSegments(bytes, exif(orientation, true)), "a.jpg");
      const along = { top: 0, left: 0, bottom: turned.height - 1, right: turned.width - 1 } as Record<string, number>;
      for (let y = 0; y < 4; y += 1) {
        for (let x = 0; x < 6; x += 1) {
          const [up, side] = [Math.abs(along[row]! - y), Math.abs(along[column]! - x)];
          const [toY, toX] = sideways ? [side, up] : [up, side];
          const [from, to] = [3 * (6 * y + x), 3 * (turned.width * toY + toX)];
          expect(turned.rgb.slice(to, to + 3)).toEqual(stored.rgb.slice(from, from + 3));
        }
      }
    },
  );

  test("with EXIF data that make no sense is upright", async () => {
    const bad = [
      exif(0, true),
      exif(9, false),
      exif(6, true, 4),
      exif(6, true).map((byte, i) => (i === 14 ? 250 : byte)), // the directory lies elsewhere
      exif(6, true).map((byte, i) => (i === 10 ? 0 : byte)), // no byte order
      exif(6, true)
        .map((byte, i) => (i === 18 ? 255 : byte))
        .map((byte, i) => (i === 32 ? 0 : byte)), // too many entries
      segment(0xe1, Buffer.from("Exif\0\0II")),
      segment(0xe1, Buffer.from("Exif\0\0II*\0\x08\0\0")), // half an address
      // a directory that begins with the last byte, and one of which there are two
      segment(0xe1, Buffer.from("Exif\0\0II*\0\x08\0\0\0\x01")),
      segment(0xe1, Buffer.from("Exif\0\0II*\0\x08\0\0\0\x01\0")),
      segment(0xe1, Buffer.from("http://ns.adobe.com/xap/1.0/\0<x/>")),
    ];
    for (const part of bad) expect((await decodePhoto(withSegments(quarters(48, 32), part), "a.jpg")).width).toBe(48);
  });

  test("of one channel", async () => {
    // A DC of 8 steps of 16, an eighth of which is brightness; then one of 15 steps less.
    const bytes = jpegFrame({ marker: 0xc0, width: 16, height: 8, ids: [1], scan: "0 1000 0  0 0000 0" });
    const photo = await decodePhoto(bytes, "a");
    expect([photo.width, photo.height]).toEqual([16, 8]);
    expect(photo.rgb.every((value, i) => value === 128 + (Math.floor(i / 3) % 16 < 8 ? 16 : -14))).toBe(true);
  });

  test.each<readonly [string, readonly number[], readonly Uint8Array[], boolean]>([
    ["YCbCr", [1, 2, 3], [], false],
    ["RGB by its channels' names", [82, 71, 66], [], true],
    [
      "YCbCr in JFIF whatever its channels' names",
      [82, 71, 66],
      [segment(0xe0, Buffer.from("JFIF\0\x01\x01\0\0\x01\0\x01\0\0", "latin1"))],
      false,
    ],
    ["RGB by Adobe's word", [1, 2, 3], [segment(0xee, Buffer.from("Adobe\0\x64\0\0\0\0\0", "latin1"))], true],
    ["YCbCr by Adobe's word", [82, 71, 66], [segment(0xee, Buffer.from("Adobe\0\x64\0\0\0\0\x01", "latin1"))], false],
  ])("as %s", async (_, ids, before, rgb) => {
    // The first channel is brighter than the middle, the others are not.
    const bytes = jpegFrame({ marker: 0xc0, width: 8, height: 8, ids, scan: "0 1000 0  10 0  10 0", before });
    const [r, g, b] = (await decodePhoto(bytes, "a")).rgb as unknown as [number, number, number];
    expect([r, g, b]).toEqual(rgb ? [144, 128, 128] : [144, 144, 144]);
  });

  /** A header alone, of channels that are sampled like this, and of empty scans. */
  const headed = (
    [width, height]: readonly [number, number],
    samplings: readonly number[],
    { scans = 1, before = [] as readonly Uint8Array[] } = {},
  ) => {
    const size = [height >> 8, height & 255, width >> 8, width & 255];
    const channels = samplings.flatMap((sampling, i) => [1 + i, sampling, 0]);
    return joined(
      Buffer.from([0xff, 0xd8]),
      ...before,
      segment(0xc0, Buffer.from([8, ...size, samplings.length, ...channels])),
      ...Array.from({ length: scans }, () => segment(0xda, Buffer.from([0]))),
      Buffer.from([0xff, 0xd9]),
    );
  };

  test.each<[size: [number, number], samplings: number[], blocks: number]>([
    [[17, 9], [0x11], 3 * 2],
    [[17, 9], [0x22, 0x11, 0x11], 6 + 2 + 2],
    [[300, 700], [0x21, 0x11, 0x11], 38 * 88 + 2 * (19 * 88)],
    [[300, 700], [0x12, 0x11, 0x11], 38 * 88 + 2 * (38 * 44)],
    [[8, 8], [0x11, 0x11, 0x11], 3],
    [[16, 16], [0x22, 0x11, 0x21], 4 + 1 + 2],
    [[32, 8], [0x41, 0x11, 0x11], 4 + 1 + 1],
    [[16, 16], [0x11, 0x22, 0x22], 1 + 4 + 4],
    [[16, 16], [0x22, 0x11, 0x11, 0x22], 4 + 1 + 1 + 4],
  ])("of %j pixels with channels sampled %j has %i blocks", (size, samplings, blocks) => {
    const [width, height] = size;
    expect(readJpegHeader(headed(size, samplings))).toEqual({ width, height, blocks, orientation: 1, rgb: false });
  });

  test.each([0x01, 0x10, 0x51, 0x15])("whose channels are sampled %i is none", async (sampling) => {
    for (const samplings of [[sampling], [0x44, sampling, 0x11]]) {
      expect((await faultOf(headed([8, 8], samplings))).message).toContain("makes no sense");
    }
  });

  test("has marks that stand alone, and up to 100 scans", async () => {
    const before = [0x01, 0xd0, 0xd3, 0xd7].map((marker) => Buffer.from([0xff, marker]));
    expect(readJpegHeader(headed([5, 6], [0x11], { before }))).toMatchObject({ width: 5, height: 6 });
    expect(readJpegHeader(headed([5, 6], [0x11], { scans: 100 }))).toMatchObject({ width: 5, height: 6 });
    expect((await faultOf(headed([5, 6], [0x11], { scans: 101 }))).message).toContain("more than 100 scans");
  });

  test("with pictures after its end, fill bytes, and bytes before a view of its own", async () => {
    const whole = quarters(16, 16);
    const padded = joined(
      Buffer.alloc(3),
      whole.subarray(0, 2),
      Buffer.from([0xff, 0xff]),
      whole.subarray(2),
      quarters(48, 32),
    );
    expect((await decodePhoto(padded.subarray(3), "a")).width).toBe(16);
  });

  test("truncated anywhere", async () => {
    const whole = quarters(48, 32);
    for (let size = 3; size < whole.length; size += 1) {
      expect((await faultOf(whole.subarray(0, size))).message).toContain('"a.jpg" is truncated: the JPEG ends');
    }
    const cut = joined(whole.subarray(0, whole.length - 40), Buffer.from([0xff, 0xd9]));
    expect((await faultOf(cut)).message).toContain("cannot be decoded");
  });

  const frame = { marker: 0xc0, width: 8, height: 8, ids: [1, 2, 3], scan: "0" };
  test.each<readonly [string, Uint8Array]>([
    ["lossless, hierarchical or arithmetically coded", jpegFrame({ ...frame, marker: 0xc3 })],
    ["lossless, hierarchical or arithmetically coded", jpegFrame({ ...frame, marker: 0xc9 })],
    ["samples of 12 bits", jpegFrame({ ...frame, marker: 0xc1, precision: 12 })],
    ["2 channels", jpegFrame({ ...frame, ids: [1, 2] })],
    ["header that makes no sense", jpegFrame({ ...frame, sampling: 0x1f })],
    ["no pixels (8 × 0)", jpegFrame({ ...frame, height: 0 })],
    ["fewer pixels than its size says", jpegFrame({ ...frame, width: 2000, height: 2000 })],
    ["more than 50 megapixels are read only of files of 10 MB", jpegFrame({ ...frame, width: 9999, height: 9999 })],
    ["more than 100 megapixels", jpegFrame({ ...frame, width: 65535, height: 65535 })],
    ["more than one picture", withSegments(quarters(16, 16), segment(0xc0, Buffer.from([8, 0, 8, 0, 8, 1, 1, 17, 0])))],
    ["more than 100 scans", withScans(quarters(16, 16), 101)],
    [
      "before it says how many",
      joined(Buffer.from([0xff, 0xd8]), segment(0xda, Buffer.from([0])), Buffer.from([0xff, 0xd9])),
    ],
    ["damaged segment", joined(Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 1, 0xff, 0xd9]))],
    [
      "damaged segment",
      joined(Buffer.from([0xff, 0xd8]), segment(0xc0, Buffer.from([8, 0, 8])), Buffer.from([0xff, 0xd9])),
    ],
    ["holds no picture", Buffer.from([0xff, 0xd8, 0xff, 0xd9])],
    ["cannot be decoded", jpegFrame({ ...frame, ids: [1, 2, 3, 4] })], // four channels of whatever
    // a table that is not there
    ["lacks parts that it refers to", jpegFrame({ ...frame, scan: "0 1000 0  10 0  10 0", quantization: 1 })],
  ])("hostile: %s", async (message, bytes) => {
    expect((await faultOf(bytes)).message).toContain(message);
    expect(await faultOf(bytes)).toMatchObject({ code: "photo", fix: expect.stringMatching(/\./) });
  });

  function withScans(bytes: Uint8Array, scans: number): Uint8Array {
    const scan = segment(0xda, Buffer.from([1, 1, 0, 0, 63, 0]));
    return joined(bytes.subarray(0, -2), ...Array.from({ length: scans }, () => scan), bytes.subarray(-2));
  }

  test("any damage is a PhotoError or another picture, never anything else", async () => {
    const whole = withSegments(quarters(24, 16), exif(6, true));
    for (const [i, at] of noise(9, 600, whole.length - 4).entries()) {
      const bytes = Uint8Array.from(whole);
      bytes[3 + at]! ^= 1 + (i % 255);
      try {
        await decodePhoto(bytes, "a");
      } catch (error) {
        expect(error).toBeInstanceOf(PhotoError);
      }
    }
  });
});
