// The operations that only segmenters need, beside their definitions: dilated and SAME convolutions, depthwise ones, float16
// weights, fused pyramids, pooling, slices, TensorFlow's resize, and labels in ranges of channels.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Activation } from "../../src/kernels/activation.ts";
import { classify, mask, probability, type Range, softmaxSum } from "../../src/kernels/classify.ts";
import { type ConvOptions, conv } from "../../src/kernels/conv.ts";
import { depthwise } from "../../src/kernels/depthwise.ts";
import type { Filter } from "../../src/kernels/filter.ts";
import { convOfPyramid } from "../../src/kernels/pyramid.ts";
import { average, resize, resizeAdd, type Sampling, slice } from "../../src/kernels/resample.ts";
import type { Device } from "../../src/runtime/device.ts";
import { Graph, type Target } from "../../src/runtime/graph.ts";
import { decodeFloat16, encodeFloat16 } from "../../src/weights/float16.ts";
import { requestDevice, targetsHere } from "../gpu.ts";
import {
  adaptive64,
  at,
  Bench,
  bitsOf,
  type Conv64,
  conv64,
  double64,
  type Extents,
  each,
  type Linear,
  type Map64,
  noise,
  noiseMap,
  random,
  resize64,
  TOLERANCE,
  unpack,
  worstError,
  worstUnit,
  zeros,
} from "./reference.ts";

const TARGETS = await targetsHere();

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const units = new Map<string, number>();
afterAll(() => {
  for (const [kernel, unit] of units) console.log(`${kernel}: worst error ${unit.toFixed(2)} ε·Σ|terms|`);
});

/** The worst unit of a stored map, kept for the report. */
function measure(kernel: string, stored: Float32Array, expected: Linear): number {
  const unit = worstUnit(unpack(stored, expected.channels), expected);
  units.set(kernel, Math.max(unit, units.get(kernel) ?? 0));
  return unit;
}

/** Within the tolerance of linear kernels. */
const expectLinear = (kernel: string, stored: Float32Array, expected: Linear): void =>
  expect(measure(kernel, stored, expected)).toBeLessThan(TOLERANCE);

/** A map like `x` with other numbers, which f32 holds exactly. */
const mapLike = (x: Map64, of: (value: number, index: number) => number): Map64 => ({
  ...x,
  data: x.data.map((value, index) => Math.fround(of(value, index))),
});

/** A learned filter's numbers: [out][in][k][k], a scale that is no power of two, and a bias. */
interface Numbers {
  readonly weight: Float32Array;
  readonly scale: Float32Array;
  readonly bias: Float32Array;
}

const numbers = (inChannels: number, outChannels: number, kernel: number): Numbers => ({
  weight: noise(2, outChannels * inChannels * kernel ** 2),
  scale: noise(3, outChannels).map((s) => s + 1.5),
  bias: noise(4, outChannels),
});

const filterOf = (
  { weight, scale, bias }: Numbers,
  extents: Pick<Filter, "inChannels" | "outChannels" | "kernel">,
): Filter => ({
  label: "y",
  ...extents,
  weight: { sources: [], of: () => weight },
  scale: { sources: [], of: () => scale },
  bias: { sources: [], of: () => bias },
});

interface Case {
  readonly name: string;
  readonly x: Extents;
  readonly out: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly pad?: number | "same";
  readonly activation?: Activation;
}

/** A case's options, as a convolution and as its definition take them. */
const optionsOf = ({ stride = 1, dilation = 1, pad = 0, activation = "none" }: Case) =>
  ({ stride, dilation, pad, activation }) satisfies ConvOptions & Partial<Conv64>;

