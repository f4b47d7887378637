import { crc32 as zlibs } from "node:zlib";
import { expect, test } from "vitest";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { crc32 } from "../../src/weights/crc32.ts";
import { writeNpz } from "../../src/weights/write-npz.ts";

const ARRAYS = {
  whole: { dtype: "int32", shape: [3], data: Int32Array.of(1, -2, 3) },
  "a/table": { dtype: "float32", shape: [2, 3], data: Float32Array.of(0, 0.5, 1, 2, 4, 8) },
  one: { dtype: "float64", shape: [], data: Float64Array.of(2 ** 40) },
  none: { dtype: "float32", shape: [0, 2], data: new Float32Array(0) },
} as const;

test("arrays come back as they were", async () => {
  const { tensors } = await openCheckpoint(writeNpz(ARRAYS));
  expect([...tensors.keys()].sort()).toEqual(Object.keys(ARRAYS).sort());
  for (const [name, { dtype, shape, data }] of Object.entries(ARRAYS)) {
    const tensor = tensors.get(name)!;
    expect([tensor.dtype, tensor.shape]).toEqual([dtype, shape]);
    expect([...(await tensor.read())]).toEqual([...data]);
  }
});

test("the data of every array begins at a multiple of 64 bytes of its file, and equal arrays give equal files", () => {
  const file = writeNpz(ARRAYS);
  expect(writeNpz(ARRAYS)).toEqual(file);
  const text = Buffer.from(file).toString("latin1");
  for (const [at] of [...text.matchAll(/\x93NUMPY/g)].map(({ index }) => [index])) {
    const header = Buffer.from(file).readUInt16LE(at! + 8);
    expect((10 + header) % 64).toBe(0);
    expect(text[at! + 9 + header]).toBe("\n");
  }
});

test("checksums are zlib's", () => {
  for (const text of ["", "a", "123456789"]) {
    const bytes = Buffer.from(text);
    expect(crc32(bytes)).toBe(zlibs(bytes));
  }
});
