import { describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { RandomState, sampleZ } from "../../src/weights/random.ts";
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

describe("RandomState", () => {
  it("continues its stream, the spare of an odd draw included", () => {
    const whole = new RandomState(7).standardNormal(1001);
    const random = new RandomState(7);
    expect([...random.standardNormal(333), ...random.standardNormal(668)]).toEqual([...whole]);
  });

  // From NumPy 1.24: RandomState(seed).random_sample(3), .randint(10, size=8), .randint(1813,
  // size=4), .randint(2**32, size=2).
  it("uniforms and integers equal NumPy's", () => {
    expect([...new RandomState(1).randomSample(3)]).toEqual([
      0.417022004702574, 0.7203244934421581, 0.00011437481734488664,
    ]);
    expect([...new RandomState(4294967295).randomSample(2)]).toEqual([0.0976320289940138, 0.9123828453026218]);
    expect([...new RandomState(1).randint(10, 8)]).toEqual([5, 8, 9, 5, 0, 0, 1, 7]);
    expect([...new RandomState(3).randint(1813, 4)]).toEqual([1688, 1273, 1667, 952]);
    expect([...new RandomState(3).randint(2 ** 32, 2)]).toEqual([2365658986, 303761048]);
    expect(new RandomState(0).nextNormal()).toBeCloseTo(1.764052345967664, 14);
    // MT19937's first words of seed 1 are 1791095845, 4282876139, 3093770124, 4005303368, 491263,
    // 550290313, 1298508491.
    expect([...new RandomState(1).randint(3e9, 4)]).toEqual([1791095845, 491263, 550290313, 1298508491]);
    const random = new RandomState(5);
    expect([...random.randint(1, 3)]).toEqual([0, 0, 0]);
    expect(random.randomSample(1)).toEqual(new RandomState(5).randomSample(1));
  });

  it("refuses seeds that NumPy refuses", () => {
    for (const seed of [-1, 2 ** 32, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new RandomState(seed), String(seed)).toThrow("out of range");
    }
    for (const high of [0, -1, 2 ** 32 + 1, 1.5]) expect(() => new RandomState(1).randint(high, 1)).toThrow("randint");
  });
});
