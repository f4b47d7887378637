import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gradient } from "../../src/gradient/gradient.ts";
import { type CheckpointTensor, type Device, openCheckpoint, Segmenter } from "../../src/index.ts";
import { Weights } from "../../src/models/weights.ts";
import { PROGAN } from "../../src/networks/generators/progan.ts";
import { recognise } from "../../src/networks/segmenters/recognise.ts";
import type { State } from "../../src/networks/state.ts";
import { elements, Graph, type Target, type Value } from "../../src/runtime/graph.ts";
import { Plan } from "../../src/runtime/plan.ts";
import type { Tensor } from "../../src/runtime/tensor.ts";
import { sampleZ } from "../../src/weights/sample-z.ts";
import { requestDevice, rms, toNchw } from "../gpu.ts";
import { imageOf, normals, stateOf } from "../models/recipe.ts";

// PyTorch's autograd through the published code (scripts/golden/gradients.py), in double precision.

type Tensors = ReadonlyMap<string, CheckpointTensor>;
const open = (name: string) => openCheckpoint(readFileSync(new URL(`../golden/${name}`, import.meta.url)));

let device: Device;
let golden: Tensors;
beforeAll(async () => {
  device = await requestDevice();
  golden = (await open("gradients.safetensors")).tensors;
});
afterAll(() => device?.dispose());

/**
 * The recipe's seed for an output, in its layout; drawn in the shape [n, channels, h, w], or [n, h,
 * w] of a score.
 */
function seedOf({ shape, channels }: Value, score: boolean): Float32Array<ArrayBuffer> {
  if (score) return normals("gradient seed", elements(shape)) as Float32Array<ArrayBuffer>;
  const [n = 1, height = 1, width = 1, stored = 1] = shape;
  const drawn = normals("gradient seed", n * channels * height * width);
  return Float32Array.from({ length: elements(shape) }, (_, at) => {
    const [pixel, c] = [Math.floor(at / stored), at % stored];
    const [image, place] = [Math.floor(pixel / (height * width)), pixel % (height * width)];
    return c < channels ? drawn[(image * channels + c) * height * width + place]! : 0;
  });
}

/** The gradients, NCHW, of Σ seed · of. */
async function run(
  graph: Graph,
  of: Value,
  wrt: readonly Value[],
  given: readonly [Value, Float32Array<ArrayBuffer>],
  bind: () => Promise<Map<Value, Tensor>>,
): Promise<Float32Array[]> {
  const seed = graph.value("seed", of.shape, "f32", of.channels);
  const slopes = gradient(graph, of, wrt, { seed });
  const plan = await Plan.compile(device, graph, { keep: slopes, bind: await bind() });
  try {
    plan.tensor(given[0]).write(given[1]);
    plan.tensor(seed).write(seedOf(of, of.shape.length === 3));
    plan.run();
    const read: Float32Array[] = [];
    for (const slope of slopes) read.push(toNchw(await plan.tensor(slope).read(), slope.shape, slope.channels));
    return read;
  } finally {
    plan.dispose();
  }
}

/**
 * The root mean square difference from sampled values, of the whole's rms; a ReLU here and there
 * may fall the other way.
 */
async function difference(name: string, ours: Float32Array): Promise<number> {
  const read = (what: string): Promise<Float32Array> => golden.get(`${name}.${what}`)!.read();
  const [index, value, [scale = 1]] = [await read("index"), await read("value"), await read("rms")];
  expect(Math.abs(rms(ours) / scale - 1)).toBeLessThan(1e-3);
  return rms(value.map((v, i) => ours[index[i]!]! - v)) / scale;
}

describe.each<Target>(["software", "gpu"])("on a %s target", (target) => {
  test("the tiny generator", async () => {
    const { tensors } = await open("progan-tiny.zip.pth");
    const graph = new Graph(target);
    const weights = new Weights(device, tensors);
    const { inputs, layers, outputs } = PROGAN.network({ tensors }, {}).append(graph, 4);
    const [input, image] = [inputs.get("z")!, outputs.get("image")!];
    const z = sampleZ({ size: 4, depth: 16, seed: 1 });
    const wrt = [input, layers.get("layer2")!];
    const [byZ, byLayer2] = await run(graph, image, wrt, [input, z], () => weights.bind(graph));
    const expected = await golden.get("progan-tiny.z")!.read();
    const ofZ = rms(expected.map((v, at) => v - byZ![at]!)) / rms(expected);
    const ofLayer2 = await difference("progan-tiny.layer2", byLayer2!);
    console.log(
      `progan-tiny, ${target}: by z ${ofZ.toExponential(1)}, by layer2 ${ofLayer2.toExponential(1)} of the rms`,
    );
    expect(Math.max(ofZ, ofLayer2)).toBeLessThan(1e-5);
    weights.dispose();
  });
});

/** A golden network of narrow channels with an image of its recipe; the state may be changed. */
async function narrow(name: string, labels: unknown, change: (state: State) => State = (state) => state) {
  const { metadata } = await open(`segmenters/${name}.safetensors`);
  const told = (key: string) => JSON.parse(String(metadata[key]));
  const state = new Map([...stateOf("encoder.", told("encoder")), ...stateOf("decoder.", told("decoder"))]);
  const network = recognise({ state: change(state), labels: labels ?? told("labels.json") });
  return Segmenter.define({ ...network, segsizes: network.segsizes.length > 0 ? [64] : [] }, { device });
}

describe("segmenters", () => {
  test("UPerNet's probability of windows, objects and parts", async () => {
    const soft = (state: State): State =>
      new Map(
        [...state].map(([key, tensor]) => {
          const read: CheckpointTensor["read"] = async (options) => (await tensor.read(options)).map((v) => v / 1024);
          return [key, /(object|part)_head\.1/.test(key) ? { ...tensor, read } : tensor] as const;
        }),
      );
    const segmenter = await narrow("upernet-tiny", undefined, soft);
    const graph = new Graph(device.target);
    const image = graph.map("image", 1, 64, 64, 3);
    const score = segmenter.score(graph, image, "window", 32);
    const [slope] = await run(graph, score, [image], [image, imageOf(1, 64, 64)], () => segmenter.bind(graph));
    const most = await difference("upernet-tiny.image", slope!);
    console.log(`upernet-tiny: ${most.toExponential(1)} of the rms`);
    expect(most).toBeLessThan(2e-5);
    segmenter.dispose();
  });

  test.each([
    ["resnet18dilated-ppm", "resnet18dilated-ppm_deepsup"],
    ["mobilenetv2dilated-c1", "mobilenetv2dilated-c1"],
  ])("the logits of %s", async (name, file) => {
    const segmenter = await narrow(file, {
      categories: [{ name: "object" }],
      labels: Array.from({ length: 10 }, (_, i) => ({ name: `thing ${i}`, category: "object" })),
      imageformat: { mean: [0.5, 0.5, 0.5], stdev: [0.5, 0.5, 0.5] },
    });
    const graph = new Graph(device.target);
    const image = graph.map("image", 1, 64, 64, 3);
    segmenter.append(graph, image, 64);
    const logits = graph.values.filter(({ label }) => /conv_last(\.4)?$/.test(label)).at(-1)!;
    const [slope] = await run(graph, logits, [image], [image, imageOf(1, 64, 64)], () => segmenter.bind(graph));
    const most = await difference(`${name}.image`, slope!);
    console.log(`${name}: ${most.toExponential(1)} of the rms`);
    expect(most).toBeLessThan(2e-5);
    segmenter.dispose();
  });
});
