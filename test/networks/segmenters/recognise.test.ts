import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Device,
  openCheckpoint,
  Segmenter,
  type SegmenterNetwork,
  Tensor,
  UsageError,
} from "../../../src/index.ts";
import type { Network } from "../../../src/networks/network.ts";
import { semanticLabels } from "../../../src/networks/segmenters/labels.ts";
import { ownNetwork } from "../../../src/networks/segmenters/own.ts";
import { recognise } from "../../../src/networks/segmenters/recognise.ts";
import { type UnifiedOptions, unifiedLabels } from "../../../src/networks/segmenters/unified.ts";
import type { State } from "../../../src/networks/state.ts";
import { Graph, padded, type Value } from "../../../src/runtime/graph.ts";
import { Plan } from "../../../src/runtime/plan.ts";
import { requestDevice, rms, toNchw } from "../../gpu.ts";
import { imageOf, normals, stateOf } from "../../models/recipe.ts";

// What the published PyTorch code computes (scripts/golden), for weights and images by recipe.

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

async function open(name: string) {
  const { tensors, metadata } = await openCheckpoint(
    readFileSync(new URL(`../../golden/segmenters/${name}.safetensors`, import.meta.url)),
  );
  return {
    read: async (key: string): Promise<Float32Array> => tensors.get(key)!.read(),
    shape: (key: string): readonly number[] => tensors.get(key)!.shape,
    // biome-ignore lint/suspicious/noExplicitAny: each file's own description
    told: (key: string): any => JSON.parse(String(metadata[key])),
  };
}

const merge = (...states: State[]): State => new Map(states.flatMap((state) => [...state]));
/** Largest difference from sampled values, of the whole tensor's rms. */
async function worstSample(
  file: Awaited<ReturnType<typeof open>>,
  key: string,
  ours: ArrayLike<number>,
): Promise<number> {
  const [index, value] = [await file.read(`${key}.index`), await file.read(`${key}.value`)];
  const [scale = 1] = await file.read(`${key}.rms`);
  return value.reduce((most, v, i) => Math.max(most, Math.abs(ours[index[i]!]! - v) / scale), 0);
}

/** Runs a graph made by `build` on an image. */
async function run<V extends Value>(
  segmenter: Segmenter,
  image: Float32Array<ArrayBuffer>,
  extent: readonly [n: number, height: number, width: number],
  build: (graph: Graph, input: Value) => readonly V[],
): Promise<(Float32Array | Uint32Array)[]> {
  const graph = new Graph(device.target);
  const input = graph.map("image", ...extent, 3);
  const keep = build(graph, input);
  const plan = await Plan.compile(device, graph, { keep, bind: await segmenter.bind(graph) });
  try {
    plan.tensor(input).write(image);
    plan.run();
    const read: (Float32Array | Uint32Array)[] = [];
    for (const value of keep) read.push(await plan.tensor(value).read());
    return read;
  } finally {
    plan.dispose();
  }
}

const differing = (ours: ArrayLike<number>, theirs: ArrayLike<number>): number[] =>
  Array.from(ours).flatMap((label, p) => (label === theirs[p] ? [] : [p]));