describe.each(TARGETS)("a convolution on a %s target", (target) => {
  test.each<Case>([
    { name: "dilation 2", x: [2, 7, 6, 5], out: 7, kernel: 3, dilation: 2, pad: 2 },
    { name: "dilation 2 without padding", x: [1, 6, 7, 3], out: 4, kernel: 3, dilation: 2 },
    { name: "dilation 4", x: [1, 9, 11, 5], out: 13, kernel: 3, dilation: 4, pad: 4 },
    { name: "dilation 4, wider than its map", x: [1, 3, 2, 4], out: 5, kernel: 3, dilation: 4, pad: 4 },
    { name: "dilation 2, stride 2", x: [1, 9, 8, 3], out: 6, kernel: 3, dilation: 2, stride: 2, pad: 2 },
    { name: "dilation 2, many channels", x: [1, 6, 5, 19], out: 21, kernel: 3, dilation: 2, pad: 2 },
    { name: "SAME, odd extents", x: [2, 7, 5, 3], out: 5, kernel: 3, pad: "same" },
    { name: "SAME, 1×1, stride 2", x: [1, 6, 5, 7], out: 5, kernel: 1, stride: 2, pad: "same" },
    { name: "SAME, stride 2, odd extents", x: [1, 9, 7, 3], out: 5, kernel: 3, stride: 2, pad: "same" },
    { name: "SAME, stride 2, even extents", x: [2, 8, 6, 3], out: 5, kernel: 3, stride: 2, pad: "same" },
    { name: "SAME, stride 2, odd and even", x: [1, 7, 8, 5], out: 4, kernel: 3, stride: 2, pad: "same" },
    { name: "SAME, even kernel: the odd zero comes last", x: [1, 5, 6, 3], out: 5, kernel: 4, pad: "same" },
    { name: "SAME, dilation 2", x: [1, 7, 6, 3], out: 5, kernel: 3, dilation: 2, pad: "same" },
    { name: "SAME, dilation 4, stride 2", x: [1, 9, 10, 3], out: 5, kernel: 3, dilation: 4, stride: 2, pad: "same" },
    { name: "SAME, many channels", x: [1, 5, 6, 17], out: 18, kernel: 3, pad: "same" },
  ])("equals the definition: $name", async (settings) => {
    const { x, out, kernel } = settings;
    const [input, given] = [noiseMap(1, x), numbers(x[3], out, kernel)];
    const bench = new Bench(device, target);
    const filter = filterOf(given, { inChannels: x[3], outChannels: out, kernel });
    const y = conv(bench.graph, bench.map(input), filter, optionsOf(settings));
    const expected = conv64(input, { ...given, kernel, ...optionsOf(settings) });
    expect(y.shape.slice(1, 3)).toEqual([expected.height, expected.width]);
    const [stored] = await bench.run(y);
    expectLinear(`conv, ${target}`, stored, expected);
  });

  test.each<Case & { readonly upsample?: boolean }>([
    { name: "plain", x: [1, 5, 5, 11], out: 6, kernel: 3, pad: 1 },
    { name: "Winograd where it suits", x: [1, 4, 5, 17], out: 18, kernel: 3, pad: 1 },
    { name: "taps where they suit", x: [1, 3, 2, 33], out: 5, kernel: 3, pad: 1, upsample: true },
  ])("stops at zero and six with relu6: $name", async ({ upsample = false, ...settings }) => {
    const { x, out, kernel } = settings;
    const input = mapLike(noiseMap(1, x), (value) => 4 * value);
    const given = numbers(x[3], out, kernel);
    const bench = new Bench(device, target);
    const filter = filterOf(given, { inChannels: x[3], outChannels: out, kernel });
    const y = conv(bench.graph, bench.map(input), filter, { pad: 1, upsample, activation: "relu6" });
    const [stored] = await bench.run(y);
    const definition = { ...given, kernel, pad: 1, activation: "relu6" } as const;
    const expected = conv64(upsample ? double64(input) : input, definition);
    // Below, between and above, or the test says nothing.
    expect(new Set(expected.data.map((value) => (value === 0 || value === 6 ? value : 1)))).toEqual(new Set([0, 1, 6]));
    expectLinear(`relu6, ${target}`, stored, expected);
  });
});

