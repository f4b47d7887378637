import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Filter } from "../../../src/kernels/conv/filter.ts";
import { CHUNK_BYTES } from "../../../src/kernels/conv/product.ts";
import { type ConvTransposeOptions, convTranspose } from "../../../src/kernels/conv/transposed.ts";
import { area, type Pair } from "../../../src/kernels/conv/window.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice, targetsHere } from "../../gpu.ts";
import { expectLinear } from "../linear.ts";
import { Bench, bitsOf, convTranspose64, type Extents, imageOf, noise, noiseMap } from "../reference.ts";

const TARGETS = await targetsHere();

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

interface Case extends ConvTransposeOptions {
  readonly name: string;
  readonly x: Extents;
  readonly out: number;
  readonly kernel: Pair;
}

const CASES: readonly Case[] = [
  { name: "4×4, stride 2, padding 1", x: [2, 3, 5, 7], out: 6, kernel: 4, stride: 2, pad: 1 },
  { name: "4×4 on one pixel", x: [3, 1, 1, 10], out: 5, kernel: 4, activation: "relu" },
  { name: "3×3, stride 2", x: [1, 4, 3, 5], out: 9, kernel: 3, stride: 2 },
  { name: "3×3, stride 2, padded", x: [1, 4, 3, 5], out: 4, kernel: 3, stride: 2, pad: 1, outputPad: 1 },
  { name: "2×2, stride 2", x: [2, 3, 2, 6], out: 7, kernel: 2, stride: 2, activation: "leaky" },
  { name: "3×3, stride 1", x: [1, 5, 4, 3], out: 3, kernel: 3, pad: 1 },
  { name: "2×2, stride 3: outputs that nothing falls on", x: [1, 3, 2, 3], out: 5, kernel: 2, stride: 3, outputPad: 2 },
  { name: "dilated", x: [1, 4, 5, 6], out: 5, kernel: 3, stride: 2, dilation: 2, pad: 1 },
  { name: "dilated by three, stride 2", x: [1, 4, 3, 5], out: 3, kernel: [3, 2], stride: 2, dilation: 3, pad: 2 },
  {
    name: "axes apart",
    x: [2, 4, 3, 5],
    out: 6,
    kernel: [3, 5],
    stride: [3, 2],
    dilation: [2, 1],
    pad: [1, 2, 0, 3],
    outputPad: [1, 0],
    activation: "relu6",
  },
  { name: "cut off beyond the kernel", x: [1, 5, 6, 3], out: 4, kernel: 3, stride: 2, pad: [4, 3, 5, 2] },
  { name: "zeros around", x: [1, 2, 3, 3], out: 4, kernel: 3, stride: 2, pad: [-1, -2, 0, -1] },
  { name: "two groups of vectors", x: [2, 3, 4, 8], out: 16, kernel: 4, stride: 2, pad: 1, groups: 2 },
  { name: "three groups that share vectors", x: [1, 3, 4, 6], out: 9, kernel: 3, stride: 2, pad: 1, groups: 3 },
  { name: "one channel a group", x: [1, 4, 3, 7], out: 7, kernel: [4, 3], stride: [2, 1], pad: 1, groups: 7 },
  { name: "many channels", x: [1, 5, 6, 70], out: 33, kernel: 4, stride: 2, pad: 1, activation: "relu" },
];

const numbers = ({ x, out, kernel, groups = 1 }: Case) => ({
  weight: noise(2, (out * x[3] * area(kernel)) / groups),
  scale: noise(3, out).map((s) => s + 1.5),
  bias: noise(4, out),
});

const filterOf = ({ x, out, kernel }: Case, { weight, scale, bias }: ReturnType<typeof numbers>): Filter => ({
  label: "y",
  inChannels: x[3],
  outChannels: out,
  kernel,
  weight: { sources: [], of: () => weight },
  scale: { sources: [], of: () => scale },
  bias: { sources: [], of: () => bias },
});

