import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Activation } from "../../src/kernels/activation.ts";
import { conv } from "../../src/kernels/conv.ts";
import type { Filter } from "../../src/kernels/filter.ts";
import matmul from "../../src/kernels/matmul-register.wgsl.ts";
import tapsKernel from "../../src/kernels/taps.wgsl.ts";
import inputKernel from "../../src/kernels/winograd-input.wgsl.ts";
import outputKernel from "../../src/kernels/winograd-output.wgsl.ts";
import type { Device } from "../../src/runtime/device.ts";
import { Graph, type Target } from "../../src/runtime/graph.ts";
import { requestDevice } from "../gpu.ts";
import {
  Bench,
  bitsOf,
  conv64,
  double64,
  type Extents,
  imageOf,
  noise,
  noiseMap,
  TOLERANCE,
  unpack,
  worstUnit,
} from "./reference.ts";

/** The kernels of the algorithms that only software adapters run. */
const ALGORITHMS = {
  winograd: ["winograd-input", "matmul-register", "winograd-output"],
  taps: ["matmul-register", "taps"],
} as const;

interface Case {
  readonly name: string;
  readonly x: Extents;
  readonly out: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly pad?: number;
  readonly upsample?: true;
  readonly activation?: Activation;
  readonly residual?: true;
  /** The algorithm it goes by on software adapters, unless it is the plain one. */
  readonly software?: keyof typeof ALGORITHMS;
}

// Three combinations of upsampling, activation and residual, no more: each is a pipeline, and a software adapter compiles
// one for seconds.
const CASES: readonly Case[] = [
  { name: "1×1, 3 to 5 channels", x: [1, 5, 7, 3], out: 5, kernel: 1 },
  { name: "1×1 on one pixel", x: [1, 1, 1, 5], out: 3, kernel: 1 },
  { name: "1×1, stride 2", x: [2, 7, 5, 8], out: 13, kernel: 1, stride: 2 },
  { name: "3×3, 11 to 13 channels", x: [1, 6, 5, 11], out: 13, kernel: 3, pad: 1 },
  { name: "3×3 without padding", x: [1, 5, 4, 3], out: 4, kernel: 3 },
  { name: "3×3, larger than its map", x: [1, 1, 2, 5], out: 5, kernel: 3, pad: 1 },
  { name: "3×3, stride 2, odd extents", x: [2, 9, 7, 5], out: 11, kernel: 3, stride: 2, pad: 1 },
  { name: "3×3, stride 2, even extents", x: [1, 8, 6, 3], out: 3, kernel: 3, stride: 2, pad: 1 },
  { name: "a generator's first layer: 4×4 over a padded pixel", x: [3, 1, 1, 13], out: 11, kernel: 4, pad: 3 },
  { name: "more pixels and channels than a tile", x: [1, 9, 8, 15], out: 70, kernel: 3, pad: 1 },
  { name: "tiles that cross images", x: [3, 5, 5, 11], out: 5, kernel: 3, pad: 1 },
  { name: "residual and relu", x: [3, 5, 3, 13], out: 5, kernel: 3, pad: 1, activation: "relu", residual: true },
  { name: "residual, relu, tiles", x: [1, 9, 9, 17], out: 67, kernel: 1, activation: "relu", residual: true },
  { name: "upsampling and leaky", x: [1, 3, 5, 3], out: 5, kernel: 3, pad: 1, upsample: true, activation: "leaky" },
  { name: "upsampling one pixel", x: [1, 1, 1, 5], out: 3, kernel: 3, pad: 1, upsample: true, activation: "leaky" },
  { name: "upsampling, tiles", x: [3, 5, 5, 13], out: 69, kernel: 3, pad: 1, upsample: true, activation: "leaky" },
  { name: "many channels", x: [1, 9, 8, 69], out: 70, kernel: 3, pad: 1, software: "winograd" },
  { name: "many channels, one pixel", x: [1, 1, 1, 32], out: 33, kernel: 3, pad: 1, software: "winograd" },
  { name: "many channels, one row", x: [2, 1, 6, 33], out: 32, kernel: 3, pad: 1, software: "winograd" },
  {
    name: "upsampling many channels",
    x: [3, 3, 5, 33],
    out: 13,
    kernel: 3,
    pad: 1,
    upsample: true,
    activation: "leaky",
    software: "taps",
  },
  {
    name: "upsampling many channels of one pixel",
    x: [1, 1, 1, 32],
    out: 5,
    kernel: 3,
    pad: 1,
    upsample: true,
    activation: "leaky",
    software: "taps",
  },
  {
    name: "many channels, odd extents, residual and relu",
    x: [3, 5, 7, 35],
    out: 37,
    kernel: 3,
    pad: 1,
    activation: "relu",
    residual: true,
    software: "winograd",
  },
];

