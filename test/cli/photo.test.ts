import { deflateSync } from "node:zlib";
import { decode as decodeWithFastPng } from "fast-png";
import jpeg from "jpeg-js";
import { describe, expect, test } from "vitest";
import { smoothChroma } from "../../src/cli/photo/chroma.ts";
import { decodePhoto, encodeLabels, encodeSegmentation } from "../../src/cli/photo/photo.ts";
import { encodePng } from "../../src/cli/png.ts";
import { PhotoError } from "../../src/errors.ts";
import { encodeJpeg } from "../../src/report/jpeg.ts";
import { chunk, type Drawing, joined, jpegFrame, png, SIGNATURE, segment, writePng } from "./pictures.ts";

/** What decoding says of these bytes. */
function faultOf(bytes: Uint8Array): PhotoError {
  try {
    decodePhoto(bytes, "a.jpg");
  } catch (error) {
    if (error instanceof PhotoError) return error;
    throw error;
  }
  throw new Error("nothing was wrong");
}

const noise = (seed: number, length: number, most: number): number[] => {
  let state = seed;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * (most + 1));
  });
};

const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;

describe("PNG", () => {
  const kinds = [
    [0, 1],
    [0, 2],
    [0, 4],
    [0, 8],
    [0, 16],
    [2, 8],
    [2, 16],
    [3, 1],
    [3, 2],
    [3, 4],
    [3, 8],
    [4, 8],
    [4, 16],
    [6, 8],
    [6, 16],
  ] as const;
  const cases = kinds.flatMap(([color, depth]) =>
    [false, true].flatMap((interlaced) => [1, 3, 13].map((width) => ({ color, depth, interlaced, width }))),
  );

  test.each(cases)("colour type $color, $depth bits, $width wide, interlaced: $interlaced", (kind) => {
    const { color, depth, width } = kind;
    const [height, full] = [11, 2 ** depth - 1];
    const samples = noise(width, width * height * CHANNELS[color], full);
    const palette = color === 3 ? noise(5, 3 * 2 ** depth, 255) : undefined;
    const expected = Array.from({ length: width * height }, (_, i) => {
      const at = (c: number) => samples[i * CHANNELS[color] + c]!;
      if (palette) return palette.slice(3 * at(0), 3 * at(0) + 3);
      const colors = color === 2 || color === 6 ? [at(0), at(1), at(2)] : [at(0), at(0), at(0)];
      const opaque = color === 4 ? at(1) / full : color === 6 ? at(3) / full : 1;
      return colors.map((value) => 255 * ((value / full) * opaque + 1 - opaque));
    }).flat();
    const photo = decodePhoto(writePng({ ...kind, height, samples, palette }), "a.png");
    expect([photo.width, photo.height, photo.rgb.length]).toEqual([width, height, expected.length]);
    const off = expected.map((value, i) => Math.abs(value - photo.rgb[i]!));
    expect(Math.max(...off)).toBeLessThan(0.501);
  });

  test.each([false, true])("is what another decoder reads, filters and all (interlaced: %s)", (interlaced) => {
    const [width, height] = [37, 29];
    const bytes = writePng({
      width,
      height,
      color: 2,
      depth: 8,
      samples: noise(3, width * height * 3, 255),
      interlaced,
    });
    const other = decodeWithFastPng(bytes, { checkCrc: true });
    expect(Buffer.compare(decodePhoto(bytes, "a").rgb, other.data as Uint8Array)).toBe(0);
  });

  test("reads what is written here", () => {
    const data = Uint8Array.from(noise(1, 7 * 5 * 3, 255));
    expect(decodePhoto(encodePng({ width: 7, height: 5, channels: 3, data }), "a")).toEqual({
      width: 7,
      height: 5,
      rgb: data,
    });
  });

  test("lays transparent palette entries and the transparent colour on white", () => {
    const drawn = { width: 3, height: 1, depth: 8, samples: [0, 1, 2] } as const;
    const palette = [0, 0, 0, 100, 50, 200, 9, 8, 7];
    expect([...decodePhoto(writePng({ ...drawn, color: 3, palette, transparency: [0, 51] }), "a").rgb]).toEqual([
      255, 255, 255, 224, 214, 244, 9, 8, 7,
    ]);
    expect([...decodePhoto(writePng({ ...drawn, color: 0, transparency: [0, 1] }), "a").rgb]).toEqual([
      0, 0, 0, 255, 255, 255, 2, 2, 2,
    ]);
    const rgb = { width: 2, height: 1, color: 2, depth: 16, samples: [1, 2, 3, 1, 2, 4] } as const;
    const key = [0, 1, 0, 2, 0, 3];
    expect([...decodePhoto(writePng({ ...rgb, transparency: key }), "a").rgb]).toEqual([255, 255, 255, 0, 0, 0]);
  });

  test("with several data chunks, unknown ones and text bombs that nobody unpacks", () => {
    const { header, rows } = png({ width: 4, height: 4, color: 0, depth: 8, samples: noise(2, 16, 255) });
    const packed = deflateSync(rows);
    const bomb = chunk("zTXt", joined(Buffer.from("Comment\0\0"), deflateSync(Buffer.alloc(2 ** 24))));
    const parts = [packed.subarray(0, 5), Buffer.alloc(0), packed.subarray(5)].map((part) => chunk("IDAT", part));
    const bytes = joined(SIGNATURE, header, bomb, ...parts, chunk("IEND", Buffer.alloc(0)), Buffer.from("more"));
    expect(decodePhoto(bytes, "a").rgb.filter((_, i) => i % 3 === 0)).toEqual(Uint8Array.from(noise(2, 16, 255)));
  });

  const good: Drawing = { width: 9, height: 9, color: 2, depth: 8, samples: noise(4, 243, 255) };
  const { header, rows } = png(good);
  const file = (head: Uint8Array, ...chunks: Uint8Array[]) =>
    joined(SIGNATURE, head, ...chunks, chunk("IEND", Buffer.alloc(0)));
  const data = (raw: Uint8Array) => chunk("IDAT", deflateSync(raw));

  test("truncated anywhere", () => {
    const whole = writePng(good);
    for (let size = 8; size < whole.length; size += 1) {
      expect(faultOf(whole.subarray(0, size)).message).toContain('"a.jpg" is truncated: the PNG ends');
    }
    expect(faultOf(file(header, data(rows.subarray(0, 100)))).message).toContain("fewer pixels than its size says");
    expect(faultOf(file(header, chunk("IDAT", deflateSync(rows).subarray(0, 60)))).message).toContain("fewer pixels");
    expect(faultOf(file(header)).message).toContain("fewer pixels than its size says");
  });

  test.each<readonly [string, Uint8Array]>([
    ["holds more than its size says", file(header, data(Buffer.alloc(2 ** 24)))],
    ["cannot be unpacked", file(header, chunk("IDAT", Buffer.from("no zlib stream")))],
    ["unknown filter", file(header, data(rows.map((value, i) => (i % 28 === 0 ? 5 : value))))],
    ["does not begin with a header", file(data(rows), header)],
    ["header that makes no sense", file(png({ ...good, depth: 4 }).header, data(rows))],
    ["header that makes no sense", file(png({ ...good, color: 5 as 4 }).header, data(rows))],
    ["no usable palette", writePng({ ...good, color: 3, samples: noise(1, 81, 3), palette: undefined })],
    ["its palette does not have", writePng({ ...good, color: 3, samples: noise(1, 81, 9), palette: [1, 2, 3] })],
    [
      "damaged header",
      file(
        header.map((byte, i) => (i === 11 ? 200 : byte)),
        data(rows),
      ),
    ],
    [
      'damaged chunk "IDAT"',
      file(
        header,
        data(rows).map((byte, i, all) => (i === all.length - 9 ? byte ^ 1 : byte)),
      ),
    ],
    ["no pixels (0 × 9)", file(png({ ...good, width: 0 }).header, data(rows))],
  ])("hostile: %s", (message, bytes) => {
    expect(faultOf(bytes).message).toContain(message);
    expect(faultOf(bytes)).toMatchObject({ code: "photo", fix: expect.stringMatching(/\./) });
  });

  test("with more than 100 megapixels takes no memory", () => {
    const before = process.memoryUsage().arrayBuffers;
    const huge = { ...good, samples: [], width: 2 ** 31 - 1, height: 2 ** 31 - 1 };
    expect(faultOf(file(png(huge).header, data(rows))).message).toContain("more than 100 megapixels");
    expect(faultOf(file(png({ ...huge, width: 10_001, height: 10_000 }).header)).message).toContain("10001 × 10000");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
  });

  test("any damage is a PhotoError or another picture, never anything else", () => {
    const whole = writePng({ ...good, interlaced: true });
    for (const [i, at] of noise(8, 300, whole.length - 9).entries()) {
      const bytes = Uint8Array.from(whole);
      bytes[8 + at]! ^= 1 + (i % 255);
      try {
        decodePhoto(bytes, "a");
      } catch (error) {
        expect(error).toBeInstanceOf(PhotoError);
      }
    }
  });
});

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
  const corners = ({ width, height, rgb }: ReturnType<typeof decodePhoto>): string =>
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

  /** An EXIF segment with an orientation among other entries. */
  const exif = (orientation: number, little: boolean, type = 3): Uint8Array => {
    const tiff = Buffer.alloc(8 + 2 + 2 * 12 + 4);
    const u16 = (value: number, at: number) => (little ? tiff.writeUInt16LE(value, at) : tiff.writeUInt16BE(value, at));
    const u32 = (value: number, at: number) => (little ? tiff.writeUInt32LE(value, at) : tiff.writeUInt32BE(value, at));
    tiff.write(little ? "II" : "MM");
    u16(42, 2);
    u32(8, 4);
    u16(2, 8);
    for (const [at, tag, kind, value] of [
      [10, 0x0110, 3, 9],
      [22, 0x0112, type, orientation],
    ] as const) {
      u16(tag, at);
      u16(kind, at + 2);
      u32(1, at + 4);
      u16(value, at + 8);
    }
    return segment(0xe1, joined(Buffer.from("Exif\0\0"), tiff));
  };
  const withSegments = (bytes: Uint8Array, ...segments: Uint8Array[]) =>
    joined(bytes.subarray(0, 2), ...segments, bytes.subarray(2));

  test("is what jpeg-js reads, but for colour near the seams", () => {
    const photo = decodePhoto(quarters(48, 32), "a.jpg");
    expect([photo.width, photo.height, corners(photo)]).toEqual([48, 32, "rgwb"]);
    const { data } = jpeg.decode(quarters(48, 32), { useTArray: true, formatAsRGBA: false });
    for (let y = 0; y < 32; y += 1) {
      for (let x = 0; x < 48; x += 1) {
        if (Math.abs(x - 23.5) < 2 || Math.abs(y - 15.5) < 2) continue;
        const at = 3 * (48 * y + x);
        for (let c = at; c < at + 3; c += 1) expect(Math.abs(photo.rgb[c]! - data[c]!)).toBeLessThanOrEqual(1);
      }
    }
  });

  test("has its colour interpolated where it is kept coarser", () => {
    // Grey of 100; the blue difference is 16 above grey in one pair of columns, and in one pair of rows of four by two.
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
  test.each([
    [1, "top", "left"],
    [2, "top", "right"],
    [3, "bottom", "right"],
    [4, "bottom", "left"],
    [5, "left", "top"],
    [6, "right", "top"],
    [7, "right", "bottom"],
    [8, "left", "bottom"],
  ])("with orientation %i has its first row at the %s and its first column at the %s", (orientation, row, column) => {
    const sideways = orientation >= 5;
    for (const little of [true, false]) {
      const photo = decodePhoto(withSegments(quarters(48, 32), exif(orientation, little)), "a.jpg");
      expect([photo.width, photo.height]).toEqual(sideways ? [32, 48] : [48, 32]);
      const clockwise = ["top left", "top right", "bottom right", "bottom left"];
      const place = (a: string, b: string) => clockwise.findIndex((corner) => corner.includes(a) && corner.includes(b));
      const opposite = { top: "bottom", bottom: "top", left: "right", right: "left" } as Record<string, string>;
      const seen = corners(photo);
      expect(seen[place(row, column)]).toBe("r"); // stored: first row, first column
      expect(seen[place(row, opposite[column]!)]).toBe("g"); // first row, last column
      expect(seen[place(opposite[row]!, column)]).toBe("b");
      expect(seen[place(opposite[row]!, opposite[column]!)]).toBe("w");
    }
  });

  test("with EXIF data that make no sense is upright", () => {
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
      segment(0xe1, Buffer.from("http://ns.adobe.com/xap/1.0/\0<x/>")),
    ];
    for (const part of bad) expect(decodePhoto(withSegments(quarters(48, 32), part), "a.jpg").width).toBe(48);
  });

  test("of one channel, progressive", () => {
    // A DC of 8 steps of 16, an eighth of which is brightness; then one of 15 steps less.
    const bytes = jpegFrame({ marker: 0xc2, width: 16, height: 8, ids: [1], scan: "0 1000  0 0000" });
    const photo = decodePhoto(bytes, "a");
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
  ])("as %s", (_, ids, before, rgb) => {
    // The first channel is brighter than the middle, the others are not.
    const bytes = jpegFrame({ marker: 0xc0, width: 8, height: 8, ids, scan: "0 1000 0  10 0  10 0", before });
    const [r, g, b] = decodePhoto(bytes, "a").rgb as unknown as [number, number, number];
    expect([r, g, b]).toEqual(rgb ? [144, 128, 128] : [144, 144, 144]);
  });

  test("with pictures after its end, fill bytes, and bytes before a view of its own", () => {
    const whole = quarters(16, 16);
    const padded = joined(
      Buffer.alloc(3),
      whole.subarray(0, 2),
      Buffer.from([0xff, 0xff]),
      whole.subarray(2),
      quarters(48, 32),
    );
    expect(decodePhoto(padded.subarray(3), "a").width).toBe(16);
  });

  test("truncated anywhere", () => {
    const whole = quarters(48, 32);
    for (let size = 3; size < whole.length; size += 1) {
      expect(faultOf(whole.subarray(0, size)).message).toContain('"a.jpg" is truncated: the JPEG ends');
    }
    const cut = joined(whole.subarray(0, whole.length - 40), Buffer.from([0xff, 0xd9]));
    expect(faultOf(cut).message).toContain("cannot be decoded");
  });

  const frame = { marker: 0xc0, width: 8, height: 8, ids: [1, 2, 3], scan: "0" };
  test.each<readonly [string, Uint8Array]>([
    ["lossless, hierarchical or arithmetically coded", jpegFrame({ ...frame, marker: 0xc3 })],
    ["lossless, hierarchical or arithmetically coded", jpegFrame({ ...frame, marker: 0xc9 })],
    ["samples of 12 bits", jpegFrame({ ...frame, marker: 0xc1, precision: 12 })],
    ["2 channels", jpegFrame({ ...frame, ids: [1, 2] })],
    ["header that makes no sense", jpegFrame({ ...frame, sampling: 0x1f })],
    ["no pixels (8 × 0)", jpegFrame({ ...frame, height: 0 })],
    ["fewer pixels than its size says", jpegFrame({ ...frame, width: 9999, height: 9999 })],
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
    ["lacks parts that it refers to", jpegFrame({ ...frame, scan: "0 1000 0  10 0  10 0", quantization: 1 })], // a table that is not there
  ])("hostile: %s", (message, bytes) => {
    expect(faultOf(bytes).message).toContain(message);
    expect(faultOf(bytes)).toMatchObject({ code: "photo", fix: expect.stringMatching(/\./) });
  });

  function withScans(bytes: Uint8Array, scans: number): Uint8Array {
    const scan = segment(0xda, Buffer.from([1, 1, 0, 0, 63, 0]));
    return joined(bytes.subarray(0, -2), ...Array.from({ length: scans }, () => scan), bytes.subarray(-2));
  }

  test("any damage is a PhotoError or another picture, never anything else", () => {
    const whole = withSegments(quarters(24, 16), exif(6, true));
    for (const [i, at] of noise(9, 600, whole.length - 4).entries()) {
      const bytes = Uint8Array.from(whole);
      bytes[3 + at]! ^= 1 + (i % 255);
      try {
        decodePhoto(bytes, "a");
      } catch (error) {
        expect(error).toBeInstanceOf(PhotoError);
      }
    }
  });
});

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

