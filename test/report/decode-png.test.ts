import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { deflateSync } from "node:zlib";
import { decode as decodeWithFastPng } from "fast-png";
import { describe, expect, test } from "vitest";
import { PhotoError, UsageError } from "../../src/errors.ts";
import { decodePhoto } from "../../src/node/photo/decode.ts";
import { decodePng } from "../../src/report/decode-png.ts";
import { openPage } from "../browser/open.ts";
import {
  chunk,
  type Drawing,
  joined,
  noise,
  png,
  SIGNATURE,
  tiff,
  withChunks,
  writePng,
} from "../node/photo/pictures.ts";

const faultOf = async (bytes: Uint8Array, maxEdge?: number): Promise<PhotoError> => {
  const error = await decodePng(bytes, { name: "a.png", ...(maxEdge && { maxEdge }) }).catch((error) => error);
  expect(error).toBeInstanceOf(PhotoError);
  return error;
};

const opaque = [
  { color: 0, depth: 1 },
  { color: 0, depth: 8 },
  { color: 0, depth: 16 },
  { color: 2, depth: 8 },
  { color: 3, depth: 2, palette: noise(5, 12, 255) },
] as const;

describe("pictures without alpha are RGB, as they are from files", () => {
  test.each(opaque.flatMap((kind) => [true, false].map((interlaced) => ({ ...kind, interlaced }))))(
    "colour type $color, $depth bits, interlaced: $interlaced",
    async (kind) => {
      const [width, height] = [13, 7];
      const samples = noise(3, width * height * (kind.color === 2 ? 3 : 1), 2 ** kind.depth - 1);
      const bytes = writePng({ ...kind, width, height, samples });
      const { rgb } = await decodePhoto(bytes, "a");
      expect(await decodePng(bytes)).toEqual({ width, height, channels: 3, data: rgb });
    },
  );
});

describe("alpha is kept, and so are the colours under it", () => {
  test("RGB and alpha are what another decoder reads", async () => {
    const [width, height] = [37, 29];
    const samples = noise(3, width * height * 4, 255);
    const bytes = writePng({ width, height, color: 6, depth: 8, samples });
    const other = decodeWithFastPng(bytes, { checkCrc: true });
    const { channels, data } = await decodePng(bytes);
    expect([channels, other.channels]).toEqual([4, 4]);
    expect(Buffer.compare(data, other.data as Uint8Array)).toBe(0);
  });

  test("of greys, of 16 bits, of palettes and of the transparent colour", async () => {
    const pixels = async (drawing: Drawing): Promise<number[]> => [...(await decodePng(writePng(drawing))).data];
    const two = { width: 2, height: 1 } as const;
    expect(await pixels({ ...two, color: 4, depth: 8, samples: [9, 0, 200, 7] })).toEqual([
      9, 9, 9, 0, 200, 200, 200, 7,
    ]);
    const wide = [0, 257, 65_535, 128, 0, 0, 0, 65_535];
    expect(await pixels({ ...two, color: 6, depth: 16, samples: wide })).toEqual([0, 1, 255, 0, 0, 0, 0, 255]);
    const palette = [1, 2, 3, 4, 5, 6];
    expect(await pixels({ ...two, color: 3, depth: 8, samples: [1, 0], palette, transparency: [99] })).toEqual([
      4, 5, 6, 255, 1, 2, 3, 99,
    ]);
    expect(await pixels({ ...two, color: 0, depth: 8, samples: [5, 6], transparency: [0, 6] })).toEqual([
      5, 5, 5, 255, 6, 6, 6, 0,
    ]);
  });
});

