import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gradient } from "../../src/gradient/gradient.ts";
import { edit } from "../../src/kernels/edit/edit.ts";
import { clamp, pixelnorm } from "../../src/kernels/maps/pointwise.ts";
import {
  average,
  concat,
  maxpool,
  preprocess,
  prroi,
  resize,
  resizeAdd,
  type Sampling,
  slice,
} from "../../src/kernels/maps/resample.ts";
import { pick, probability } from "../../src/kernels/readout/classify.ts";
import type { Device } from "../../src/runtime/device.ts";
import { padded } from "../../src/runtime/graph.ts";
import { requestDevice } from "../gpu.ts";
import {
  adaptive64,
  at,
  Bench,
  type Extents,
  each,
  type Linear,
  type Map64,
  maxpool64,
  noise,
  noiseMap,
  pixelnorm64,
  prroi64,
  resize64,
  softmax64,
  TOLERANCE,
  unpack,
  worstError,
  worstUnit,
  zeros,
} from "../kernels/reference.ts";
import { adjoint64, backward, differences64 } from "./reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

/** Channels `first`…`first + channels − 1`. */
function slice64(x: Map64, first: number, channels: number): Map64 {
  const y = zeros([x.n, x.height, x.width, channels]);
  each(y, (i, row, column, c, to) => {
    y.data[to] = x.data[at(x, i, row, column, first + c)]!;
  });
  return y;
}

/** The terms of a map that is copied. */
const copied = (map: Map64): Linear => ({ ...map, terms: map.data.map(Math.abs) });

describe("linear operations have the adjoint of their definition", () => {
  const SIZES: readonly (readonly [Extents, readonly [number, number]])[] = [
    [
      [2, 4, 3, 5],
      [7, 9],
    ],
    [
      [1, 7, 9, 6],
      [4, 3],
    ],
    [
      [1, 1, 1, 3],
      [5, 4],
    ],
    [
      [1, 3, 5, 4],
      [3, 5],
    ],
  ];

  test.each(SIZES.flatMap(([x, size]) => (["centre", "corner"] as const).map((how) => [x, size, how] as const)))(
    "resize of [%s] to [%s] at %s",
    async (x, [height, width], sampling: Sampling) => {
      const { dy, gradients } = await backward(device, "gpu", [noiseMap(1, x)], (graph, [value]) =>
        resize(graph, value!, height, width, sampling),
      );
      const expected = adjoint64(x, dy, (map) => resize64(map, height, width, sampling));
      expect(worstUnit(gradients[0]!, expected)).toBeLessThan(TOLERANCE);
    },
  );

  test("resize and add, and what else uses the map", async () => {
    const x: Extents = [1, 3, 4, 5];
    const inputs = [noiseMap(1, x), noiseMap(2, [1, 6, 7, 5])];
    const { dy, gradients } = await backward(device, "gpu", inputs, (graph, [small, large]) =>
      resizeAdd(graph, small!, resizeAdd(graph, small!, large!)),
    );
    const once = adjoint64(x, dy, (map) => resize64(map, 6, 7));
    const twice = { ...once, data: once.data.map((v) => 2 * v), terms: once.terms.map((v) => 2 * v) };
    expect(worstUnit(gradients[0]!, twice)).toBeLessThan(TOLERANCE);
    expect(worstUnit(gradients[1]!, copied(dy))).toBe(0);
  });

  test("concat, of maps of several sizes and of one twice", async () => {
    const inputs = [noiseMap(1, [2, 5, 6, 4]), noiseMap(2, [2, 2, 3, 8])];
    const { dy, gradients } = await backward(device, "gpu", inputs, (graph, [a, b]) =>
      concat(graph, "y", [a!, b!, a!], 5, 6),
    );
    const [one, other] = [slice64(dy, 0, 4), slice64(dy, 12, 4)];
    const sum = { ...one, data: one.data.map((v, index) => v + other.data[index]!) };
    const terms = one.data.map((v, index) => Math.abs(v) + Math.abs(other.data[index]!));
    expect(worstUnit(gradients[0]!, { ...sum, terms })).toBeLessThan(TOLERANCE);
    const resized = adjoint64([2, 2, 3, 8], slice64(dy, 4, 8), (map) => resize64(map, 5, 6));
    expect(worstUnit(gradients[1]!, resized)).toBeLessThan(TOLERANCE);
  });

  test("slice", async () => {
    const { dy, gradients } = await backward(device, "gpu", [noiseMap(1, [2, 3, 4, 14])], (graph, [x]) =>
      slice(graph, x!, 4, 8),
    );
    const expected = zeros([2, 3, 4, 14]);
    each(expected, (i, row, column, c, to) => {
      if (c >= 4 && c < 12) expected.data[to] = dy.data[at(dy, i, row, column, c - 4)]!;
    });
    expect(worstUnit(gradients[0]!, copied(expected))).toBe(0);
  });

  test.each([
    [[2, 7, 5, 5], 3],
    [[1, 8, 8, 3], 4],
    [[1, 3, 4, 6], 7],
  ] as const)("average of [%s] to %i", async (x, size) => {
    const { dy, gradients } = await backward(device, "gpu", [noiseMap(1, x)], (graph, [value]) =>
      average(graph, value!, size, size),
    );
    const expected = adjoint64(x, dy, (map) => adaptive64(map, size));
    expect(worstUnit(gradients[0]!, expected)).toBeLessThan(TOLERANCE);
  });

  test.each(["RGB", "BGR"] as const)("preprocess to %s", async (order) => {
    const x: Extents = [2, 7, 5, 3];
    const pixels = { order, range: 255, mean: [100, 110, 120], deviation: [1, 2.5, 0.3] } as const;
    const { dy, gradients } = await backward(device, "gpu", [noiseMap(1, x)], (graph, [value]) =>
      preprocess(graph, value!, 9, 9, pixels),
    );
    const forward = (map: Map64): Linear => {
      const mean = adaptive64(map, 9);
      const y = zeros([2, 9, 9, 3]);
      each(y, (i, row, column, c, to) => {
        y.data[to] = (mean.data[at(mean, i, row, column, order === "BGR" ? 2 - c : c)]! * 127.5) / pixels.deviation[c]!;
        y.terms[to] = Math.abs(y.data[to]!);
      });
      return y;
    };
    expect(worstUnit(gradients[0]!, adjoint64(x, dy, forward))).toBeLessThan(TOLERANCE);
  });

  test.each([1, 3, 6])("precise RoI pooling to %i", async (size) => {
    const x: Extents = [2, 4, 4, 5];
    const { dy, gradients } = await backward(device, "gpu", [noiseMap(1, x)], (graph, [value]) =>
      prroi(graph, value!, size),
    );
    // The bins of the definition are a midpoint rule, good to 1e-7.
    const expected = adjoint64(x, dy, (map) => prroi64(map, size));
    expect(worstError(gradients[0]!, expected.data)).toBeLessThan(2e-6);
  });

  test("pick", async () => {
    const order = [3, 1, 4, 0, 2];
    const { dy, gradients } = await backward(device, "gpu", [noiseMap(1, [2, 3, 2, 5])], (graph, [x]) =>
      pick(graph, x!, order),
    );
    const expected = zeros([2, 3, 2, 5]);
    each(dy, (i, row, column, c, from) => {
      expected.data[at(expected, i, row, column, order[c]!)] = dy.data[from]!;
    });
    expect(worstUnit(gradients[0]!, copied(expected))).toBe(0);
  });
});

