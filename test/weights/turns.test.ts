import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { readOnnx } from "../../src/networks/onnx/read.ts";
import { memorySource } from "../../src/weights/bytes.ts";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import type { Source } from "../../src/weights/source.ts";
import { bytes as field, int } from "../networks/onnx/encode.ts";
import { bytes, le, zip } from "./fixtures.ts";

/** Opcodes that make a None and throw it away. */
const nothing = (size: number): Uint8Array => new Uint8Array(Buffer.alloc(size, "N0"));
const pickle = bytes(0x80, 2, nothing(24e6), "N.");
const npy = bytes(
  0x93,
  "NUMPY",
  1,
  0,
  le(56, 2),
  "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}\n",
  new Uint8Array(4),
);

const FILES: readonly (readonly [
  string,
  Uint8Array<ArrayBuffer>,
  (source: Source, signal: AbortSignal) => Promise<unknown>,
])[] = [
  ["a pickle", pickle, (source, signal) => openCheckpoint(source, { signal })],
  [
    "thousands of arrays",
    zip(Array.from({ length: 1500 }, (_, i) => ({ name: `${i}.npy`, data: npy }))),
    async (source, signal) => {
      const { tensors } = await openCheckpoint(source, { signal });
      for (let round = 0; round < 100; round += 1) {
        for (const tensor of tensors.values()) await tensor.read({ signal });
      }
    },
  ],
  [
    "a graph of fields that nobody knows",
    Uint8Array.from(Buffer.concat([int(1, 8), field(7, Buffer.alloc(8e6, Buffer.from([0x80, 1, 0])))])),
    (source, signal) => readOnnx(source, { signal }),
  ],
];

test.each(FILES)("%s in memory is left where a signal says so while it is read", async (_, file, read) => {
  const controller = new AbortController();
  const whole = memorySource(file);
  let [reads, ended] = [0, false];
  const source: Source = {
    ...whole,
    read: (start, end, options) => {
      reads += 1;
      // whoever stops it is another task, as a click or Ctrl-C is
      if (reads === 3) setTimeout(() => controller.abort(new Error("enough")));
      return whole.read(start, end, options);
    },
  };
  const done = read(source, controller.signal).finally(() => {
    ended = true;
  });
  await expect(done).rejects.toThrow("enough");
  expect(ended).toBe(true);
  expect(getEventListeners(controller.signal, "abort")).toEqual([]);
});

test("other tasks have their turn while a file in memory is read", async () => {
  let others = 0;
  const timer = setInterval(() => {
    others += 1;
  });
  await expect(openCheckpoint(pickle)).rejects.toThrow("holds no tensors");
  clearInterval(timer);
  expect(others).toBeGreaterThan(3);
});
