import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { findGpu } from "../../src/node/gpu.ts";
import { Device } from "../../src/runtime/device.ts";
import { Graph } from "../../src/runtime/graph.ts";
import { BUFFER } from "../../src/runtime/memory.ts";
import { Plan } from "../../src/runtime/plan.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { type LittleMemory, littleMemory } from "./little-memory.ts";

const FULL = expect.objectContaining({
  name: "DeviceLostError",
  code: "out-of-memory",
  message: expect.stringContaining("no memory left"),
});

let little: LittleMemory;
beforeAll(async () => {
  little = await littleMemory();
});
afterEach(() => {
  little.isFull = () => false;
});

/** A device of its own, or one that is somebody else's. */
const KINDS = [
  ["a device", async () => Device.request({ gpu: little.gpu })],
  ["an adopted one", async () => Device.adopt(await (await little.gpu.requestAdapter())!.requestDevice())],
] as const;

describe.each(KINDS)("no memory on %s", (_, request) => {
  test("for a tensor fails what comes next, and it can be used again", async () => {
    using device = await request();
    little.isFull = ({ size }) => size > 1000;
    Tensor.create(device, "large", [1024], "f32");
    await expect(device.idle()).rejects.toThrow(FULL);
    expect(() => device.check()).not.toThrow();
    using small = Tensor.from(device, "small", [2], "f32", Float32Array.of(1, 2));
    expect([...(await small.read())]).toEqual([1, 2]);
  });

  test("to read with fails the reading", async () => {
    using device = await request();
    using tensor = Tensor.create(device, "t", [4], "f32");
    little.isFull = ({ usage }) => (usage & BUFFER.MAP_READ) > 0;
    await expect(tensor.read()).rejects.toThrow(FULL);
    little.isFull = () => false;
    await device.idle().catch(() => {});
    expect([...(await tensor.read())]).toEqual([0, 0, 0, 0]);
    expect(device.live).toEqual({ buffers: 1, bytes: 16 });
  });

  test("for a plan fails its compiling, and not another that is compiled at the same time", async () => {
    using device = await request();
    const graph = (label: string) => {
      const made = new Graph("software");
      const [x, y] = [made.value(label, [4]), made.value("y", [4])];
      const source =
        "@group(0) @binding(1) var<storage, read> x: array<f32>; @group(0) @binding(2) var<storage, read_write> y: array<f32>; @compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3u) { y[id.x] = x[id.x]; }";
      made.step(
        { name: "copy", source, params: {}, bindings: { x: "read", y: "read_write" } },
        { x, y },
        {},
        [1, 1, 1],
      );
      return made;
    };
    little.isFull = ({ label }) => label === "unlucky";
    const [unlucky, lucky] = await Promise.allSettled([
      Plan.compile(device, graph("unlucky")),
      Plan.compile(device, graph("lucky")),
    ]);
    expect(unlucky).toEqual({ status: "rejected", reason: FULL });
    if (lucky.status === "rejected") throw lucky.reason;
    lucky.value.dispose();
    expect(device.live).toEqual({ buffers: 0, bytes: 0 });
    await device.idle();
  });
});

test("a device that is let go takes its memory with it, an adopted one's too", async () => {
  const gpu = await (await (await findGpu()).requestAdapter())!.requestDevice();
  const device = Device.adopt(gpu);
  const tensor = Tensor.create(device, "t", [4], "f32");
  const other = gpu.createBuffer({ size: 4, usage: BUFFER.MAP_READ | BUFFER.COPY_DST });
  device.dispose();
  expect(device.live).toEqual({ buffers: 0, bytes: 0 });
  tensor.dispose(); // again, as whoever holds it does
  expect(device.live).toEqual({ buffers: 0, bytes: 0 });
  gpu.pushErrorScope("validation");
  const encoder = gpu.createCommandEncoder();
  encoder.copyBufferToBuffer(tensor.buffer, 0, other, 0, 4);
  gpu.queue.submit([encoder.finish()]);
  expect((await gpu.popErrorScope())?.message).toMatch(/destroyed/);
  await other.mapAsync(1); // what is the owner's is left alone
  gpu.destroy();
});
