import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inverseRoot, modulate, truncate } from "../../../src/kernels/maps/modulate.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Graph } from "../../../src/runtime/graph.ts";
import { requestDevice } from "../../gpu.ts";
import { expectLinear } from "../linear.ts";
import { at, Bench, type Extents, each, mapLike, noise, noiseMap, zeros } from "../reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

describe("modulate", () => {
  test.each<readonly [Extents, number]>([
    [[2, 3, 5, 7], 2],
    [[1, 4, 4, 9], 3],
    [[3, 1, 1, 4], 3],
  ])("[%j] for %i images", async (extents, n) => {
    const x = noiseMap(1, extents);
    const s = noiseMap(2, [n, 1, 1, extents[3]]);
    const bench = new Bench(device);
    const [y] = await bench.run(modulate(bench.graph, bench.map(x), bench.map(s, "s")));
    const expected = zeros([n, extents[1], extents[2], extents[3]]);
    each(expected, (i, row, column, c, to) => {
      const from = at(x, extents[0] === 1 ? 0 : i, row, column, c);
      expected.data[to] = x.data[from]! * s.data[i * extents[3] + c]!;
      expected.terms[to] = Math.abs(expected.data[to]!);
    });
    expectLinear("modulate", y, expected);
  });

  test("adds what it is given", async () => {
    const x = noiseMap(1, [2, 3, 5, 7]);
    const [s, shift] = [noiseMap(2, [2, 1, 1, 7]), noiseMap(3, [2, 1, 1, 7])];
    const bench = new Bench(device);
    const made = modulate(bench.graph, bench.map(x), bench.map(s, "s"), bench.map(shift, "shift"));
    const [y] = await bench.run(made);
    const expected = zeros([2, 3, 5, 7]);
    each(expected, (i, _, __, c, to) => {
      const [product, summand] = [x.data[to]! * s.data[i * 7 + c]!, shift.data[i * 7 + c]!];
      expected.data[to] = product + summand;
      expected.terms[to] = Math.abs(product) + Math.abs(summand);
    });
    expectLinear("modulate", y, expected);
  });

  test.each<readonly [Extents]>([[[2, 1, 1, 5]], [[1, 1, 1, 8]], [[2, 1, 2, 8]], [[3, 1, 1, 8]]])(
    "refuses factors %j for two images of eight channels",
    (extents) => {
      const graph = new Graph("gpu");
      const x = graph.map("x", 2, 3, 3, 8);
      const [n, height, width, channels] = extents;
      expect(() => modulate(graph, x, graph.map("s", n, height, width, channels))).toThrow(/"s".*cannot modulate "x"/);
      const fitting = graph.map("f", 2, 1, 1, 8);
      const shift = graph.map("shift", n, height, width, channels);
      expect(() => modulate(graph, x, fitting, shift)).toThrow(/"shift".*cannot modulate "x"/);
    },
  );
});

test("inverse roots; of nothing, nothing", async () => {
  const x = mapLike(noiseMap(1, [2, 3, 1, 6]), (v, index) => (index === 3 ? 0 : 3 * Math.abs(v) + 1e-8));
  const bench = new Bench(device);
  const [y] = await bench.run(inverseRoot(bench.graph, bench.map(x), 1.5));
  const data = x.data.map((v) => (v === 0 ? 0 : 1.5 / Math.sqrt(v)));
  expect(data[3]).toBe(0);
  expectLinear("inverse root", y, { ...x, data, terms: data.map(Math.abs) });
});

describe("truncation", () => {
  test("makes a row for every layer", async () => {
    const [n, rows, channels] = [3, 5, 6];
    const w = noiseMap(1, [n, 1, 1, channels]);
    const [psi, rest] = [noise(2, rows), noiseMap(3, [1, 1, rows, channels])];
    const bench = new Bench(device);
    const [psis, rests] = [bench.graph.value("psi", [rows]), bench.graph.value("rest", [rows, 8])];
    bench.give(psis, psi);
    const stored = new Float32Array(rows * 8);
    rest.data.forEach((v, index) => {
      stored[Math.floor(index / channels) * 8 + (index % channels)] = v;
    });
    bench.give(rests, stored);
    const made = truncate(bench.graph, "w+", bench.map(w), psis, rests);
    expect(made).toMatchObject({ shape: [n, rows, 1, 8], channels });
    const [y] = await bench.run(made);
    const expected = zeros([n, rows, 1, channels]);
    each(expected, (i, row, _, c, to) => {
      const [near, far] = [psi[row]! * w.data[i * channels + c]!, rest.data[row * channels + c]!];
      expected.data[to] = near + far;
      expected.terms[to] = Math.abs(near) + Math.abs(far);
    });
    expectLinear("truncate", y, expected);
  });

  test("of vectors only, towards as many numbers", () => {
    const graph = new Graph("gpu");
    const psi = graph.value("psi", [5]);
    const of = (height: number, channels: number) =>
      truncate(graph, "w+", graph.map("w", 2, height, 1, 8), psi, graph.value("rest", [5, channels]));
    expect(() => of(2, 8)).toThrow(/cannot be truncated/);
    expect(() => of(1, 4)).toThrow(/cannot be truncated/);
  });
});