describe.each(TARGETS)("a depthwise convolution on a %s target", (target) => {
  test.each<Omit<Case, "out">>([
    { name: "3×3", x: [2, 5, 7, 5], kernel: 3, pad: 1 },
    { name: "3×3 on one column", x: [1, 4, 1, 3], kernel: 3, pad: 1 },
    { name: "3×3 without padding", x: [1, 5, 8, 4], kernel: 3 },
    { name: "3×3, stride 2, odd width", x: [1, 8, 9, 6], kernel: 3, stride: 2, pad: 1 },
    { name: "3×3, dilation 2", x: [2, 6, 7, 9], kernel: 3, dilation: 2, pad: 2 },
    { name: "3×3, SAME", x: [1, 6, 5, 7], kernel: 3, pad: "same" },
    { name: "3×3, SAME, stride 2, even extents", x: [2, 8, 10, 5], kernel: 3, stride: 2, pad: "same" },
    { name: "3×3, SAME, stride 2, odd extents", x: [1, 7, 11, 5], kernel: 3, stride: 2, pad: "same" },
    { name: "3×3, SAME, dilation 4", x: [1, 7, 6, 5], kernel: 3, dilation: 4, pad: "same" },
    { name: "5×5", x: [1, 6, 7, 10], kernel: 5, pad: 2 },
    { name: "5×5, SAME, stride 2", x: [2, 6, 9, 3], kernel: 5, stride: 2, pad: "same" },
    { name: "5×5, dilation 2, wider than its map", x: [1, 5, 3, 5], kernel: 5, dilation: 2, pad: 4 },
    { name: "more than a workgroup", x: [1, 9, 14, 13], kernel: 3, pad: 1 },
    { name: "7×7", x: [1, 6, 7, 5], kernel: 7, pad: 3 },
    { name: "several strips below each other", x: [2, 35, 6, 5], kernel: 3, pad: 1 },
    { name: "several strips, 5×5, dilation 3", x: [1, 55, 14, 4], kernel: 5, dilation: 3, pad: "same" },
    { name: "relu6", x: [2, 5, 6, 7], kernel: 3, pad: 1, activation: "relu6" },
  ])("equals the definition: $name", async (settings) => {
    const { x, kernel, activation } = settings;
    const channels = x[3];
    const input = mapLike(noiseMap(1, x), (value) => (activation ? 8 * value : value));
    const given = numbers(1, channels, kernel);
    const options = optionsOf({ ...settings, out: channels });
    const bench = new Bench(device, target);
    const filter = filterOf(given, { inChannels: channels, outChannels: channels, kernel });
    const y = depthwise(bench.graph, bench.map(input), filter, options);
    const expected = conv64(input, { ...given, kernel, ...options, depthwise: true });
    if (activation) expect(new Set(expected.data).has(6)).toBe(true);
    expect(y.shape.slice(1, 3)).toEqual([expected.height, expected.width]);
    const [stored] = await bench.run(y);
    expectLinear(`depthwise, ${target}`, stored, expected);
  });

  test("refuses filters that mix or do not fit", () => {
    const graph = new Graph("gpu");
    const x = graph.map("x", 1, 4, 4, 5);
    const mixes = filterOf(numbers(5, 6, 3), { inChannels: 5, outChannels: 6, kernel: 3 });
    expect(() => depthwise(graph, x, mixes)).toThrow(/one by one/);
    const wider = filterOf(numbers(1, 6, 3), { inChannels: 6, outChannels: 6, kernel: 3 });
    expect(() => depthwise(graph, x, wider)).toThrow(/"y" filters 6 channels.*"x"/);
  });
});

/** A bench whose graph stores convolutions' weights as float16. */
class HalfBench extends Bench {
  override readonly graph: Graph;

  constructor(target: Target) {
    super(device, target);
    this.graph = new Graph(target, "f16");
  }
}