describe.each(TARGETS)("a transposed convolution on a %s target", (target) => {
  test.each(CASES)("equals the definition: $name", async (settings) => {
    const { name, x, out, kernel, ...options } = settings;
    const [input, given] = [noiseMap(1, x), numbers(settings)];
    const bench = new Bench(device, target);
    const y = convTranspose(bench.graph, bench.map(input), filterOf(settings, given), options);
    const expected = convTranspose64(input, { ...given, ...options, kernel });
    expect(y.shape.slice(1, 3)).toEqual([expected.height, expected.width]);
    const [stored] = await bench.run(y);
    expectLinear(`transposed convolution, ${target}`, stored, expected);
  });

  test.each(CASES.filter(({ x }) => x[0] > 1))("gives an image the same bits alone: $name", async (settings) => {
    const { name, x, out, kernel, ...options } = settings;
    const [input, given] = [noiseMap(1, x), numbers(settings)];
    const compute = async (map: typeof input) => {
      const bench = new Bench(device, target);
      const [stored] = await bench.run(convTranspose(bench.graph, bench.map(map), filterOf(settings, given), options));
      return stored;
    };
    const together = await compute(input);
    const alone = await compute(imageOf(input, 1));
    expect(bitsOf(alone)).toEqual(bitsOf(together.slice(alone.length, 2 * alone.length)));
  });

  const PHASES: Case = { name: "", x: [2, 5, 6, 37], out: 70, kernel: 4, stride: 2, pad: 1, activation: "leaky" };
  const tunableOf = (settings: Case) => {
    const { name, x, out, kernel, ...options } = settings;
    const graph = new Graph(target);
    convTranspose(graph, graph.map("x", ...x), filterOf(settings, numbers(settings)), options);
    return [...graph.tunables][0]!;
  };

  test.each(tunableOf(PHASES)[1].ways)("of 4×4 taps and stride 2 equals the definition by %s", async (way) => {
    const { name, x, out, kernel, ...options } = PHASES;
    const [input, given] = [noiseMap(1, x), numbers(PHASES)];
    const compute = async (map: typeof input) => {
      const bench = new Bench(device, target, "f32", new Map([[tunableOf(PHASES)[0], way]]));
      const y = convTranspose(bench.graph, bench.map(map), filterOf(PHASES, given), options);
      expect(bench.graph.steps.some(({ kernel }) => kernel.name === "col2im")).toBe(way.startsWith("taps"));
      const [stored] = await bench.run(y);
      return stored;
    };
    const together = await compute(input);
    expectLinear(`${way}, ${target}`, together, convTranspose64(input, { ...given, ...options, kernel }));
    const alone = await compute(imageOf(input, 1));
    expect(bitsOf(alone)).toEqual(bitsOf(together.slice(alone.length)));
  });

  test("of few channels is all taps' products first, of many phases", () => {
    expect(tunableOf({ ...PHASES, out: 3 })[1].ways[0]).toMatch(/^taps/);
    expect(tunableOf(PHASES)[1].ways[0]).toMatch(/^direct/);
  });

  test.each([6, 33])("takes float16 weights of %i channels", async (channels) => {
    const settings: Case = { name: "", x: [1, 3, 4, 9], out: channels, kernel: 4, stride: 2, pad: 1 };
    const { name, x, out, kernel, ...options } = settings;
    const input = noiseMap(1, x);
    const given = { ...numbers(settings), scale: new Float32Array(out).fill(0.5) };
    given.weight.forEach((w, index) => {
      given.weight[index] = Math.round(32 * w) / 64;
    });
    const bench = new Bench(device, target, "f16");
    const y = convTranspose(bench.graph, bench.map(input), filterOf(settings, given), options);
    expect(bench.graph.parameters.filter(({ half }) => half)).toHaveLength(1);
    const [stored] = await bench.run(y);
    expectLinear(
      `transposed convolution, float16, ${target}`,
      stored,
      convTranspose64(input, { ...given, ...options, kernel }),
    );
  });
});

describe("where one image's products are many", () => {
  const settings = (extent: number, out: number): Case => ({
    name: "",
    x: [2, extent, extent, 4],
    out,
    kernel: 4,
    stride: 2,
    pad: 1,
  });
  const build = (extent: number, out: number, pad = 1) => {
    const graph = new Graph("gpu");
    const { name, x, out: _, kernel, ...options } = { ...settings(extent, out), pad };
    convTranspose(graph, graph.map("x", ...x), filterOf(settings(extent, out), numbers(settings(1, 4))), options);
    return graph;
  };

  test("some images, or some channels, go at a time", () => {
    const parts = ({ steps }: Graph) =>
      steps.flatMap(({ kernel, params }) =>
        kernel.name === "col2im" ? [[params["firstImage"], params["firstVector"], params["vectors"]]] : [],
      );
    expect(parts(build(128, 8))).toEqual([[0, 0, 2]]);
    expect(parts(build(256, 14))).toEqual([
      [0, 0, 4],
      [1, 0, 4],
    ]);
    expect(parts(build(256, 22))).toEqual([
      [0, 0, 4],
      [1, 0, 4],
      [0, 4, 2],
      [1, 4, 2],
    ]);
    expect(
      Math.max(
        ...build(256, 22)
          .values.filter(({ label }) => label === "y.columns")
          .map(({ shape }) => 4 * shape.reduce((a, b) => a * b)),
      ),
    ).toBe(CHUNK_BYTES);
  });

  test("and none is held of the largest", () => {
    expect(build(1024, 3).steps.map(({ kernel }) => kernel.name)).toEqual(["conv-tiled"]);
    expect(build(1024, 3, 0).steps.map(({ kernel }) => kernel.name)).toEqual(["conv-groups"]);
  });
});

describe("what does not fit", () => {
  const settings: Case = { name: "", x: [1, 2, 2, 6], out: 9, kernel: 3 };
  const filter = filterOf(settings, numbers(settings));

  test.each<readonly [string, (graph: Graph) => void, RegExp]>([
    ["channels", (graph) => convTranspose(graph, graph.map("x", 1, 2, 2, 5), filter), /"y" takes 6 channels.*"x"/],
    [
      "groups",
      (graph) => convTranspose(graph, graph.map("x", 1, 2, 2, 6), filter, { groups: 2 }),
      /cannot be in 2 groups/,
    ],
    [
      "no groups",
      (graph) => convTranspose(graph, graph.map("x", 1, 2, 2, 6), filter, { groups: 0 }),
      /cannot be in 0 groups/,
    ],
    [
      "padding",
      (graph) => convTranspose(graph, graph.map("x", 1, 2, 2, 6), filter, { pad: 2 }),
      /cannot have the shape/,
    ],
  ])("%s", (_, build, message) => {
    expect(() => build(new Graph("gpu"))).toThrow(
      expect.objectContaining({ code: "shape", message: expect.stringMatching(message) }),
    );
  });
});
