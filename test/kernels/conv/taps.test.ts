import { afterAll, beforeAll, test } from "vitest";
import { product } from "../../../src/kernels/conv/product.ts";
import tapsKernel from "../../../src/kernels/generated/taps.wgsl.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { requestDevice } from "../../gpu.ts";
import { Bench, noise } from "../reference.ts";
import { channels, expectSame, height, images, map, width } from "./chunks.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

test.each(["8x16", "64x64"] as const)("products on tiles of %s of a later chunk are its own images'", async (tile) => {
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
    product(graph, tile, { x, weight, y: t }, { first: first * height * width, rows, inVectors: 1, outVectors: 9 }, 0);
    graph.step(tapsKernel, { t, bias, y }, { height, width, vectors: 1, first, total: rows }, [1, 1, 1]);
    return y;
  };
  await expectSame(bench, through(0, 3), through(1, 2));
});
