import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ShapeError, UsageError } from "../../src/errors.ts";
import { gradient } from "../../src/gradient/gradient.ts";
import type { Edit } from "../../src/models/edits.ts";
import { Generator } from "../../src/models/generator.ts";
import type { GeneratorPlan } from "../../src/models/generator-plan.ts";
import type { Device } from "../../src/runtime/device.ts";
import { Graph } from "../../src/runtime/graph.ts";
import type { Tensor } from "../../src/runtime/tensor.ts";
import { requestDevice, rms, worst } from "../gpu.ts";
import { random } from "../kernels/reference.ts";

let device: Device;
let generator: Generator;
let head: GeneratorPlan;
let plan: GeneratorPlan;
beforeAll(async () => {
  device = await requestDevice();
  const file = readFileSync(new URL("../../weights/scenes64/generator.safetensors", import.meta.url));
  generator = await Generator.load(file, { device });
  head = await generator.compile({ batch: 2, retain: ["layer4"], until: "layer4" });
  head.run(generator.sample({ size: 2, seed: 5 }));
  plan = await tail({ editable: [{ layer: "layer4", dense: true }] });
});
afterAll(() => {
  plan?.dispose();
  head?.dispose();
  generator?.dispose();
  device?.dispose();
});

const tail = (options: object) =>
  generator.compile({ batch: 2, from: "layer4", inputs: head.behind("layer4"), ...options });

const bits = async (tensor: Tensor<"f32"> | undefined): Promise<Uint32Array> =>
  new Uint32Array((await tensor!.read()).buffer);

const drawn = async (edits: readonly Edit[], by = plan): Promise<Uint32Array> => {
  by.setEdits(edits);
  by.run();
  return bits(by.image);
};

/** So many strokes of layer4, 8 × 8 cells of 128 units, that overlap. */
function strokes(count: number, seed = 1): Edit[] {
  const next = random(seed);
  const whole = (below: number): number => Math.floor(below * next());
  return Array.from({ length: count }, () => {
    const [top, left] = [whole(6), whole(6)];
    const mask = Float32Array.from({ length: 64 }, (_, p) =>
      ((p >> 3) - top) >>> 0 < 3 && ((p & 7) - left) >>> 0 < 3 ? 0.25 + 0.75 * next() : 0,
    );
    const units = Array.from({ length: 15 }, () => whole(128));
    return { layer: "layer4", units, alpha: 0.25 + 0.75 * next(), value: units.map(() => 6 * next() - 2), mask };
  });
}

