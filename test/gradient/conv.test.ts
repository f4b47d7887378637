import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gradient } from "../../src/gradient/gradient.ts";
import type { WeightGradient } from "../../src/gradient/weights.ts";
import { type ConvOptions, conv } from "../../src/kernels/conv/conv.ts";
import { demodulate } from "../../src/kernels/conv/demodulate.ts";
import { depthwise } from "../../src/kernels/conv/depthwise.ts";
import type { Filter } from "../../src/kernels/conv/filter.ts";
import { grouped } from "../../src/kernels/conv/grouped.ts";
import { convOfPyramid } from "../../src/kernels/conv/pyramid.ts";
import { convTranspose } from "../../src/kernels/conv/transposed.ts";
import { area, type Padding, type Pair } from "../../src/kernels/conv/window.ts";
import type { Device } from "../../src/runtime/device.ts";
import { padded, type Value } from "../../src/runtime/graph.ts";
import { requestDevice } from "../gpu.ts";
import {
  Bench,
  type ConvTranspose64,
  conv64,
  convTranspose64,
  double64,
  type Extents,
  type Linear,
  type Map64,
  noise,
  noiseMap,
  resize64,
  TOLERANCE,
  worstUnit,
  zeros,
} from "../kernels/reference.ts";
import { adjoint64, backward, TARGETS } from "./reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

interface Case extends ConvOptions {
  readonly name: string;
  readonly x: Extents;
  readonly out: number;
  readonly kernel: Pair;
  readonly stride?: Pair;
  readonly dilation?: Pair;
  readonly pad?: Padding | "same";
  readonly residual?: never;
  readonly added?: true;
  readonly groups?: number;
}

const CASES: readonly Case[] = [
  { name: "1×1, 3 to 5 channels", x: [1, 5, 7, 3], out: 5, kernel: 1 },
  { name: "1×1 in a frame of zeros", x: [1, 3, 4, 3], out: 5, kernel: 1, pad: 1 },
  { name: "1×1, stride 2", x: [2, 7, 4, 5], out: 6, kernel: 1, stride: 2 },
  { name: "3×3", x: [2, 6, 5, 7], out: 9, kernel: 3, pad: 1, activation: "leaky" },
  { name: "3×3 without padding", x: [1, 5, 4, 3], out: 4, kernel: 3, activation: "relu" },
  { name: "3×3 by Winograd", x: [1, 9, 8, 17], out: 20, kernel: 3, pad: 1, activation: "relu6", added: true },
  { name: "3×3 dilated", x: [1, 9, 8, 5], out: 6, kernel: 3, pad: 2, dilation: 2, activation: "relu", added: true },
  { name: "3×3, stride 2, odd extents", x: [2, 9, 7, 5], out: 7, kernel: 3, stride: 2, pad: 1, activation: "relu" },
  { name: "3×3, stride 2, even extents", x: [1, 8, 6, 5], out: 7, kernel: 3, stride: 2, pad: 1 },
  { name: "3×3, stride 2, SAME", x: [1, 8, 7, 5], out: 7, kernel: 3, stride: 2, pad: "same" },
  { name: "2×2, SAME", x: [1, 5, 4, 5], out: 3, kernel: 2, pad: "same" },
  { name: "3×3, stride 3, rows left over", x: [1, 9, 8, 3], out: 4, kernel: 3, stride: 3 },
  { name: "a generator's first layer: 4×4 over a padded pixel", x: [3, 1, 1, 13], out: 11, kernel: 4, pad: 3 },
  { name: "a row of taps", x: [1, 4, 7, 5], out: 6, kernel: [1, 5], pad: [0, 2, 0, 2], activation: "relu" },
  {
    name: "zeros on two sides, stride 2",
    x: [1, 6, 7, 5],
    out: 6,
    kernel: 3,
    stride: 2,
    pad: [0, 0, 1, 1],
    added: true,
  },
  { name: "rows left out", x: [1, 7, 8, 3], out: 4, kernel: 3, pad: [-1, 1, -2, -1] },
  {
    name: "axes apart",
    x: [2, 8, 9, 6],
    out: 5,
    kernel: [3, 2],
    stride: [1, 3],
    dilation: [2, 4],
    pad: [1, 0, 3, 2],
    activation: "leaky",
  },
  { name: "numbers for both axes that are the same", x: [1, 5, 4, 5], out: 6, kernel: [3, 3], stride: [2, 2], pad: 1 },
  { name: "two groups", x: [1, 5, 6, 8], out: 16, kernel: 3, pad: 1, groups: 2, activation: "relu", added: true },
  { name: "three groups, stride 2", x: [2, 6, 5, 6], out: 9, kernel: [3, 2], stride: 2, pad: [1, 0, 0, 1], groups: 3 },
  { name: "two filters a channel", x: [1, 5, 6, 5], out: 10, kernel: 3, pad: 1, groups: 5 },
  { name: "upsampling", x: [2, 3, 5, 6], out: 5, kernel: 3, pad: 1, upsample: true, activation: "leaky" },
  { name: "upsampling one pixel", x: [1, 1, 1, 5], out: 3, kernel: 3, pad: 1, upsample: true },
  {
    name: "upsampling many channels",
    x: [1, 3, 4, 33],
    out: 10,
    kernel: 3,
    pad: 1,
    upsample: true,
    activation: "leaky",
  },
];

