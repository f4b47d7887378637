import { beforeAll, describe, expect, test } from "vitest";
import type { Contest, Contestant } from "../../bench/contest.ts";
import {
  interpolation,
  type Network,
  NetworkBuilder,
  type Shape,
  type Value,
} from "../../bench/networks/operations.ts";
import { peer } from "../../bench/peers/installed.mjs";
import { prepareJax, transposed } from "../../bench/peers/jax.ts";
import type { Jax } from "../../bench/peers/jax-network.ts";
import { onnxRuntimeWasm } from "../../bench/peers/ort-wasm.ts";
import { RandomState } from "../../src/weights/random.ts";

/** For differences: so small that few maxima change their places between. */
const STEP = 0.002;
const random = new RandomState(7);
const noise = (length: number) => Float32Array.from({ length }, () => random.nextNormal());

const size = 8;
const labels = Uint32Array.from({ length: size ** 2 }, (_, pixel) => (pixel * pixel) % 3);
const ladder = Float32Array.from({ length: 3 * 4 }, (_, at) => 0.5 * Math.floor(at / 4) - 0.3 + 0.01 * (at % 4));

/** Networks of an operation or two, and the shape of their input. */
const NETWORKS: readonly [string, Shape, (builder: NetworkBuilder, x: Value) => Value][] = [
  ["pixelnorm and upsampling", [2, 3, 5, 4], (builder, x) => builder.upsample(builder.pixelnorm(x))],
  ["dense", [2, 1, 1, 6], (builder, x) => builder.dense(x, noise(6 * 16 * 5), noise(16 * 5))],
  [
    "a convolution with stride, uneven zeros and LeakyReLU",
    [2, 7, 6, 3],
    (builder, x) =>
      builder.conv(x, { weight: noise(5 * 3 * 9), bias: noise(5), stride: 2, pad: [0, 1, 2, 1], activation: "leaky" }),
  ],
  [
    "a dilated convolution of each channel by itself, with ReLU",
    [1, 8, 8, 4],
    (builder, x) =>
      builder.conv(x, {
        weight: noise(4 * 9),
        bias: noise(4),
        groups: 4,
        dilation: 2,
        pad: [2, 2, 2, 2],
        activation: "relu",
      }),
  ],
  [
    "parts, side by side and added",
    [1, 4, 4, 6],
    (builder, x) => {
      const [a, b] = builder.split(x, 2) as [Value, Value];
      return builder.concat([builder.add(a, b, "relu"), a]);
    },
  ],
  ["resizing by pixels' centres", [2, 3, 4, 2], (builder, x) => builder.resize(x, 8, 6)],
  ["resizing by pixels' corners", [1, 3, 4, 2], (builder, x) => builder.resize(x, 9, 12, "corner")],
  [
    "pooling the maximum, behind a ReLU",
    [1, 6, 6, 3],
    (builder, x) => builder.maxpool(builder.conv(x, { weight: noise(9), bias: noise(3), activation: "relu" })),
  ],
  ["pooling the mean", [2, 6, 6, 3], (builder, x) => builder.avgpool(x, 3)],
  ["pooling by a matrix", [2, 4, 4, 3], (builder, x) => builder.matrixpool(x, noise(2 * 4))],
  ["counts", [1, 4, 4, 4], (builder, x) => builder.count(x, { size, levels: ladder, concepts: 3, labels })],
  [
    "quantiles",
    [3, 2, 2, 5],
    (builder, x) =>
      builder.quantiles(x, [
        { low: 11, weight: 0 },
        { low: 4, weight: 0.25 },
      ]),
  ],
];

const networkOf = ([, shape, append]: (typeof NETWORKS)[number]): Network => {
  const builder = new NetworkBuilder(shape);
  return builder.network(append(builder, builder.input));
};

