import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Device } from "../../src/runtime/device.ts";
import { Graph, type Value } from "../../src/runtime/graph.ts";
import { type Kernel, specialize } from "../../src/runtime/kernel.ts";
import { BUFFER } from "../../src/runtime/memory.ts";
import { Plan } from "../../src/runtime/plan.ts";
import { Tensor } from "../../src/runtime/tensor.ts";
import { requestDevice } from "../gpu.ts";

/** y = x · FACTOR + shift, over as many elements as y binds. */
const SCALE = {
  name: "scale",
  source: `const FACTOR: f32 = 1;
struct Params { shift: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&y)) { y[id.x] = x[id.x] * FACTOR + params.shift; }
}`,
  params: { shift: "f32" },
  bindings: { x: "read", y: "read_write" },
} as const satisfies Kernel as Kernel & { readonly choices?: { readonly FACTOR?: number } };
const BROKEN = { ...SCALE, name: "broken", source: SCALE.source.replace("id.x] =", "id.z.z] =") };

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterEach(() => expect(device.live).toEqual({ buffers: 0, bytes: 0 }));
afterAll(() => device?.dispose());

function scale(graph: Graph, x: Value, factor: number, shift: number, length = x.shape[0]!): Value {
  const y = graph.value(`${x.label}'`, [length]);
  graph.step(SCALE, { x, y }, { shift }, [16, 1, 1], { choices: { FACTOR: factor } });
  return y;
}