/** Random weights; the scale is no power of two, so that folding it into them rounds. */
function numbers(inputs: number, out: number, kernel: Pair) {
  const weight = noise(2, out * inputs * area(kernel));
  return { weight, scale: noise(3, out).map((s) => s + 1.5), bias: noise(4, out), kernel };
}

const filterOf = (inChannels: number, { weight, scale, bias, kernel }: ReturnType<typeof numbers>): Filter => ({
  label: "y",
  inChannels,
  outChannels: bias.length,
  kernel,
  weight: { sources: [], of: () => weight },
  scale: { sources: [], of: () => scale },
  bias: { sources: [], of: () => bias },
});

/** dz of an activation's dy. */
function activated(dy: Map64, z: Map64, activation: ConvOptions["activation"] = "none"): Map64 {
  const slope = (v: number): number => {
    if (activation === "none") return 1;
    if (v <= 0) return activation === "leaky" ? Math.fround(0.2) : 0;
    return activation === "relu6" && v >= 6 ? 0 : 1;
  };
  return { ...dy, data: dy.data.map((g, at) => g * slope(z.data[at]!)) };
}

describe.each(TARGETS)("on a %s target", (target) => {
  // No rule of src/gradient asks for the target: a gradient is convolutions, whose kernels have
  // their own tests. A GPU's is compiled for each window's extents and strides, seconds each on a
  // software adapter: here for such windows as it has in test/kernels/conv.
  const suits = ({ kernel, stride = 1 }: { readonly kernel: Pair; readonly stride?: Pair | undefined }): boolean =>
    target !== "gpu" || ([1, 3, 4].some((taps) => taps === kernel) && (stride === 1 || stride === 2));

  let worst = 0;
  const near = (actual: ArrayLike<number>, expected: Linear): void => {
    const unit = worstUnit(actual, expected);
    worst = Math.max(worst, unit);
    expect(unit).toBeLessThan(TOLERANCE);
  };
  afterAll(() => console.log(`${target}: worst error of a convolution's gradient ${worst.toFixed(2)} ε·Σ|terms|`));

  test.each(CASES.filter(suits))("a convolution: $name", async ({ name, x, out, kernel, added, ...options }) => {
    const { groups = 1, ...window } = options;
    const given = numbers(x[3] / groups, out, kernel);
    const input = noiseMap(1, x);
    const linear = (map: Map64, bias: ArrayLike<number> = new Float64Array(out)): Linear =>
      conv64(options.upsample ? double64(map) : map, { ...options, ...given, bias, activation: "none" });
    const z = linear(input, given.bias);
    const residual = added && noiseMap(5, [z.n, z.height, z.width, out]);
    residual?.data.forEach((v, at) => {
      z.data[at]! += v;
    });
    const inputs = residual ? [input, residual] : [input];
    const { dy, gradients } = await backward(device, target, inputs, (graph, [value, addend]) =>
      groups > 1
        ? grouped(graph, value!, filterOf(x[3], given), { ...options, ...(addend && { residual: addend }) })
        : conv(graph, value!, filterOf(x[3], given), { ...window, ...(addend && { residual: addend }) }),
    );
    const dz = activated(dy, z, options.activation);
    near(gradients[0]!, adjoint64(x, dz, linear));
    if (residual) near(gradients[1]!, { ...dz, terms: dz.data.map(Math.abs) });
  });

  test.each([
    { name: "3×3", x: [2, 7, 6, 7], kernel: 3, pad: 1, activation: "relu6" },
    { name: "5×5 dilated", x: [1, 9, 8, 5], kernel: 5, pad: 4, dilation: 2, activation: "none" },
    { name: "3×3, stride 2", x: [1, 8, 7, 6], kernel: 3, stride: 2, pad: 1, activation: "relu6" },
    { name: "3×3, stride 2, SAME", x: [1, 8, 7, 6], kernel: 3, stride: 2, pad: "same", activation: "leaky" },
    { name: "a row of taps", x: [1, 4, 7, 6], kernel: [1, 5], pad: [0, 2, 0, 2], activation: "relu" },
    {
      name: "zeros on two sides, stride 2",
      x: [1, 6, 7, 5],
      kernel: 3,
      stride: 2,
      pad: [0, 0, 1, 1],
      activation: "none",
    },
  ] as const)("a depthwise convolution: $name", async ({ name, x, kernel, ...options }) => {
    const channels = x[3];
    const given = numbers(1, channels, kernel);
    const input = noiseMap(1, x);
    const linear = (map: Map64, bias: ArrayLike<number> = new Float64Array(channels)): Linear =>
      conv64(map, { ...options, ...given, bias, depthwise: true, activation: "none" });
    const { dy, gradients } = await backward(device, target, [input], (graph, [value]) =>
      depthwise(graph, value!, filterOf(channels, given), options),
    );
    near(gradients[0]!, adjoint64(x, activated(dy, linear(input, given.bias), options.activation), linear));
  });

  interface Transposed extends Omit<ConvTranspose64, "weight" | "scale" | "bias"> {
    readonly name: string;
    readonly x: Extents;
    readonly out: number;
  }
  const transposed: readonly Transposed[] = [
    { name: "4×4, stride 2", x: [2, 3, 4, 5], out: 6, kernel: 4, stride: 2, pad: 1, activation: "relu" },
    { name: "4×4 on one pixel", x: [2, 1, 1, 5], out: 3, kernel: 4 },
    { name: "3×3, stride 2, padded", x: [1, 4, 3, 5], out: 4, kernel: 3, stride: 2, pad: 1, outputPad: 1 },
    {
      name: "2×2, stride 3: outputs that nothing falls on",
      x: [1, 3, 2, 3],
      out: 5,
      kernel: 2,
      stride: 3,
      outputPad: 2,
    },
    {
      name: "axes apart",
      x: [1, 4, 3, 5],
      out: 6,
      kernel: [3, 5],
      stride: [3, 2],
      dilation: [2, 1],
      pad: [1, 2, 0, 3],
      outputPad: [1, 0],
      activation: "leaky",
    },
    { name: "zeros around", x: [1, 2, 3, 3], out: 4, kernel: 3, stride: 2, pad: [-1, -2, 0, -1] },
    { name: "three groups", x: [1, 3, 4, 6], out: 9, kernel: 3, stride: 2, pad: 1, groups: 3, activation: "relu6" },
  ];
  test.each(transposed.filter(suits))(
    "a transposed convolution: $name",
    async ({ name, x, out, kernel, activation, ...options }) => {
      const given = numbers(x[3] / (options.groups ?? 1), out, kernel);
      const input = noiseMap(1, x);
      const linear = (map: Map64, bias: ArrayLike<number> = new Float64Array(out)): Linear =>
        convTranspose64(map, { ...options, ...given, bias });
      const applied = activation ? { ...options, activation } : options;
      const { dy, gradients } = await backward(device, target, [input], (graph, [value]) =>
        convTranspose(graph, value!, filterOf(x[3], given), applied),
      );
      near(gradients[0]!, adjoint64(x, activated(dy, linear(input, given.bias), activation), linear));
    },
  );

  test("a convolution's whose input is used elsewhere, too", async () => {
    const given = numbers(5, 5, [1, 3]);
    const input = noiseMap(1, [1, 4, 6, 5]);
    const pad = [0, 1, 0, 1] as const;
    const { dy, gradients } = await backward(device, target, [input], (graph, [value]) =>
      conv(graph, value!, filterOf(5, given), { pad, residual: value! }),
    );
    const bias = new Float64Array(5);
    near(
      gradients[0]!,
      adjoint64([1, 4, 6, 5], dy, (map) => conv64(map, { ...given, bias, pad, residual: map })),
    );
  });

  test.each([1, 3])("a convolution of a pyramid of %i", async (levels) => {
    const extents = (
      [
        [1, 8, 7, 4],
        [1, 4, 3, 5],
        [1, 1, 2, 3],
      ] as const
    ).slice(0, levels);
    const channels = extents.reduce((sum, [, , , c]) => sum + c, 0);
    const given = numbers(channels, 8, 3);
    const inputs = extents.map((extent, index) => noiseMap(10 + index, extent));
    /** Of one level alone, the others being zero. */
    const linear = (map: Map64, index: number): Linear => {
      const all = zeros([1, 8, 7, channels]);
      const first = extents.slice(0, index).reduce((sum, [, , , c]) => sum + c, 0);
      const { data, terms } = resize64(map, 8, 7);
      data.forEach((v, at) => {
        const to = Math.floor(at / map.channels) * channels + first + (at % map.channels);
        all.data[to] = v;
        all.terms[to] = terms[at]!;
      });
      const bias = new Float64Array(8);
      const y = conv64(all, { ...given, bias, pad: 1 });
      // The rounding of the resize's weights, through the convolution.
      const rounding = conv64(
        { ...all, data: all.terms },
        { ...given, weight: given.weight.map(Math.abs), bias, pad: 1 },
      );
      return { ...y, terms: rounding.data };
    };
    const { dy, gradients } = await backward(device, target, inputs, (graph, values) =>
      convOfPyramid(graph, values, filterOf(channels, given), "relu"),
    );
    const z = zeros([1, 8, 7, 8]);
    for (const { data } of inputs.map(linear)) for (const [at, v] of data.entries()) z.data[at]! += v;
    const dz = activated(dy, { ...z, data: z.data.map((v, at) => v + given.bias[at % 8]!) }, "relu");
    inputs.forEach((_, index) => {
      near(
        gradients[index]!,
        adjoint64(extents[index]!, dz, (map) => linear(map, index)),
      );
    });
  });
});