describe("jax-js and ONNX Runtime, each from a translation of its own, agree on", () => {
  let jax: Jax;
  let ort: Contestant;
  beforeAll(async () => {
    jax = await peer("@jax-js/jax");
    await jax.init("cpu");
    jax.defaultDevice("cpu");
    const folder = new URL("../../bench/node_modules/onnxruntime-web/dist/", import.meta.url).href;
    ort = await onnxRuntimeWasm(1)({
      server: "",
      tfjs: "",
      jax: "",
      ort: folder,
      ortThreads: `${folder}ort.node.min.mjs`,
      peers: [],
    });
  });

  test.each(NETWORKS)("%s", async (...named) => {
    const network = networkOf(named);
    const input = noise(named[1].reduce((product, extent) => product * extent, 1));
    const runners = [prepareJax(jax, { input, network }), await ort.prepare({ input, network } as Contest)];
    const outputs: Float32Array[] = [];
    for (const runner of runners) {
      await runner.run();
      await runner.run(); // a second time, when what the first gave away is gone
      outputs.push(await runner.output());
      await runner.dispose();
    }
    const [a, b] = outputs as [Float32Array, Float32Array];
    expect(a).toHaveLength(network.output.shape.reduce((product, extent) => product * extent, 1));
    expect(b).toHaveLength(a.length);
    expect(Math.hypot(...a)).toBeGreaterThan(0.1);
    for (const [at, value] of a.entries()) expect(value, `at ${at}`).toBeCloseTo(b[at]!, 4);
  });

  test("the gradient by what is edited, back through what a generator and a segmenter are made of", async () => {
    const builder = new NetworkBuilder([1, 1, 1, 3]);
    const edited = builder.edit(builder.input, noise(2 * 4 * 4 * 3), [2, 4, 4, 3]);
    const up = builder.upsample(builder.pixelnorm(edited));
    const x = builder.conv(up, { weight: noise(4 * 3 * 9), bias: noise(4), activation: "leaky" });
    const small = builder.maxpool(builder.conv(x, { weight: noise(4 * 4), bias: noise(4), activation: "relu" }));
    const bins = builder.resize(builder.matrixpool(small, Float32Array.of(0.5, 0.5, 0, 0, 0, 0, 0.5, 0.5)), 4, 4);
    const both = builder.add(builder.concat([small, bins]), builder.concat([bins, small]), "relu");
    const logits = builder.conv(both, { weight: noise(2 * 8).map((value) => value / 4), bias: noise(2) });
    const network = builder.gradient(builder.probability(logits, 1));
    const input = Float32Array.of(0.1, 0.5, 0.9);
    const runner = prepareJax(jax, { input, network });
    await runner.run();
    const gradient = await runner.output();
    await runner.dispose();
    // Against differences of the mean, which the same network without its way back gives.
    const forward = { ...network, gradient: false };
    const meanAt = async (input: Float32Array<ArrayBuffer>) => {
      const runner = prepareJax(jax, { input, network: forward });
      await runner.run();
      const output = await runner.output();
      await runner.dispose();
      return output.reduce((sum, value) => sum + value, 0) / output.length;
    };
    const apart: number[] = [];
    for (const unit of input.keys()) {
      const [low, high] = [-STEP, STEP].map((step) => input.map((value, at) => value + (at === unit ? step : 0)));
      apart.push(gradient[unit]! - ((await meanAt(high!)) - (await meanAt(low!))) / (2 * STEP));
    }
    expect(Math.hypot(...gradient)).toBeGreaterThan(0.01);
    // Where a kink lies between the two, the difference is a little off.
    expect(Math.hypot(...apart) / Math.hypot(...gradient)).toBeLessThan(0.05);
  });
});

describe("helpers", () => {
  test("channels go first", () => {
    expect([...transposed(Float32Array.of(1, 2, 3, 4, 5, 6), 1, 2, 3)]).toEqual([1, 4, 2, 5, 3, 6]);
  });

  test("every output of a resizing is a mean of inputs", () => {
    for (const sampling of ["half-pixel", "corner"] as const) {
      const matrix = interpolation(3, 7, sampling);
      for (let row = 0; row < 7; row += 1) {
        expect(matrix.slice(3 * row, 3 * row + 3).reduce((sum, value) => sum + value, 0)).toBeCloseTo(1);
      }
    }
    expect([...interpolation(2, 4, "half-pixel")]).toEqual([1, 0, 0.75, 0.25, 0.25, 0.75, 0, 1]);
    expect([...interpolation(2, 4, "corner")]).toEqual([1, 0, 0.5, 0.5, 0, 1, 0, 1]);
  });
});
