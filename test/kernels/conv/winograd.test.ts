import { afterAll, beforeAll, test } from "vitest";
import inputKernel from "../../../src/kernels/generated/winograd-input.wgsl.ts";
import outputKernel from "../../../src/kernels/generated/winograd-output.wgsl.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { requestDevice } from "../../gpu.ts";
import { Bench, noise } from "../reference.ts";
import { channels, expectSame, height, images, map, width } from "./chunks.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

test.each([2, 4] as const)("tiles of %i outputs of a later chunk are its own images'", async (OUTPUTS) => {
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
    graph.step(inputKernel, { x, y: d }, { ...shape, pad: 1 }, [1, 1, 1], { choices: { OUTPUTS } });
    graph.step(outputKernel, { m: d, bias, residual: bias, y }, shape, [1, 1, 1], { choices: { OUTPUTS } });
    return y;
  };
  await expectSame(bench, through(0, 3), through(1, 2));
});
