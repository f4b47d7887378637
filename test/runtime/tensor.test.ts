import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Device } from "../../src/runtime/device.ts";
import { BUFFER } from "../../src/runtime/memory.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { requestDevice } from "../gpu.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device.dispose());

/** A tensor of n whole numbers from `first` on. */
const counting = (label: string, n: number, first = 0): Tensor<"u32"> =>
  Tensor.from(
    device,
    label,
    [n],
    "u32",
    Uint32Array.from({ length: n }, (_, at) => first + at),
  );
const read = async (tensor: Tensor, count?: number, first?: number) => Array.from(await tensor.read(count, first));

describe("a tensor", () => {
  test("begins with zeros, and takes as much as is written", async () => {
    using tensor = Tensor.create(device, "t", [2, 3], "f32");
    expect(tensor.bytes).toBe(24);
    expect(await read(tensor)).toEqual([0, 0, 0, 0, 0, 0]);
    tensor.write(Float32Array.of(1.5, 2));
    expect(await read(tensor)).toEqual([1.5, 2, 0, 0, 0, 0]);
    tensor.write(Float32Array.of(1, 2, 3, 4, 5, 6));
    expect(await read(tensor)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(() => tensor.write(new Float32Array(7))).toThrow('7 elements do not fit "t" [2,3].');
    tensor.clear();
    expect(await read(tensor)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test("is read in part, from anywhere to its end and not beyond", async () => {
    using tensor = counting("t", 6);
    expect(await tensor.read()).toBeInstanceOf(Uint32Array);
    expect(await read(tensor, 2)).toEqual([0, 1]);
    expect(await read(tensor, 2, 4)).toEqual([4, 5]);
    expect(await read(tensor, undefined, 4)).toEqual([4, 5]);
    expect(await read(tensor, 0, 6)).toEqual([]);
    await expect(tensor.read(3, 4)).rejects.toThrow('"t" [6] has no 3 elements from 4 on.');
    await expect(tensor.read(7)).rejects.toThrow("no 7 elements from 0 on");
    await expect(tensor.read(1, -1)).rejects.toThrow("from -1 on");
    await expect(tensor.read(-1)).rejects.toThrow("no -1 elements");
  });

  test("is copied as far as both go, or from one place to another", async () => {
    using from = counting("from", 6, 10);
    using to = counting("to", 8);
    from.copyTo(to);
    expect(await read(to)).toEqual([10, 11, 12, 13, 14, 15, 6, 7]);
    to.copyTo(from);
    expect(await read(from)).toEqual([10, 11, 12, 13, 14, 15]);
    from.copyTo(to, 8, 16, 24);
    expect(await read(to)).toEqual([10, 11, 12, 13, 14, 15, 14, 15]);
  });

  test("is not copied beyond its own end, nor beyond the other's", async () => {
    using from = counting("from", 6, 10);
    using to = counting("to", 6);
    for (const [bytes, at, onto] of [
      [28, 0, 0],
      [12, 16, 0], // from the source's end
      [4, 24, 0],
      [12, 0, 16],
      [4, 0, 24],
    ] as const)
      expect(() => from.copyTo(to, bytes, at, onto)).toThrow(`${bytes} bytes of "from" do not fit "to" there.`);
    expect(await read(to)).toEqual([0, 1, 2, 3, 4, 5]);
    from.copyTo(to, 4, 20, 20);
    expect(await read(to)).toEqual([0, 1, 2, 3, 4, 15]);
  });

  test("may lie in a caller's buffer that is large enough, which stays", async () => {
    const usage = BUFFER.STORAGE | BUFFER.COPY_SRC | BUFFER.COPY_DST;
    const buffer = device.gpu.createBuffer({ label: "mine", size: 16, usage });
    const tensor = Tensor.wrap(device, buffer, [2, 2], "u32");
    expect(() => Tensor.wrap(device, buffer, [5], "u32")).toThrow("A buffer of 16 bytes cannot hold [5].");
    const before = { ...device.live };
    tensor.write(Uint32Array.of(1, 2, 3, 4));
    expect(await read(tensor)).toEqual([1, 2, 3, 4]);
    tensor.dispose();
    expect(device.live).toEqual(before);
    expect(await read(Tensor.wrap(device, buffer, [4], "u32"))).toEqual([1, 2, 3, 4]);
    buffer.destroy();
  });

  test("gives its memory back once, also where its contents did not fit, and is of no use then", async () => {
    const before = { ...device.live };
    expect(() => Tensor.from(device, "t", [2], "u32", new Uint32Array(3))).toThrow("do not fit");
    expect(device.live).toEqual(before);
    const tensor = counting("gone", 3);
    using other = counting("other", 3);
    expect(device.live.bytes - before.bytes).toBe(24);
    tensor.dispose();
    tensor.dispose();
    expect(device.live.bytes - before.bytes).toBe(12);
    for (const use of [
      () => tensor.write(new Uint32Array(1)),
      () => tensor.clear(),
      () => tensor.copyTo(other),
      () => other.copyTo(tensor),
    ])
      expect(use).toThrow('"gone" was disposed.');
    await expect(tensor.read()).rejects.toThrow('"gone" was disposed.');
  });
});
