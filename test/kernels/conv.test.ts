import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Activation } from "../../src/kernels/activation.ts";
import { conv } from "../../src/kernels/conv.ts";
import sumKernel from "../../src/kernels/conv-sum.wgsl.ts";
import type { Filter } from "../../src/kernels/filter.ts";
import { product, TILES } from "../../src/kernels/product.ts";
import tapsKernel from "../../src/kernels/taps.wgsl.ts";
import inputKernel from "../../src/kernels/winograd-input.wgsl.ts";
import outputKernel from "../../src/kernels/winograd-output.wgsl.ts";
import type { Device } from "../../src/runtime/device.ts";
import { Graph, type Storage, type Target, type Value } from "../../src/runtime/graph.ts";
import { requestDevice, targetsHere } from "../gpu.ts";
import {
  Bench,
  bitsOf,
  conv64,
  double64,
  type Extents,
  imageOf,
  type Linear,
  noise,
  noiseMap,
  TOLERANCE,
  unpack,
  worstUnit,
} from "./reference.ts";

/** The kernel that multiplies. */
const KERNELS = {
  software: "conv-register",
  software4: "conv-subgroup",
  software8: "conv-subgroup",
  gpu: "conv-tiled",
} as const;
const TARGETS = await targetsHere();

/** The kernels of a way, by its name. */
function kernelsOf(target: Target, way: string): string[] {
  if (way.startsWith("winograd")) return ["winograd-input", KERNELS[target], "winograd-output"];
  if (way.startsWith("taps")) return [KERNELS[target], "taps"];
  return way.includes("/") ? [KERNELS[target], "conv-sum"] : [KERNELS[target]];
}

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
  { name: "many channels", x: [1, 9, 8, 69], out: 70, kernel: 3, pad: 1 },
  { name: "many channels, one pixel", x: [1, 1, 1, 32], out: 33, kernel: 3, pad: 1 },
  { name: "many channels, one row", x: [2, 1, 6, 33], out: 32, kernel: 3, pad: 1 },
  {
    name: "upsampling many channels",
    x: [3, 3, 5, 33],
    out: 13,
    kernel: 3,
    pad: 1,
    upsample: true,
    activation: "leaky",
  },
  {
    name: "upsampling many channels of one pixel",
    x: [1, 1, 1, 32],
    out: 5,
    kernel: 3,
    pad: 1,
    upsample: true,
    activation: "leaky",
  },
  {
    name: "many channels, odd extents, residual and relu",
    x: [3, 5, 7, 35],
    out: 37,
    kernel: 3,
    pad: 1,
    activation: "relu",
    residual: true,
  },
];

