import { afterEach, describe, expect, test, vi } from "vitest";
import { findGpu } from "../../src/node/gpu.ts";
import { Device } from "../../src/runtime/device.ts";
import { Graph } from "../../src/runtime/graph.ts";
import type { Kernel } from "../../src/runtime/kernel.ts";
import { BUFFER } from "../../src/runtime/memory.ts";
import { Plan } from "../../src/runtime/plan.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { requestDevice } from "../gpu.ts";

const KERNEL = {
  name: "twice",
  source: `@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1) fn main(@builtin(global_invocation_id) id: vec3u) { y[id.x] = 2.0 * x[id.x]; }`,
  params: {},
  bindings: { x: "read", y: "read_write" },
} as const satisfies Kernel;
/** The second line does not compile. */
const BROKEN = { ...KERNEL, name: "broken", source: KERNEL.source.replace("y: array<f32>", "y: array<nothing>") };

function twice(kernel: Kernel = KERNEL) {
  const graph = new Graph("software");
  const [x, y] = [graph.value("x", [4]), graph.value("y", [4])];
  graph.step(kernel, { x, y }, {}, [4, 1, 1]);
  return { graph, x, y };
}

const info = { vendor: "acme", architecture: "gpu", device: "", description: "", isFallbackAdapter: false };
const LIMITS = {
  maxBufferSize: 1001,
  maxStorageBufferBindingSize: 1002,
  maxComputeWorkgroupStorageSize: 1003,
  maxComputeInvocationsPerWorkgroup: 1004,
};

/** A WebGPU whose adapter is described so, and what was asked of it. */
function fakeGpu(description: Partial<typeof info> = {}) {
  const requestDevice = vi.fn(async () => ({ lost: new Promise(() => {}), limits: LIMITS }));
  const requestAdapter = vi.fn(async () => ({ info: { ...info, ...description }, limits: LIMITS, requestDevice }));
  return { gpu: { requestAdapter } as unknown as GPU, requestAdapter, requestDevice };
}

/** The GPU device with some of its properties replaced. */
const withProperties = (gpu: GPUDevice, replaced: Readonly<Record<string, unknown>>): GPUDevice =>
  new Proxy(gpu, {
    get(target, name) {
      if (typeof name === "string" && name in replaced) return replaced[name];
      const own = Reflect.get(target, name, target);
      return typeof own === "function" ? own.bind(target) : own;
    },
  });

const failing = (name: string, code: string) => expect.objectContaining({ name, code });
const LOST = failing("DeviceLostError", "device-lost");

afterEach(() => {
  vi.unstubAllGlobals();
});

test("memory that was let go is given back by a submit, and a wait for it", async () => {
  using device = await Device.request({ gpu: await findGpu() });
  const { queue } = device.gpu;
  const calls: string[] = [];
  const submit = vi
    .spyOn(queue, "submit")
    .mockImplementation((buffers) => void calls.push(`submit ${[...buffers].length}`));
  const wait = queue.onSubmittedWorkDone.bind(queue);
  vi.spyOn(queue, "onSubmittedWorkDone").mockImplementation(() => {
    calls.push("wait");
    return wait();
  });
  await device.reclaim();
  expect(calls).toEqual(["submit 0", "wait"]);
  submit.mockRestore();
});

