import { deflateSync } from "node:zlib";
import { decode as decodeWithFastPng } from "fast-png";
import { describe, expect, test } from "vitest";
import { PhotoError } from "../../../src/errors.ts";
import { decodePhoto } from "../../../src/node/photo/decode.ts";
import { encodePng } from "../../../src/node/photo/encode-png.ts";
import { chunk, type Drawing, faultOf, joined, noise, png, SIGNATURE, writePng } from "./pictures.ts";

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

  test.each(cases)("colour type $color, $depth bits, $width wide, interlaced: $interlaced", async (kind) => {
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
    const photo = await decodePhoto(writePng({ ...kind, height, samples, palette }), "a.png");
    expect([photo.width, photo.height, photo.rgb.length]).toEqual([width, height, expected.length]);
    const off = expected.map((value, i) => Math.abs(value - photo.rgb[i]!));
    expect(Math.max(...off)).toBeLessThan(0.501);
  });

  test.each([false, true])("is what another decoder reads, filters and all (interlaced: %s)", async (interlaced) => {
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
    expect(Buffer.compare((await decodePhoto(bytes, "a")).rgb, other.data as Uint8Array)).toBe(0);
  });

  test("reads what is written here", async () => {
    const data = Uint8Array.from(noise(1, 7 * 5 * 3, 255));
    expect(await decodePhoto(encodePng({ width: 7, height: 5, channels: 3, data }), "a")).toEqual({
      width: 7,
      height: 5,
      rgb: data,
    });
  });

  test("lays transparent palette entries and the transparent colour on white", async () => {
    const drawn = { width: 3, height: 1, depth: 8, samples: [0, 1, 2] } as const;
    const palette = [0, 0, 0, 100, 50, 200, 9, 8, 7];
    expect([...(await decodePhoto(writePng({ ...drawn, color: 3, palette, transparency: [0, 51] }), "a")).rgb]).toEqual(
      [255, 255, 255, 224, 214, 244, 9, 8, 7],
    );
    expect([...(await decodePhoto(writePng({ ...drawn, color: 0, transparency: [0, 1] }), "a")).rgb]).toEqual([
      0, 0, 0, 255, 255, 255, 2, 2, 2,
    ]);
    const rgb = { width: 2, height: 1, color: 2, depth: 16, samples: [1, 2, 3, 1, 2, 4] } as const;
    const key = [0, 1, 0, 2, 0, 3];
    expect([...(await decodePhoto(writePng({ ...rgb, transparency: key }), "a")).rgb]).toEqual([
      255, 255, 255, 0, 0, 0,
    ]);
  });

  test("with several data chunks, unknown ones and text bombs that nobody unpacks", async () => {
    const { header, rows } = png({ width: 4, height: 4, color: 0, depth: 8, samples: noise(2, 16, 255) });
    const packed = deflateSync(rows);
    const bomb = chunk("zTXt", joined(Buffer.from("Comment\0\0"), deflateSync(Buffer.alloc(2 ** 24))));
    const parts = [packed.subarray(0, 5), Buffer.alloc(0), packed.subarray(5)].map((part) => chunk("IDAT", part));
    const bytes = joined(SIGNATURE, header, bomb, ...parts, chunk("IEND", Buffer.alloc(0)), Buffer.from("more"));
    expect((await decodePhoto(bytes, "a")).rgb.filter((_, i) => i % 3 === 0)).toEqual(
      Uint8Array.from(noise(2, 16, 255)),
    );
  });

  const good: Drawing = { width: 9, height: 9, color: 2, depth: 8, samples: noise(4, 243, 255) };
  const { header, rows } = png(good);
  const file = (head: Uint8Array, ...chunks: Uint8Array[]) =>
    joined(SIGNATURE, head, ...chunks, chunk("IEND", Buffer.alloc(0)));
  const data = (raw: Uint8Array) => chunk("IDAT", deflateSync(raw));

  test("truncated anywhere", async () => {
    const whole = writePng(good);
    for (let size = 8; size < whole.length; size += 1) {
      expect((await faultOf(whole.subarray(0, size))).message).toContain('"a.jpg" is truncated: the PNG ends');
    }
    expect((await faultOf(file(header, data(rows.subarray(0, 100))))).message).toContain(
      "fewer pixels than its size says",
    );
    expect((await faultOf(file(header, chunk("IDAT", deflateSync(rows).subarray(0, 60))))).message).toContain(
      "fewer pixels",
    );
    expect((await faultOf(file(header))).message).toContain("fewer pixels than its size says");
  });

  test.each<readonly [string, Uint8Array]>([
    ["holds more than its size says", file(header, data(Buffer.alloc(2 ** 24)))],
    ["cannot be unpacked", file(header, chunk("IDAT", Buffer.from("no zlib stream")))],
    ["unknown filter", file(header, data(rows.map((value, i) => (i % 28 === 0 ? 5 : value))))],
    ["does not begin with a header", file(data(rows), header)],
    ["does not begin with a header", file(chunk("tEXt", header.subarray(8, 21)), header, data(rows))],
    ["does not begin with a header", file(chunk("IHDR", Buffer.alloc(14)), data(rows))],
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
  ])("hostile: %s", async (message, bytes) => {
    expect((await faultOf(bytes)).message).toContain(message);
    expect(await faultOf(bytes)).toMatchObject({ code: "photo", fix: expect.stringMatching(/\./) });
  });

  test("with more than 100 megapixels takes no memory", async () => {
    const before = process.memoryUsage().arrayBuffers;
    const huge = { ...good, samples: [], width: 2 ** 31 - 1, height: 2 ** 31 - 1 };
    expect((await faultOf(file(png(huge).header, data(rows)))).message).toContain("more than 100 megapixels");
    expect((await faultOf(file(png({ ...huge, width: 10_001, height: 10_000 }).header))).message).toContain(
      "10001 × 10000",
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
  });

  test("any damage is a PhotoError or another picture, never anything else", async () => {
    const whole = writePng({ ...good, interlaced: true });
    for (const [i, at] of noise(8, 300, whole.length - 9).entries()) {
      const bytes = Uint8Array.from(whole);
      bytes[8 + at]! ^= 1 + (i % 255);
      try {
        await decodePhoto(bytes, "a");
      } catch (error) {
        expect(error).toBeInstanceOf(PhotoError);
      }
    }
  });
});