const KERNELS: readonly (readonly [Target, string])[] = [
  ["software", "conv-register"],
  ["gpu", "conv-tiled"],
];

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

/** A case's numbers; the scale is no power of two, so that folding it into the weights rounds. */
function numbers({ x, out, kernel, pad = 0, stride = 1, upsample, residual }: Case) {
  const extent = (size: number) => (upsample ? 2 * size : Math.floor((size + 2 * pad - kernel) / stride) + 1);
  return {
    input: noiseMap(1, x),
    weight: noise(2, out * x[3] * kernel ** 2),
    scale: noise(3, out).map((s) => s + 1.5),
    bias: noise(4, out),
    residual: residual ? noiseMap(5, [x[0], extent(x[1]), extent(x[2]), out]) : undefined,
  };
}

type Numbers = ReturnType<typeof numbers>;

const filterOf = ({ x, out, kernel }: Case, { weight, scale, bias }: Numbers): Filter => ({
  label: "y",
  inChannels: x[3],
  outChannels: out,
  kernel,
  weight: { sources: [], of: () => weight },
  scale: { sources: [], of: () => scale },
  bias: { sources: [], of: () => bias },
});

/** The case on the GPU: [n, h, w, out], padding removed. */
async function compute(target: Target, settings: Case, given: Numbers): Promise<Float32Array<ArrayBuffer>> {
  const { stride, pad, upsample, activation, out } = settings;
  const bench = new Bench(device, target);
  const y = conv(bench.graph, bench.map(given.input), filterOf(settings, given), {
    ...(stride ? { stride } : {}),
    ...(pad ? { pad } : {}),
    ...(upsample ? { upsample } : {}),
    ...(activation ? { activation } : {}),
    ...(given.residual ? { residual: bench.map(given.residual, "residual") } : {}),
  });
  const [stored] = await bench.run(y);
  return unpack(stored, out);
}

describe.each(KERNELS)("on a %s target, %s", (target, kernel) => {
  const kernelOf = ({ software }: Case) => (target === "software" && software) || kernel;
  const units = new Map<string, number>();
  afterAll(() => {
    for (const [name, unit] of units) console.log(`${name}: worst error ${unit.toFixed(2)} ε·Σ|terms|`);
  });

  test.each(CASES)("equals the definition: $name", async (settings) => {
    const given = numbers(settings);
    const { upsample, kernel, stride = 1, pad = 0, activation = "none" } = settings;
    const expected = conv64(upsample ? double64(given.input) : given.input, {
      ...given,
      kernel,
      stride,
      pad,
      activation,
    });
    const unit = worstUnit(await compute(target, settings, given), expected);
    units.set(kernelOf(settings), Math.max(unit, units.get(kernelOf(settings)) ?? 0));
    expect(unit).toBeLessThan(TOLERANCE);
  });

  test.each(CASES.filter(({ x }) => x[0] === 3))("gives an image the same bits alone: $name", async (settings) => {
    const given = numbers(settings);
    const together = await compute(target, settings, given);
    for (let image = 0; image < 3; image += 1) {
      const residual = given.residual && imageOf(given.residual, image);
      const alone = await compute(target, settings, { ...given, input: imageOf(given.input, image), residual });
      const size = alone.length;
      expect(bitsOf(alone)).toEqual(bitsOf(together.slice(image * size, (image + 1) * size)));
    }
  });

  test.each(CASES)("is what such a graph runs: $name", (settings) => {
    const { x, stride = 1, pad = 0, upsample = false } = settings;
    const graph = new Graph(target);
    conv(graph, graph.map("x", ...x), filterOf(settings, numbers(settings)), { stride, pad, upsample });
    const { software } = settings;
    const expected = target === "software" && software ? ALGORITHMS[software] : [kernel];
    expect(graph.steps.map((step) => step.kernel.name)).toEqual(expected);
  });
});

