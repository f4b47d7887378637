import { afterAll, beforeAll, test } from "vitest";
import { product } from "../../../src/kernels/conv/product.ts";
import sumKernel from "../../../src/kernels/generated/conv-sum.wgsl.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { requestDevice } from "../../gpu.ts";
import { Bench, noise } from "../reference.ts";
import { channels, expectSame, height, images, map, width } from "./chunks.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

test("parts of sums of a later chunk are its own images'", async () => {
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
