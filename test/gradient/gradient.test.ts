import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gradient } from "../../src/gradient/gradient.ts";
import { UsageError } from "../../src/index.ts";
import { conv } from "../../src/kernels/conv/conv.ts";
import { constant, type Filter } from "../../src/kernels/conv/filter.ts";
import { edit } from "../../src/kernels/edit/edit.ts";
import { clamp, pixelnorm } from "../../src/kernels/maps/pointwise.ts";
import { maxpool, resizeAdd, slice } from "../../src/kernels/maps/resample.ts";
import { classify, mask } from "../../src/kernels/readout/classify.ts";
import { Weights } from "../../src/models/weights.ts";
import type { Device } from "../../src/runtime/device.ts";
import { bytesOf, Graph, type Value } from "../../src/runtime/graph.ts";
import { Plan } from "../../src/runtime/plan.ts";
import { requestDevice } from "../gpu.ts";
import { Bench, bitsOf, noise, noiseMap, unpack } from "../kernels/reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

/** A 1×1 convolution of `channels` channels whose weight is a factor times one. */
const scaling = (label: string, channels: number, factor: number): Filter => ({
  label,
  inChannels: channels,
  outChannels: channels,
  kernel: 1,
  weight: {
    sources: [],
    of: () => Float32Array.from({ length: channels ** 2 }, (_, at) => (at % (channels + 1) === 0 ? 1 : 0)),
  },
  scale: constant(factor, channels),
  bias: constant(0, channels),
});