/** Cases with more ways than one, by which all ways have their turn: every algorithm on every tile, whole and in parts. */
const SEVERAL: readonly Case[] = [
  { name: "3×3", x: [1, 17, 16, 20], out: 130, kernel: 3, pad: 1, activation: "leaky" },
  { name: "3×3, images", x: [3, 5, 7, 36], out: 20, kernel: 3, pad: 1, activation: "relu", residual: true },
  { name: "1×1", x: [1, 12, 11, 130], out: 130, kernel: 1, activation: "relu6", residual: true },
  { name: "1×1, images", x: [3, 5, 3, 130], out: 5, kernel: 1 },
  { name: "upsampling", x: [1, 12, 11, 36], out: 20, kernel: 3, pad: 1, upsample: true, activation: "leaky" },
  { name: "upsampling, images", x: [3, 3, 5, 36], out: 3, kernel: 3, pad: 1, upsample: true },
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

/** Weights that float16 holds exactly, and so it does sums of them: 64ths between ±½. */
const exactly = (given: Numbers): Numbers => ({
  ...given,
  weight: given.weight.map((w) => Math.round(32 * w) / 64),
  scale: given.scale.map((_, index) => [1, 0.5, 2][index % 3]!),
});

const filterOf = ({ x, out, kernel }: Case, { weight, scale, bias }: Numbers): Filter => ({
  label: "y",
  inChannels: x[3],
  outChannels: out,
  kernel,
  weight: { sources: [], of: () => weight },
  scale: { sources: [], of: () => scale },
  bias: { sources: [], of: () => bias },
});

/** A case without its numbers, appended to a graph. */
function append(graph: Graph, settings: Case, images = settings.x[0]): Value {
  const { x, stride = 1, pad = 0, upsample = false, activation = "none" } = settings;
  const [, height, width, channels] = x;
  const { residual: addend } = numbers({ ...settings, x: [1, height, width, 1] });
  // As many numbers as matter here: none is looked at.
  const filter = filterOf(settings, numbers({ name: "", x: [1, 1, 1, 1], out: 1, kernel: 1 }));
  const options = { stride, pad, upsample, activation };
  const added = addend && { residual: graph.map("residual", images, addend.height, addend.width, addend.channels) };
  return conv(graph, graph.map("x", images, height, width, channels), filter, { ...options, ...added });
}

/** The name of a case's shape, and of the ways in which it can run; undefined if there is but one. */
function tunableOf(target: Target, settings: Case, storage?: Storage) {
  const graph = new Graph(target, storage);
  append(graph, settings);
  const [[name, tunable] = []] = graph.tunables;
  return name === undefined || !tunable ? undefined : { name, ...tunable };
}

interface Run {
  readonly way?: string;
  readonly storage?: Storage;
}

/** The case on the GPU: [n, h, w, out], padding removed. */
async function compute(
  target: Target,
  settings: Case,
  given: Numbers,
  { way, storage }: Run = {},
): Promise<Float32Array<ArrayBuffer>> {
  const { stride, pad, upsample, activation, out } = settings;
  const tuned = new Map(way === undefined ? [] : [[tunableOf(target, settings, storage)?.name ?? "", way]]);
  const bench = new Bench(device, target, storage, tuned);
  const y = conv(bench.graph, bench.map(given.input), filterOf(settings, given), {
    ...(stride ? { stride } : {}),
    ...(pad ? { pad } : {}),
    ...(upsample ? { upsample } : {}),
    ...(activation ? { activation } : {}),
    ...(given.residual ? { residual: bench.map(given.residual, "residual") } : {}),
  });
  if (way) expect(bench.graph.steps.map(({ kernel }) => kernel.name)).toEqual(kernelsOf(target, way));
  const [stored] = await bench.run(y);
  return unpack(stored, out);
}

/** The definition. */
function define({ upsample, kernel, stride = 1, pad = 0, activation = "none" }: Case, given: Numbers): Linear {
  const input = upsample ? double64(given.input) : given.input;
  return conv64(input, { ...given, kernel, stride, pad, activation });
}

/** One definition for all who ask for it. */
const definitions = new Map<string, Linear>();
function definitionOf(settings: Case, given: Numbers, kind: string): Linear {
  const key = `${kind} ${JSON.stringify(settings)}`;
  const known = definitions.get(key) ?? define(settings, given);
  definitions.set(key, known);
  return known;
}

/** Expects an image's bits to be the same alone and in company. */
async function expectOwnBits(target: Target, settings: Case, run?: Run): Promise<void> {
  const given = numbers(settings);
  const together = await compute(target, settings, given, run);
  for (let image = 0; image < given.input.n; image += 1) {
    const residual = given.residual && imageOf(given.residual, image);
    const alone = await compute(target, settings, { ...given, input: imageOf(given.input, image), residual }, run);
    const size = alone.length;
    expect(bitsOf(alone)).toEqual(bitsOf(together.slice(image * size, (image + 1) * size)));
  }
}

describe.each(TARGETS)("on a %s target", (target) => {
  const units = new Map<string, number>();
  const measure = (what: string, actual: Float32Array, expected: Linear): number => {
    const unit = worstUnit(actual, expected);
    units.set(what, Math.max(unit, units.get(what) ?? 0));
    return unit;
  };
  afterAll(() => {
    for (const [name, unit] of units) console.log(`${target}, ${name}: worst error ${unit.toFixed(2)} ε·Σ|terms|`);
  });

  test.each(CASES)("equals the definition: $name", async (settings) => {
    const given = numbers(settings);
    const way = tunableOf(target, settings)?.ways[0] ?? "direct";
    const unit = measure(way, await compute(target, settings, given), definitionOf(settings, given, "f32"));
    expect(unit).toBeLessThan(TOLERANCE);
  });

  test.each(CASES.filter(({ x }) => x[0] === 3))("gives an image the same bits alone: $name", (settings) =>
    expectOwnBits(target, settings),
  );

  const waysOf = (storage: Storage) =>
    SEVERAL.flatMap((settings) =>
      (tunableOf(target, settings, storage)?.ways ?? ["direct 8x16"]).map((way) => ({
        way,
        settings,
        name: settings.name,
      })),
    );
  const several = waysOf("f32");

  test.each(several)("equals the definition: $name by $way", async ({ way, settings }) => {
    const given = numbers(settings);
    const unit = measure(way, await compute(target, settings, given, { way }), definitionOf(settings, given, "f32"));
    expect(unit).toBeLessThan(TOLERANCE);
  });

  test.each(waysOf("f16"))("takes float16 weights: $name by $way", async ({ way, settings }) => {
    const given = exactly(numbers(settings));
    const actual = await compute(target, settings, given, { way, storage: "f16" });
    const unit = measure(`${way}, float16`, actual, definitionOf(settings, given, "f16"));
    expect(unit).toBeLessThan(TOLERANCE);
  });

  test.each(several.filter(({ settings }) => settings.x[0] === 3))(
    "gives an image the same bits alone: $name by $way",
    ({ way, settings }) => expectOwnBits(target, settings, { way }),
  );

  test("every algorithm, tile and split has had its turn", () => {
    const turns = new Set(several.flatMap(({ way }) => way.replace(/\/\d+/, "/").split(" ")));
    const lanes = { software4: 4, software8: 8 }[target as string];
    const tiles = Object.entries(TILES).filter(
      ([, { kernel, choices }]) => kernel.name === KERNELS[target] && (choices as { LANES?: number }).LANES === lanes,
    );
    const parts = target === "gpu" ? ["/"] : [];
    const algorithms = ["direct", "taps", "winograd2", "winograd4"];
    expect([...turns].sort()).toEqual([...algorithms, ...tiles.map(([tile]) => tile), ...parts].sort());
  });
});

describe("the way a convolution runs", () => {
  const names = (graph: Graph): string[] => graph.steps.map(({ kernel }) => kernel.name);
  const shape = (height: number, channels: number, options: Partial<Case> = {}): Case => ({
    name: "",
    x: [1, height, height, channels],
    out: channels,
    kernel: 3,
    pad: 1,
    ...options,
  });
  const up = { upsample: true } as const;
  const point = { kernel: 1, pad: 0 };

  // ProGAN's and UPerNet's layers; what they cost by each way is in the paper's and our tables of multiply-adds.
  test.each<readonly [string, Target, Case, way: string]>([
    ["a first layer", "gpu", shape(1, 512, { kernel: 4, pad: 3 }), "direct 64x64 /16"],
    ["4²", "gpu", shape(4, 512), "direct 64x64 /16"],
    ["8²", "gpu", shape(8, 512), "direct 64x64 /16"],
    ["16²", "gpu", shape(16, 512), "winograd2 64x64"],
    ["32²", "gpu", shape(32, 512), "winograd4 64x64"],
    ["64², 256 channels", "gpu", shape(64, 256), "winograd4 128x128"],
    ["192², 128 channels", "gpu", shape(192, 128), "winograd4 128x128"],
    ["256², 64 channels: its tiles are more than it saves", "gpu", shape(256, 64), "direct 128x64"],
    ["upsampling to 8²", "gpu", shape(4, 512, up), "taps 64x64"],
    ["upsampling to 256²", "gpu", shape(128, 128, { ...up, out: 64 }), "taps 128x128"],
    ["1×1 in a ResNet", "gpu", shape(64, 256, point), "direct 128x64"],
    ["1×1 on a small map", "gpu", shape(16, 512, point), "direct 64x64 /4"],
    ["3×3 without subgroups", "software", shape(64, 64), "winograd4 8x16"],
    ["a large 1×1", "software8", shape(32, 384, { ...point, out: 128 }), "direct 32x16"],
    ["few outputs", "software8", shape(64, 512, { ...point, out: 7 }), "direct 32x8"],
    ["few outputs", "software4", shape(64, 512, { ...point, out: 8 }), "direct 16x8"],
    ["a stride", "software4", shape(64, 64, { stride: 2 }), "direct 16x16"],
    ["3×3", "software8", shape(64, 64), "winograd4 32x16"],
    ["upsampling", "software4", shape(32, 64, up), "taps 16x16"],
  ])("%s on a %s target", (_, target, settings, way) => {
    expect(tunableOf(target, settings)?.ways[0]).toBe(way);
  });

  test("is the tuned one, unless there is none such", () => {
    const settings = shape(16, 36);
    const { name, ways } = tunableOf("gpu", settings)!;
    for (const way of ways) {
      const graph = new Graph("gpu", "f32", new Map([[name, way]]));
      append(graph, settings);
      expect(names(graph)).toEqual(kernelsOf("gpu", way));
    }
    for (const tuned of [[name, "taps 64x64"] as const, [name, ""] as const, [`${name}!`, ways.at(-1)!] as const]) {
      const graph = new Graph("gpu", "f32", new Map([tuned]));
      append(graph, settings);
      expect(names(graph)).toEqual(kernelsOf("gpu", ways[0]!));
    }
  });

  test("does not depend on the batch", () => {
    for (const target of TARGETS) {
      const settings = shape(16, 36);
      const { name, ways } = tunableOf(target, settings)!;
      expect(tunableOf(target, { ...settings, x: [7, 16, 16, 36] })).toMatchObject({ name, ways });
    }
  });

  test.each(SEVERAL)("is tried on a graph of its own: $name", (settings) => {
    for (const target of TARGETS) {
      const { name, ways, alone } = tunableOf(target, settings) ?? {};
      if (!name || !ways || !alone) continue; // one way only
      for (const way of ways) {
        const [whole, tried] = [1, 2].map(() => new Graph(target, "f32", new Map([[name, way]]))) as [Graph, Graph];
        append(whole, settings, 2);
        alone(tried, 2);
        expect([...tried.tunables.keys()]).toEqual([name]);
        expect(tried.steps.map(({ params, grid, choices }) => [params, grid, choices])).toEqual(
          whole.steps.map(({ params, grid, choices }) => [params, grid, choices]),
        );
      }
    }
  });
});

describe("intermediates go by chunks of images that fit a binding:", () => {
  const steps = (settings: Case, way: string) => {
    const tuned = new Map([[tunableOf("gpu", settings)!.name, way]]);
    const graph = new Graph("gpu", "f32", tuned);
    append(graph, settings);
    return graph.steps.map(({ kernel, params }) => [kernel.name, params["first"], params["pixels"] ?? params["tiles"]]);
  };

  test("Winograd's tiles", () => {
    const settings: Case = { name: "", x: [3, 64, 64, 32], out: 512, kernel: 3, pad: 1 };
    expect(steps(settings, "winograd2 64x64")).toEqual([
      ["winograd-input", 0, 2048],
      ["conv-tiled", 0, 2048],
      ["winograd-output", 0, 2048],
      ["winograd-input", 2, 1024],
      ["conv-tiled", 0, 1024],
      ["winograd-output", 2, 1024],
    ]);
  });

  test("taps' products", () => {
    // 9 × 64² × 448 channels × 4 bytes are 66 MB: one image of these fits a chunk, two do not.
    const settings: Case = { name: "", x: [2, 64, 64, 32], out: 448, kernel: 3, pad: 1, upsample: true };
    expect(steps(settings, "taps 64x64")).toEqual([
      ["conv-tiled", 0, 4096],
      ["taps", 0, undefined],
      ["conv-tiled", 4096, 4096],
      ["taps", 1, undefined],
    ]);
  });

  test("parts of sums", () => {
    // 16 parts × 4 × 4 × 512 channels × 4 bytes are ½ MiB: 128 images fit.
    const settings: Case = { name: "", x: [130, 4, 4, 512], out: 512, kernel: 3, pad: 1 };
    expect(steps(settings, "direct 64x64 /16")).toEqual([
      ["conv-tiled", 0, 2048],
      ["conv-sum", 0, undefined],
      ["conv-tiled", 2048, 32],
      ["conv-sum", 128 * 16 * 128, undefined],
    ]);
  });
});

describe("a later chunk is its own images':", () => {
  const [images, height, width, channels] = [3, 3, 4, 4];
  const map = noiseMap(6, [images, height, width, channels]);

  /** Runs both, and expects `later` to be what follows the first image in `whole`, and zero before. */
  async function expectSame(bench: Bench, whole: Value, later: Value): Promise<void> {
    const [all, some] = await bench.run(whole, later);
    const image = all.length / images;
    expect(some.slice(0, image)).toEqual(new Float32Array(image));
    expect(bitsOf(some.slice(image))).toEqual(bitsOf(all.slice(image)));
    expect(new Set(some.slice(image)).size).toBeGreaterThan(image / 2);
  }

  test.each([2, 4] as const)("Winograd's tiles of %i outputs", async (OUTPUTS) => {
    const bench = new Bench(device);
    const { graph } = bench;
    const x = bench.map(map);
    const bias = graph.value("bias", [channels]);
    bench.give(bias, noise(7, channels));
    const [tileRows, tileColumns] = [Math.ceil(height / OUTPUTS), Math.ceil(width / OUTPUTS)];
    const through = (first: number, count: number) => {
      const tiles = count * tileRows * tileColumns;
      const shape = { height, width, tileRows, tileColumns, tiles, first, vectors: 1, total: tiles };
      const d = graph.value("tiles", [(OUTPUTS + 2) ** 2, tiles, channels]);
      const y = graph.map("y", images, height, width, channels);
      graph.step(inputKernel, { x, y: d }, shape, [1, 1, 1], { choices: { OUTPUTS } });
      graph.step(outputKernel, { m: d, bias, residual: bias, y }, shape, [1, 1, 1], { choices: { OUTPUTS } });
      return y;
    };
    await expectSame(bench, through(0, 3), through(1, 2));
  });

  test.each(["8x16", "64x64"] as const)("taps' products on tiles of %s", async (tile) => {
    const bench = new Bench(device);
    const { graph } = bench;
    const x = bench.map(map);
    const [weight, bias] = [graph.value("w", [channels, 9, channels]), graph.value("bias", [channels])];
    bench.give(weight, noise(9, channels * 9 * channels));
    bench.give(bias, noise(10, channels));
    const through = (first: number, count: number) => {
      const rows = count * height * width;
      const t = graph.value("taps", [rows, 9, channels]);
      const y = graph.map("y", images, 2 * height, 2 * width, channels);
      product(
        graph,
        tile,
        { x, weight, y: t },
        { first: first * height * width, rows, inVectors: 1, outVectors: 9 },
        0,
      );
      graph.step(tapsKernel, { t, bias, y }, { height, width, vectors: 1, first, total: rows }, [1, 1, 1]);
      return y;
    };
    await expectSame(bench, through(0, 3), through(1, 2));
  });

  test("parts of sums", async () => {
    const bench = new Bench(device);
    const { graph } = bench;
    const x = bench.map(map);
    const [weight, bias] = [graph.value("w", [channels, channels]), graph.value("bias", [channels])];
    bench.give(weight, noise(9, channels * channels));
    bench.give(bias, noise(10, channels));
    const through = (first: number, count: number) => {
      const total = count * height * width;
      const parts = graph.value("parts", [1, total, channels]);
      const y = graph.map("y", images, height, width, channels);
      const rows = { first: first * height * width, rows: total, inVectors: 1, outVectors: 1 };
      product(graph, "64x64", { x, weight, y: parts }, rows, 0);
      const flags = { residual: 1, activation: 0 };
      const params = { split: 1, vectors: 1, first: first * height * width, total, ...flags };
      graph.step(sumKernel, { parts, bias, residual: x, y }, params, [1, 1, 1]);
      return y;
    };
    await expectSame(bench, through(0, 3), through(1, 2));
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
