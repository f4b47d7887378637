import { describe, expect, it } from "vitest";
import { chosen, classesOf, numbersOf, sampleRows } from "../../src/models/rows.ts";
import type { Network, NetworkInput } from "../../src/networks/network.ts";
import { sampleZ } from "../../src/weights/sample-z.ts";

const input = (name: string, channels: number, more: Partial<NetworkInput> = {}): NetworkInput => ({
  name,
  height: 1,
  width: 1,
  channels,
  draw: "normal",
  ...more,
});
const network = (...inputs: NetworkInput[]) => ({ architecture: "Dice", inputs }) as unknown as Network;

describe("what images are made of", () => {
  it("is rows of one table", () => {
    const options = { size: 3, seed: 7, start: 2 };
    expect(sampleRows([input("z", 5)], [], options)).toEqual(sampleZ({ depth: 5, ...options }));
  });

  it("is the first row of a table of its own for each image", () => {
    const rows = sampleRows([input("z", 5, { draw: "normal-by-seed" })], [], { size: 3, seed: 7, start: 2 });
    for (let i = 0; i < 3; i += 1) {
      expect(rows.subarray(5 * i, 5 * i + 5)).toEqual(sampleZ({ size: 1, depth: 5, seed: 9 + i }));
    }
  });

  it("has the class behind z, one class after the other", () => {
    const inputs = [input("z", 5), input("label", 3, { draw: "class" })];
    const rows = sampleRows(inputs, [2, 0], { size: 4, seed: 1, start: 1 });
    const z = sampleZ({ size: 4, depth: 5, seed: 1, start: 1 });
    for (let i = 0; i < 4; i += 1) {
      expect(rows.subarray(8 * i, 8 * i + 5)).toEqual(z.subarray(5 * i, 5 * i + 5));
      expect([...rows.subarray(8 * i + 5, 8 * i + 8)]).toEqual(i % 2 === 0 ? [1, 0, 0] : [0, 0, 1]);
    }
  });
});

it("numbers of any array are taken, and of nothing else", () => {
  const own = Float32Array.of(1, 2);
  expect(numbersOf(own, "z")).toBe(own);
  expect(numbersOf([1, 2], "z")).toEqual(own);
  expect(numbersOf(Float64Array.of(1, 2), "z")).toEqual(own);
  for (const none of [
    undefined,
    "12",
    { 0: 1, length: 1 },
    ["x"],
    [[1, 2]],
    [Number.NaN],
    [1n],
    new BigInt64Array(1),
    new DataView(own.buffer),
  ]) {
    expect(() => numbersOf(none as never, "z")).toThrow(/z is no array of numbers/);
  }
});

it("a size that is none is refused, whatever is drawn", () => {
  for (const size of [-1, 0.5, Number.NaN]) {
    for (const draw of ["normal", "normal-by-seed"] as const) {
      expect(() => sampleRows([input("z", 2, { draw }), input("y", 2)], [], { size, seed: 1 })).toThrow(
        `${size} is no number of samples.`,
      );
    }
  }
});

describe("classes", () => {
  const named = network(input("z", 5), input("label", 3, { draw: "class", classes: ["ant", "bee", "cat"] }));

  it("have names, or their numbers", () => {
    expect(classesOf(named)).toEqual(["ant", "bee", "cat"]);
    expect(classesOf(network(input("z", 5), input("label", 2, { draw: "class" })))).toEqual(["0", "1"]);
    expect(classesOf(network(input("z", 5)))).toEqual([]);
  });

  it("are chosen by number or name; all unless any is", () => {
    expect(chosen(named, ["cat", 0])).toEqual([2, 0]);
    expect(chosen(named, [])).toEqual([0, 1, 2]);
    for (const one of ["dog", 3, -1, 0.5, Number.NaN]) {
      expect(() => chosen(named, [one])).toThrow(`Dice has no class ${one}. Its classes are ant, bee, cat.`);
    }
    expect(() => chosen(network(input("z", 5)), [0])).toThrow(/has no class 0\. Leave `classes` out\./);
  });
});
