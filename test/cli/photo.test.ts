import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { isOfPhoto, photoOf, readPhoto, reduced, unreadable, unreadablePhotos } from "../../src/cli/photo.ts";
import { GanatomyError, OutputError, PhotoError } from "../../src/errors.ts";
import { joined, jpegFrame, png, SIGNATURE, segment } from "../node/photo/pictures.ts";

/** A photo whose red is given, green 10 more, and blue white. */
const photo = (width: number, reds: readonly number[]) => ({
  width,
  height: reds.length / width,
  rgb: Uint8Array.from(reds.flatMap((red) => [red, red + 10, 255])),
});

/** Red, green, blue and what is stored beside them, in 0…255. */
const bytes = (pixels: Float32Array): number[] =>
  [...pixels].map((value, at) => (at % 4 === 3 ? value : Math.round(127.5e3 * (value + 1)) / 1e3));

test("a photo no larger than the network's input keeps its pixels", () => {
  const { pixels, width, height } = reduced(photo(2, [0, 50, 100, 150]), 2);
  expect([width, height]).toEqual([2, 2]);
  expect(bytes(pixels)).toEqual([0, 10, 255, 0, 50, 60, 255, 0, 100, 110, 255, 0, 150, 160, 255, 0]);
  expect([pixels[0], pixels[2]]).toEqual([-1, 1]);
  expect(reduced(photo(3, [0, 50, 100, 150, 200, 240]), 2).width).toBe(3);
  expect(reduced(photo(1, [0]), 512).width).toBe(1);
});

test("a larger one is averaged over whole squares while both edges stay as large; what is left over goes", () => {
  const reds = [0, 8, 16, 24, 240, 2, 6, 18, 22, 240, 100, 100, 200, 200, 240, 100, 100, 200, 200, 240];
  const { pixels, width, height } = reduced(photo(5, reds), 2);
  expect([width, height]).toEqual([2, 2]);
  expect(bytes(pixels)).toEqual([4, 14, 255, 0, 20, 30, 255, 0, 100, 110, 255, 0, 200, 210, 255, 0]);
  expect(reduced(photo(6, new Array(36).fill(9)), 2)).toMatchObject({ width: 2, height: 2 });
  expect(reduced(photo(6, new Array(12).fill(9)), 2)).toMatchObject({ width: 6, height: 2 });
});

test("what is no photo, or too large, is refused before it is read", async () => {
  const home = await mkdtemp(join(tmpdir(), "ganatomy-photo-"));
  const path = join(home, "a.png");
  const { header } = png({ width: 10_001, height: 10_000, color: 0, depth: 8, samples: [] });
  const frame = { marker: 0xc0, width: 10_001, height: 10_000, ids: [1], scan: "0" };
  const jpeg = jpegFrame(frame);
  const whole = jpegFrame({ ...frame, width: 8, height: 8 });
  const taken = vi.spyOn(Buffer, "allocUnsafeSlow");
  try {
    for (const [head, said] of [
      ["", "it begins like neither a JPEG nor a PNG"],
      ["GIF89a", "is a GIF"],
      ["\x89PNG\r\n\x1a\n", "does not begin with a header"],
      [joined(SIGNATURE, header), "10001 × 10000 pixels; more than 100 megapixels"],
      [jpeg, "10001 × 10000 pixels; more than 100 megapixels"],
      [whole, "has 2147483648 bytes; photos have 1 GB at most"],
    ] as const) {
      await writeFile(path, head, "latin1");
      await truncate(path, 2 ** 31); // sparse: zeros that are not on the disk
      const error = await readPhoto(path, { name: "a.png" }).catch((error) => error);
      expect(error).toBeInstanceOf(PhotoError);
      expect(error.message).toContain(said);
      expect(error.message).toMatch(/^"a.png" /);
    }
    expect(taken.mock.calls.map(([size]) => size)).toEqual(Array(6).fill(2 ** 18));
    await writeFile(path, "");
    await expect(readPhoto(path)).rejects.toThrow(/a.png" is empty/);
    await truncate(path, 2 ** 20);
    await expect(readPhoto(path, { signal: AbortSignal.abort(new Error("gone")) })).rejects.toThrow("gone");
  } finally {
    taken.mockRestore();
    await rm(home, { recursive: true });
  }
});

test("a large photo is read whole, whatever stands before its size", async () => {
  const home = await mkdtemp(join(tmpdir(), "ganatomy-photo-"));
  const path = join(home, "a.jpg");
  const profile = segment(0xe2, Buffer.alloc(65_000, 7));
  const frame = { marker: 0xc0, width: 8, height: 8, ids: [1], scan: "10 0" };
  for (const before of [[], Array(5).fill(profile)]) {
    const bytes = joined(jpegFrame({ ...frame, before }), Buffer.alloc(20e6, 9));
    await writeFile(path, bytes);
    expect(Buffer.compare(await readPhoto(path), bytes)).toBe(0);
    expect((await photoOf(path, "a.jpg")).width).toBe(8);
  }
  await rm(home, { recursive: true });
});

test("what cannot be read is a fault of the photo, and says why", async () => {
  await expect(readPhoto(join(tmpdir(), "no-such-photo.png"))).rejects.toThrow(PhotoError);
  await expect(readPhoto(join(tmpdir(), "no-such-photo.png"))).rejects.toThrow(/does not exist/);
  await expect(readPhoto(tmpdir())).rejects.toThrow(/is a folder/);
  expect(() => unreadable("a.png", { code: "EACCES" })).toThrow('"a.png" cannot be read (EACCES).');
  expect(() => unreadable("a.png", new Error("odd"))).toThrow("(unknown)");
});

test("what cannot be read of many is told, the first by their reasons", () => {
  const failed = Array.from({ length: 10 }, (_, i) => new PhotoError(`"${i}.jpg" is cut off.`, "Copy it again."));
  expect(unreadablePhotos(failed.slice(0, 2), 30).message).toBe(
    '2 of 30 photos cannot be read:\n  "0.jpg" is cut off.\n  "1.jpg" is cut off.',
  );
  expect(unreadablePhotos(failed, 30).message).toMatch(/"7\.jpg" is cut off\.\n {2}and 2 more$/);
  const kinds = [new PhotoError("", ""), new GanatomyError("not-found", "", ""), new OutputError("", ""), new Error()];
  expect(kinds.map(isOfPhoto)).toEqual([true, true, false, false]);
});