describe("label maps", () => {
  test.each([
    [8, Uint16Array.of(0, 1, 255, 7, 8, 9)],
    [16, Uint16Array.of(0, 1, 256, 7, 1728, 65535)],
    [16, Uint32Array.of(0, 1, 256, 7, 1728, 65535)],
  ])("in %i bits", (depth, labels) => {
    const read = decodeWithFastPng(encodeLabels(labels, 3, 2), { checkCrc: true });
    expect(read).toMatchObject({ width: 3, height: 2, channels: 1, depth });
    expect([...read.data]).toEqual([...labels]);
  });

  test("of a megapixel", () => {
    const labels = Uint32Array.from(noise(6, 2 ** 20, 1812));
    const read = decodeWithFastPng(encodeLabels(labels, 1024, 1024));
    expect(read.data.findIndex((value, i) => value !== labels[i])).toBe(-1);
  });

  test("refuse labels beyond 16 bits and other sizes", () => {
    const refused = expect.objectContaining({ code: "output" });
    expect(() => encodeLabels(Uint32Array.of(65536), 1, 1)).toThrow(refused);
    expect(() => encodeLabels(Uint16Array.of(1, 2, 3), 2, 2)).toThrow(refused);
    expect(() => encodeSegmentation(Uint16Array.of(1, 2, 3), 2, 2, [])).toThrow(refused);
    expect(() => encodeSegmentation(Uint16Array.of(), 0, 2, [])).toThrow(refused);
  });

  test("in colours, the rarer of several on top", () => {
    const colors = [
      [0, 0, 0],
      [10, 20, 30],
      [40, 50, 60],
      [70, 80, 90],
    ] as const;
    const maps = Uint32Array.of(1, 1, 1, 0, 0, 9, 0, 2, 0, 0, 0, 0);
    const read = decodeWithFastPng(encodeSegmentation(maps.subarray(0, 6), 3, 2, colors));
    expect(read).toMatchObject({ width: 3, height: 2, channels: 3, depth: 8 });
    expect([...read.data]).toEqual([10, 20, 30, 10, 20, 30, 10, 20, 30, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect([...decodeWithFastPng(encodeSegmentation(maps, 3, 2, colors)).data.subarray(0, 9)]).toEqual([
      10, 20, 30, 40, 50, 60, 10, 20, 30,
    ]);
  });
});

test("a PNG lies in memory of its own, whatever its size, so that a thread can hand it over", () => {
  for (const edge of [1, 20, 200]) {
    const png = encodePng({ width: edge, height: edge, channels: 1, data: new Uint8Array(edge ** 2) });
    expect(Buffer.isBuffer(png)).toBe(false);
    expect(png.buffer.byteLength).toBe(png.byteLength);
  }
});