describe.each(TARGETS)("float16 weights on a %s target", (target) => {
  const float16 = (values: Float32Array): Float32Array => decodeFloat16(encodeFloat16(values));

  interface Half {
    readonly name: string;
    readonly x: Extents;
    readonly out: number;
    readonly kernel: number;
    readonly upsample?: boolean;
    /** Targets whose packed weights are sums of the filter's, which are rounded after they were added up. */
    readonly sums?: readonly Target[];
  }
  const CASES: readonly Half[] = [
    { name: "1×1, one vec4 of outputs", x: [1, 3, 5, 4], out: 4, kernel: 1 },
    { name: "3×3", x: [2, 5, 4, 7], out: 13, kernel: 3 },
    { name: "Winograd", x: [1, 5, 4, 17], out: 19, kernel: 3, sums: TARGETS.filter((name) => name !== "gpu") },
    {
      name: "phases of an upsampling",
      x: [1, 3, 4, 5],
      out: 6,
      kernel: 3,
      upsample: true,
      sums: TARGETS,
    },
    {
      name: "taps of an upsampling",
      x: [2, 3, 2, 33],
      out: 5,
      kernel: 3,
      upsample: true,
    },
  ];

  /** What the kernels compute with these numbers, and the definition with `exact` ones. */
  async function both({ x, out, kernel, upsample = false }: Half, given: Numbers, exact: Numbers) {
    const input = noiseMap(1, x);
    const bench = new HalfBench(target);
    const pad = (kernel - 1) / 2;
    const filter = filterOf(given, { inChannels: x[3], outChannels: out, kernel });
    const y = conv(bench.graph, bench.map(input), filter, { pad, upsample });
    expect(bench.graph.parameters.filter(({ half }) => half)).toHaveLength(1);
    expect(bench.graph.steps.map((step) => step.kernel.name)).toContain(
      { gpu: "conv-tiled", software: "conv-register" }[target as string] ?? "conv-subgroup",
    );
    const [stored] = await bench.run(y);
    return { stored, expected: conv64(upsample ? double64(input) : input, { ...exact, kernel, pad }) };
  }

  test.each(CASES)("are the rounded ones: $name", async (settings) => {
    const { x, out, kernel, sums = [] } = settings;
    const given = numbers(x[3], out, kernel);
    const perOutput = given.weight.length / out;
    const rounded = float16(given.weight.map((w, index) => w * given.scale[Math.floor(index / perOutput)]!));
    const exact = { ...given, weight: rounded, scale: given.scale.map(() => 1) };
    const { stored, expected } = await both(settings, given, exact);
    if (!sums.includes(target)) {
      expectLinear(`float16, ${target}`, stored, expected);
      // And not the ones before rounding.
      const { expected: unrounded } = await both(settings, given, given);
      expect(worstUnit(unpack(stored, out), unrounded)).toBeGreaterThan(4 * TOLERANCE);
    } else {
      // Half a unit in the last of 11 digits is 2¹³ of ours. Right ones measure below 3000.
      const unit = measure(`float16 sums rounded, ${target}`, stored, expected);
      expect(unit).toBeGreaterThan(TOLERANCE);
      expect(unit).toBeLessThan(2 ** 13);
    }
  });

  test.each(CASES)("that need no rounding are exact: $name", async (settings) => {
    const { x, out, kernel } = settings;
    // 64ths between ±½: any path's sums of them, even Winograd's quarters, are float16 numbers.
    const { weight, scale, bias } = numbers(x[3], out, kernel);
    const given = {
      weight: weight.map((w) => Math.round(32 * w) / 64),
      scale: scale.map((_, index) => [1, 0.5, 2][index % 3]!),
      bias,
    };
    const { stored, expected } = await both(settings, given, given);
    expectLinear(`float16 exact, ${target}`, stored, expected);
  });

  test("are not those of depthwise convolutions", async () => {
    const [input, given] = [noiseMap(1, [1, 4, 5, 5]), numbers(1, 5, 3)];
    const bench = new HalfBench(target);
    const filter = filterOf(given, { inChannels: 5, outChannels: 5, kernel: 3 });
    const [stored] = await bench.run(depthwise(bench.graph, bench.map(input), filter, { pad: 1 }));
    expectLinear("depthwise", stored, conv64(input, { ...given, kernel: 3, pad: 1, depthwise: true }));
  });
});

