import { describe, expect, it, vi } from "vitest";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { RandomState } from "../../src/weights/random.ts";
import { sampleZ } from "../../src/weights/sample-z.ts";
import { failure, golden } from "./fixtures.ts";

/** Specification §1.6: seed, first 6 of row 0, first 3 of row 1 (depth 512), sum of row 0. */
const VECTORS: [seed: number, row0: number[], row1: number[], sum: number][] = [
  [
    1,
    [1.62434536, -0.61175641, -0.52817175, -1.07296862, 0.86540763, -2.3015387],
    [0.16986926, -1.16400797, 0.69336623],
    25.266835,
  ],
  [
    2,
    [-0.41675785, -0.05626683, -2.1361961, 1.64027081, -1.79343559, -0.84174737],
    [1.28876941, 0.13492546, -1.77860064],
    -11.039181,
  ],
  [
    3,
    [1.78862847, 0.43650985, 0.09649747, -1.8634927, -0.2773882, -0.35475898],
    [-0.79566757, 0.94913384, -0.15082304],
    2.984115,
  ],
  [
    10,
    [1.3315865, 0.71527897, -1.54540029, -0.00838385, 0.62133597, -0.72008556],
    [-0.70462, -0.35376273, 0.15192742],
    19.39505,
  ],
  [
    11,
    [1.74945474, -0.286073, -0.48456513, -2.65331856, -0.00828463, -0.31963136],
    [-1.50838795, 0.66613222, -2.33031173],
    -16.045943,
  ],
  [
    5555,
    [1.64507207, 2.25931161, -2.0511419, 1.0507482, 0.18600349, 0.10313865],
    [0.21405369, -1.35485465, 0.59477005],
    21.39792,
  ],
];

describe("sampleZ", () => {
  for (const [seed, row0, row1, sum] of VECTORS) {
    it(`seed ${seed} gives the published rows`, () => {
      const z = sampleZ({ size: 2, depth: 512, seed });
      // The published decimals are of the float64 values.
      const normals = new RandomState(seed).standardNormal(1024);
      expect(z).toEqual(Float32Array.from(normals));
      for (const [i, value] of row0.entries()) expect(normals[i]).toBeCloseTo(value, 8);
      for (const [i, value] of row1.entries()) expect(normals[512 + i]).toBeCloseTo(value, 8);
      expect(z.subarray(0, 512).reduce((a, b) => a + b)).toBeCloseTo(sum, 4);
    });
  }

  it("equals PyTorch's z bit for bit", async () => {
    const { tensors } = await openCheckpoint(golden("progan-tiny.expected.safetensors"));
    expect(sampleZ({ size: 4, depth: 16, seed: 1 })).toEqual(await tensors.get("z")!.read());
  });

  it("a row is the same whatever the size and start", () => {
    const all = sampleZ({ size: 9, depth: 7, seed: 42 });
    expect(sampleZ({ size: 4, depth: 7, seed: 42, start: 3 })).toEqual(all.slice(21, 49));
    expect(sampleZ({ size: 0, depth: 7, seed: 42 })).toEqual(new Float32Array(0));
  });

  it("refuses sizes that are none", async () => {
    for (const wrong of [
      { size: -1 },
      { size: 1.5 },
      { depth: Number.NaN },
      { start: -1 },
      { size: 2 ** 40, depth: 2 ** 40 },
    ]) {
      expect((await failure((async () => sampleZ({ size: 1, depth: 1, seed: 1, ...wrong }))())).message).toMatch(
        "number of samples",
      );
    }
  });
});

describe("far rows", () => {
  /** Rows as one drawing from the first on has them. */
  const drawn = (seed: number, depth: number, start: number, size: number): Float32Array =>
    Float32Array.from(new RandomState(seed).standardNormal((start + size) * depth)).subarray(start * depth);

  /** How many numbers a call passes over, or draws. */
  function work(call: () => unknown): number {
    let numbers = 0;
    const { skipNormals, nextNormal } = RandomState.prototype;
    const skip = vi.spyOn(RandomState.prototype, "skipNormals").mockImplementation(function (this: RandomState, n) {
      numbers += n;
      skipNormals.call(this, n);
    });
    const next = vi.spyOn(RandomState.prototype, "nextNormal").mockImplementation(function (this: RandomState) {
      numbers += 1;
      return nextNormal.call(this);
    });
    call();
    skip.mockRestore();
    next.mockRestore();
    return numbers;
  }

  it("are those of one drawing, whichever way one comes to them", () => {
    for (const start of [9000, 8000, 1, 4000, 4001, 12_345, 2047, 2048, 2049]) {
      expect(sampleZ({ size: 2, depth: 8, seed: 3, start })).toEqual(drawn(3, 8, start, 2));
    }
    // Odd depths begin with the second number of a pair.
    for (const start of [7001, 7000, 5001]) {
      expect(sampleZ({ size: 3, depth: 7, seed: 3, start })).toEqual(drawn(3, 7, start, 3));
    }
  });

  it("are as they were when states had to be given up", () => {
    const far = { size: 1, depth: 512, seed: 4, start: 20_000 }; // beyond 256 times the first step
    const whole = drawn(4, 512, 0, 20_001);
    for (const start of [20_000, 19_999, 127, 128, 129, 9_000, 20_000]) {
      expect(sampleZ({ ...far, start })).toEqual(whole.slice(512 * start, 512 * (start + 1)));
    }
  });

  it("cost a small part of the way once it was gone", () => {
    const at = (start: number) => () => sampleZ({ size: 1, depth: 512, seed: 5, start });
    expect(work(at(20_000))).toBeGreaterThan(20_000 * 512);
    for (const start of [20_000, 19_990, 10_000, 777]) {
      // 64 states at least lie on the way.
      expect(work(at(start))).toBeLessThan((20_000 * 512) / 64 + 1024);
    }
  });

  it("eight seeds are remembered, the last used ones", () => {
    const start = 2000;
    const at = (seed: number) => () => sampleZ({ size: 1, depth: 512, seed, start });
    for (let seed = 100; seed < 108; seed += 1) at(seed)();
    expect(work(at(100))).toBeLessThan(50_000);
    at(108)();
    expect(work(at(100))).toBeLessThan(50_000);
    expect(work(at(101))).toBeGreaterThan(start * 512);
  });

  it("beyond all patience are refused", () => {
    for (const [start, depth] of [
      [4_194_304, 512],
      [1e12, 512],
      [2 ** 31, 1],
    ] as const) {
      const call = () => sampleZ({ size: 1, depth, seed: 1, start });
      expect(call).toThrow(`Rows ${start} to ${start + 1} of ${depth} numbers are too far`);
      expect(call).toThrow(`Stay below row ${Math.floor(2 ** 31 / depth)}`);
    }
  });
});
