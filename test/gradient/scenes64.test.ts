import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gradient } from "../../src/gradient/gradient.ts";
import type { WeightGradient } from "../../src/gradient/weights.ts";
import { type Device, Generator, loadSegmenter, openCheckpoint, type Segmenter } from "../../src/index.ts";
import { Graph, type Value } from "../../src/runtime/graph.ts";
import { Plan } from "../../src/runtime/plan.ts";
import { requestDevice, rms } from "../gpu.ts";
import { noise } from "../kernels/reference.ts";

// Through both of the embedded networks: what ACE descends.

const file = (name: string): Uint8Array => readFileSync(new URL(`../../weights/scenes64/${name}`, import.meta.url));
const SEED = 3;
const IMAGES = 2;

let device: Device;
let segmenter: Segmenter;
let generator: Generator;
beforeAll(async () => {
  device = await requestDevice();
  generator = await Generator.load(file("generator.safetensors"), { device });
  segmenter = await loadSegmenter({ weights: file("segmenter.safetensors"), labels: file("labels.json") }, { device });
});
afterAll(() => {
  segmenter?.dispose();
  generator?.dispose();
  device?.dispose();
});

interface Scene {
  readonly graph: Graph;
  /** What the part of the generator starts from: z, or a layer's features. */
  readonly input: Value;
  readonly layer4: Value;
  readonly score: Value;
}

/** Both networks in one graph; from the features of a layer on, unless from z. */
function scene(from?: string): Scene {
  const graph = new Graph(device.target);
  const values = generator.append(graph, IMAGES, from ? { from } : {});
  const score = segmenter.score(graph, values.image!, "tree", 64);
  return { graph, input: values.input, layer4: values.layers.get("layer4")!, score };
}

async function compile(graph: Graph, keep: readonly Value[]): Promise<Plan> {
  const bind = [...(await generator.bind(graph)), ...(await segmenter.bind(graph))];
  return Plan.compile(device, graph, { keep, bind });
}

describe("scenes64", () => {
  test("the gradient of the tree by layer4 is what finite differences say", async () => {
    const z = generator.sample({ size: IMAGES, seed: SEED });
    const whole = scene();
    const [byFeatures] = gradient(whole.graph, whole.score, [whole.layer4]) as [Value];
    const plan = await compile(whole.graph, [whole.layer4, byFeatures]);
    plan.tensor(whole.input).write(Float32Array.from(z));
    plan.run();
    const features = await plan.tensor(whole.layer4).read();
    const slope = await plan.tensor(byFeatures).read();
    plan.dispose();

    const after = scene("layer4");
    const rest = await compile(after.graph, [after.score]);
    const sum = async (x: Float32Array<ArrayBuffer>): Promise<number> => {
      rest.tensor(after.input).write(x);
      rest.run();
      return (await rest.tensor(after.score).read()).reduce((total, p) => total + p, 0);
    };
    // Wider steps cross kinks of the activations, narrower ones drown in rounding.
    const step = 1e-5 * rms(features);
    for (const seed of [1, 2, 3]) {
      const u = noise(seed, slope.length).map(
        (v, at) => (v * slope[at]!) / rms(slope) + 0.5 * (slope[at]! / rms(slope)),
      );
      const moved = (by: number) => sum(features.map((v, at) => v + by * u[at]!));
      const expected = ((await moved(step)) - (await moved(-step))) / (2 * step);
      const actual = slope.reduce((total, g, at) => total + g * u[at]!, 0);
      expect(Math.abs(actual / expected - 1), `${actual} for ${expected}`).toBeLessThan(5e-3);
    }
    rest.dispose();
  });
});

// PyTorch's autograd in float64 (scripts/golden/weight_gradients.py).
test("gradients by the weights behind layer4 are PyTorch's", async () => {
  const path = new URL("../golden/diagnosis/weight-gradients.safetensors", import.meta.url);
  const golden = (await openCheckpoint(readFileSync(path))).tensors;
  const picture = async (seed: number) => {
    using run = await generator.forward(generator.sample({ size: 1, seed }), { retain: ["layer4"] });
    return { image: await run.image.read(), layer4: await run.layers.get("layer4")!.read() };
  };
  const graph = new Graph(device.target);
  const { input, image } = generator.append(graph, 1, { from: "layer4" });
  const seed = graph.value("seed", image!.shape, "f32", 3);
  const found: WeightGradient[] = [];
  gradient(graph, image!, [input], { seed, weights: (one) => found.push(one) });
  const plan = await Plan.compile(device, graph, {
    keep: found.map((one) => one.gradient),
    bind: await generator.bind(graph),
  });
  const [wanted, made] = [await picture(1), await picture(7)];
  plan.tensor(seed).write(made.image.map((value, i) => (2 * (value - wanted.image[i]!)) / (3 * 64 * 64)));
  plan.tensor(input).write(made.layer4);
  plan.run();
  const nameOf = ({ filter }: WeightGradient) => filter.weight.sources[0]!.replace(/\..*/, "");
  expect(found.map(nameOf)).toEqual(["output_64x64", ...[10, 9, 8, 7, 6, 5].map((layer) => `layer${layer}`)]);
  let worst = 0;
  for (const one of found) {
    const { filter, gradient: by } = one;
    const name = nameOf(one);
    const numbers = await plan.tensor(by).read();
    const [taps = 0, rows = 0, columns = 0] = by.shape;
    const [index, value, rms] = await Promise.all(
      ["index", "value", "rms"].map((part) => golden.get(`${name}.${part}`)!.read()),
    );
    index!.forEach((at, i) => {
      const [o, of, tap] = [
        Math.floor(at / taps / filter.inChannels),
        Math.floor(at / taps) % filter.inChannels,
        at % taps,
      ];
      const error = Math.abs(numbers[(tap * rows + of) * columns + o]! - value![i]!) / rms![0]!;
      worst = Math.max(worst, error);
    });
  }
  plan.dispose();
  console.log(`worst error of a gradient by weights: ${worst.toExponential(1)} of their root mean square`);
  expect(worst).toBeLessThan(1e-4);
});