describe("gradient", () => {
  test("of a sum unless a seed is given, with zeros in the padding", async () => {
    const bench = new Bench(device);
    const x = bench.map(noiseMap(1, [2, 3, 2, 5]));
    const y = conv(bench.graph, x, scaling("y", 5, 3));
    const [dx] = gradient(bench.graph, y, [x]) as [Value];
    const [stored] = await bench.run(dx);
    expect(dx.shape).toEqual(x.shape);
    expect(new Set(unpack(stored, 5))).toEqual(new Set([3]));
  });

  test("by values at several depths, and by itself", async () => {
    const bench = new Bench(device);
    const x = bench.map(noiseMap(1, [1, 3, 2, 5]));
    const y = conv(bench.graph, x, scaling("y", 5, 3));
    const z = conv(bench.graph, y, scaling("z", 5, 4), { residual: x });
    const slopes = await bench.run(...gradient(bench.graph, z, [x, y, z]));
    expect(slopes.map((stored) => [...new Set(unpack(stored, 5))])).toEqual([[13], [4], [1]]);
  });

  test("adds up what many uses contribute, whatever their operations", async () => {
    const bench = new Bench(device);
    const x = bench.map(noiseMap(1, [1, 4, 4, 4]));
    const twice = conv(bench.graph, x, scaling("a", 4, 2), { residual: x });
    const part = slice(bench.graph, x, 0, 4);
    const clamped = clamp(bench.graph, x);
    const sum = resizeAdd(bench.graph, clamped, resizeAdd(bench.graph, part, twice));
    const [stored] = await bench.run(...gradient(bench.graph, sum, [x]));
    expect(Math.max(...stored!.map((v) => Math.abs(v - 5)))).toBeLessThan(1e-6);
  });

  test.each([4, 36])("adds to what %i channels, upsampled, contribute", async (channels) => {
    const bench = new Bench(device);
    const x = bench.map(noiseMap(1, [1, 2, 2, channels]));
    const centre: Filter = {
      ...scaling("up", channels, 2),
      kernel: 3,
      weight: {
        sources: [],
        of: () =>
          Float32Array.from({ length: 9 * channels ** 2 }, (_, at) => (at % (9 * (channels + 1)) === 4 ? 1 : 0)),
      },
    };
    const up = conv(bench.graph, x, centre, { pad: 1, upsample: true });
    const sum = resizeAdd(bench.graph, conv(bench.graph, x, scaling("same", channels, 3)), up);
    const [stored] = await bench.run(...gradient(bench.graph, sum, [x]));
    // Of four pixels each, by either way.
    expect(Math.max(...stored!.map((v) => Math.abs(v - 4 * 2 - 4 * 3)))).toBeLessThan(1e-5);
    expect(bench.graph.steps.some(({ kernel }) => kernel.name === "taps-back")).toBe(channels === 36);
    expect(bench.graph.steps.some(({ kernel }) => kernel.name === "add")).toBe(false);
  });

  test("takes float16 weights", async () => {
    const bench = new Bench(device, device.target, "f16");
    const x = bench.map(noiseMap(1, [1, 3, 2, 5]));
    const y = conv(bench.graph, x, scaling("y", 5, 0.75));
    const [stored] = await bench.run(...gradient(bench.graph, y, [x]));
    expect(new Set(unpack(stored!, 5))).toEqual(new Set([0.75]));
    const weights = bench.graph.parameters.filter(({ half }) => half).map(({ value }) => value.label);
    expect(weights).toEqual(["y.weight.f16", "y.exchanged.weight.f16"]);
  });

  test("through views of one value in two shapes", async () => {
    const bench = new Bench(device);
    const x = bench.map(noiseMap(1, [1, 1, 1, 16]));
    const flat = conv(bench.graph, x, scaling("flat", 16, 3));
    const map = bench.graph.view(flat, "map", [1, 2, 2, 4], 4);
    const y = conv(bench.graph, map, scaling("y", 4, 5));
    const [byX, byMap] = gradient(bench.graph, y, [x, map]) as [Value, Value];
    expect([byX.shape, byMap.shape]).toEqual([x.shape, map.shape]);
    const [stored] = await bench.run(byX);
    expect(new Set(stored)).toEqual(new Set([15]));
  });

  test("computes only what is asked for", () => {
    const steps = (wrt: "x" | "y") => {
      const graph = new Graph("gpu");
      const x = graph.map("x", 1, 4, 4, 4);
      const y = pixelnorm(graph, x);
      const z = conv(graph, y, scaling("z", 4, 2));
      conv(graph, z, scaling("aside", 4, 2));
      const before = graph.steps.length;
      gradient(graph, z, [{ x, y }[wrt]]);
      return graph.steps.slice(before).map(({ kernel }) => kernel.name);
    };
    expect(steps("y")).toEqual(["ones", "conv-tiled"]);
    expect(steps("x")).toEqual(["ones", "conv-tiled", "pixelnorm-back"]);
  });

  test("takes each network's weights, whatever their names", async () => {
    const learned = (factor: number): Weights =>
      new Weights(
        device,
        new Map([
          [
            "w",
            {
              name: "w",
              dtype: "float32",
              shape: [4, 4, 1, 1],
              read: async () => Float32Array.from({ length: 16 }, (_, at) => (at % 5 === 0 ? factor : 0)),
            },
          ],
        ]),
      );
    const filter: Filter = { ...scaling("layer", 4, 1), weight: { sources: ["w"], of: ([w]) => w! } };
    const [first, second] = [learned(2), learned(7)];
    const graph = new Graph(device.target);
    const x = graph.map("x", 1, 1, 1, 4);
    const y = graph.owned(first, () => conv(graph, x, filter));
    const z = graph.owned(second, () => conv(graph, y, filter));
    const slopes = gradient(graph, z, [x, y]);
    const bind = [...(await first.bind(graph)), ...(await second.bind(graph))];
    const plan = await Plan.compile(device, graph, { keep: slopes, bind });
    plan.run();
    expect([...(await plan.tensor(slopes[0]!).read())]).toEqual([14, 14, 14, 14]);
    expect([...(await plan.tensor(slopes[1]!).read())]).toEqual([7, 7, 7, 7]);
    plan.dispose();
    for (const weights of [first, second]) weights.dispose();
  });
});