describe("semantic-segmentation-pytorch", () => {
  const labels = {
    categories: [{ name: "object" }],
    labels: Array.from({ length: 10 }, (_, i) => ({ name: `thing ${i}`, category: "object" })),
    // The golden images are fed as they are.
    imageformat: { mean: [0.5, 0.5, 0.5], stdev: [0.5, 0.5, 0.5] },
  };

  it.each([
    ["resnet18dilated-ppm_deepsup", "PPM, ResNet-18 dilated", [4, 8, 16, 32]],
    ["resnet50dilated-ppm_deepsup", "PPM, ResNet-50 dilated", [16, 32, 64, 128]],
    ["resnet101dilated-ppm_deepsup", "PPM, ResNet-101 dilated", [16, 32, 64, 128]],
    ["mobilenetv2dilated-c1", "C1, MobileNetV2 dilated", [12, 16, 48, 160]],
  ])(
    "%s matches PyTorch",
    async (name, architecture, channels) => {
      const file = await open(name);
      const state = merge(stateOf("encoder.", file.told("encoder")), stateOf("decoder.", file.told("decoder")));
      const network = recognise({ state, labels });
      expect(network.architecture).toBe(architecture);
      // The encoder's stages, narrower than published, of images of 256 pixels.
      expect(network.layers).toEqual(
        channels.map((count, stage) => {
          const extent = stage === 0 ? 64 : 32;
          return { name: `c${stage + 2}`, channels: count, height: extent, width: extent };
        }),
      );
      const segmenter = await Segmenter.define({ ...network, segsizes: [] }, { device });
      const differences: string[] = [];
      for (const size of ["64x64", "72x72", "75x61"]) {
        const [height = 0, width = 0] = size.split("x").map(Number);
        const extent = [1, height, width] as const;
        let logits: Value | undefined;
        const [raw, maps] = await run(segmenter, imageOf(...extent), extent, (graph, input) => {
          const result = segmenter.append(graph, input, [height, width]);
          logits = graph.values.filter(({ label }) => /conv_last(\.4)?$/.test(label)).at(-1)!;
          return [logits, result];
        });
        const expected = await file.read(`${size}.logits`);
        const ours = toNchw(raw as Float32Array, logits!.shape, 10);
        const scale = rms(expected);
        const worst = expected.reduce((most, v, i) => Math.max(most, Math.abs(ours[i]! - v) / scale), 0);
        differences.push(`${size} ${worst.toExponential(1)}`);
        expect(worst).toBeLessThan(1e-4);
        // Labels: thing k is label k + 1. Only pixels whose two best are nearer than 1e-4 of the
        // rms may differ.
        const argmax = (await file.read(`${size}.argmax`)).map((channel) => channel + 1);
        const near = file.told("ties")[size]["nearer than 0.0001"] as number[];
        expect(differing(maps!, argmax).filter((p) => !near.includes(p))).toEqual([]);
      }
      console.log(`${name}: largest differences of the logits' rms: ${differences.join(", ")}`);
      segmenter.dispose();
    },
    120_000,
  );

  it("ignores deep supervision's keys", async () => {
    const file = await open("mobilenetv2dilated-c1");
    const state = merge(
      stateOf("encoder.", file.told("encoder")),
      stateOf("decoder.", file.told("decoder c1_deepsup")),
    );
    expect(recognise({ state, labels }).architecture).toBe("C1, MobileNetV2 dilated");
  });

  it("says what was recognised and what is missing", async () => {
    const file = await open("resnet18dilated-ppm_deepsup");
    const encoder = stateOf("encoder.", file.told("encoder"));
    const decoder = new Map(stateOf("decoder.", file.told("decoder")));
    expect(() => recognise({ state: encoder, labels })).toThrow(/encoder is a ResNet-18, but the decoder/);
    decoder.delete("decoder.ppm.2.1.weight");
    expect(() => recognise({ state: merge(encoder, decoder), labels })).toThrow(/ppm\.2\.1\.weight/);
    const whole = merge(encoder, stateOf("decoder.", file.told("decoder")));
    expect(() => recognise({ state: whole, labels }, { segdiv: "quad" })).toThrow(UsageError);
    expect(() => recognise({ state: whole, labels: { ...labels, labels: labels.labels.slice(1) } })).toThrow(
      /names 9 labels, but the network has 10/,
    );
  });
});

