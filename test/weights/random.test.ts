import { describe, expect, it } from "vitest";
import { RandomState } from "../../src/weights/random.ts";

describe("RandomState", () => {
  it("continues its stream, the spare of an odd draw included", () => {
    const whole = new RandomState(7).standardNormal(1001);
    const random = new RandomState(7);
    expect([...random.standardNormal(333), ...random.standardNormal(668)]).toEqual([...whole]);
  });

  it.each([0, 1, 2, 5, 334, 1000])("passes %i numbers over as if they were drawn, from an odd place, too", (n) => {
    for (const before of [0, 3]) {
      const whole = new RandomState(7).standardNormal(before + n + 5);
      const random = new RandomState(7);
      random.standardNormal(before);
      random.skipNormals(n);
      expect([...random.standardNormal(5)]).toEqual([...whole.subarray(before + n)]);
    }
  });

  it("goes on twice from where it was cloned", () => {
    const random = new RandomState(9);
    random.standardNormal(701);
    const other = random.clone();
    const rest = random.standardNormal(5);
    expect(other.standardNormal(5)).toEqual(rest);
    expect(random.randomSample(2)).toEqual(other.randomSample(2));
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