describe.each(TARGETS)("a convolution of a pyramid on a %s target", (target) => {
  test.each<readonly [string, parts: readonly Extents[], out: number, Activation]>([
    ["one level", [[2, 5, 4, 6]], 8, "relu"],
    [
      "two levels",
      [
        [2, 6, 8, 5],
        [2, 3, 4, 3],
      ],
      4,
      "relu",
    ],
    [
      "three levels, uneven extents",
      [
        [1, 7, 9, 4],
        [1, 4, 5, 6],
        [1, 2, 3, 3],
      ],
      8,
      "relu",
    ],
    [
      "four levels to one pixel",
      [
        [2, 5, 6, 3],
        [2, 3, 3, 4],
        [2, 2, 1, 5],
        [2, 1, 1, 2],
      ],
      12,
      "none",
    ],
    [
      "many channels",
      [
        [1, 4, 5, 17],
        [1, 2, 3, 18],
      ],
      20,
      "relu",
    ],
  ])("equals the definition: %s", async (_, extents, out, activation) => {
    const parts = extents.map((part, index) => noiseMap(20 + index, part));
    const [n, height, width] = extents[0]!;
    const channels = extents.reduce((sum, part) => sum + part[3], 0);
    const given = numbers(channels, out, 3);
    const bench = new Bench(device, target);
    const values = parts.map((part, index) => bench.map(part, `level ${index}`));
    const filter = filterOf(given, { inChannels: channels, outChannels: out, kernel: 3 });
    const [stored] = await bench.run(convOfPyramid(bench.graph, values, filter, activation));

    const all = zeros([n, height, width, channels]);
    let first = 0;
    for (const part of parts) {
      const same = part.height === height && part.width === width;
      const resized = same ? { ...part, terms: part.data.map(Math.abs) } : resize64(part, height, width);
      each(resized, (i, row, column, c, index) => {
        all.data[at(all, i, row, column, first + c)] = resized.data[index]!;
        all.terms[at(all, i, row, column, first + c)] = resized.terms[index]!;
      });
      first += part.channels;
    }
    const expected = conv64(all, { ...given, kernel: 3, pad: 1, activation });
    // The resizes' terms, weighed.
    const { terms } = conv64({ ...all, data: all.terms }, { ...given, kernel: 3, pad: 1 });
    expectLinear(`pyramid, ${target}`, stored, { ...expected, terms });
  });

  test("refuses other kernels, channels and odd outputs", () => {
    const graph = new Graph(target);
    const parts = [graph.map("a", 1, 4, 4, 3), graph.map("b", 1, 2, 2, 5)];
    for (const [inChannels, outChannels, kernel] of [
      [8, 4, 1],
      [7, 4, 3],
      [8, 6, 3],
    ] as const) {
      const filter = filterOf(numbers(inChannels, outChannels, kernel), { inChannels, outChannels, kernel });
      expect(() => convOfPyramid(graph, parts, filter, "relu")).toThrow(/"y" is no 3×3 convolution of 8/);
    }
  });
});

describe("average", () => {
  test.each<readonly [string, Extents, size: number]>([
    ["windows that divide", [2, 6, 6, 5], 3],
    ["windows that overlap", [1, 7, 7, 3], 5],
    ["not square", [2, 5, 8, 6], 3],
    ["more pixels than there are", [1, 2, 3, 5], 4],
    ["of everything", [2, 7, 9, 9], 1],
  ])("%s", async (_, extents, size) => {
    const x = noiseMap(30, extents);
    const bench = new Bench(device);
    const [y] = await bench.run(average(bench.graph, bench.map(x), size, size));
    expectLinear("average", y, adaptive64(x, size));
  });

  test("to other rows than columns", async () => {
    // Of a single row, so that all rows of its square pooling are the one that is asked for; and of a single column.
    const bench = new Bench(device);
    const [wide, tall] = [noiseMap(31, [1, 1, 7, 5]), noiseMap(31, [1, 7, 1, 5])];
    const across = average(bench.graph, bench.map(wide, "wide"), 1, 3);
    const down = average(bench.graph, bench.map(tall, "tall"), 3, 1);
    const [row, column] = await bench.run(across, down);
    const { data, terms } = adaptive64(wide, 3);
    const expected = { n: 1, height: 1, width: 3, channels: 5, data: data.slice(0, 15), terms: terms.slice(0, 15) };
    expectLinear("average", row, expected);
    expectLinear("average", column, { ...expected, height: 3, width: 1 });
  });
});

