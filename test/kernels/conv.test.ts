import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Activation, conv, type Filter } from "../../src/kernels/conv.ts";
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
  { name: "more pixels and channels than a tile", x: [1, 9, 8, 69], out: 70, kernel: 3, pad: 1 },
  { name: "tiles that cross images", x: [3, 5, 5, 11], out: 5, kernel: 3, pad: 1 },
  { name: "residual and relu", x: [3, 5, 3, 13], out: 5, kernel: 3, pad: 1, activation: "relu", residual: true },
  { name: "residual, relu, tiles", x: [1, 9, 9, 17], out: 67, kernel: 1, activation: "relu", residual: true },
  { name: "upsampling and leaky", x: [1, 3, 5, 3], out: 5, kernel: 3, pad: 1, upsample: true, activation: "leaky" },
  { name: "upsampling one pixel", x: [1, 1, 1, 5], out: 3, kernel: 3, pad: 1, upsample: true, activation: "leaky" },
  { name: "upsampling, tiles", x: [3, 5, 5, 13], out: 69, kernel: 3, pad: 1, upsample: true, activation: "leaky" },
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
  const units: number[] = [];
  afterAll(() => console.log(`${kernel}: worst error ${Math.max(...units).toFixed(2)} ε·Σ|terms|`));

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
    units.push(unit);
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

  test("is what such a graph runs", () => {
    const graph = new Graph(target);
    const settings = CASES[0]!;
    conv(graph, graph.map("x", ...settings.x), filterOf(settings, numbers(settings)));
    expect(graph.steps.map((step) => step.kernel.name)).toEqual([kernel]);
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
