import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type CheckpointTensor,
  type Device,
  Generator,
  openCheckpoint,
  WeightsError,
  writeSafetensors,
} from "../../../src/index.ts";
import { Weights } from "../../../src/models/weights.ts";
import { PROGAN } from "../../../src/networks/generators/progan.ts";
import { recogniseGenerator } from "../../../src/networks/generators/recognise.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { Plan } from "../../../src/runtime/plan.ts";
import { sampleZ } from "../../../src/weights/sample-z.ts";
import { requestDevice, rms, toNchw, worst } from "../../gpu.ts";
import { exactProgan } from "../../models/exact.ts";
import { proganState } from "../../models/recipe.ts";

const golden = (name: string): Uint8Array => readFileSync(new URL(`../../golden/${name}`, import.meta.url));

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device.dispose());

describe("the tiny generator of the golden files", () => {
  it.each(["legacy", "zip", "old-names", "views", "half"])(
    "%s: every layer is as exact as PyTorch's",
    async (container) => {
      const expected = await openCheckpoint(golden("progan-tiny.expected.safetensors"));
      using generator = await Generator.load(golden(`progan-tiny.${container}.pth`), { device });
      expect(generator.sizes).toEqual([16, 16, 24, 16, 8]);
      expect(generator.layers.map(({ channels }) => channels)).toEqual([16, 16, 24, 24, 16, 16, 8, 8, 3]);
      expect(generator.resolution).toBe(32);
      const z = generator.sample({ size: 4, seed: 1 });
      expect(z).toEqual(await expected.tensors.get("z")!.read());
      const exact = await exactProgan(generator.network, z);
      using run = await generator.forward(z, { retain: generator.layers.map(({ name }) => name) });
      for (const { name, channels } of generator.layers) {
        const tensor = run.layers.get(name)!;
        const ours = worst(toNchw(await tensor.read(), tensor.shape, channels), exact.get(name)!);
        // Errors grow with depth in any float32 implementation. PyTorch's own, against the same
        // float64 values, is the yardstick; the half-precision file has other weights, so only ours
        // is measured there.
        const theirs = worst(await expected.tensors.get(name)!.read(), exact.get(name)!);
        expect(ours, `${name}: ours ${ours}, PyTorch's ${theirs}`).toBeLessThan(
          container === "half" ? 1e-4 : 4 * theirs,
        );
      }
    },
  );

  it("starts from any row of z", async () => {
    const rows = sampleZ({ size: 4, depth: 16, seed: 1 });
    expect(sampleZ({ size: 2, depth: 16, seed: 1, start: 2 })).toEqual(rows.subarray(32));
  });

  it("clamps when asked", async () => {
    using generator = await Generator.load(golden("progan-tiny.zip.pth"), { device, clamp: true });
    using run = await generator.forward(generator.sample({ size: 2, seed: 1 }));
    const image = await run.image.read();
    expect(Math.max(...image)).toBe(1);
    expect(Math.min(...image)).toBe(-1);
  });

  it("makes the same bits in any batch", async () => {
    using generator = await Generator.load(golden("progan-tiny.zip.pth"), { device });
    const z = generator.sample({ size: 4, seed: 1 });
    using four = await generator.forward(z);
    using one = await generator.forward(z.subarray(3 * 16, 4 * 16));
    const image = await four.image.read();
    expect(await one.image.read()).toEqual(image.subarray((3 * image.length) / 4));
  });
});

describe.each([
  [256, [512, 512, 512, 512, 256, 128, 64, 32]],
  [1024, [512, 512, 512, 512, 512, 256, 128, 64, 32, 16]],
])("the published widths at %i pixels", (resolution, sizes) => {
  it("match PyTorch", async () => {
    const expected = await openCheckpoint(golden(`progan-${resolution}.samples.safetensors`));
    const state = proganState(sizes);
    const network = PROGAN.network({ tensors: state }, {});
    expect(network.outputs[0]).toMatchObject({ height: resolution, width: resolution, channels: 3 });
    const graph = new Graph(device.target);
    const values = network.append(graph, 1);
    const weights = new Weights(device, state);
    const plan = await Plan.compile(device, graph, {
      keep: values.layers.values(),
      bind: await weights.bind(graph),
    });
    try {
      plan.tensor(values.inputs.get("z")!).write(sampleZ({ size: 1, depth: 512, seed: 1 }));
      plan.run();
      let most = 0;
      for (const { name, channels } of network.layers) {
        const tensor = plan.tensor(values.layers.get(name)!);
        const ours = toNchw(await tensor.read(), tensor.shape, channels);
        const read = (what: string): Promise<Float32Array> => expected.tensors.get(`${name}.${what}`)!.read();
        const [index, value, [scale = 0]] = [await read("index"), await read("value"), await read("rms")];
        expect(Math.abs(rms(ours) / scale - 1), `${name} rms`).toBeLessThan(1e-5);
        index.forEach((at, i) => {
          most = Math.max(most, Math.abs(ours[at]! - value[i]!) / scale);
        });
      }
      console.log(`progan-${resolution}: largest difference from PyTorch ${most.toExponential(1)} of a layer's rms`);
      // Two float32 implementations of 19 layers: the tiny network, three times shallower, differs
      // by 2e-5.
      expect(most).toBeLessThan(1e-4);
    } finally {
      plan.dispose();
      weights.dispose();
    }
    // 11 and 56 GFLOP at 2 GFLOP/s on a software adapter whose cores are busy.
  }, 600_000);
});