describe("dense edits", () => {
  it("do what as many slots do, overlapping, soft, whole and empty", async () => {
    const all: Edit[] = [
      ...strokes(5),
      { layer: "layer4", units: [3, 5], alpha: 0, value: 9 },
      {
        layer: "layer4",
        units: "all",
        alpha: 1,
        value: 0.5,
        mask: Float32Array.from({ length: 64 }, (_, p) => Number(p === 27)),
      },
    ];
    using slots = await tail({ editable: [{ layer: "layer4", edits: 7 }] });
    for (const count of [0, 1, 3, 5, 6, 7]) {
      const expected = new Float32Array((await drawn(all.slice(0, count), slots)).buffer);
      const got = new Float32Array((await drawn(all.slice(0, count))).buffer);
      expect(rms(expected)).toBeGreaterThan(0.1);
      // By as much as PyTorch's float32 differs from ours in a network as deep (progan.test.ts).
      expect(worst(got, expected)).toBeLessThan(2e-5);
    }
    const plain = await drawn([]);
    expect(plain).toEqual(await drawn([], slots));
    expect(await drawn([all[5]!])).toEqual(plain);
  });

  it("draw the same however the list came about: appended, prolonged, taken back, changed further up", async () => {
    const list = strokes(40);
    const fresh = async (edits: readonly Edit[]) => {
      plan.setEdits([]);
      return drawn(edits);
    };
    const expected = new Map<number, Uint32Array>();
    for (const count of [5, 17, 31, 32, 33, 40]) expected.set(count, await fresh(list.slice(0, count)));
    expect(new Set([...expected.values()].map(String)).size).toBe(6);
    plan.setEdits([]);
    // One by one, each first as a shorter one.
    for (let count = 1; count <= 40; count += 1) {
      const last = list[count - 1]!;
      plan.setEdits([...list.slice(0, count - 1), { ...last, units: [(last.units as number[])[0]!], value: 1 }]);
      plan.setEdits(list.slice(0, count));
      if (expected.has(count)) expect(await drawn(list.slice(0, count)), `${count}`).toEqual(expected.get(count));
    }
    for (let count = 39; count >= 0; count -= 1) {
      plan.setEdits(list.slice(0, count));
      if (expected.has(count))
        expect(await drawn(list.slice(0, count)), `back to ${count}`).toEqual(expected.get(count));
    }
    plan.setEdits(list);
    const without = list.filter((_, index) => index !== 18);
    const removed = await drawn(without);
    expect(removed).not.toEqual(expected.get(40));
    expect(await drawn(list)).toEqual(expected.get(40));
    expect(await fresh(without)).toEqual(removed);
  });

  it("copy features as they were when the edit was set", async () => {
    using run = await generator.forward(generator.sample({ size: 2, seed: 9 }), { retain: ["layer4"] });
    const features = run.layers.get("layer4")!;
    const copies: Edit[] = [
      { layer: "layer4", units: "all", value: { features, image: 1 }, mask: strokes(1)[0]!.mask! },
      { layer: "layer4", units: [24, 59], value: 2, alpha: 0.5 },
    ];
    using slots = await tail({ editable: [{ layer: "layer4", edits: 2, copies: true }] });
    const expected = new Float32Array((await drawn(copies, slots)).buffer);
    const got = await drawn(copies);
    expect(worst(new Float32Array(got.buffer), expected)).toBeLessThan(2e-5);
    features.clear();
    expect(await drawn([{ layer: "layer4", units: [1] }, ...copies])).not.toEqual(got);
    expect(await drawn(copies)).toEqual(got);
  });

  it("cost the GPU one composition a new edit, and at most 16 and what is behind where one is taken back", async () => {
    const list = strokes(60);
    let composed = 0;
    // A composition writes its mask, of 64 cells; nothing else here is so large.
    const write = device.gpu.queue.writeBuffer.bind(device.gpu.queue);
    device.gpu.queue.writeBuffer = (...given: Parameters<GPUQueue["writeBuffer"]>) => {
      if ((given[2] as ArrayBufferView).byteLength === 4 * 64) composed += 1;
      return write(...given);
    };
    const cost = (edits: readonly Edit[]): number => {
      composed = 0;
      plan.setEdits(edits);
      return composed;
    };
    try {
      expect(cost([])).toBe(0);
      expect(cost(list.slice(0, 55))).toBe(55);
      expect(cost(list.slice(0, 56))).toBe(1);
      for (let moves = 0; moves < 5; moves += 1) expect(cost([...list.slice(0, 55), { ...list[56]! }])).toBe(1);
      expect(cost(list.slice(0, 55))).toBe(0);
      expect(cost(list.slice(0, 55))).toBe(0);
      for (let count = 54; count > 0; count -= 1) expect(cost(list.slice(0, count))).toBeLessThanOrEqual(16);
    } finally {
      device.gpu.queue.writeBuffer = write;
    }
  });

  it("keep few checkpoints, and leave nothing behind", async () => {
    const { live } = device;
    const before = { ...live };
    const wide = await generator.compile({ batch: 1, from: "layer9", editable: [{ layer: "layer9", dense: true }] });
    const compiled = live.bytes;
    const { channels, height, width } = generator.layer("layer9");
    const bytes = 2 * 4 * channels * height * width;
    const list = Array.from(
      { length: 16 * Math.ceil((64 * 2 ** 20) / bytes) * 3 },
      (_, unit): Edit => ({
        layer: "layer9",
        units: [unit % channels],
        value: unit,
      }),
    );
    wide.setEdits(list);
    expect(live.bytes - compiled).toBeLessThanOrEqual(64 * 2 ** 20);
    expect(live.bytes - compiled).toBeGreaterThan(20 * 2 ** 20);
    wide.run(new Float32Array(channels * height * width));
    const image = await bits(wide.image);
    wide.setEdits([...list, { layer: "layer9", units: [0], value: 1 }]);
    wide.setEdits(list);
    wide.run();
    expect(await bits(wide.image)).toEqual(image);
    wide.dispose();
    expect(live).toEqual(before);
  });

  it("that do not fit are refused, and change nothing", async () => {
    const one: Edit = { layer: "layer4", units: [24] };
    const before = await drawn([one]);
    expect(() => plan.setEdits([one, { ...one, units: [128] }])).toThrow(/layer4 has no unit 128/);
    expect(() => plan.setEdits([one, { ...one, alpha: 2 }])).toThrow(UsageError);
    expect(() => plan.setEdits([{ ...one, mask: new Float32Array(128) }])).toThrow(/has 64 values, not 128/);
    expect(() => plan.setEdits([{ ...one, mask: generator.poolMask("layer4", new Float32Array(128)) }])).toThrow(
      ShapeError,
    );
    plan.run();
    expect(await bits(plan.image)).toEqual(before);
    const compile = (how: object) => tail({ editable: [{ layer: "layer4", dense: true, ...how }] });
    await expect(compile({ edits: 2 })).rejects.toThrow(/dense edits of layer4 have no edits/);
    await expect(compile({ copies: true, rule: "return x;" })).rejects.toThrow(/have no copies or rule/);
    using slots = await tail({ editable: [{ layer: "layer4", dense: false, edits: 1 }] });
    expect(await drawn([one], slots)).toEqual(before);
    expect(() => slots.setEdits([one, one])).toThrow(/composes 1 edits .*`dense` for any number/);
  });

  it("have no gradient, which is said", () => {
    const graph = new Graph(device.target);
    const { input, image } = generator.append(graph, 1, {
      from: "layer4",
      editable: [{ layer: "layer4", dense: true }],
    });
    expect(() => gradient(graph, image!, [input])).toThrow(/no gradient .*"dense edit" computes/);
  });
});