describe("slice", () => {
  test.each<readonly [Extents, first: number, channels: number]>([
    [[2, 3, 5, 16], 4, 8],
    [[1, 4, 3, 13], 8, 4],
    [[2, 1, 3, 12], 0, 12],
  ])("of %j from %i on, %i channels", async (extents, first, channels) => {
    const x = noiseMap(32, extents);
    const bench = new Bench(device);
    const [y] = await bench.run(slice(bench.graph, bench.map(x), first, channels));
    const expected = zeros([x.n, x.height, x.width, channels]);
    each(expected, (i, row, column, c, index) => {
      expected.data[index] = x.data[at(x, i, row, column, first + c)]!;
    });
    expect(worstError(unpack(y, channels), expected.data)).toBe(0);
  });

  test("refuses parts of vec4s and what is not there", () => {
    const graph = new Graph("gpu");
    const x = graph.map("x", 1, 2, 2, 13);
    expect(() => slice(graph, x, 2, 4)).toThrow(/begins after 2/);
    expect(() => slice(graph, x, 4, 6)).toThrow(/takes 6/);
    expect(() => slice(graph, x, 8, 8)).toThrow(/has 13 channels, not 8 from 8 on/);
  });
});

describe("resize at corners", () => {
  test.each<readonly [string, Extents, height: number, width: number]>([
    ["up", [2, 3, 5, 5], 7, 11],
    ["up by two", [1, 4, 4, 3], 8, 8],
    ["down", [1, 9, 7, 11], 4, 3],
    ["one way up, the other down", [1, 3, 9, 3], 8, 2],
    ["of one pixel", [2, 1, 1, 5], 3, 4],
    ["to one pixel", [1, 5, 4, 5], 1, 1],
  ])("%s", async (_, extents, height, width) => {
    const x = noiseMap(33, extents);
    const bench = new Bench(device);
    const [y] = await bench.run(resize(bench.graph, bench.map(x), height, width, "corner"));
    expectLinear("resize at corners", y, resize64(x, height, width, "corner"));
  });

  test("and add", async () => {
    const [x, addend] = [noiseMap(33, [2, 3, 5, 5]), noiseMap(34, [2, 7, 8, 5])];
    const bench = new Bench(device);
    const [y] = await bench.run(resizeAdd(bench.graph, bench.map(x), bench.map(addend, "addend"), "corner"));
    const resized = resize64(x, 7, 8, "corner");
    expectLinear("resize at corners", y, {
      ...resized,
      data: resized.data.map((value, index) => value + addend.data[index]!),
      terms: resized.terms.map((term, index) => term + Math.abs(addend.data[index]!)),
    });
  });
});

const SAMPLINGS: readonly Sampling[] = ["centre", "corner"];

