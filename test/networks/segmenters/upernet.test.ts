import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Device,
  LabelsError,
  openCheckpoint,
  Segmenter,
  type SegmenterFiles,
  WeightsError,
} from "../../../src/index.ts";
import { preprocess } from "../../../src/kernels/maps/resample.ts";
import { Weights } from "../../../src/models/weights.ts";
import { type Head, inferUpernet, upernet } from "../../../src/networks/segmenters/upernet.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { Plan } from "../../../src/runtime/plan.ts";
import { Tensor } from "../../../src/runtime/tensor.ts";
import { requestDevice, rms, toNchw, worst } from "../../gpu.ts";
import { argmax, softmaxes } from "../../kernels/reference.ts";
import { upernetState } from "../../models/recipe.ts";

const golden = (name: string): Uint8Array => readFileSync(new URL(`../../golden/${name}`, import.meta.url));
const PIXELS = {
  order: "BGR",
  range: 255,
  mean: [102.9801, 115.9465, 122.7717],
  deviation: [1, 1, 1],
} as const;

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device.dispose());

describe("UPerNet-ResNet50 at its published widths", () => {
  it("matches PyTorch in every stage, every head and every label", async () => {
    const expected = await openCheckpoint(golden("upp-64.expected.safetensors"));
    const state = upernetState({
      blocks: [3, 4, 6, 3],
      stem: [64, 64, 128],
      planes: 64,
      width: 512,
      heads: { object: 336, part: 427, material: 26 },
    });
    const config = inferUpernet(state);
    expect(config).toEqual({
      encoder: { blocks: [3, 4, 6, 3], bottleneck: true, dilated: false },
      heads: { object: 336, part: 427, material: 26 },
    });
    const heads: Head[] = ["object", "part", "material"];
    const graph = new Graph(device.target);
    const image = graph.map("image", 1, 64, 64, 3);
    const network = upernet(state, config, 64);
    expect(network.layers).toEqual([
      { name: "c2", channels: 256, height: 16, width: 16 },
      { name: "c3", channels: 512, height: 8, width: 8 },
      { name: "c4", channels: 1024, height: 4, width: 4 },
      { name: "c5", channels: 2048, height: 2, width: 2 },
    ]);
    const inputs = new Map([["image", preprocess(graph, image, 64, 64, PIXELS)]]);
    const { layers, outputs: logits } = network.append(graph, 1, { inputs });
    const stages = [...layers.values()];
    expect([...logits.keys()].sort()).toEqual(heads.sort());
    const labels = new Map(
      (["object", "material"] as const).map((head) => [head, argmax(graph, logits.get(head)!, 64, 64)]),
    );
    const weights = new Weights(device, state);
    const keep = [...stages, ...logits.values(), ...labels.values()];
    const plan = await Plan.compile(device, graph, { keep, bind: await weights.bind(graph) });
    try {
      plan.tensor(image).write(interleave(await expected.tensors.get("image")!.read(), 64 * 64));
      plan.run();
      const differences: string[] = [];
      for (const [i, stage] of stages.entries()) {
        const tensor = plan.tensor(stage);
        const ours = toNchw(await tensor.read(), tensor.shape, stage.channels);
        const read = (what: string): Promise<Float32Array> => expected.tensors.get(`c${i + 2}.${what}`)!.read();
        const [index, value, [scale = 0]] = [await read("index"), await read("value"), await read("rms")];
        expect(Math.abs(rms(ours) / scale - 1)).toBeLessThan(1e-5);
        let most = 0;
        index.forEach((at, j) => {
          most = Math.max(most, Math.abs(ours[at]! - value[j]!) / scale);
        });
        differences.push(`c${i + 2} ${most.toExponential(1)}`);
        expect(most, `c${i + 2}`).toBeLessThan(2e-5);
      }
      for (const head of heads) {
        const value = logits.get(head)!;
        const tensor = plan.tensor(value);
        const ours = toNchw(await tensor.read(), tensor.shape, value.channels);
        const most = worst(ours, await expected.tensors.get(`${head}.logits`)!.read());
        differences.push(`${head} ${most.toExponential(1)}`);
        expect(most, head).toBeLessThan(5e-5);
      }
      console.log(`upernet-resnet50: largest differences from PyTorch, of the rms: ${differences.join(", ")}`);
      for (const [head, value] of labels) {
        const ours = Float32Array.from(await plan.tensor<"u32">(value).read());
        expect(ours).toEqual(await expected.tensors.get(`${head}.argmax`)!.read());
      }
    } finally {
      plan.dispose();
      weights.dispose();
    }
  }, 600_000);
});

