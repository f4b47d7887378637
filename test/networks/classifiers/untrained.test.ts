import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { recogniseClassifier } from "../../../src/networks/classifiers/recognise.ts";
import { untrained } from "../../../src/networks/classifiers/untrained.ts";
import type { State } from "../../../src/networks/state.ts";
import { stateOf } from "../../models/recipe.ts";

const { shapes } = JSON.parse(readFileSync(new URL("../../golden/classifiers.json", import.meta.url), "utf8")).cifar;
const trained = recogniseClassifier(stateOf("", shapes), { edge: 16 });
const drawn = untrained(trained, 3);
const read = (key: string, { state } = drawn): Promise<Float32Array> => state.get(key)!.read();

test("has the tensors of the file, and other numbers in all weights", async () => {
  expect(drawn.untrained).toBe(3);
  const names = (state: State) => [...state].map(([key, { shape }]) => `${key} ${shape}`).sort();
  expect(names(drawn.state)).toEqual(names(trained.state));
  expect(recogniseClassifier(drawn.state, { edge: 16 }).architecture).toBe(trained.architecture);
});

describe("draws weights as He et al. do", () => {
  test.each(["conv1.weight", "layer3.0.conv2.weight", "linear.weight"])("%s", async (key) => {
    const numbers = await read(key);
    const { shape } = drawn.state.get(key)!;
    const into = numbers.length / shape[0]!;
    const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
    const variance = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / numbers.length;
    // Standard errors of a normal sample: four of them.
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(2 / into / numbers.length));
    expect(Math.abs((variance * into) / 2 - 1)).toBeLessThan(4 * Math.sqrt(2 / numbers.length));
  });

  test("norms as they begin, biases zero", async () => {
    for (const [key, value] of Object.entries({
      "bn1.weight": 1,
      "bn1.running_var": 1,
      "bn1.running_mean": 0,
      "bn1.bias": 0,
      "linear.bias": 0,
    })) {
      const numbers = await read(key);
      expect(numbers.length).toBeGreaterThan(0);
      expect([key, ...new Set(numbers)]).toEqual([key, value]);
    }
  });
});

test("by the seed alone, and no two tensors alike", async () => {
  const key = "layer1.0.conv1.weight";
  const reversed = { ...trained, state: new Map([...trained.state].reverse()) };
  expect(await read(key, untrained(reversed, 3))).toEqual(await read(key));
  expect(await read(key, untrained(trained, 4))).not.toEqual(await read(key));
  expect(await read("layer1.0.conv2.weight")).not.toEqual(await read(key));
  expect(() => untrained(trained, -1)).toThrow("Seed -1 is out of range");
});