describe.each(SAMPLINGS)("classify, sampling at a %s", (sampling) => {
  /** The name of the largest channel of the range that `rangeAt` gives for each pixel, and the smallest lead of a winner. */
  function winners(x: Map64, names: readonly number[], rangeAt: (pixel: number) => Range) {
    const labels: number[] = [];
    let lead = Number.POSITIVE_INFINITY;
    for (let pixel = 0; pixel < x.data.length / x.channels; pixel += 1) {
      const { first, count } = rangeAt(pixel);
      const from = pixel * x.channels + first;
      const values = [...x.data.subarray(from, from + count)];
      const [most = 0, second = Number.NEGATIVE_INFINITY] = values.toSorted((a, b) => b - a);
      labels.push(count === 0 ? 0 : names[first + values.indexOf(most)]!);
      if (count > 0) lead = Math.min(lead, most - second);
    }
    return { labels, lead };
  }

  // Ranges that begin and end within vec4s, one of a single channel, one of none.
  const RANGES: readonly Range[] = [
    { first: 1, count: 4 },
    { first: 0, count: 0 },
    { first: 6, count: 7 },
    { first: 5, count: 1 },
  ];
  const NAMES = Array.from({ length: 13 }, (_, index) => 1000 - 7 * index);
  const [HEIGHT, WIDTH, PIXELS] = [6, 7, 42];

  /** [maps] label maps of both images, one after the other. */
  const mapsOf = (stored: Float32Array<ArrayBuffer>, maps: number): number[][] =>
    Array.from({ length: maps }, (_, map) =>
      [0, 1].flatMap((image) => {
        const start = (image * maps + map) * PIXELS;
        return [...bitsOf(stored).subarray(start, start + PIXELS)];
      }),
    );

  test("chooses within a range and leaves other maps alone", async () => {
    // Negative within, larger beyond.
    const x = mapLike(noiseMap(40, [2, 3, 4, 13]), (value, index) =>
      index % 13 < 6 || index % 13 > 12 ? value : value - 9,
    );
    const bench = new Bench(device);
    const labels = bench.graph.value("labels", [2, 3, HEIGHT, WIDTH], "u32");
    classify(bench.graph, bench.map(x), labels, { map: 1, ranges: [RANGES[2]!], names: NAMES, sampling });
    const [stored] = await bench.run(labels);
    const expected = winners(resize64(x, HEIGHT, WIDTH, sampling), NAMES, () => RANGES[2]!);
    expect(expected.lead).toBeGreaterThan(1e-5); // no ties within rounding, or the test says nothing
    const nothing = new Array<number>(2 * PIXELS).fill(0);
    expect(mapsOf(stored, 3)).toEqual([nothing, expected.labels, nothing]);
  });

  test("chooses the range by the label of a gate", async () => {
    const [whole, part] = [noiseMap(41, [2, 4, 3, 5]), noiseMap(42, [2, 3, 5, 13])];
    // Labels of the gate, in no order.
    const gates = [2, 0, 3, 1, 2];
    const bench = new Bench(device);
    const labels = bench.graph.value("labels", [2, 3, HEIGHT, WIDTH], "u32");
    const ranges = [{ first: 0, count: 5 }];
    classify(bench.graph, bench.map(whole, "whole"), labels, { map: 2, ranges, names: gates, sampling });
    const parts = bench.map(part, "part");
    classify(bench.graph, parts, labels, { map: 0, ranges: RANGES, names: NAMES, gate: 2, sampling });
    const [stored] = await bench.run(labels);
    const gate = winners(resize64(whole, HEIGHT, WIDTH, sampling), gates, () => ranges[0]!);
    const expected = winners(resize64(part, HEIGHT, WIDTH, sampling), NAMES, (pixel) => RANGES[gate.labels[pixel]!]!);
    expect(new Set(gate.labels)).toEqual(new Set([0, 1, 2, 3]));
    expect(Math.min(gate.lead, expected.lead)).toBeGreaterThan(1e-5);
    expect(mapsOf(stored, 3)).toEqual([expected.labels, new Array<number>(2 * PIXELS).fill(0), gate.labels]);
  });

  test("refuses ranges and names that do not fit", () => {
    const graph = new Graph("gpu");
    const [x, labels] = [graph.map("x", 1, 2, 2, 5), graph.value("labels", [1, 1, 2, 2], "u32")];
    const names = [0, 1, 2, 3, 4];
    const beyond = { map: 0, ranges: [{ first: 2, count: 4 }], names, sampling };
    expect(() => classify(graph, x, labels, beyond)).toThrow(/"x" has 5 channels, not 4 from 2 on/);
    const few = { map: 0, ranges: [{ first: 2, count: 3 }], names: [0, 1], sampling };
    expect(() => classify(graph, x, labels, few)).toThrow(/2 names do not fit "x"/);
  });
});

/** Softmax within a range of channels; zero outside. */
function softmaxOf(x: Map64, { first, count }: Range): Map64 {
  const y = zeros([x.n, x.height, x.width, x.channels]);
  for (let from = first; from < x.data.length; from += x.channels) {
    const most = Math.max(...x.data.subarray(from, from + count));
    const powers = x.data.subarray(from, from + count).map((value) => Math.exp(value - most));
    const sum = powers.reduce((a, b) => a + b, 0);
    for (let c = 0; c < count; c += 1) y.data[from + c] = powers[c]! / sum;
  }
  return y;
}

