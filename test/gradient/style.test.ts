import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { demodulate } from "../../src/kernels/conv/demodulate.ts";
import { upconv } from "../../src/kernels/conv/upconv.ts";
import { area, type Pair } from "../../src/kernels/conv/window.ts";
import { fir } from "../../src/kernels/maps/fir.ts";
import { instancenorm } from "../../src/kernels/maps/instancenorm.ts";
import { inverseRoot, modulate, truncate } from "../../src/kernels/maps/modulate.ts";
import type { Device } from "../../src/runtime/device.ts";
import { requestDevice } from "../gpu.ts";
import { filterOf, numbers as weightsOf } from "../kernels/conv/filters.ts";
import {
  type Extents,
  each,
  type Linear,
  type Map64,
  mapLike,
  noise,
  noiseMap,
  TOLERANCE,
  worstError,
  worstUnit,
  zeros,
} from "../kernels/reference.ts";
import { demodulate64, fir64, given, instancenorm64, numbersOf, transposed64 } from "../kernels/style64.ts";
import { adjoint64, backward, differences64, TARGETS } from "./reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const exact = (map: Map64): Linear => ({ ...map, terms: map.data.map(Math.abs) });

function modulate64(x: Map64, s: Map64): Float64Array {
  const y = zeros([s.n, x.height, x.width, x.channels]);
  return y.data.map((_, index) => {
    const size = x.height * x.width * x.channels;
    return (
      x.data[x.n === 1 ? index % size : index]! * s.data[Math.floor(index / size) * x.channels + (index % x.channels)]!
    );
  });
}

describe("modulation", () => {
  test.each<readonly [Extents, number]>([
    [[2, 3, 5, 7], 2],
    [[1, 4, 4, 5], 3],
    [[1, 13, 11, 3], 1],
  ])("of [%j] for %i images", async (extents, n) => {
    const [x, s] = [noiseMap(1, extents), noiseMap(2, [n, 1, 1, extents[3]])];
    const { dy, gradients } = await backward(device, "gpu", [x, s], (graph, [a, b]) => modulate(graph, a!, b!));
    expect(
      worstError(
        gradients[0]!,
        differences64(x, dy.data, (map) => modulate64(map, s)),
      ),
    ).toBeLessThan(1e-6);
    expect(
      worstError(
        gradients[1]!,
        differences64(s, dy.data, (map) => modulate64(x, map)),
      ),
    ).toBeLessThan(1e-5);
  });

  test("that adds", async () => {
    const inputs = [noiseMap(1, [2, 9, 13, 5]), noiseMap(2, [2, 1, 1, 5]), noiseMap(3, [2, 1, 1, 5])];
    const { dy, gradients } = await backward(device, "gpu", inputs, (graph, [x, s, shift]) =>
      modulate(graph, x!, s!, shift!),
    );
    const [x, s] = inputs as [Map64, Map64];
    expect(
      worstError(
        gradients[1]!,
        differences64(s, dy.data, (map) => modulate64(x, map)),
      ),
    ).toBeLessThan(1e-5);
    const sums = new Float64Array(10);
    each(dy, (i, _, __, c, from) => {
      sums[i * 5 + c]! += dy.data[from]!;
    });
    expect(worstError(gradients[2]!, sums)).toBeLessThan(1e-5);
  });

  test("by itself is a square", async () => {
    const s = noiseMap(1, [3, 1, 1, 5]);
    const { dy, gradients } = await backward(device, "gpu", [s], (graph, [value]) => modulate(graph, value!, value!));
    expect(
      worstError(
        gradients[0]!,
        s.data.map((v, index) => 2 * v * dy.data[index]!),
      ),
    ).toBeLessThan(1e-6);
  });
});

test.each<readonly [Extents]>([[[2, 3, 5, 7]], [[1, 9, 16, 3]]])("instance norm of [%j]", async (extents) => {
  const x = noiseMap(1, extents);
  const { dy, gradients } = await backward(device, "gpu", [x], (graph, [value]) => instancenorm(graph, value!, 1e-3));
  const slope = differences64(x, dy.data, (map) => instancenorm64(map, 1e-3).data);
  expect(worstError(gradients[0]!, slope)).toBeLessThan(1e-5);
});

test("inverse roots", async () => {
  const x = mapLike(noiseMap(1, [2, 1, 1, 6]), (v) => Math.abs(v) + 0.2);
  const { dy, gradients } = await backward(device, "gpu", [x], (graph, [value]) => inverseRoot(graph, value!, 1.5));
  const expected = x.data.map((v, index) => (-0.75 * dy.data[index]!) / v ** 1.5);
  expect(worstError(gradients[0]!, expected)).toBeLessThan(1e-5);
});

test("truncation", async () => {
  const [rows, channels] = [5, 6];
  const [w, psi] = [noiseMap(1, [3, 1, 1, channels]), noise(2, rows)];
  const { dy, gradients } = await backward(device, "gpu", [w], (graph, [value]) => {
    const rest = graph.parameter("rest", [rows, 8], [], () => noise(3, rows * 8));
    return truncate(
      graph,
      "w+",
      value!,
      graph.parameter("psi", [rows], [], () => psi),
      rest,
    );
  });
  const expected = zeros([3, 1, 1, channels]);
  each(dy, (i, row, _, c, from) => {
    expected.data[i * channels + c]! += psi[row]! * dy.data[from]!;
  });
  expect(worstError(gradients[0]!, expected.data)).toBeLessThan(1e-6);
});

