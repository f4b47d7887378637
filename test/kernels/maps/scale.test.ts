import { afterAll, beforeAll, describe, test } from "vitest";
import { scale } from "../../../src/kernels/maps/scale.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { requestDevice } from "../../gpu.ts";
import { expectLinear } from "../linear.ts";
import { Bench, noise, noiseMap } from "../reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

describe("numbers for each channel", () => {
  test.each([5, 8])("scale and shift %i of them, but no padding", async (channels) => {
    const x = noiseMap(1, [2, 3, 4, channels]);
    const [factors, addends] = [noise(2, channels), noise(3, channels)];
    const bench = new Bench(device);
    const learned = (numbers: Float32Array) => ({ sources: [], of: () => numbers });
    const [y] = await bench.run(scale(bench.graph, bench.map(x), "norm", learned(factors), learned(addends)));
    const product = x.data.map((v, index) => v * factors[index % channels]!);
    expectLinear("scale", y, {
      ...x,
      data: product.map((v, index) => v + addends[index % channels]!),
      terms: product.map((v, index) => Math.abs(v) + Math.abs(addends[index % channels]!)),
    });
  });
});