describe.each(SAMPLINGS)("probabilities, sampling at a %s", (sampling) => {
  const RANGES: readonly Range[] = [
    { first: 1, count: 5 },
    { first: 6, count: 1 },
    { first: 8, count: 3 },
  ];

  test("sum softmaxes within ranges over several sizes", async () => {
    // All negative, so that neither padding nor a neighbouring range may have a say.
    const maps = (
      [
        [2, 4, 3, 11],
        [2, 9, 7, 11],
        [2, 6, 5, 11],
      ] as const
    ).map((extents, index) => mapLike(noiseMap(50 + index, extents), (value, at) => 8 * value - 20 - (at % 11)));
    const bench = new Bench(device);
    const values = maps.map((map, index) => bench.map(map, `scale ${index}`));
    const [y] = await bench.run(softmaxSum(bench.graph, values, RANGES, [6, 5], sampling));
    const expected = new Float64Array(2 * 6 * 5 * 11);
    for (const map of maps) {
      for (const range of RANGES) {
        softmaxOf(resize64(map, 6, 5, sampling), range).data.forEach((p, index) => {
          expected[index]! += p;
        });
      }
    }
    // Channels of no range stay as they were: zero.
    expect(worstError(unpack(y, 11), expected)).toBeLessThan(5e-6);
  });

  test("of a channel within its range, and added", async () => {
    const maps = (
      [
        [2, 4, 3, 11],
        [2, 7, 8, 11],
      ] as const
    ).map((extents, index) => mapLike(noiseMap(60 + index, extents), (value, at) => 8 * value - 20 - (at % 11)));
    const [range, channel] = [RANGES[0]!, 3];
    const bench = new Bench(device);
    const [small, large] = maps.map((map, index) => bench.map(map, `scale ${index}`));
    const one = probability(bench.graph, small!, { range, channel, sampling }, [6, 5]);
    const two = probability(bench.graph, large!, { range, channel, sampling }, [6, 5], one);
    const [first, sum] = await bench.run(one, two);
    const [a = [], b = []] = maps.map((map) =>
      [...softmaxOf(resize64(map, 6, 5, sampling), range).data].filter((_, index) => index % 11 === channel),
    );
    expect(one.shape).toEqual([2, 6, 5]);
    expect(worstError(first, a)).toBeLessThan(3e-6);
    expect(
      worstError(
        sum,
        a.map((p, index) => p + b[index]!),
      ),
    ).toBeLessThan(5e-6);
  });

  test("refuse a range that is not there", () => {
    const graph = new Graph("gpu");
    const x = graph.map("x", 1, 2, 2, 5);
    const range = { first: 4, count: 2 };
    expect(() => probability(graph, x, { range, channel: 4, sampling }, [2, 2])).toThrow(/"x" has 5 channels/);
    expect(() => softmaxSum(graph, [x], [range], [2, 2], sampling)).toThrow(/"x" has 5 channels/);
  });
});

describe("mask", () => {
  test.each([0, 2, 7])("is one where any map holds label %i", async (label) => {
    const [n, maps, height, width] = [3, 3, 4, 6];
    const next = random(70);
    const held = Uint32Array.from({ length: n * maps * height * width }, () => Math.floor(5 * next()));
    const bench = new Bench(device);
    const labels = bench.graph.value("labels", [n, maps, height, width], "u32");
    bench.give(labels, held);
    const [y] = await bench.run(mask(bench.graph, labels, label));
    const pixels = height * width;
    const expected = Array.from({ length: n * pixels }, (_, at) => {
      const first = Math.floor(at / pixels) * maps * pixels + (at % pixels);
      return [0, 1, 2].some((map) => held[first + map * pixels] === label) ? 1 : 0;
    });
    expect([...y]).toEqual(expected);
    expect(new Set(expected).size).toBe(label === 7 ? 1 : 2);
  });
});