describe("filters", () => {
  const CASES: readonly (readonly [string, Extents, Pair, readonly [number, number], Pair, Pair, Pair])[] = [
    ["upsampling", [2, 3, 5, 7], 4, [6, 10], 2, 1, 2],
    ["a blur", [1, 7, 9, 6], 4, [6, 8], 1, 1, 1],
    ["downsampling", [2, 8, 6, 5], 4, [4, 3], 1, 2, 1],
    ["up by three, down by two", [1, 4, 5, 4], 5, [6, 7], 3, 2, 2],
    ["rows left out", [1, 7, 6, 4], 4, [5, 4], 2, 1, -3],
    ["axes apart", [2, 4, 7, 5], [3, 6], [9, 4], [2, 1], [1, 2], [4, -1]],
  ];
  test.each(CASES)("%s", async (_, extents, taps, size, up, down, before) => {
    const kernel = noise(2, area(taps));
    const move = { up, down, before };
    const inputs = [noiseMap(1, extents), noiseMap(3, [extents[0], ...size, extents[3]])];
    const filter = { label: "f", taps, kernel: { sources: [], of: () => kernel } };
    // The map is used twice, the second time as what is added to.
    const { dy, gradients } = await backward(device, "gpu", inputs, (graph, [x, addend]) =>
      fir(graph, x!, filter, size, { ...move, addend: fir(graph, x!, filter, size, { ...move, addend: addend! }) }),
    );
    const once = adjoint64(extents, dy, (map) => fir64(map, kernel, size, move, taps));
    const twice = { ...once, data: once.data.map((v) => 2 * v), terms: once.terms.map((v) => 2 * v) };
    expect(worstUnit(gradients[0]!, twice)).toBeLessThan(TOLERANCE);
    expect(worstUnit(gradients[1]!, exact(dy))).toBe(0);
  });
});

describe.each([
  ["everything", {}],
  ["a clamp", { bound: 0.5 }],
  ["no noise", { noisy: false }],
  ["no activation", { leaky: false }],
])("demodulation with %s", (_, options) => {
  test("of a map", async () => {
    const extents: Extents = [2, 9, 8, 5];
    const numbers = numbersOf(extents, options);
    const [x, d] = [noiseMap(1, extents), numbers.d!];
    const { dy, gradients } = await backward(device, "gpu", [x, d], (graph, [a, b]) =>
      demodulate(graph, "y", a!, given(graph, numbers, b!)),
    );
    const of = (map: Map64, factors: Map64) => demodulate64(exact(map), { ...numbers, d: factors }).data;
    expect(
      worstError(
        gradients[0]!,
        differences64(x, dy.data, (map) => of(map, d)),
      ),
    ).toBeLessThan(1e-5);
    expect(
      worstError(
        gradients[1]!,
        differences64(d, dy.data, (map) => of(x, map)),
      ),
    ).toBeLessThan(1e-4);
  });

  test.each(TARGETS)("of a transposed convolution, filtered, on %s", async (target) => {
    const [extents, out]: [Extents, number] = [[2, 3, 4, 5], 6];
    const [n, height, width, channels] = extents;
    const numbers = numbersOf([n, 2 * height, 2 * width, out], options);
    const { weight, scale } = weightsOf(channels, out, 3);
    const kernel = noise(5, 16);
    const size = [2 * height, 2 * width] as const;
    const fir = { label: "f", taps: 4, kernel: { sources: [], of: () => kernel } };
    const filter = filterOf(weightsOf(channels, out, 3), { inChannels: channels, outChannels: out, kernel: 3 });
    const [x, d] = [noiseMap(1, extents), numbers.d!];
    const { dy, gradients } = await backward(device, target, [x, d], (graph, [a, b]) =>
      upconv(graph, a!, filter, fir, given(graph, numbers, b!)),
    );
    const sums = (map: Map64) => fir64(transposed64(map, weight, scale), kernel, size, { up: 1, down: 1, before: 1 });
    const of = (map: Linear, factors: Map64) => demodulate64(map, { ...numbers, d: factors }).data;
    const slope = differences64(x, dy.data, (map) => of(sums(map), d));
    const made = sums(x);
    expect(worstError(gradients[0]!, slope)).toBeLessThan(1e-4 * Math.max(...slope.map(Math.abs)));
    const byFactors = differences64(d, dy.data, (map) => of(made, map));
    expect(worstError(gradients[1]!, byFactors)).toBeLessThan(1e-5 * Math.max(...byFactors.map(Math.abs)));
  });
});

test("a transposed convolution adds its gradient to what other uses of its input gave", async () => {
  const [extents, size]: [Extents, [number, number]] = [
    [1, 3, 4, 5],
    [6, 8],
  ];
  const x = noiseMap(1, extents);
  const filter = filterOf(weightsOf(5, 5, 3), { inChannels: 5, outChannels: 5, kernel: 3 });
  const kernel = noise(5, 16);
  const own = { label: "f", taps: 4, kernel: { sources: [], of: () => kernel } };
  const move = { up: 2, down: 1, before: 2 };
  const { dy, gradients } = await backward(device, "gpu", [x], (graph, [a]) => {
    const after = given(graph, { bias: new Float32Array(5), leaky: false });
    return fir(graph, a!, own, size, { ...move, addend: upconv(graph, a!, filter, own, after) });
  });
  const { weight, scale } = weightsOf(5, 5, 3);
  const expected = adjoint64(extents, dy, (map) => {
    const one = fir64(map, kernel, size, move);
    const other = fir64(transposed64(map, weight, scale), kernel, size, { up: 1, down: 1, before: 1 });
    const sum = (a: Float64Array, b: Float64Array) => a.map((v, index) => v + b[index]!);
    return { ...one, data: sum(one.data, other.data), terms: sum(one.terms, other.terms) };
  });
  expect(worstUnit(gradients[0]!, expected)).toBeLessThan(TOLERANCE);
});
