import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Device, Generator, loadGenerator, openCheckpoint, writeSafetensors } from "../../../src/index.ts";
import { dcganOf } from "../../../src/networks/generators/dcgan.ts";
import { recogniseGenerator } from "../../../src/networks/generators/recognise.ts";
import { requestDevice, toNchw } from "../../gpu.ts";
import { noise, worstError } from "../../kernels/reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

type Shapes = Readonly<Record<string, readonly number[]>>;
/** As PyTorch's examples name them, narrow and of 16×16 pixels. */
const SHAPES: Shapes = {
  "main.0.weight": [6, 8, 4, 4],
  "main.1.weight": [8],
  "main.1.bias": [8],
  "main.1.running_mean": [8],
  "main.1.running_var": [8],
  "main.1.num_batches_tracked": [],
  "main.3.weight": [8, 5, 4, 4],
  "main.4.weight": [5],
  "main.4.bias": [5],
  "main.4.running_mean": [5],
  "main.4.running_var": [5],
  "main.4.num_batches_tracked": [],
  "main.6.weight": [5, 3, 4, 4],
  "main.6.bias": [3],
};

/** Numbers of a tensor, those of variances above 0. */
const numbers = (name: string, shape: readonly number[]): Float32Array => {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return Float32Array.from(noise(name.length + (shape[0] ?? 0), count), (v) => (name.endsWith("var") ? v + 1.5 : v));
};
function file(shapes: Shapes, metadata?: Readonly<Record<string, string>>): Uint8Array {
  const tensors = Object.entries(shapes).map(
    ([name, shape]) => [name, { dtype: "float32", shape, data: numbers(name, shape) }] as const,
  );
  return writeSafetensors(Object.fromEntries(tensors), metadata);
}

/**
 * A transposed convolution of x [c][h][w] by its definition: what each input gives to the outputs.
 */
function transposed(x: Float64Array[], edge: number, key: string, stride: number, pad: number) {
  const shape = SHAPES[`${key}.weight`]!;
  const [into = 0, out = 0] = shape;
  const weight = numbers(`${key}.weight`, shape);
  const bias = SHAPES[`${key}.bias`] && numbers(`${key}.bias`, [out]);
  const size = (edge - 1) * stride - 2 * pad + 4;
  const y = Array.from({ length: out }, (_, o) => new Float64Array(size * size).fill(bias?.[o] ?? 0));
  for (let i = 0; i < into; i += 1) {
    for (let at = 0; at < edge * edge; at += 1) {
      for (let tap = 0; tap < 16; tap += 1) {
        const row = Math.floor(at / edge) * stride - pad + Math.floor(tap / 4);
        const column = (at % edge) * stride - pad + (tap % 4);
        if (row < 0 || column < 0 || row >= size || column >= size) continue;
        for (let o = 0; o < out; o += 1) {
          y[o]![row * size + column]! += x[i]![at]! * weight[(i * out + o) * 16 + tap]!;
        }
      }
    }
  }
  return { y, size };
}

function normed(x: Float64Array[], key: string): Float64Array[] {
  const of = (part: string): Float32Array => numbers(`${key}.${part}`, SHAPES[`${key}.${part}`]!);
  const [gamma, beta, mean, variance] = [of("weight"), of("bias"), of("running_mean"), of("running_var")];
  return x.map((map, c) =>
    map.map((v) => Math.max(0, ((v - mean[c]!) / Math.sqrt(variance[c]! + 1e-5)) * gamma[c]! + beta[c]!)),
  );
}

/** The network by its definition: layer1, layer2 and the image. */
function plain(z: Float32Array) {
  const first = transposed(
    Array.from(z, (v) => Float64Array.of(v)),
    1,
    "main.0",
    1,
    0,
  );
  const layer1 = normed(first.y, "main.1");
  const second = transposed(layer1, first.size, "main.3", 2, 1);
  const layer2 = normed(second.y, "main.4");
  const image = transposed(layer2, second.size, "main.6", 2, 1).y.map((map) => map.map(Math.tanh));
  return { layer1, layer2, image };
}