describe("a tiny UPerNet", () => {
  const tiny = () =>
    upernetState({
      blocks: [1, 2, 1, 1],
      stem: [4, 4, 8],
      planes: 4,
      width: 8,
      heads: { object: 5, part: 6, scene: 3 },
    });

  it("computes only the heads that are asked for", () => {
    const state = tiny();
    const network = upernet(state, inferUpernet(state), 64);
    const steps = (heads: Head[]): number => {
      const graph = new Graph(device.target);
      network.append(graph, 1, { outputs: new Set(heads) });
      return graph.steps.length;
    };
    expect(steps(["object", "part"]) - steps(["object"])).toBe(2);
  });

  it("goes on from a stage as it would have gone on alone", async () => {
    const state = tiny();
    const network = upernet(state, inferUpernet(state), 64);
    const numbers = Float32Array.from({ length: 2 * 4 * 64 * 64 }, (_, at) => (at % 4 === 3 ? 0 : Math.sin(at)));
    const run = async (from?: string, features?: Float32Array<ArrayBuffer>) => {
      const graph = new Graph(device.target);
      const { inputs, layers, outputs } = network.append(graph, 2, from === undefined ? {} : { from });
      const [stage, logits] = [layers.get("c5")!, outputs.get("object")!];
      const weights = new Weights(device, state);
      using plan = await Plan.compile(device, graph, { keep: [stage, logits], bind: await weights.bind(graph) });
      plan.tensor(inputs.get("image")!).write(numbers);
      if (features) plan.tensor(inputs.get("c5")!).write(features);
      plan.run();
      const read = { stage: await plan.tensor(stage).read(), logits: await plan.tensor(logits).read() };
      weights.dispose();
      return { ...read, steps: graph.steps.length };
    };
    const whole = await run();
    const rest = await run("c5", whole.stage as Float32Array<ArrayBuffer>);
    expect(rest.logits).toEqual(whole.logits);
    expect(rest.steps).toBeLessThan(whole.steps);
    const graph = new Graph(device.target);
    const { layers, outputs } = network.append(graph, 1, { until: "c3" });
    expect([[...layers.keys()], [...outputs.keys()]]).toEqual([["c2", "c3"], []]);
  });

  it("sums probabilities over input sizes", async () => {
    const state = tiny();
    const network = upernet(state, inferUpernet(state), 64);
    const graph = new Graph(device.target);
    const image = graph.map("image", 1, 64, 64, 3);
    const outputs = new Set(["object"]);
    const maps = [64, 96].map((size) => {
      const inputs = new Map([["image", preprocess(graph, image, size, size, PIXELS)]]);
      return network.append(graph, 1, { inputs, outputs }).outputs.get("object")!;
    });
    const sum = softmaxes(graph, maps, 32, 32);
    const weights = new Weights(device, state);
    using plan = await Plan.compile(device, graph, { keep: [sum], bind: await weights.bind(graph) });
    plan.tensor(image).write(Float32Array.from({ length: 4 * 64 * 64 }, (_, at) => (at % 4 === 3 ? 0 : Math.sin(at))));
    plan.run();
    const probabilities = await plan.tensor(sum).read();
    for (let p = 0; p < 32 * 32; p += 1) {
      let total = 0;
      for (let c = 0; c < 8; c += 1) total += probabilities[8 * p + c]!;
      expect(Math.abs(total - 2)).toBeLessThan(1e-5);
    }
    weights.dispose();
  });

  it.each([
    [
      "no decoder",
      (keys: string[]) => keys.map((key) => (key.startsWith("decoder") ? "" : key)),
      /not the weights of a UPerNet/,
    ],
    [
      "no object head",
      (keys: string[]) => keys.map((key) => (key.includes("object_head") ? "" : key)),
      /no object head/,
    ],
    [
      "a missing tensor",
      (keys: string[]) => keys.map((key) => (key === "decoder.fpn_in.1.0.weight" ? "" : key)),
      /fpn_in.1.0.weight/,
    ],
    ["a tensor too many", (keys: string[]) => [...keys, "encoder.fc.weight"], /Unexpected: encoder.fc.weight/],
  ])("%s is refused", (_, rename, message) => {
    const state = tiny();
    const keys = [...state.keys()];
    const tensors = [...state.values()];
    const changed = new Map(rename(keys).map((key, i) => [key, tensors[i] ?? tensors[0]!]));
    changed.delete("");
    const load = () => upernet(changed, inferUpernet(changed), 64);
    expect(load).toThrow(WeightsError);
    expect(load).toThrow(message);
  });
});