describe("a plan", () => {
  test("computes its steps in order through shared memory, and keeps inputs and what it is told", async () => {
    const graph = new Graph("software");
    const x = graph.value("x", [4]);
    const a = scale(graph, x, 2, 1);
    const b = scale(graph, a, 3, 0);
    const c = scale(graph, b, 1, -1);
    const d = scale(graph, c, 10, 0);
    using plan = await Plan.compile(device, graph, { keep: [d, a] });
    plan.tensor(x).write(Float32Array.of(1, 2, 3, 4));
    plan.run();
    expect(await plan.tensor(d).read()).toEqual(Float32Array.of(80, 140, 200, 260));
    expect(await plan.tensor(a).read()).toEqual(Float32Array.of(3, 5, 7, 9));
    // Again with other inputs: running allocates nothing.
    const before = { ...device.live };
    plan.tensor(x).write(Float32Array.of(0, 0, 0, 1));
    plan.run();
    expect(await plan.tensor(d).read()).toEqual(Float32Array.of(20, 20, 20, 80));
    expect(device.live).toEqual(before);
    expect(plan.bytes).toBe(5 * 16);
    expect(() => plan.tensor(b)).toThrow(
      expect.objectContaining({ name: "ShapeError", code: "shape", fix: "Name it in `keep`." }),
    );
  });

  test("binds other plans' tensors, and leaves them to their owner", async () => {
    const one = new Graph("software");
    const x = one.value("x", [4]);
    const y = scale(one, x, 2, 0);
    const two = new Graph("software");
    const input = two.value("input", [4]);
    const z = scale(two, input, 1, 5);
    using first = await Plan.compile(device, one, { keep: [y] });
    const second = await Plan.compile(device, two, { keep: [input, z], bind: [[input, first.tensor(y)]] });
    expect(second.tensor(input)).toBe(first.tensor(y));
    expect(second.bytes).toBe(16);
    first.tensor(x).write(Float32Array.of(1, 2, 3, 4));
    first.run();
    second.run();
    expect(await second.tensor(z).read()).toEqual(Float32Array.of(7, 9, 11, 13));
    second.dispose();
    expect(await first.tensor(y).read()).toEqual(Float32Array.of(2, 4, 6, 8));
  });

  test("binds no more of a tensor or a slot than a value has", async () => {
    const graph = new Graph("software");
    const x = graph.value("x", [4]);
    const large = scale(graph, x, 1, 1, 16);
    const small = scale(graph, large, 1, 1, 4); // its slot is larger, or its neighbour's
    const y = scale(graph, small, 1, 1, 4);
    using given = Tensor.from(device, "larger", [8], "f32", Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    using target = Tensor.from(device, "target", [8], "f32", new Float32Array(8).fill(-1));
    using plan = await Plan.compile(device, graph, {
      bind: [
        [x, given],
        [y, target],
      ],
    });
    plan.run();
    expect(await target.read()).toEqual(Float32Array.of(4, 5, 6, 7, -1, -1, -1, -1));
  });

  test("refuses a tensor that is too small", async () => {
    const graph = new Graph("software");
    const x = graph.value("x", [4]);
    scale(graph, x, 1, 0);
    using given = Tensor.create(device, "tiny", [3], "f32");
    await expect(Plan.compile(device, graph, { bind: [[x, given]] })).rejects.toThrow(
      expect.objectContaining({
        code: "shape",
        message: expect.stringContaining('"tiny" [3] cannot stand for "x" [4].'),
      }),
    );
  });

  test("sees a value and its views as one", async () => {
    const graph = new Graph("software");
    const x = graph.value("x", [4]);
    const y = scale(graph, graph.view(x, "view", [4], 4), 2, 0);
    const seen = graph.view(y, "seen", [2, 2], 2);
    using plan = await Plan.compile(device, graph, { keep: [seen] });
    plan.tensor(x).write(Float32Array.of(1, 2, 3, 4));
    plan.run();
    expect(plan.tensor(y)).toBe(plan.tensor(seen));
    expect(await plan.tensor(y).read()).toEqual(Float32Array.of(2, 4, 6, 8));
  });

  test("of much work goes in several submits, with the same result", async () => {
    const graph = new Graph("software");
    const x = graph.value("x", [4]);
    let y = x;
    for (let k = 0; k < 5; k += 1) {
      const next = graph.value(`y${k}`, [4]);
      graph.step(SCALE, { x: y, y: next }, { shift: 1 }, [4, 1, 1], { flops: 6e10 });
      y = next;
    }
    using plan = await Plan.compile(device, graph, { keep: [y] });
    plan.run();
    expect(await plan.tensor(y).read()).toEqual(new Float32Array(4).fill(5));
  });

  test("that does not compile leaves nothing behind, and the device usable", async () => {
    const graph = new Graph("software");
    const x = graph.value("x", [4]);
    const y = scale(graph, x, 7, 0);
    graph.step(BROKEN, { x: y, y: graph.value("z", [4]) }, { shift: 0 }, [4, 1, 1]);
    await expect(Plan.compile(device, graph)).rejects.toThrow(
      expect.objectContaining({ name: "KernelError", message: expect.stringMatching(/broken\.wgsl:7: /) }),
    );
    expect(device.live).toEqual({ buffers: 0, bytes: 0 });
    const unknown = new Graph("software");
    unknown.steps.push({ ...graph.steps[0]!, choices: { TYPO: 1 } });
    await expect(Plan.compile(device, unknown)).rejects.toThrow(/declares no const or alias "TYPO"/);
  });

  test("whose pipelines are compiled ahead leaves what else went wrong to who asks next", async () => {
    const other = await requestDevice();
    const wrong = new Promise((resolve) => other.gpu.addEventListener("uncapturederror", resolve, { once: true }));
    // No buffer is both.
    other.gpu.createBuffer({ size: 4, usage: BUFFER.MAP_READ | BUFFER.STORAGE });
    await wrong;
    const graph = new Graph("software");
    scale(graph, graph.value("x", [4]), 2, 0);
    Plan.prepare(other, graph);
    await other.pipeline(SCALE, specialize(SCALE, { FACTOR: 2 }));
    expect(() => other.check()).toThrow(/^WebGPU reported: /);
    expect(() => other.check()).not.toThrow();
    other.dispose();
  });

  test("beyond a limit leaves nothing behind", async () => {
    const graph = new Graph("software");
    const x = graph.value("x", [4]);
    const y = scale(graph, x, 1, 0, 2 ** 41);
    await expect(Plan.compile(device, graph)).rejects.toThrow(expect.objectContaining({ code: "limit" }));
    expect(device.live).toEqual({ buffers: 0, bytes: 0 });
    await expect(Plan.compile(device, graph, { keep: [y] })).rejects.toThrow(
      expect.objectContaining({
        name: "UnsupportedError",
        code: "limit",
        message: expect.stringContaining(`"${y.label}"`),
      }),
    );
    await device.idle();
  });

  test("is abandoned when aborted, before and during compilation", async () => {
    const graph = new Graph("software");
    scale(graph, graph.value("x", [4]), 1.25, 0);
    const reason = new Error("changed my mind");
    await expect(Plan.compile(device, graph, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const compiling = Plan.compile(device, graph, { signal: controller.signal });
    controller.abort(reason);
    await expect(compiling).rejects.toBe(reason);
  });

  test("can be disposed of twice", async () => {
    const graph = new Graph("software");
    scale(graph, scale(graph, graph.value("x", [4]), 1, 0), 1, 0);
    using plan = await Plan.compile(device, graph);
    expect(device.live.bytes).toBeGreaterThan(0);
    plan.dispose();
    expect(device.live).toEqual({ buffers: 0, bytes: 0 });
  });
});

describe("a tensor", () => {
  test("starts with zeros, and is written, read, cleared and copied in part", async () => {
    using a = Tensor.create(device, "a", [2, 3], "u32");
    using b = Tensor.from(device, "b", [4], "u32", Uint32Array.of(7, 8, 0xffffffff, 9));
    expect(await a.read()).toEqual(new Uint32Array(6));
    a.write(Uint32Array.of(1, 2, 3, 4));
    expect(await a.read()).toEqual(Uint32Array.of(1, 2, 3, 4, 0, 0));
    expect(await a.read(2)).toEqual(Uint32Array.of(1, 2));
    expect(await a.read(2, 3)).toEqual(Uint32Array.of(4, 0));
    expect(await a.read(undefined, 3)).toEqual(Uint32Array.of(4, 0, 0));
    b.copyTo(a, 8, 4, 12);
    expect(await a.read()).toEqual(Uint32Array.of(1, 2, 3, 8, 0xffffffff, 0));
    b.copyTo(a);
    expect(await a.read()).toEqual(Uint32Array.of(7, 8, 0xffffffff, 9, 0xffffffff, 0));
    a.clear();
    expect(await a.read()).toEqual(new Uint32Array(6));
    expect([a.bytes, b.bytes]).toEqual([24, 16]);
  });

  test("refuses more than it holds", () => {
    using a = Tensor.create(device, "a", [2, 3], "f32");
    expect(() => a.write(new Float32Array(7))).toThrow(/7 elements do not fit "a" \[2,3\]/);
    expect(() => Tensor.from(device, "b", [2], "f32", new Float32Array(3))).toThrow(/3 elements do not fit "b"/);
  });

  test("over a caller's buffer leaves the buffer alone", async () => {
    const usage = BUFFER.STORAGE | BUFFER.COPY_SRC | BUFFER.COPY_DST;
    const buffer = device.gpu.createBuffer({ label: "theirs", size: 16, usage });
    expect(() => Tensor.wrap(device, buffer, [5], "f32")).toThrow(/16 bytes cannot hold \[5\]/);
    const tensor = Tensor.wrap(device, buffer, [4], "f32");
    expect(tensor.label).toBe("theirs");
    tensor.write(Float32Array.of(1, 2, 3, 4));
    tensor.dispose();
    using again = Tensor.wrap(device, buffer, [2, 2], "f32");
    expect(await again.read()).toEqual(Float32Array.of(1, 2, 3, 4));
    buffer.destroy();
  });
});