describe("recompute", () => {
  /**
   * A chain of blocks of two convolutions and a pixelnorm, its inner results computed again or not.
   */
  async function chain(again: boolean) {
    const graph = new Graph(device.target);
    const x = graph.map("x", 1, 32, 32, 16);
    const filter = (label: string): Filter => ({
      ...scaling(label, 16, 0.1),
      kernel: 3,
      weight: { sources: [], of: () => noise(7, 16 * 16 * 9) },
    });
    let y = x;
    const inner: Value[] = [];
    for (const block of ["a", "b", "c", "d", "e"]) {
      const first = conv(graph, y, filter(`${block}.1`), { pad: 1, activation: "leaky" });
      const second = conv(graph, pixelnorm(graph, first), filter(`${block}.2`), { pad: 1, activation: "leaky" });
      inner.push(first, second);
      y = conv(graph, second, filter(`${block}.3`), { pad: 1, activation: "leaky", residual: y });
    }
    const forward = graph.flops;
    const [dx] = gradient(graph, y, [x], again ? { recompute: inner } : {}) as [Value];
    const weights = new Weights(device, new Map());
    const plan = await Plan.compile(device, graph, { keep: [dx], bind: await weights.bind(graph) });
    plan.tensor(x).write(noise(1, 32 * 32 * 16));
    plan.run();
    const bits = bitsOf(await plan.tensor(dx).read());
    plan.dispose();
    weights.dispose();
    return { bits, maps: plan.bytes / bytesOf(x), flops: graph.flops / forward };
  }

  test("takes time for memory and gives the same bits", async () => {
    const [kept, again] = [await chain(false), await chain(true)];
    expect(again.bits).toEqual(kept.bits);
    console.log(
      `kept: ${kept.maps.toFixed(1)} maps, ${kept.flops.toFixed(2)} × the way there; ` +
        `computed again: ${again.maps.toFixed(1)} maps, ${again.flops.toFixed(2)} ×`,
    );
    expect(again.maps).toBeLessThan(0.75 * kept.maps);
    expect(again.flops).toBeLessThan(kept.flops + 1);
  });

  test("refuses what no operation computes", () => {
    const graph = new Graph("gpu");
    const x = graph.map("x", 1, 4, 4, 4);
    const y = pixelnorm(graph, x);
    expect(() => gradient(graph, y, [x], { recompute: [x] })).toThrow(
      expect.objectContaining({ code: "usage", message: expect.stringMatching(/"x" is not computed by an operation/) }),
    );
  });
});

describe("without a gradient", () => {
  const graph = () => {
    const made = new Graph("gpu");
    return { made, x: made.map("x", 1, 4, 4, 4) };
  };
  /** Expects a UsageError that appended nothing. */
  const refused = (made: Graph, of: Value, wrt: Value, message: RegExp): void => {
    const before = made.steps.length;
    expect(() => gradient(made, of, [wrt])).toThrow(UsageError);
    expect(() => gradient(made, of, [wrt])).toThrow(message);
    expect(made.steps.length).toBe(before);
  };

  test("what does not depend on it", () => {
    const { made, x } = graph();
    const y = pixelnorm(made, x);
    refused(made, y, made.map("other", 1, 4, 4, 4), /"x.normed" does not depend on "other"/);
    refused(made, x, y, /"x" does not depend on "x.normed"/);
  });

  test("labels and masks", () => {
    const { made, x } = graph();
    const labels = made.value("labels", [1, 1, 4, 4], "u32");
    classify(made, pixelnorm(made, x), labels, { map: 0, ranges: [{ first: 0, count: 4 }], names: [0, 1, 2, 3] });
    refused(made, labels, x, /no gradient through "labels", which "classify" computes.*segmenter's score/);
    refused(made, mask(made, labels, 2), x, /no gradient through "mask of 2", which "mask" computes/);
  });

  test("a caller's edit, and an edit by its mask", () => {
    const { made, x } = graph();
    const own = edit(made, x, { rule: "return sin(x);" });
    refused(made, maxpool(made, own.y), x, /through "x.edited", which "the rule" computes/);
    const { y, values } = edit(made, x);
    refused(made, y, values.mask, /by "x.mask" of "x.edited", which "edit" computes/);
  });

  test("a seed of another shape", () => {
    const { made, x } = graph();
    const y = pixelnorm(made, x);
    expect(() => gradient(made, y, [x], { seed: made.map("seed", 1, 4, 5, 4) })).toThrow(
      expect.objectContaining({ code: "shape", message: expect.stringMatching(/seed \[1,4,5,4\] does not fit/) }),
    );
  });
});