describe("unified parsing", () => {
  it("with narrow channels at 256 pixels matches PyTorch in every head, label and mask", async () => {
    const file = await open("upernet-tiny");
    const state = merge(stateOf("encoder.", file.told("encoder")), stateOf("decoder.", file.told("decoder")));
    const segmenter = await Segmenter.define(recognise({ state, labels: file.told("labels.json") }), { device });
    expect(segmenter.segsizes).toEqual([256]);
    expect(segmenter.labels.map(({ name, category }) => [name, category])).toEqual(file.told("names"));
    const heads = ["object", "material", "part"];
    const found: Value[] = [];
    const [labels, windows, ...logits] = await run(segmenter, imageOf(1, 256, 256), [1, 256, 256], (graph, input) => {
      const maps = segmenter.append(graph, input, 128);
      for (const head of heads) found.push(graph.values.find(({ label }) => label === `decoder.${head}_head.1`)!);
      return [maps, segmenter.mask(graph, maps, "window"), ...found];
    });
    const differences: string[] = [];
    for (const [i, head] of heads.entries()) {
      const ours = toNchw(logits[i] as Float32Array, found[i]!.shape, found[i]!.channels);
      const worst = await worstSample(file, `${head}.logits`, ours);
      differences.push(`${head} ${worst.toExponential(1)}`);
      expect(worst, head).toBeLessThan(5e-5);
    }
    console.log(`upernet-tiny: largest differences of the rms: ${differences.join(", ")}`);
    const ties = Object.values(file.told("ties") as Record<string, Record<string, number[]>>);
    const near = new Set(ties.flatMap((tie) => tie["nearer than 0.0001"] ?? []));
    const others = differing(labels!, await file.read("labels")).filter((at) => !near.has(at % 128 ** 2));
    expect(others).toEqual([]);
    expect(differing(windows!, await file.read("window.mask")).filter((at) => !near.has(at))).toEqual([]);
    segmenter.dispose();
  });

  /** A network that gives the golden file's logits whatever it sees. */
  function given(
    file: Awaited<ReturnType<typeof open>>,
    rest: Omit<SegmenterNetwork, keyof Network | "pixels" | "segsizes">,
  ): SegmenterNetwork {
    const grids = file.told("grids") as Record<string, { seed: number; shape: number[]; bias?: [number, number][] }>;
    return {
      ...ownNetwork({
        architecture: "given logits",
        state: new Map(),
        heads: new Set(rest.maps.map(({ head }) => head)),
        edge: 64,
        logits: (graph, x, _, heads) =>
          new Map([...heads].map((head) => [head, gridOf(graph, head, grids[head] ?? grids[String(x.shape[1])]!)])),
      }),
      pixels: { order: "RGB", range: 1, mean: [0, 0, 0], deviation: [1, 1, 1] },
      segsizes: [64],
      ...rest,
    };
  }

  function gridOf(
    graph: Graph,
    name: string,
    { seed, shape, bias = [] }: { seed: number; shape: number[]; bias?: [number, number][] },
  ): Value {
    const [n = 1, channels = 1, height = 1, width = 1] = shape;
    const stored = padded(channels);
    const value = graph.parameter(`${name} grid ${seed}`, [n, height, width, stored], [], () => {
      const values = normals(seed, n * channels * height * width);
      const nhwc = new Float32Array(n * height * width * stored);
      values.forEach((v, at) => {
        const pixel = at % (height * width);
        const c = Math.floor(at / (height * width)) % channels;
        const i = Math.floor(at / (height * width) / channels);
        const extra = bias.find(([channel]) => channel === c)?.[1] ?? 0;
        nhwc[(i * height * width + pixel) * stored + c] = Math.fround(Math.fround(3 * v) + extra);
      });
      return nhwc;
    });
    return graph.view(value, value.label, value.shape, channels);
  }

  const CONFIG = {
    encoder: { blocks: [3, 4, 6, 3], bottleneck: true, dilated: false },
    heads: { object: 336, material: 26, part: 427 },
  };

  it.each<readonly [string, UnifiedOptions, number]>([
    ["undivided", {}, 389],
    ["quad", { segdiv: "quad" }, 1729],
    ["all", { parts: "all" }, 473],
    ["all-quad", { parts: "all", segdiv: "quad" }, 1813],
  ])("numbers and combines labels as the published code does: %s", async (name, options, count) => {
    const file = await open("upp-labels");
    const unified = unifiedLabels(file.told("labels.json"), CONFIG, options);
    expect(unified.labels).toHaveLength(count);
    expect(unified.labels.map((label) => [label.name, label.category])).toEqual(file.told(`${name}.names`));
    const segmenter = await Segmenter.define(given(file, unified), { device, name });
    const image = new Float32Array(2 * 64 * 64 * 4);
    const [labels] = await run(segmenter, image, [2, 64, 64], (graph, input) => [segmenter.append(graph, input, 64)]);
    const expected = await file.read(`${name}.labels`);
    expect(file.shape(`${name}.labels`)).toEqual([2, segmenter.channels, 64, 64]);
    // The published code leaves the last component of every image undivided; ours has labels there
    // (spec §13, 2).
    const last = await file.read("last-component");
    const wrong = differing(labels!, expected).filter((at) => {
      const map = Math.floor(at / 64 ** 2) % segmenter.channels;
      const pixel = Math.floor(at / 64 ** 2 / segmenter.channels) * 64 ** 2 + (at % 64 ** 2);
      return !(map >= 3 && last[pixel]);
    });
    const ties = new Set([560, 4578, 3307].map((pixel) => pixel % 64 ** 2));
    expect(wrong.filter((at) => !ties.has(at % 64 ** 2))).toEqual([]);
    if (name.endsWith("quad")) expect(differing(labels!, expected).length).toBeGreaterThan(0);

    const concepts = Object.entries(file.told("concepts") as Record<string, number>);
    for (const [key, number] of concepts.filter(([key]) => key.startsWith(`${name}.`))) {
      const concept = unified.labels[number]!;
      const called = `${concept.category}/${concept.name}`;
      const [score, seen] = await run(segmenter, image, [2, 64, 64], (graph, input) => [
        segmenter.score(graph, input, called, 64),
        segmenter.mask(graph, segmenter.append(graph, input, 64), called),
      ]);
      expect(await worstSample(file, `${key}.score`, score!), key).toBeLessThan(1e-5);
      expect(differing(seen!, await file.read(`${key}.mask`)), key).toEqual([]);
    }
    segmenter.dispose();
  });

  it("merges with colours as PNAS did", async () => {
    const file = await open("upp-labels");
    const colors = {
      categories: [{ name: "color" }],
      labels: "black,blue,brown,grey,green,orange,pink,purple,red,white,yellow"
        .split(",")
        .map((name) => ({ name, category: "color" })),
    };
    const unified = unifiedLabels(file.told("labels.json"), CONFIG, { parts: "all", segdiv: "quad" });
    const segmenter = Segmenter.merge("netpqc", [
      await Segmenter.define(given(file, unified), { device }),
      await Segmenter.define(given(file, semanticLabels(colors, "color", 11)), { device }),
    ]);
    expect(segmenter.labels).toHaveLength(1825);
    expect(segmenter.labels.map(({ name }) => name)).toEqual(file.told("merged.names").map(([name]: [string]) => name));
    expect(segmenter.categories).toEqual(["object", "part", "material", "color"]);
    const image = new Float32Array(2 * 64 * 64 * 4);
    const [labels] = await run(segmenter, image, [2, 64, 64], (graph, input) => [segmenter.append(graph, input, 64)]);
    const expected = await file.read("merged.labels");
    const last = differing(labels!, expected).filter((at) => ![3, 4].includes(Math.floor(at / 64 ** 2) % 6));
    expect(last.filter((at) => ![560, 4578 % 4096, 3307].includes(at % 64 ** 2))).toEqual([]);
    segmenter.dispose();
  });

  it("of several categories, masks and input sizes matches gandissect's SemanticSegmenter", async () => {
    const file = await open("semantic");
    const semantic = semanticLabels(file.told("labels.json"), "logits", 9);
    expect(semantic.labels.slice(1).map(({ name, category }) => [name, category])).toEqual(file.told("names").slice(1));
    const network = { ...given(file, semantic), pixels: semantic.pixels, segsizes: [64, 48] };
    const segmenter = await Segmenter.define(network, { device });
    const inputs: Value[] = [];
    const image = imageOf(2, 64, 64);
    const [labels, half, ...pixels] = await run(segmenter, image, [2, 64, 64], (graph, input) => {
      const all = segmenter.append(graph, input, 64);
      const small = segmenter.append(graph, input, 32);
      for (const size of [64, 48]) inputs.push(graph.values.find(({ label }) => label === `image.input${size}`)!);
      return [all, small, ...inputs];
    });
    for (const [i, size] of [64, 48].entries()) {
      const ours = toNchw(pixels[i] as Float32Array, inputs[i]!.shape, 3);
      expect(await worstSample(file, `input-${size}`, ours)).toBeLessThan(1e-5);
    }
    expect(differing(labels!, await file.read("labels"))).toEqual([]);
    expect(differing(half!, await file.read("half.labels"))).toEqual([]);
    for (const concept of ["car", "person", "head"]) {
      const [score, seen] = await run(segmenter, image, [2, 64, 64], (graph, input) => [
        segmenter.score(graph, input, concept, 64),
        segmenter.mask(graph, segmenter.append(graph, input, 64), concept),
      ]);
      expect(await worstSample(file, `${concept}.score`, score!), concept).toBeLessThan(1e-5);
      expect(differing(seen!, await file.read(`${concept}.mask`)), concept).toEqual([]);
    }
    segmenter.dispose();
  });

  it("keeps weights as float16 where asked, in half the memory", async () => {
    const file = await open("upernet-tiny");
    const state = merge(stateOf("encoder.", file.told("encoder")), stateOf("decoder.", file.told("decoder")));
    const network = recognise({ state, labels: file.told("labels.json") }, { heads: ["object"] });
    const labels: Uint32Array[] = [];
    const bytes: number[] = [];
    const image = Tensor.from(device, "image", [1, 256, 256, 4], "f32", imageOf(1, 256, 256));
    for (const storage of ["f32", "f16"] as const) {
      const segmenter = await Segmenter.define(network, { device, storage });
      bytes.push(segmenter.bytes);
      const plan = await segmenter.compile(image, 128);
      plan.run();
      labels.push(await plan.labels.read());
      plan.dispose();
      segmenter.dispose();
    }
    image.dispose();
    const share = differing(labels[0]!, labels[1]!).length / labels[0]!.length;
    console.log(`upernet-tiny with float16 weights: ${(100 * share).toFixed(2)} % of the labels differ`);
    expect(share).toBeLessThan(0.02);
    expect(bytes[1]! / bytes[0]!).toBeLessThan(0.6);
  });
});
