import { crc32 } from "node:zlib";
import { decode, decodeApng } from "fast-png";
import { launch } from "puppeteer-core";
import { expect, test } from "vitest";
import { encodeApng } from "../../../src/node/photo/encode-apng.ts";
import { encodePng } from "../../../src/node/photo/encode-png.ts";
import { chromium } from "../../browser/chrome.ts";

const [WIDTH, HEIGHT] = [5, 3];
/** Frame f has the red f · 40 + x, the green y, the blue 200. */
const pixels = (f: number): Uint8Array =>
  Uint8Array.from({ length: 3 * WIDTH * HEIGHT }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return [f * 40 + (pixel % WIDTH), Math.floor(pixel / WIDTH), 200][i % 3]!;
  });
const frame = (f: number): Uint8Array => encodePng({ width: WIDTH, height: HEIGHT, channels: 3, data: pixels(f) });

async function encoded(frames: readonly Uint8Array[], count = frames.length, how = { fps: 1, plays: 0 }) {
  const parts: Uint8Array[] = [];
  for await (const part of encodeApng(frames, { frames: count, ...how })) parts.push(part);
  return Uint8Array.from(Buffer.concat(parts));
}
const file = await encoded([0, 1, 2].map(frame), 3, { fps: 300, plays: 4 });

test("is what another decoder reads: frames, durations, and how often", () => {
  const { width, height, numberOfFrames, numberOfPlays, frames } = decodeApng(file);
  expect([width, height, numberOfFrames, numberOfPlays]).toEqual([WIDTH, HEIGHT, 3, 4]);
  for (const [f, { data, delayNumber, delayDenominator }] of frames.entries()) {
    expect([...data]).toEqual([...pixels(f)]);
    expect(delayNumber / delayDenominator).toBeCloseTo(1 / 300, 9);
  }
  // who knows no animations sees the first
  expect([...decode(file).data]).toEqual([...pixels(0)]);
});

test("its chunks have right checksums, and one count goes through all of them", () => {
  const view = new DataView(file.buffer);
  const [types, counts]: [string[], number[]] = [[], []];
  for (let at = 8; at < file.length; at += 12 + view.getUint32(at)) {
    const length = view.getUint32(at);
    const type = Buffer.from(file.subarray(at + 4, at + 8)).toString("latin1");
    expect(view.getUint32(at + 8 + length), type).toBe(crc32(file.subarray(at + 4, at + 8 + length)));
    types.push(type);
    if (type === "fcTL" || type === "fdAT") counts.push(view.getUint32(at + 8));
  }
  expect(types).toEqual(["IHDR", "acTL", "fcTL", "IDAT", "fcTL", "fdAT", "fcTL", "fdAT", "IEND"]);
  expect(counts).toEqual([0, 1, 2, 3, 4]);
});

test("Chromium shows its frames", async () => {
  const browser = await launch(chromium(false));
  try {
    const page = await browser.newPage();
    await page.goto("chrome://version"); // a secure page, where images can be decoded
    const seen = await page.evaluate(
      async (bytes) => {
        const decoder = new ImageDecoder({ data: Uint8Array.from(bytes), type: "image/png" });
        await decoder.tracks.ready;
        await decoder.completed;
        const { frameCount, repetitionCount } = decoder.tracks.selectedTrack!;
        const frames: { readonly duration: number | null; readonly reds: number[] }[] = [];
        for (let frameIndex = 0; frameIndex < frameCount; frameIndex += 1) {
          const { image } = await decoder.decode({ frameIndex });
          const context = new OffscreenCanvas(image.displayWidth, image.displayHeight).getContext("2d")!;
          context.drawImage(image, 0, 0);
          const { data } = context.getImageData(0, 0, image.displayWidth, image.displayHeight);
          frames.push({ duration: image.duration, reds: [...data].filter((_, i) => i % 4 === 0) });
        }
        return { repetitionCount, frames };
      },
      [...file],
    );
    // four plays are three repetitions; times are in microseconds, of whole milliseconds
    expect(seen.repetitionCount).toBe(3);
    expect(seen.frames.map(({ reds }) => reds)).toEqual(
      [0, 1, 2].map((f) => [...pixels(f)].filter((_, i) => i % 3 === 0)),
    );
    for (const { duration } of seen.frames) expect(duration).toBe(3000);
  } finally {
    await browser.close();
  }
});

test("asks for a frame when it has told the one before", async () => {
  const asked: number[] = [];
  async function* frames() {
    for (const f of [0, 1, 2]) {
      asked.push(f);
      yield frame(f);
    }
  }
  const parts = encodeApng(frames(), { frames: 3, fps: 1, plays: 0 });
  const types: string[] = [];
  for await (const part of parts) types.push(`${asked.at(-1)} ${Buffer.from(part.subarray(4, 8)).toString("latin1")}`);
  expect(types.slice(1)).toEqual(["0 fcTL", "0 IDAT", "1 fcTL", "1 fdAT", "2 fcTL", "2 fdAT", "2 IEND"]);
});

test("refuses frames of several sizes, none, and another number than was said", async () => {
  const other = encodePng({ width: HEIGHT, height: WIDTH, channels: 3, data: pixels(0) });
  await expect(encoded([frame(0), other])).rejects.toThrow(/Frame 1 has another size/);
  await expect(encoded([])).rejects.toThrow(/a frame at least/);
  await expect(encoded([frame(0)], 2)).rejects.toThrow(/1 frames came, and not 2/);
});
