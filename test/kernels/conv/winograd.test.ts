import { afterAll, beforeAll, expect, test } from "vitest";
import { ONE_BY_ONE } from "../../../src/kernels/conv/winograd.ts";
import inputKernel from "../../../src/kernels/generated/winograd-input.wgsl.ts";
import outputKernel from "../../../src/kernels/generated/winograd-output.wgsl.ts";
import { lanes } from "../../../src/kernels/lanes.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { requestDevice } from "../../gpu.ts";
import { Bench, bitsOf, noise, noiseMap } from "../reference.ts";
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

interface Transformed {
  readonly OUTPUTS: 2 | 4;
  /** Of the map: the output is as large with a pad of 1, and two rows and columns less with 0. */
  readonly extents: readonly [images: number, height: number, width: number, channels: number];
  readonly pad: 0 | 1;
  readonly ACTIVATION: number;
  readonly RESIDUAL: boolean;
}

// Sizes and pad are numbers of a launch. Every activation, as they are choices of code of its own;
// the residual is added before, whichever it is, so with some of them.
test.each<Transformed>([
  { OUTPUTS: 4, extents: [2, 9, 7, 12], pad: 1, ACTIVATION: 0, RESIDUAL: false },
  { OUTPUTS: 4, extents: [1, 8, 16, 4], pad: 0, ACTIVATION: 1, RESIDUAL: true },
  { OUTPUTS: 4, extents: [3, 5, 11, 8], pad: 1, ACTIVATION: 2, RESIDUAL: true },
  { OUTPUTS: 4, extents: [1, 7, 6, 72], pad: 0, ACTIVATION: 3, RESIDUAL: false },
  { OUTPUTS: 2, extents: [2, 5, 9, 8], pad: 1, ACTIVATION: 2, RESIDUAL: true },
  { OUTPUTS: 2, extents: [1, 8, 5, 12], pad: 0, ACTIVATION: 1, RESIDUAL: false },
])("channels one by one are those of four at a time, to the bit: %j", async (given) => {
  const { OUTPUTS, extents, pad, ACTIVATION, RESIDUAL } = given;
  const [n, height, width, channels] = extents;
  const bench = new Bench(device);
  const { graph } = bench;
  const x = bench.map(noiseMap(1, extents));
  const [outHeight, outWidth] = [height - 2 + 2 * pad, width - 2 + 2 * pad];
  const residual = bench.map(noiseMap(2, [n, outHeight, outWidth, channels]), "residual");
  const bias = graph.value("bias", [channels]);
  bench.give(bias, noise(3, channels));
  const [tileRows, tileColumns] = [Math.ceil(outHeight / OUTPUTS), Math.ceil(outWidth / OUTPUTS)];
  const tiles = n * tileRows * tileColumns;
  const vectors = channels / 4;
  const total = tiles * vectors;
  const grid = { tileRows, tileColumns, tiles, first: 0, vectors, total };
  // Small, as of others ReLU6 would leave little.
  const m = graph.value("products", [(OUTPUTS + 2) ** 2, tiles, channels]);
  bench.give(
    m,
    noise(4, (OUTPUTS + 2) ** 2 * tiles * channels).map((value) => value / 8),
  );
  const by = (form: Partial<typeof ONE_BY_ONE>) => {
    const d = graph.value("tiles", [(OUTPUTS + 2) ** 2, tiles, channels]);
    graph.step(inputKernel, { x, y: d }, { ...grid, height, width, pad }, lanes(total), {
      choices: { OUTPUTS, ...form },
    });
    const y = graph.map("y", n, outHeight, outWidth, channels);
    const shape = { ...grid, height: outHeight, width: outWidth };
    const choices = { OUTPUTS, ACTIVATION, RESIDUAL, ...form };
    graph.step(outputKernel, { m, bias, residual, y }, shape, lanes(total), { choices });
    return [d, y] as const;
  };
  const [four, one] = [by({}), by(ONE_BY_ONE)];
  const [d, y, oneD, oneY] = await bench.run(...four, ...one);
  expect(bitsOf(oneD!)).toEqual(bitsOf(d!));
  expect(bitsOf(oneY!)).toEqual(bitsOf(y!));
  expect(new Set(d).size).toBeGreaterThan(d!.length / 2);
  expect(new Set(y).size).toBeGreaterThan(y!.length / 4);
});
