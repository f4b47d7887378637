import { expect, test } from "vitest";
import { encodePng } from "../../../src/node/photo/encode-png.ts";

test("a PNG lies in memory of its own, whatever its size, so that a thread can hand it over", () => {
  for (const edge of [1, 20, 200]) {
    const png = encodePng({ width: edge, height: edge, channels: 1, data: new Uint8Array(edge ** 2) });
    expect(Buffer.isBuffer(png)).toBe(false);
    expect(png.buffer.byteLength).toBe(png.byteLength);
  }
});
