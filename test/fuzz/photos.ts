import { deflateSync } from "node:zlib";
import { encodeJpeg } from "../../src/report/jpeg.ts";
import { bytes } from "../weights/fixtures.ts";
import { chunk, pngOf } from "./png.ts";
import { joined, type Random } from "./random.ts";

const KINDS: readonly (readonly [depth: number, color: number, channels: number])[] = [
  [8, 0, 1],
  [1, 0, 1],
  [16, 0, 1],
  [8, 2, 3],
  [8, 3, 1],
  [4, 3, 1],
  [8, 4, 2],
  [8, 6, 4],
  [16, 6, 4],
];

/** PNGs of all kinds, whose rows, chunks and sizes lie here and there. */
export function png(random: Random): Uint8Array<ArrayBuffer> {
  const [depth, color, channels] = random.one(KINDS);
  const [width, height] = [1 + random.below(20), 1 + random.below(20)];
  const said = (edge: number): number => (random.chance(0.85) ? edge : Math.abs(random.edge()) % 2 ** 32);
  const row = 1 + Math.ceil((width * depth * channels) / 8);
  const raw = new Uint8Array(row * height + (random.chance(0.9) ? 0 : random.below(3_000_000)));
  for (let at = 0; at < row * height; at += 1)
    raw[at] = at % row === 0 ? random.below(random.chance(0.98) ? 5 : 9) : random.below(256);
  const packed = deflateSync(raw);
  const palette = color === 3 || random.chance(0.1) ? [chunk("PLTE", random.bytes(random.one([3, 48, 768, 5])))] : [];
  const odd = random.some(4, () =>
    chunk(random.one(["tRNS", "gAMA", "IDAT", "PLTE", "tEXt", "IHDR"]), random.bytes(random.below(40))),
  );
  return pngOf({ width: said(width), height: said(height), depth, color, interlace: random.chance(0.1) ? 1 : 0 }, [
    ...palette,
    ...odd,
    chunk("IDAT", packed),
  ]);
}

const segment = (marker: number, content: Uint8Array): Uint8Array =>
  bytes(0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 255, content);

/** A JPEG with segments put in, and its frame's numbers changed. */
export function jpeg(random: Random): Uint8Array<ArrayBuffer> {
  const [width, height] = [1 + random.below(40), 1 + random.below(40)];
  const data = random.bytes(width * height * 3);
  const whole = encodeJpeg({ width, height, channels: 3, data }, 1 + random.below(100));
  if (random.chance(0.3)) {
    const frame = whole.findIndex((byte, at) => byte === 0xff && whole[at + 1] === 0xc0);
    whole[frame + random.below(20)] = random.below(256);
  }
  if (random.chance(0.4)) {
    const exif = bytes(
      "Exif\0\0II*\0",
      8,
      0,
      0,
      0,
      1,
      0,
      0x12,
      1,
      3,
      0,
      1,
      0,
      0,
      0,
      random.below(10),
      0,
      0,
      0,
      random.bytes(random.below(9)),
    );
    const odd = random.some(4, () =>
      segment(random.one([0xe0, 0xee, 0xc4, 0xdb, 0xdd, 0xda, 0xfe]), random.bytes(random.below(30))),
    );
    return joined(whole.subarray(0, 2), segment(0xe1, exif), ...odd, whole.subarray(2));
  }
  return whole;
}
