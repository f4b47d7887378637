import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Kept } from "../../src/dissect/kept.ts";
import { PackedLabels } from "../../src/dissect/packed-labels.ts";
import { DeviceLostError } from "../../src/errors.ts";
import type { Device } from "../../src/runtime/device.ts";
import { Scope } from "../../src/runtime/scope.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { requestDevice } from "../gpu.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const BATCHES = 9;
/** Bytes of a batch's label maps, packed, and of its feature maps. */
const LABELS = 2 * 50;
const FEATURES = 4 * (30 + 70);

async function setUp(memory: number, slabBytes?: number) {
  const scope = new Scope();
  const maps = [30, 70].map((length) => scope.own(Tensor.create(device, `maps ${length}`, [length], "f32")));
  const labels = scope.own(Tensor.create(device, "labels", [2, 25], "u32"));
  const packed = scope.own(await PackedLabels.create(device, labels));
  const before = { ...device.live };
  const kept = scope.own(new Kept(device, maps, packed, BATCHES, memory, slabBytes));
  const fill = (batch: number) => {
    maps.forEach((map, i) => {
      map.write(Float32Array.from({ length: map.shape[0]! }, (_, at) => 1000 * batch + 100 * i + at / 8));
    });
    labels.write(Uint32Array.from({ length: 50 }, (_, at) => 65_535 - 50 * batch - at));
    packed.pack();
  };
  const read = async () => [...(await Promise.all(maps.map((map) => map.read()))), await labels.read()];
  const keepAll = async () => {
    for (let batch = 0; batch < BATCHES; batch += 1) {
      fill(batch);
      await kept.keepFeatures(batch);
      await kept.keepLabels(batch);
    }
  };
  return { kept, fill, read, keepAll, before, scope };
}

describe("kept batches", () => {
  it.each([
    ["nothing", 0, 0, 0, undefined],
    ["labels alone", BATCHES * LABELS, BATCHES, 0, undefined],
    ["some labels", 5 * LABELS + 99, 5, 0, undefined],
    ["all labels and some maps", BATCHES * LABELS + 4 * FEATURES + 399, BATCHES, 4, undefined],
    ["everything", 2 ** 29, BATCHES, BATCHES, undefined],
    ["everything, a few batches to a buffer", 2 ** 29, BATCHES, BATCHES, 4 * 70 * 2 + 8],
    ["everything, a buffer for each", 2 ** 29, BATCHES, BATCHES, 1],
  ])("come back as they were: %s", async (_, memory, labels, features, slabBytes) => {
    const { kept, fill, read, keepAll, before, scope } = await setUp(memory, slabBytes);
    expect([kept.labels, kept.features]).toEqual([labels, features]);
    await keepAll();
    expect(device.live.bytes - before.bytes).toBe(labels * LABELS + features * FEATURES);
    if (slabBytes === undefined) {
      expect(device.live.buffers - before.buffers).toBe((labels > 0 ? 1 : 0) + (features > 0 ? 2 : 0));
    }
    for (let batch = BATCHES - 1; batch >= 0; batch -= 1) {
      fill(batch);
      const expected = await read();
      fill(99);
      expect(kept.restoreFeatures(batch)).toBe(batch < features);
      expect(kept.restoreLabels(batch)).toBe(batch < labels);
      const actual = await read();
      if (batch < features) expect(actual.slice(0, 2)).toEqual(expected.slice(0, 2));
      if (batch < labels) expect(actual[2]).toEqual(expected[2]);
    }
    scope.dispose();
  });

  it("that found no memory are not kept, and those before them stay", async () => {
    const { kept, fill, read, before, scope } = await setUp(2 ** 29, 2 * 4 * 70);
    const { allocating } = device;
    let made = 0;
    for (let batch = 0; batch < BATCHES; batch += 1) {
      fill(batch);
      // The third buffer of the larger maps: the smaller maps' second was made with it and has to
      // go again.
      const held = { ...device.live };
      if (batch === 4) {
        device.allocating = async (_, make) => {
          make();
          made = device.live.buffers - held.buffers;
          throw new DeviceLostError("out-of-memory", "None left.", "");
        };
      }
      await kept.keepFeatures(batch);
      device.allocating = allocating;
      if (batch >= 4) expect(device.live).toEqual(held);
    }
    expect(made).toBeGreaterThan(0);
    expect([0, 3, 4, 5, 8].map((batch) => kept.restoreFeatures(batch))).toEqual([true, true, false, false, false]);
    fill(3);
    const expected = await read();
    fill(7);
    kept.restoreFeatures(3);
    expect((await read()).slice(0, 2)).toEqual(expected.slice(0, 2));
    scope.dispose();
    expect(device.live.bytes).toBeLessThan(before.bytes);
  });

  it.each([
    ["64 MiB unless told otherwise, 13 MiB a batch", undefined, 13 * 2 ** 20, [4, 4, 1]],
    ["64 MiB unless told otherwise, 16 MiB a batch", undefined, 16 * 2 ** 20, [4, 4, 1]],
    ["as many as fit", 399, 100, [3, 3, 3]],
    ["as many as just fit", 400, 100, [4, 4, 1]],
    ["one that is larger", 99, 100, Array(BATCHES).fill(1)],
    ["all, of which there are few", 2000, 100, [BATCHES]],
  ])("lie in buffers of %s, made once", async (_, slabBytes, bytes, capacities) => {
    const copied: (readonly number[])[] = [];
    const copyTo = (_: unknown, ...range: number[]) => void copied.push(range);
    const source = { label: "maps", dtype: "f32", bytes, copyTo } as unknown as Tensor;
    const allocating = vi.fn(async (_: string, make: () => unknown) => make());
    const create = vi.spyOn(Tensor, "create").mockReturnValue({ copyTo } as unknown as Tensor);
    const kept = new Kept({ allocating } as unknown as Device, [source], undefined, BATCHES, 2 ** 30, slabBytes);
    for (let batch = 0; batch < BATCHES; batch += 1) await kept.keepFeatures(batch);
    expect(create.mock.calls.map(([, , shape]) => shape)).toEqual(capacities.map((most) => [most, bytes / 4]));
    create.mockRestore();
    expect(allocating).toHaveBeenCalledTimes(capacities.length);
    const places = capacities.flatMap((most) => Array.from({ length: most }, (_, place) => place * bytes));
    expect(copied).toEqual(places.map((place) => [bytes, 0, place]));
    copied.length = 0;
    for (let batch = 0; batch < BATCHES; batch += 1) expect(kept.restoreFeatures(batch)).toBe(true);
    expect(copied).toEqual(places.map((place) => [bytes, place]));
  });

  it.each([
    [4 * 100, 4],
    [4 * 100 - 1, 3],
    [BATCHES * 100 + 50, BATCHES],
  ])("without label maps are maps alone, in %i bytes %i of them", (memory, features) => {
    const source = { bytes: 60 } as Tensor;
    const kept = new Kept(device, [source, { bytes: 40 } as Tensor], undefined, BATCHES, memory);
    expect([kept.labels, kept.features]).toEqual([0, features]);
    expect(kept.restoreLabels(0)).toBe(false);
  });
});
