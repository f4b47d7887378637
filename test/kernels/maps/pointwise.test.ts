import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bytes, clamp, pixelnorm } from "../../../src/kernels/maps/pointwise.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice } from "../../gpu.ts";
import { expectLinear } from "../linear.ts";
import { Bench, type Extents, type Map64, mapLike, noiseMap, pixelnorm64, unpack, worstError } from "../reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

describe("pixelnorm", () => {
  test.each<readonly [Extents]>([[[2, 3, 5, 13]], [[1, 9, 9, 3]], [[3, 1, 1, 64]]])("%j", async (extents) => {
    const x = mapLike(noiseMap(1, extents), (value) => 3 * value);
    const bench = new Bench(device);
    const [y] = await bench.run(pixelnorm(bench.graph, bench.map(x)));
    const expected = pixelnorm64(x);
    expectLinear("pixelnorm", y, { ...expected, terms: expected.data.map(Math.abs) });
  });

  test("of tiny and of zero pixels stays finite", async () => {
    const x = mapLike(noiseMap(1, [1, 2, 2, 5]), (value, index) => (index < 5 ? 0 : value * 1e-5));
    const bench = new Bench(device);
    const [y] = await bench.run(pixelnorm(bench.graph, bench.map(x)));
    const expected = pixelnorm64(x);
    expectLinear("pixelnorm", y, { ...expected, terms: expected.data.map(Math.abs) });
  });
});

describe("pixels", () => {
  test("become bytes, truncated and clamped", async () => {
    const middles = Array.from({ length: 256 }, (_, byte) => (2 * (byte + 0.5)) / 255 - 1);
    const edges = Array.from({ length: 256 }, (_, byte) => (2 * byte) / 255 - 1);
    const beyond = [-1.001, -7, -1e30, 1.001, 1.2, 1e30, 0, -0];
    const data = Float64Array.from([...middles, ...edges, ...beyond, 0.5, -0.5], Math.fround);
    const x: Map64 = { n: 1, height: 2, width: data.length / 6, channels: 3, data };
    const bench = new Bench(device);
    const [rgba] = await bench.run(bytes(bench.graph, bench.map(x)));
    const got = new Uint8Array(rgba.buffer);
    const expected: number[] = [];
    for (let pixel = 0; pixel < data.length / 3; pixel += 1) {
      for (let c = 0; c < 3; c += 1) {
        // In single precision, like the reference implementation.
        const byte = Math.fround(Math.fround(Math.fround(data[3 * pixel + c]! + 1) / 2) * 255);
        expected.push(Math.trunc(Math.min(255, Math.max(0, byte))));
      }
      expected.push(255);
    }
    expect([...got]).toEqual(expected);
    middles.slice(0, 255).forEach((_, byte) => {
      expect(got[Math.floor(byte / 3) * 4 + (byte % 3)]).toBe(byte);
    });
  });

  test("bytes are made of RGB only", () => {
    const graph = new Graph("gpu");
    expect(() => bytes(graph, graph.map("x", 1, 2, 2, 4))).toThrow(/RGB/);
  });

  test("are clamped to [−1, 1]", async () => {
    const x = mapLike(noiseMap(18, [2, 3, 3, 3]), (value) => 3 * value);
    const bench = new Bench(device);
    const [y] = await bench.run(clamp(bench.graph, bench.map(x)));
    expect(
      worstError(
        unpack(y, 3),
        x.data.map((value) => Math.min(1, Math.max(-1, value))),
      ),
    ).toBe(0);
  });
});