describe("Winograd's tiles", () => {
  test("go by chunks of images that fit a binding", () => {
    const settings: Case = { name: "", x: [3, 64, 64, 32], out: 512, kernel: 3, pad: 1 };
    const graph = new Graph("software");
    conv(graph, graph.map("x", ...settings.x), filterOf(settings, numbers({ ...settings, x: [1, 1, 1, 32] })), {
      pad: 1,
    });
    expect(
      graph.steps.map(({ kernel, params }) => [kernel.name, params["rows"] ?? params["first"], params["tiles"]]),
    ).toEqual([
      ["winograd-input", 0, 2048],
      ["matmul-register", 2048, undefined],
      ["winograd-output", 0, 2048],
      ["winograd-input", 2, 1024],
      ["matmul-register", 1024, undefined],
      ["winograd-output", 2, 1024],
    ]);
  });

  test("of a later chunk are its own images'", async () => {
    const [images, height, width, channels] = [3, 3, 4, 4];
    const map = noiseMap(6, [images, height, width, channels]);
    const bench = new Bench(device);
    const { graph } = bench;
    const x = bench.map(map);
    const bias = graph.value("bias", [channels]);
    bench.give(bias, noise(7, channels));
    const through = (first: number, count: number) => {
      const tiles = count * 4;
      const shape = { height, width, tileRows: 2, tileColumns: 2, tiles, first, vectors: 1, total: tiles };
      const d = graph.value("tiles", [16, tiles, channels]);
      const y = graph.map("y", images, height, width, channels);
      graph.step(inputKernel, { x, y: d }, shape, [1, 1, 1]);
      graph.step(outputKernel, { m: d, bias, residual: bias, y }, shape, [1, 1, 1]);
      return y;
    };
    const [whole, later] = await bench.run(through(0, 3), through(1, 2));
    const image = height * width * channels;
    expect(later.slice(0, image)).toEqual(new Float32Array(image));
    expect(bitsOf(later.slice(image))).toEqual(bitsOf(whole.slice(image)));
  });
});

describe("taps at low resolution", () => {
  test("go by chunks of images that fit a binding", () => {
    // 9 × 64² × 448 channels × 4 bytes are 66 MB: one image of these fits a chunk, two do not.
    const settings: Case = { name: "", x: [2, 64, 64, 32], out: 448, kernel: 3, pad: 1, upsample: true };
    const graph = new Graph("software");
    const filter = filterOf(settings, numbers({ ...settings, x: [1, 1, 1, 32] }));
    conv(graph, graph.map("x", ...settings.x), filter, { pad: 1, upsample: true });
    expect(graph.steps.map(({ kernel, params }) => [kernel.name, params["first"]])).toEqual([
      ["matmul-register", 0],
      ["taps", 0],
      ["matmul-register", 4096],
      ["taps", 1],
    ]);
  });

  test("of a later chunk are its own images'", async () => {
    const [images, height, width, channels] = [3, 2, 3, 4];
    const bench = new Bench(device);
    const { graph } = bench;
    const x = bench.map(noiseMap(8, [images, height, width, channels]));
    const [w, bias] = [graph.value("w", [channels, 9, channels]), graph.value("bias", [channels])];
    bench.give(w, noise(9, channels * 9 * channels));
    bench.give(bias, noise(10, channels));
    const through = (first: number, count: number) => {
      const rows = count * height * width;
      const t = graph.value("taps", [rows, 9, channels]);
      const y = graph.map("y", images, 2 * height, 2 * width, channels);
      const products = { first: first * height * width, rows, depthVectors: 1, columnVectors: 9 };
      graph.step(matmul, { x, w, y: t }, products, [9, 1, 1]);
      graph.step(tapsKernel, { t, bias, y }, { height, width, vectors: 1, first, total: rows }, [1, 1, 1]);
      return y;
    };
    const [whole, later] = await bench.run(through(0, 3), through(1, 2));
    const image = 4 * height * width * channels;
    expect(later.slice(0, image)).toEqual(new Float32Array(image));
    expect(bitsOf(later.slice(image))).toEqual(bitsOf(whole.slice(image)));
  });
});

describe("shapes that do not fit", () => {
  const settings: Case = { name: "", x: [1, 4, 4, 5], out: 3, kernel: 3, pad: 1 };
  const filter = filterOf(settings, numbers(settings));

  test.each<readonly [string, (graph: Graph) => void, RegExp]>([
    ["channels", (graph) => conv(graph, graph.map("x", 1, 4, 4, 6), filter), /"y" takes 5 channels.*"x"/],
    ["stored channels", (graph) => conv(graph, graph.value("x", [1, 4, 4, 5]), filter), /takes 5 channels/],
    [
      "a residual",
      (graph) => {
        const residual = graph.map("r", 1, 4, 5, 3);
        conv(graph, graph.map("x", 1, 4, 4, 5), filter, { pad: 1, residual });
      },
      /"r" \[1,4,5,4\] cannot be added/,
    ],
    [
      "upsampling with a stride",
      (graph) => {
        conv(graph, graph.map("x", 1, 4, 4, 5), filter, { pad: 1, stride: 2, upsample: true });
      },
      /can follow an upsampling/,
    ],
    [
      "a map smaller than the kernel",
      (graph) => conv(graph, graph.map("x", 1, 2, 2, 5), filter),
      /cannot have the shape/,
    ],
  ])("%s", (_, build, message) => {
    expect(() => build(new Graph("gpu"))).toThrow(
      expect.objectContaining({ code: "shape", message: expect.stringMatching(message) }),
    );
  });
});