describe("what is wrong is said", () => {
  const good: Drawing = { width: 9, height: 9, color: 2, depth: 8, samples: noise(4, 243, 255) };
  const { header, rows } = png(good);
  const file = (...packed: Uint8Array[]) =>
    joined(SIGNATURE, header, ...packed.map((part) => chunk("IDAT", part)), chunk("IEND", Buffer.alloc(0)));

  test("truncated anywhere", async () => {
    const whole = writePng(good);
    for (let size = 8; size < whole.length; size += 5) {
      expect((await faultOf(whole.subarray(0, size))).message).toContain('"a.png" is truncated: the PNG ends');
    }
    for (const part of [file(deflateSync(rows.subarray(0, 100))), file(deflateSync(Buffer.alloc(0)))]) {
      expect((await faultOf(part)).message).toContain("fewer pixels than its size says");
    }
    for (const part of [file(deflateSync(rows).subarray(0, 150)), file()]) {
      expect((await faultOf(part)).message).toContain("cannot be unpacked");
    }
  });

  test.each<readonly [string, Uint8Array]>([
    ["is no PNG", Buffer.from("\xff\xd8\xff\xe0", "latin1")],
    ["is no PNG", Buffer.alloc(0)],
    ["holds more than its size says", file(deflateSync(Buffer.alloc(2 ** 24)))],
    ["cannot be unpacked", file(Buffer.from("no zlib stream"))],
    ["unknown filter", file(deflateSync(rows.map((value, i) => (i % 28 === 0 ? 5 : value))))],
    ["no pixels (9 × 0)", joined(SIGNATURE, png({ ...good, height: 0 }).header, chunk("IEND", Buffer.alloc(0)))],
  ])("%s", async (message, bytes) => {
    expect(await faultOf(bytes)).toMatchObject({ code: "photo", message: expect.stringContaining(message) });
  });

  test("a picture is measured before anything is unpacked", async () => {
    const huge = { ...good, samples: [], width: 2 ** 31 - 1, height: 2 ** 31 - 1 };
    const before = process.memoryUsage().arrayBuffers;
    const fault = await faultOf(joined(SIGNATURE, png(huge).header));
    expect(fault.message).toContain("2147483647 × 2147483647 pixels; no more than 4096 a side");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
    expect((await faultOf(writePng(good), 8)).message).toContain("9 × 9 pixels; no more than 8 a side");
    expect((await decodePng(writePng(good), { maxEdge: 9 })).width).toBe(9);
  });

  test("in words without a name, too; and options that make no sense", async () => {
    await expect(decodePng(Buffer.from("GIF89a"))).rejects.toThrow("The picture is no PNG");
    await expect(decodePng(writePng(good), { maxEdge: 0 })).rejects.toThrow(UsageError);
    await expect(decodePng(writePng(good), { max: 9 } as object)).rejects.toThrow(UsageError);
  });

  test("any damage is a PhotoError or another picture, never anything else", async () => {
    const whole = writePng({ ...good, interlaced: true });
    for (const [i, at] of noise(8, 200, whole.length - 9).entries()) {
      const bytes = Uint8Array.from(whole);
      bytes[8 + at]! ^= 1 + (i % 255);
      const outcome = await decodePng(bytes).catch((error) => error);
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(PhotoError);
    }
  });
});

test("bytes behind the compressed pixels are nobody's", async () => {
  const drawing: Drawing = { width: 9, height: 9, color: 2, depth: 8, samples: noise(4, 243, 255) };
  const { header, rows } = png(drawing);
  const packed = joined(deflateSync(rows), Buffer.from("more"));
  const bytes = joined(SIGNATURE, header, chunk("IDAT", packed), chunk("IEND", Buffer.alloc(0)));
  expect(await decodePng(bytes)).toEqual(await decodePng(writePng(drawing)));
});

describe("EXIF data turn a picture as browsers turn it", () => {
  const [width, height] = [3, 2];
  const upright = writePng({ width, height, color: 2, depth: 8, samples: noise(7, width * height * 3, 255) });
  const exif = (orientation: number, little = true, type = 3) => chunk("eXIf", tiff(orientation, little, type));
  const damaged = exif(6).map((byte, at, whole) => (at === whole.length - 1 ? byte ^ 1 : byte));
  const files = {
    ...Object.fromEntries(
      [1, 2, 3, 4, 5, 6, 7, 8].map((orientation) => [
        `orientation ${orientation}`,
        withChunks(upright, [exif(orientation, orientation % 2 === 0)], "before"),
      ]),
    ),
    "the first of two": withChunks(upright, [exif(8), exif(3)], "before"),
    "behind the pixels": withChunks(upright, [exif(6)], "behind"),
    "a damaged chunk": withChunks(upright, [damaged], "before"),
    "no number of 16 bits": withChunks(upright, [exif(6, true, 4)], "before"),
  };
  const isTurned = (what: string) => /[5-8]$|first/.test(what);

  test("every pixel is where Chromium has it, in pages and in Node", async () => {
    const site = createServer((_, response) => response.setHeader("content-type", "text/html").end("<title>-</title>"));
    site.listen(0, "127.0.0.1");
    await once(site, "listening");
    const { page, close } = await openPage(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
    try {
      for (const [what, bytes] of Object.entries(files)) {
        const shown = await page.evaluate(
          async (numbers) => {
            const picture = await createImageBitmap(new Blob([Uint8Array.from(numbers)], { type: "image/png" }));
            const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d")!;
            context.drawImage(picture, 0, 0);
            const { data } = context.getImageData(0, 0, picture.width, picture.height);
            return { width: picture.width, height: picture.height, data: [...data].filter((_, at) => at % 4 < 3) };
          },
          [...bytes],
        );
        const { channels, ...read } = await decodePng(bytes);
        expect({ ...read, data: [...read.data] }, what).toEqual(shown);
        expect(await decodePhoto(bytes, "a.png")).toEqual({ width: read.width, height: read.height, rgb: read.data });
        expect([channels, read.width, read.height], what).toEqual(isTurned(what) ? [3, 2, 3] : [3, 3, 2]);
      }
    } finally {
      await close();
      site.close();
    }
  });

  test("alpha goes along", async () => {
    const samples = noise(9, width * height * 4, 255);
    const drawn = writePng({ width, height, color: 6, depth: 8, samples });
    const turned = await decodePng(withChunks(drawn, [exif(6)], "before"));
    // The first row is the first column from below.
    expect([turned.width, turned.height, [...turned.data.slice(0, 8)]]).toEqual([
      2,
      3,
      [...samples.slice(12, 16), ...samples.slice(0, 4)],
    ]);
  });
});
