import { inflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { PackedBytes, toBase64 } from "../../src/report/packed.ts";
import { random } from "./fixture.ts";

test.each([0, 1, 2, 3, 24_575, 24_576, 24_577, 100_000])("base64 of %i bytes", (length) => {
  const next = random(length);
  const bytes = Uint8Array.from({ length }, () => 256 * next());
  expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
});

test("bytes are deflated as they come, and counted", async () => {
  const packed = new PackedBytes();
  expect(packed.length).toBe(0);
  await packed.append(Uint8Array.of(1, 2, 3));
  await packed.append(new Uint8Array(1000));
  expect(packed.length).toBe(1003);
  const text = await packed.finish();
  expect(text.length).toBeLessThan(100);
  const bytes = inflateRawSync(Buffer.from(text, "base64"));
  expect([...bytes.subarray(0, 4), bytes.length]).toEqual([1, 2, 3, 0, 1003]);
});

test("given up, it takes nothing more and nothing is thrown to nobody", async () => {
  const packed = new PackedBytes();
  await packed.append(Uint8Array.of(1));
  await packed.abort();
  await packed.abort();
  await expect(packed.append(Uint8Array.of(1))).rejects.toThrow();
});
