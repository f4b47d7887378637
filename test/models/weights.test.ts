import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  conv,
  type Device,
  defineSegmenter,
  filterOf,
  Generator,
  openCheckpoint,
  type SafetensorsInput,
  writeSafetensors,
} from "../../src/index.ts";
import { requestDevice } from "../gpu.ts";
import { failure } from "../weights/fixtures.ts";

const TINY = readFileSync(new URL("../golden/progan-tiny.zip.pth", import.meta.url));

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device.dispose());

/** The tiny generator as safetensors, with other values at some places of a tensor. */
async function tiny(name: string, values: Readonly<Record<number, number>>): Promise<Uint8Array> {
  const tensors: Record<string, SafetensorsInput> = {};
  for (const [key, tensor] of (await openCheckpoint(TINY)).tensors) {
    const data = (await tensor.read()).slice();
    if (key === name) for (const [at, value] of Object.entries(values)) data[Number(at)] = value;
    tensors[key] = { dtype: "float32", shape: tensor.shape, data };
  }
  return writeSafetensors(tensors);
}

describe("weights of a training that diverged", () => {
  it("are refused with the tensor and how many there are", async () => {
    const one = await failure(Generator.load(await tiny("layer2.conv.weight", { 0: Number.NaN }), { device }));
    expect(one.code).toBe("weights-values");
    expect(one.message).toMatch('"layer2.conv.weight" has 1 of 2304 values that are not finite (NaN or infinite)');
    const infinite = { 1: Number.POSITIVE_INFINITY, 7: Number.NEGATIVE_INFINITY, 9: Number.NaN };
    const three = await failure(Generator.load(await tiny("layer4.wscale.b", infinite), { device }));
    expect(three.message).toMatch('"layer4.wscale.b" has 3 of 24 values');
  });

  it("are taken by whoever allows them, and finite ones by anybody", async () => {
    const file = await tiny("layer2.conv.weight", { 0: Number.NaN });
    using allowed = await Generator.load(file, { device, allowNonFinite: true });
    using finite = await Generator.load(await tiny("layer2.conv.weight", { 0: 3e38 }), { device });
    expect([allowed.zSize, finite.zSize]).toEqual([16, 16]);
  });

  it("of a segmenter alike", async () => {
    const weights = writeSafetensors({
      "c.weight": { dtype: "float32", shape: [2, 3, 1, 1], data: Float32Array.of(1, 2, 3, Number.NaN, 5, 6) },
      "c.bias": { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) },
    });
    const definition = {
      weights,
      labels: ["-", "a"].map((name) => ({ name, category: "color" })),
      logits: (graph, x, state) => conv(graph, x, filterOf(state, "c")),
    } satisfies Parameters<typeof defineSegmenter>[0];
    expect((await failure(defineSegmenter(definition, { device }))).message).toMatch('"c.weight" has 1 of 6 values');
    (await defineSegmenter(definition, { device, allowNonFinite: true })).dispose();
  });
});