// One kernel, whatever the target.
describe("by weights", () => {
  let worst = 0;
  afterAll(() => console.log(`worst error of a gradient by weights ${worst.toFixed(2)} ε·Σ|terms|`));

  test.each(CASES.filter(({ groups = 1 }) => groups === 1))(
    "$name",
    async ({ name, x, out, kernel, added, ...options }) => {
      const { groups: _, ...window } = options;
      const given = numbers(x[3], out, kernel);
      const input = noiseMap(1, x);
      const linear = { ...options, activation: "none", scale: [1], bias: [0], kernel } as const;
      const bench = new Bench(device, "software");
      const value = bench.map(input, "x");
      const y = conv(bench.graph, value, filterOf(x[3], given), window);
      const z = conv64(options.upsample ? double64(input) : input, { ...options, ...given, activation: "none" });
      const dy = noiseMap(99, [z.n, z.height, z.width, out]);
      const found: WeightGradient[] = [];
      gradient(bench.graph, y, [value], { seed: bench.map(dy, "seed"), weights: (one) => found.push(one) });
      const [stored] = await bench.run(found[0]!.gradient);
      const dz = activated(dy, z, options.activation);
      // by definition: what each input channel gives through one tap, times dz
      const taps = area(kernel);
      const expected = zeros([1, out, x[3], taps]);
      const actual = new Float32Array(expected.data.length);
      for (let i = 0; i < x[3]; i += 1) {
        const one = { ...input, channels: 1, data: input.data.filter((_, at) => at % x[3] === i) };
        for (let t = 0; t < taps; t += 1) {
          const weight = Float64Array.from({ length: taps }, (_, tap) => Number(tap === t));
          const seen = conv64(options.upsample ? double64(one) : one, { ...linear, weight });
          for (let o = 0; o < out; o += 1) {
            const to = (o * x[3] + i) * taps + t;
            seen.data.forEach((v, pixel) => {
              expected.data[to]! += v * dz.data[pixel * out + o]!;
              expected.terms[to]! += Math.abs(v * dz.data[pixel * out + o]!);
            });
            actual[to] = stored![(t * padded(x[3]) + i) * padded(out) + o]!;
          }
        }
      }
      const unit = worstUnit(actual, expected);
      worst = Math.max(worst, unit);
      expect(unit).toBeLessThan(TOLERANCE);
    },
  );

  test("of other convolutions there is none", () => {
    const bench = new Bench(device, "software");
    const x = bench.map(noiseMap(1, [1, 4, 4, 5]), "x");
    const y = depthwise(bench.graph, x, filterOf(5, numbers(1, 5, 3)), { pad: 1 });
    expect(() => gradient(bench.graph, y, [x], { weights: () => {} })).toThrow(/by the weights of "y".*depthwise/);
    expect(gradient(bench.graph, y, [x])).toHaveLength(1);
  });

  test("of demodulated ones there is none, since their weights are in the factors too", () => {
    const bench = new Bench(device, "software");
    const [x, d] = [bench.map(noiseMap(1, [1, 4, 4, 5]), "x"), bench.map(noiseMap(2, [1, 1, 1, 5]), "d")];
    const sums = conv(bench.graph, x, filterOf(5, numbers(5, 5, 3)), { pad: 1 });
    const bias = bench.graph.parameter("bias", [8], [], () => new Float32Array(8));
    const told = (of: Value): number => {
      const found: WeightGradient[] = [];
      gradient(bench.graph, of, [x], { weights: (one) => found.push(one) });
      return found.length;
    };
    const y = demodulate(bench.graph, "y", sums, { d, bias });
    expect(() => told(y)).toThrow(/by the weights before "y".*"demodulate" divides by their norms/);
    expect(gradient(bench.graph, y, [x])).toHaveLength(1);
    // StyleGAN1's convolutions are only biased there.
    expect(told(demodulate(bench.graph, "biased", sums, { bias, leaky: true }))).toBe(1);
  });
});