describe("the segmenter of scenes64", () => {
  const files = {
    encoder: golden("scenes64/segmenter/encoder_epoch_1.pth"),
    decoder: golden("scenes64/segmenter/decoder_epoch_1.pth"),
  };
  const published: SegmenterFiles = { ...files, labels: golden("scenes64/segmenter/labels.json") };

  it("loads from its published files and segments any image size", async () => {
    using segmenter = await Segmenter.load(published, { device });
    expect(segmenter.segsizes).toEqual([128]);
    expect(segmenter.labels).toHaveLength(11);
    expect(segmenter.categories).toEqual(["object"]);
    using image = Tensor.create(device, "image", [1, 48, 48, 4], "f32");
    using plan = await segmenter.compile(image, 24);
    plan.run();
    expect((await plan.labels.read()).every((label) => label < 11)).toBe(true);
  });

  it.each([
    [
      "a table without the first, as object150_info.csv",
      `Idx,Ratio,Name\n${[..."abcdefghij"].map((name, i) => `${i + 1},0.1,${name};x`).join("\n")}`,
    ],
    ["a list without the first", JSON.stringify([..."abcdefghij"])],
    ["a list with the first", JSON.stringify(["-", ..."abcdefghij"])],
  ])("takes %s for the objects' names", async (_, text) => {
    using segmenter = await Segmenter.load({ ...files, labels: new TextEncoder().encode(text) }, { device });
    expect(segmenter.labels.map(({ name }) => name)).toEqual(["-", ..."abcdefghij"]);
    const fewer = new TextEncoder().encode(JSON.stringify([..."abcdefghi"]));
    await expect(Segmenter.load({ ...files, labels: fewer }, { device })).rejects.toThrow(
      /names 9 objects, but the object head has 11 channels\. Give the labels.json .*docs\/segmenters\.md/,
    );
  });

  it.each([
    ["too few names", { object: ["-", "sky"] }, /names 2 objects, but the object head has 11/],
    ["no names", { material: ["-"] }, /no list of names called "object"/],
    ["entries that are none", { categories: [{ name: "object" }], labels: [null] }, /no list of names called "object"/],
    ["no '-' first", { object: Array.from({ length: 11 }, (_, i) => `thing ${i}`) }, /first object is "thing 0"/],
    ["names that are no text", { object: Array.from({ length: 11 }, (_, i) => i) }, /no list of names/],
    ["a name twice", { object: ["-", ..."abcdefghia"] }, /names the object "a" twice/],
    ["absurd segsizes", { object: ["-", ..."abcdefghij"], segsizes: [0] }, /segsizes/],
    ["too many segsizes", { object: ["-", ..."abcdefghij"], segsizes: Array(9).fill(64) }, /up to 8/],
    ["segsizes that are no sizes", { object: ["-", ..."abcdefghij"], segsizes: ["big"] }, /segsizes/],
  ])("%s", async (_, labels, message) => {
    const file = new TextEncoder().encode(JSON.stringify(labels));
    const loading = Segmenter.load({ ...files, labels: file }, { device });
    await expect(loading).rejects.toThrow(LabelsError);
    await expect(loading).rejects.toThrow(message);
  });

  it("a label file that is no JSON, swapped files, and absurd input sizes", async () => {
    const before = device.live.buffers;
    await expect(Segmenter.load({ ...files, labels: golden("README.md") }, { device })).rejects.toThrow(
      /neither JSON nor a table/,
    );
    const swapped = { encoder: files.decoder, decoder: files.encoder, labels: published.labels };
    await expect(Segmenter.load(swapped, { device })).rejects.toThrow(/swapped/);
    const twice = { ...published, decoder: files.encoder };
    await expect(Segmenter.load(twice, { device })).rejects.toThrow(/encoder is a ResNet-14, but the decoder/);
    await expect(Segmenter.load(published, { device, segsizes: [7] })).rejects.toThrow(/from 32 to 4096/);
    expect(device.live.buffers).toBe(before);
  });
});

/** [3, pixels] → [pixels, 4] */
function interleave(planes: Float32Array, pixels: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(4 * pixels);
  for (let p = 0; p < pixels; p += 1) for (let c = 0; c < 3; c += 1) out[4 * p + c] = planes[c * pixels + p]!;
  return out;
}