describe("a DCGAN that is not described", () => {
  it("is inferred where shapes determine it, computes what it is, and what was assumed is said", async () => {
    const warnings: string[] = [];
    using generator = await loadGenerator(file(SHAPES), { device, onWarning: (message) => warnings.push(message) });
    expect(warnings).toEqual([expect.stringMatching(/taken for a DCGAN: .* stride 2 and padding 1, .* eps 1e-5/)]);
    expect(generator).toMatchObject({ zSize: 6, height: 16, width: 16 });
    expect(generator.hiddenLayers.map(({ name, channels }) => [name, channels])).toEqual([
      ["layer1", 8],
      ["layer2", 5],
    ]);
    const z = generator.sample({ size: 1, seed: 3 });
    using run = await generator.forward(z, { retain: ["layer1", "layer2"] });
    const expected = plain(z);
    for (const [name, maps, tensor] of [
      ["layer1", expected.layer1, run.layers.get("layer1")!],
      ["layer2", expected.layer2, run.layers.get("layer2")!],
      ["image", expected.image, run.image],
    ] as const) {
      const ours = toNchw(await tensor.read(), tensor.shape, maps.length);
      expect(
        worstError(
          ours,
          maps.flatMap((map) => [...map]),
        ),
        name,
      ).toBeLessThan(1e-5);
    }
  });

  it("is taken without a word where the preset was named, or a description is in the file", async () => {
    const warnings: string[] = [];
    const loading = { device, onWarning: (message: string) => void warnings.push(message) };
    for (const network of ["dcgan", "dcgan-tutorial"]) {
      using generator = await loadGenerator(file(SHAPES), { ...loading, network });
      expect(generator.network.architecture).toBe("DCGAN");
    }
    const { tensors } = await openCheckpoint(file(SHAPES));
    const description = JSON.stringify({ ...dcganOf(tensors), architecture: "mine" });
    using inside = await loadGenerator(file(SHAPES, { "ganatomy.network": description }), loading);
    using beside = await loadGenerator(file(SHAPES), { ...loading, network: description });
    expect([inside.network.architecture, beside.network.architecture]).toEqual(["mine", "mine"]);
    expect(warnings).toEqual([]);
  });

  it.each<[string, Shapes]>([
    ["another kernel", { ...SHAPES, "main.3.weight": [8, 5, 3, 3] }],
    ["widths that do not follow", { ...SHAPES, "main.3.weight": [7, 5, 4, 4] }],
    ["a batch norm of another width", { ...SHAPES, "main.4.running_var": [4] }],
    ["something beside", { ...SHAPES, "embed.weight": [10, 6] }],
    ["two channels", { ...SHAPES, "main.6.weight": [5, 2, 4, 4], "main.6.bias": [2] }],
  ])("is not guessed of %s", async (_, shapes) => {
    const { tensors } = await openCheckpoint(file(shapes));
    expect(dcganOf(tensors)).toBeUndefined();
    expect(() => recogniseGenerator({ tensors })).toThrow(/not a .*generator.*main\.0\.weight/);
    expect(() => recogniseGenerator({ tensors }, { network: "dcgan" })).toThrow(/is no DCGAN/);
  });

  it("is found out without looking at what is made by nobody knows what", async () => {
    const { tensors } = await openCheckpoint(file(SHAPES));
    const unmade = {
      name: "x",
      dtype: "float32",
      get shape(): never {
        throw new Error("made by what is not known");
      },
      read: () => Promise.reject(new Error("unread")),
    } as const;
    const others = new Map([...tensors, ["x", unmade]]);
    expect(dcganOf(others)).toBeUndefined();
    expect(() => recogniseGenerator({ tensors: others })).toThrow(/not a .*generator/);
  });

  it("has no options of other families, and no network of an unknown name", async () => {
    const { tensors } = await openCheckpoint(file(SHAPES));
    expect(() => recogniseGenerator({ tensors }, { truncation: 1 })).toThrow(/a DCGAN, which has no `truncation`/);
    expect(() => recogniseGenerator({ tensors }, { network: "dcgan", noise: 1 })).toThrow(/has no `noise`/);
    expect(() => recogniseGenerator({ tensors }, { network: "dcgn" })).toThrow(
      /no network "dcgn"\. Did you mean dcgan/,
    );
    await expect(Generator.load(file(SHAPES), { device, network: "{}" })).rejects.toThrow(/description/);
  });
});