describe("requesting", () => {
  test("without WebGPU says so", async () => {
    vi.stubGlobal("navigator", undefined);
    await expect(Device.request()).rejects.toThrow(failing("UnsupportedError", "no-webgpu"));
    vi.stubGlobal("navigator", { gpu: undefined });
    vi.stubGlobal("isSecureContext", true);
    await expect(Device.request()).rejects.toThrow(failing("UnsupportedError", "no-webgpu"));
  });

  test("in an insecure context says so", async () => {
    vi.stubGlobal("navigator", {});
    vi.stubGlobal("isSecureContext", false);
    await expect(Device.request()).rejects.toThrow(failing("UnsupportedError", "insecure-context"));
  });

  test("without an adapter says so, with the cause if there is one", async () => {
    const none = { requestAdapter: async () => null } as unknown as GPU;
    await expect(Device.request({ gpu: none })).rejects.toThrow(failing("UnsupportedError", "no-adapter"));
    const cause = new Error("blocklisted");
    const throwing = { requestAdapter: async () => Promise.reject(cause) } as unknown as GPU;
    const error = await Device.request({ gpu: throwing }).catch((error: unknown) => error);
    expect(error).toMatchObject({ name: "UnsupportedError", code: "no-adapter", cause });
  });

  test("uses the page's WebGPU, asks for the power it is told, and raises the limits", async () => {
    const { gpu, requestAdapter, requestDevice } = fakeGpu();
    vi.stubGlobal("navigator", { gpu });
    const device = await Device.request({ powerPreference: "high-performance" });
    expect(requestAdapter).toHaveBeenCalledExactlyOnceWith({ powerPreference: "high-performance" });
    expect(requestDevice).toHaveBeenCalledExactlyOnceWith({
      label: "ganatomy",
      requiredFeatures: [],
      requiredLimits: LIMITS,
    });
    expect(device.adapter).toEqual({ vendor: "acme", architecture: "gpu", description: "", software: false });
    expect(device.target).toBe("gpu");
  });

  test.each([
    { architecture: "swiftshader" },
    { description: "llvmpipe (LLVM 15.0.6, 256 bits)" },
    { device: "lavapipe" },
    { description: "Microsoft Basic Render Driver" },
    { isFallbackAdapter: true },
  ])("knows a software adapter, and refuses it when told to: %j", async (description) => {
    const { gpu, requestDevice } = fakeGpu(description);
    expect(await Device.request({ gpu })).toMatchObject({ target: "software", adapter: { software: true } });
    requestDevice.mockClear();
    const refused = Device.request({ gpu, requireHardware: true });
    await expect(refused).rejects.toThrow(failing("UnsupportedError", "no-adapter"));
    expect(requestDevice).not.toHaveBeenCalled();
  });

  test.each([
    [4, 4, true, "software4"],
    [8, 8, true, "software8"],
    [4, 8, true, "software"], // of which one cannot know how many lanes a kernel gets
    [16, 16, true, "software"],
    [8, 8, false, "software"],
  ])("chooses kernels by subgroups of %i to %i lanes (%s)", async (least, most, has, target) => {
    const features = new Set(has ? ["subgroups"] : []);
    const requestDevice = vi.fn(async () => ({
      lost: new Promise(() => {}),
      limits: LIMITS,
      features,
      adapterInfo: { subgroupMinSize: least, subgroupMaxSize: most },
    }));
    const adapter = { info: { ...info, device: "lavapipe" }, limits: LIMITS, features, requestDevice };
    const gpu = { requestAdapter: async () => adapter } as unknown as GPU;
    expect((await Device.request({ gpu })).target).toBe(target);
    expect(requestDevice).toHaveBeenCalledWith(expect.objectContaining({ requiredFeatures: [...features] }));
  });

  test("SwiftShader and lavapipe have subgroups, by which their kernels share loads", async () => {
    using device = await Device.request({ gpu: await findGpu() });
    const { vendor, architecture, description } = device.adapter;
    if (/swiftshader|llvmpipe/i.test(`${vendor} ${architecture} ${description}`)) {
      expect(device.target).toMatch(/^software[48]$/);
    }
  });

  test("the adapter of this machine, hardware required, gives a device that is not software or an error", async () => {
    const gpu = await findGpu();
    using device = await Device.request({ gpu });
    const required = Device.request({ gpu, requireHardware: true });
    if (device.adapter.software) await expect(required).rejects.toThrow(failing("UnsupportedError", "no-adapter"));
    else (await required).dispose();
  });

  test("is abandoned when aborted", async () => {
    const reason = new Error("changed my mind");
    const before = fakeGpu();
    await expect(Device.request({ gpu: before.gpu, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(before.requestAdapter).not.toHaveBeenCalled();

    const between = fakeGpu();
    const controller = new AbortController();
    const request = Device.request({ gpu: between.gpu, signal: controller.signal });
    controller.abort(reason);
    await expect(request).rejects.toBe(reason);
    expect(between.requestDevice).not.toHaveBeenCalled();
  });
});

describe("memory", () => {
  test("of live buffers is counted", async () => {
    using device = await requestDevice();
    expect(device.live).toEqual({ buffers: 0, bytes: 0 });
    const buffer = device.createBuffer("a", 256, BUFFER.STORAGE);
    const tensor = Tensor.create(device, "b", [3, 5], "f32");
    expect(device.live).toEqual({ buffers: 2, bytes: 316 });
    tensor.dispose();
    tensor.dispose();
    device.release(buffer);
    expect(device.live).toEqual({ buffers: 0, bytes: 0 });
  });

  test("beyond a limit is refused before it is asked for", async () => {
    using device = await requestDevice();
    for (const [bytes, usage] of [
      [2 ** 43, BUFFER.STORAGE],
      [2 ** 43, BUFFER.MAP_READ | BUFFER.COPY_DST],
    ] as const) {
      expect(() => device.createBuffer("huge", bytes, usage)).toThrow(failing("UnsupportedError", "limit"));
    }
    expect(() => Tensor.create(device, "huge", [2 ** 41], "f32")).toThrow(/"huge" needs 8388608.0 MiB/);
    const { maxStorageBufferBindingSize: most } = device.gpu.limits;
    const adopted = Device.adopt(
      withProperties(device.gpu, { limits: { maxBufferSize: 8192, maxStorageBufferBindingSize: 4096 } }),
    );
    expect(() => adopted.createBuffer("", 4100, BUFFER.STORAGE)).toThrow(failing("UnsupportedError", "limit"));
    adopted.release(adopted.createBuffer("", 4100, BUFFER.COPY_DST)); // never bound
    adopted.release(adopted.createBuffer("", 4096, BUFFER.STORAGE));
    expect(most).toBeGreaterThan(4096);
    expect([device.live, adopted.live]).toEqual([
      { buffers: 0, bytes: 0 },
      { buffers: 0, bytes: 0 },
    ]);
    await device.idle(); // nothing of this reached the GPU
  });

  test("that runs out fails a plan as such, and leaves nothing behind", async () => {
    using device = await requestDevice();
    const popErrorScope = async () => {
      await device.gpu.popErrorScope();
      return { message: "out of memory" };
    };
    const full = Device.adopt(withProperties(device.gpu, { popErrorScope }));
    await expect(Plan.compile(full, twice().graph)).rejects.toThrow(failing("DeviceLostError", "out-of-memory"));
    expect(full.live).toEqual({ buffers: 0, bytes: 0 });
  });
});

describe("pipelines", () => {
  test("are compiled once for the same source", async () => {
    using device = await requestDevice();
    const pipeline = device.pipeline(KERNEL, KERNEL.source);
    expect(device.pipeline(KERNEL, KERNEL.source)).toBe(pipeline);
    expect(device.pipeline(KERNEL, `${KERNEL.source}\n`)).not.toBe(pipeline);
    await pipeline;
  });

  test("that do not compile say where, every time", async () => {
    using device = await requestDevice();
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const error: Error = await device.pipeline(BROKEN, BROKEN.source).then(
        () => expect.unreachable(),
        (error) => error,
      );
      expect(error).toMatchObject({ name: "KernelError", code: "kernel" });
      expect(error.message).toMatch(/^broken\.wgsl does not compile\.\nbroken\.wgsl:2: .*nothing/);
    }
    await device.idle();
  });
});

describe("mistakes", () => {
  test("that WebGPU reports later fail the next call, once", async () => {
    using device = await requestDevice();
    device.gpu.createBuffer({ size: 4, usage: BUFFER.MAP_READ | BUFFER.STORAGE });
    await expect(device.idle().then(() => device.idle())).rejects.toThrow(failing("KernelError", "kernel"));
    expect(() => device.check()).not.toThrow();
  });

  test("of the owner of an adopted device are the owner's", async () => {
    using owner = await requestDevice();
    const adopted = Device.adopt(owner.gpu);
    owner.gpu.createBuffer({ size: 4, usage: BUFFER.MAP_READ | BUFFER.STORAGE });
    await expect(owner.idle().then(() => owner.idle())).rejects.toThrow(failing("KernelError", "kernel"));
    expect(() => adopted.check()).not.toThrow();
  });

  test("with what was disposed, or with elements that are not there, are refused and harm nothing", async () => {
    using device = await requestDevice();
    const tensor = Tensor.create(device, "four", [4], "f32");
    await expect(tensor.read(8)).rejects.toThrow(/has no 8 elements/);
    await expect(tensor.read(2, 3)).rejects.toThrow(/has no 2 elements from 3 on/);
    const other = Tensor.create(device, "two", [2], "f32");
    expect(() => tensor.copyTo(other, 16)).toThrow(/do not fit "two"/);
    tensor.dispose();
    await expect(tensor.read()).rejects.toThrow(/"four" was disposed/);
    expect(() => tensor.write(new Float32Array(1))).toThrow(/disposed/);
    expect(() => tensor.clear()).toThrow(/disposed/);
    expect(() => other.copyTo(tensor)).toThrow(/disposed/);
    const { graph, y } = twice();
    const plan = await Plan.compile(device, graph, { keep: [y] });
    plan.dispose();
    expect(() => plan.run()).toThrow(/disposed/);
    other.dispose();
    await device.idle();
  });

  test("by a kernel of the same name but other bindings: each has its own layout", async () => {
    using device = await requestDevice();
    const kernel = (bindings: Kernel["bindings"]): Kernel => ({
      ...BROKEN,
      name: "namesake",
      params: {},
      bindings,
    });
    const one = device.layout(kernel({ x: "read" }));
    expect(device.layout(kernel({ y: "read" }))).toBe(one);
    expect(device.layout(kernel({ x: "read_write" }))).not.toBe(one);
  });
});

describe("a lost device", () => {
  test("fails everything asked of it afterwards, and a read under way", async () => {
    const device = await requestDevice();
    const { graph, y } = twice();
    const plan = await Plan.compile(device, graph, { keep: [y] });
    const tensor = plan.tensor(y);
    plan.run();
    const pending = tensor.read();
    const waiting = device.idle();
    device.gpu.destroy();
    const results = await Promise.allSettled([pending, waiting]);
    expect(results[0]).toEqual({ status: "rejected", reason: LOST });
    // What was submitted may have been done by then.
    if (results[1]!.status === "rejected") expect(results[1]!.reason).toEqual(LOST);

    expect(await device.lost).toEqual(LOST);
    expect(() => plan.run()).toThrow(LOST);
    expect(() => device.check()).toThrow(LOST);
    expect(() => tensor.write(new Float32Array(4))).toThrow(LOST);
    expect(() => tensor.clear()).toThrow(LOST);
    expect(() => tensor.copyTo(tensor)).toThrow(LOST);
    await expect(tensor.read()).rejects.toThrow(LOST);
    await expect(device.idle()).rejects.toThrow(LOST);
    await expect(Plan.compile(device, graph)).rejects.toThrow(LOST);
    await expect(device.pipeline(KERNEL, KERNEL.source.replace("2.0", "3.0"))).rejects.toThrow(LOST);

    // Letting go still works, and everything is accounted for.
    plan.dispose();
    expect(device.live).toEqual({ buffers: 0, bytes: 0 });
    device.dispose();
  });

  test("fails a compilation under way", async () => {
    for (const patience of [0, 1, 2, 5]) {
      using device = await requestDevice();
      const compiling = Plan.compile(device, twice().graph);
      const pipeline = device.pipeline(KERNEL, `${KERNEL.source} // another`).then(
        () => "compiled",
        (error: unknown) => error,
      );
      for (let tick = 0; tick < patience; tick += 1) await Promise.resolve();
      device.gpu.destroy();
      await expect(compiling).rejects.toThrow(LOST);
      expect(await pipeline).toEqual(LOST);
      expect(device.live).toEqual({ buffers: 0, bytes: 0 });
    }
  });

  test("is not taken for one without memory", async () => {
    using device = await requestDevice();
    const popErrorScope = async () => {
      device.gpu.destroy();
      await device.gpu.lost;
      return { message: "out of memory" };
    };
    const dying = Device.adopt(withProperties(device.gpu, { popErrorScope }));
    await expect(Plan.compile(dying, twice().graph)).rejects.toThrow(LOST);
    expect(dying.live).toEqual({ buffers: 0, bytes: 0 });
  });

  test("is told as such, whatever WebGPU's own promises reject with", async () => {
    using device = await requestDevice();
    const dies = async () => {
      device.gpu.destroy();
      throw new DOMException("A valid external Instance reference no longer exists.", "OperationError");
    };
    const dying = Device.adopt(withProperties(device.gpu, { popErrorScope: dies }));
    await expect(Plan.compile(dying, twice().graph)).rejects.toThrow(LOST);
    using other = await requestDevice();
    const onSubmittedWorkDone = async () => {
      other.gpu.destroy();
      throw new DOMException("A valid external Instance reference no longer exists.", "OperationError");
    };
    const queue = { onSubmittedWorkDone } as unknown as GPUQueue;
    await expect(Device.adopt(withProperties(other.gpu, { queue })).idle()).rejects.toThrow(LOST);
  });

  test("stays lost when it is let go", async () => {
    const device = await requestDevice();
    device.gpu.destroy();
    await device.lost;
    device.dispose();
    expect(() => device.check()).toThrow(/was lost/);
  });

  test("that died just before a call, unnoticed yet, fails it too", async () => {
    using first = await requestDevice();
    first.gpu.destroy();
    await expect(Plan.compile(first, twice().graph)).rejects.toThrow(LOST);

    using second = await requestDevice();
    const tensor = Tensor.create(second, "t", [4], "f32");
    second.gpu.destroy();
    await expect(tensor.read()).rejects.toThrow(LOST);
    using third = await requestDevice();
    third.gpu.destroy();
    await expect(third.idle()).rejects.toThrow(LOST);
  });
});

describe("disposing", () => {
  test("an own device ends it, which is no loss", async () => {
    const device = await requestDevice();
    device.dispose();
    device.dispose();
    expect((await device.gpu.lost).reason).toBe("destroyed");
    const quiet = new Promise((resolve) => setTimeout(resolve, 20, "quiet"));
    expect(await Promise.race([device.lost, quiet])).toBe("quiet");
    expect(() => device.check()).toThrow(/disposed/);
  });

  test("an adopted device leaves it alone", async () => {
    using owner = await requestDevice();
    const guest = Device.adopt(owner.gpu);
    expect(guest.adapter).toEqual(owner.adapter);
    using tensor = Tensor.from(guest, "t", [2], "f32", Float32Array.of(1, 2));
    expect(await tensor.read()).toEqual(Float32Array.of(1, 2));
    guest.dispose();
    expect(() => guest.check()).toThrow(LOST);
    using mine = Tensor.from(owner, "t", [2], "f32", Float32Array.of(3, 4));
    expect(await mine.read()).toEqual(Float32Array.of(3, 4));
  });
});
