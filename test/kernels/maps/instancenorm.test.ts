import { afterAll, beforeAll, expect, test } from "vitest";
import { instancenorm, partOf } from "../../../src/kernels/maps/instancenorm.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { requestDevice } from "../../gpu.ts";
import { expectLinear } from "../linear.ts";
import { Bench, type Extents, mapLike, noiseMap } from "../reference.ts";
import { instancenorm64 } from "../style64.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

test.each<readonly [Extents, number]>([
  [[2, 3, 5, 7], 0],
  [[3, 9, 16, 4], 0.5],
  [[1, 80, 70, 5], -4],
  [[2, 2, 2, 9], 30],
])("[%j] around %d", async (extents, mean) => {
  const x = mapLike(noiseMap(1, extents), (v) => v + mean);
  const bench = new Bench(device);
  const [y] = await bench.run(instancenorm(bench.graph, bench.map(x), 1e-3));
  expectLinear("instancenorm", y, instancenorm64(x, 1e-3));
});

test("of what is the same everywhere is zero", async () => {
  const x = mapLike(noiseMap(1, [2, 4, 4, 5]), (_, index) => (index % 5) - 2);
  const bench = new Bench(device);
  const [y] = await bench.run(instancenorm(bench.graph, bench.map(x), 1e-8));
  expect(y.every((v) => v === 0)).toBe(true);
});

test("its sums are of about as many parts as each has pixels", () => {
  expect([1, 64, 4096, 4097, 2 ** 20].map(partOf)).toEqual([64, 64, 64, 128, 1024]);
});