describe("others have the slope of finite differences", () => {
  test("pixelnorm", async () => {
    const x = noiseMap(1, [2, 3, 5, 7]);
    const { dy, gradients } = await backward(device, "gpu", [x], (graph, [value]) => pixelnorm(graph, value!));
    expect(
      worstError(
        gradients[0]!,
        differences64(x, dy.data, (map) => pixelnorm64(map).data),
      ),
    ).toBeLessThan(3e-6);
  });

  test("clamp, which passes at its ends", async () => {
    const x = noiseMap(1, [1, 3, 5, 6]);
    x.data.forEach((v, index) => {
      x.data[index] = [Math.fround(1.5 * v), 1, -1][index % 3]!;
    });
    const { dy, gradients } = await backward(device, "gpu", [x], (graph, [value]) => clamp(graph, value!));
    const expected = x.data.map((v, index) => (Math.abs(v) <= 1 ? dy.data[index]! : 0));
    expect(worstError(gradients[0]!, expected)).toBe(0);
  });

  test.each([
    [2, 7, 6, 5],
    [1, 8, 9, 4],
    [1, 1, 1, 3],
  ] as const)("maxpool of [%i, %i, %i, %i]", async (...extents) => {
    const x = noiseMap(1, extents);
    const { dy, gradients } = await backward(device, "gpu", [x], (graph, [value]) => maxpool(graph, value!));
    expect(
      worstError(
        gradients[0]!,
        differences64(x, dy.data, (map) => maxpool64(map).data),
      ),
    ).toBeLessThan(1e-6);
  });

  test("maxpool gives it to the first of equals", async () => {
    const x = { ...noiseMap(1, [1, 5, 4, 1]), data: new Float64Array(20).fill(-2) };
    const { dy, gradients } = await backward(device, "gpu", [x], (graph, [value]) => maxpool(graph, value!));
    const expected = new Float64Array(20);
    // Windows begin a pixel before their centre, or at the map's edge.
    each(dy, (_, row, column, __, from) => {
      expected[Math.max(0, 2 * row - 1) * 4 + Math.max(0, 2 * column - 1)]! += dy.data[from]!;
    });
    expect(worstError(gradients[0]!, expected)).toBeLessThan(1e-6);
  });

  test.each(["centre", "corner"] as const)("probability at %s, added to another", async (sampling) => {
    const maps = [noiseMap(1, [2, 4, 3, 11]), noiseMap(2, [2, 7, 8, 11])];
    for (const { data } of maps) {
      data.forEach((v, index) => {
        data[index] = 8 * v - 20;
      });
    }
    const [range, channel, size] = [{ first: 2, count: 7 }, 5, [6, 5]] as const;
    const bench = new Bench(device, "gpu");
    const [a, b] = maps.map((map, index) => bench.map(map, `x${index}`)) as [never, never];
    const one = probability(bench.graph, a, { range, channel, sampling }, size);
    const two = probability(bench.graph, b, { range, channel: 2, sampling }, size, one);
    const three = probability(bench.graph, b, { range, channel, sampling }, size, two);
    const seed = bench.graph.value("seed", three.shape);
    const dy = noise(3, 2 * 6 * 5);
    bench.give(seed, dy);
    const gradients = gradient(bench.graph, three, [a, b], { seed });
    const stored = await bench.run(...gradients);
    /** The sum of these channels' probabilities. */
    const of = (x: Map64, ...channels: number[]): number[] => {
      const p = softmax64(resize64(slice64(x, range.first, range.count), 6, 5, sampling));
      return Array.from({ length: dy.length }, (_, pixel) =>
        channels.reduce((sum, c) => sum + p.data[pixel * range.count + c - range.first]!, 0),
      );
    };
    const expected = [
      differences64(maps[0]!, dy, (map) => of(map, channel)),
      differences64(maps[1]!, dy, (map) => of(map, 2, channel)),
    ];
    stored.forEach((data, index) => {
      expect(worstError(unpack(data, 11), expected[index]!)).toBeLessThan(3e-6);
    });
  });

  test.each([false, true])("edits, composed (copying: %s)", async (copies) => {
    const [n, height, width, channels, edits] = [2, 9, 5, 6, 3];
    const x = noiseMap(1, [n, height, width, channels]);
    const stored = padded(channels);
    const bench = new Bench(device, "gpu");
    const { y, values } = edit(bench.graph, bench.map(x), { edits, copies });
    const units = (seed: number) => noiseMap(seed, [1, 1, edits, channels]);
    const [alpha, value] = [units(2), units(3)];
    alpha.data.fill(0, 0, 2); // where nothing is replaced yet, a little more still would
    const pad = (map: Map64) =>
      Float32Array.from({ length: (map.data.length / channels) * stored }, (_, index) =>
        index % stored < channels ? map.data[Math.floor(index / stored) * channels + (index % stored)]! : 0,
      );
    const mask = noise(4, n * edits * height * width);
    const source = noiseMap(5, [edits, height, width, channels]);
    bench.give(values.alpha, pad(alpha));
    bench.give(values.value, pad(value));
    bench.give(values.mask, mask);
    if (values.source) bench.give(values.source, pad(source));
    const dy = noiseMap(6, [n, height, width, channels]);
    const seed = bench.map(dy, "seed");
    const input = bench.graph.operations[0]!.inputs[0]!;
    const gradients = gradient(bench.graph, y, [input, values.alpha, values.value], { seed });
    const found = await bench.run(...gradients);
    const forward = (map: Map64, a: Map64, v: Map64): Float64Array => {
      const edited = map.data.slice();
      each(map, (i, row, column, c, index) => {
        const pixel = row * width + column;
        for (let e = 0; e < edits; e += 1) {
          const share = a.data[e * channels + c]! * mask[(i * edits + e) * height * width + pixel]!;
          const copy = copies ? source.data[at(source, e, row, column, c)]! : 0;
          edited[index] = edited[index]! * (1 - share) + (v.data[e * channels + c]! + copy) * share;
        }
      });
      return edited;
    };
    const expected = [
      differences64(x, dy.data, (map) => forward(map, alpha, value)),
      differences64(alpha, dy.data, (map) => forward(x, map, value)),
      differences64(value, dy.data, (map) => forward(x, alpha, map)),
    ];
    expected.forEach((slope, index) => {
      expect(worstError(unpack(found[index]!, channels), slope)).toBeLessThan(2e-5);
    });
  });
});