describe("files that are no such generator", () => {
  const tiny = (): Map<string, CheckpointTensor> => new Map(proganState([16, 16, 8]));
  const infer = (change: (state: Map<string, CheckpointTensor>) => void): (() => void) => {
    const state = tiny();
    change(state);
    return () => recogniseGenerator({ tensors: state });
  };

  it("a complete one is accepted", () => {
    expect(recogniseGenerator({ tensors: tiny() }).layers.map(({ name }) => name)).toEqual([
      "layer1",
      "layer2",
      "layer3",
      "layer4",
      "output_8x8",
    ]);
  });

  it.each([
    [
      "no first layer",
      (s: Map<string, CheckpointTensor>) => s.delete("layer1.conv.weight"),
      /nor a Progressive GAN generator.*it holds layer1\.wscale\.b/,
    ],
    ["a missing bias", (s: Map<string, CheckpointTensor>) => s.delete("layer3.wscale.b"), /Missing: layer3.wscale.b/],
    [
      "a missing last layer",
      (s: Map<string, CheckpointTensor>) => s.delete("layer4.conv.weight"),
      /Missing: layer4.conv/,
    ],
    ["no output", (s: Map<string, CheckpointTensor>) => s.delete("output_8x8.conv.weight"), /Missing: output_8x8/],
    [
      "a mis-shaped layer",
      (s: Map<string, CheckpointTensor>) => s.set("layer2.conv.weight", s.get("layer1.conv.weight")!),
      /Mis-shaped: layer2.conv.weight is \[16,16,4,4\], not \[16,16,3,3\]/,
    ],
    [
      "something more",
      (s: Map<string, CheckpointTensor>) => s.set("mapping.weight", s.get("layer1.wscale.b")!),
      /Unexpected: mapping.weight/,
    ],
  ])("%s", (_, change, message) => {
    expect(infer(change)).toThrow(WeightsError);
    expect(infer(change)).toThrow(message);
  });

  it("layers without the extents that tell their widths, or none of them", async () => {
    const numbers = (shape: number[]) => ({
      dtype: "float32" as const,
      shape,
      data: new Float32Array(shape.length === 0 ? 1 : 0),
    });
    const of = async (names: Record<string, number[]>) => {
      const tensors = Object.fromEntries(Object.entries(names).map(([name, shape]) => [name, numbers(shape)]));
      return recogniseGenerator(await openCheckpoint(writeSafetensors(tensors)));
    };
    await expect(of({ "layer1.conv.weight": [] })).rejects.toThrow(/Mis-shaped: layer1.conv.weight is \[\]/);
    await expect(of({ "formatLayer.module.weight": [0, 4] })).rejects.toThrow(/none of its layers of 4×4 pixels/);
  });

  it("unknown layers, and edits of units that are not there", async () => {
    using generator = await Generator.load(golden("progan-tiny.zip.pth"), { device });
    const z = generator.sample({ size: 1, seed: 1 });
    await expect(generator.forward(z, { retain: ["layer9"] })).rejects.toThrow(/layer1, layer2, .* output_32x32/);
    await expect(generator.forward(z, { edits: [{ layer: "layer4", units: [24] }] })).rejects.toThrow(/0…23/);
    await expect(generator.forward(z.subarray(1))).rejects.toThrow(/no whole number of rows of 16/);
    await expect(generator.forward(z, { edits: [{ layer: "layer4", units: [1], mask: [1, 2] }] })).rejects.toThrow(
      /64 values, not 2/,
    );
  });
});

describe("a disposed generator", () => {
  it("is refused", async () => {
    const generator = await Generator.load(golden("progan-tiny.zip.pth"), { device });
    generator.dispose();
    await expect(generator.forward(generator.sample({ size: 1, seed: 1 }))).rejects.toThrow(/was disposed/);
  });
});

describe("edits", () => {
  it("ablate units everywhere, where a mask says, partly, and are taken back", async () => {
    using generator = await Generator.load(golden("progan-tiny.zip.pth"), { device });
    const z = generator.sample({ size: 1, seed: 1 });
    using plan = await generator.compile({ batch: 1, retain: ["layer4", "layer5"], editable: ["layer4"] });
    plan.run(z);
    const before = await plan.layers.get("layer5")!.read();
    const corner = Float32Array.from({ length: 64 }, (_, at) => (at < 10 ? 1 : 0));
    for (const edit of [
      { layer: "layer4", units: [0, 5, 23] },
      { layer: "layer4", units: [2, 3], value: [4, -1], mask: corner },
      { layer: "layer4", units: [7], alpha: 0.25, value: 3 },
    ]) {
      plan.setEdit(edit);
      plan.run(z);
      const exact = await exactProgan(generator.network, z, edit);
      const layer5 = plan.layers.get("layer5")!;
      const ours = toNchw(await layer5.read(), layer5.shape, 16);
      expect(worst(ours, exact.get("layer5")!)).toBeLessThan(2e-5);
      // What is retained is what was there before the edit.
      const layer4 = plan.layers.get("layer4")!;
      expect(worst(toNchw(await layer4.read(), layer4.shape, 24), exact.get("layer4")!)).toBeLessThan(2e-5);
    }
    expect(await plan.layers.get("layer5")!.read()).not.toEqual(before);
    plan.setEdit({ layer: "layer4" });
    plan.run(z);
    expect(await plan.layers.get("layer5")!.read()).toEqual(before);
  });
});
