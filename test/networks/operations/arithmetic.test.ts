import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import type { AxisName } from "../../../src/kernels/maps/layout.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { requestDevice } from "../../gpu.ts";
import {
  BINARY64,
  binary64,
  matmul64,
  normalised64,
  reduce64,
  softmax64,
  total,
} from "../../kernels/maps/arithmetic64.ts";
import { type Map64, noise, noiseMap, pixelnorm64, worstError } from "../../kernels/reference.ts";
import { run } from "./bench.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const x = noiseMap(1, [2, 3, 4, 5]);
const y = noiseMap(2, [2, 1, 4, 5]);
const inputs = { x, y };
const number: Map64 = { n: 1, height: 1, width: 1, channels: 1, data: Float64Array.of(0.5) };
const positive = { ...x, data: x.data.map((v) => Math.abs(v) + 0.5) };

describe("what combines numbers", () => {
  it.each<readonly [Readonly<Record<string, unknown>>, Map64]>([
    [{ op: "add", y: "y" }, binary64(x, y, BINARY64.add)],
    [{ op: "sub", y: "y" }, binary64(x, y, BINARY64.sub)],
    [{ op: "sub", y: "y", reversed: true }, binary64(y, x, BINARY64.sub)],
    [{ op: "sub", value: 0.5 }, binary64(x, number, BINARY64.sub)],
    [{ op: "sub", value: 0.5, reversed: true }, binary64(number, x, BINARY64.sub)],
    [{ op: "mul", value: 0.5 }, binary64(x, number, BINARY64.mul)],
    [{ op: "div", value: 0.5 }, binary64(x, number, BINARY64.div)],
    [{ op: "min", y: "y" }, binary64(x, y, BINARY64.min)],
    [{ op: "max", value: 0.5 }, binary64(x, number, BINARY64.max)],
    [{ op: "prelu", slope: "y" }, binary64(x, y, BINARY64.prelu)],
    [{ op: "softmax" }, softmax64(x, ["c"], false)],
    [{ op: "softmax", axis: "hw" }, softmax64(x, ["h", "w"], false)],
    [{ op: "softmax", axis: "chw" }, softmax64(x, ["c", "h", "w"], false)],
    [{ op: "logSoftmax", axis: "w" }, softmax64(x, ["w"], true)],
    [{ op: "reduceMean" }, reduce64(x, ["h", "w"], (numbers) => total(numbers) / numbers.length)],
    [{ op: "reduceSum", axes: "c" }, reduce64(x, ["c"], total)],
    [{ op: "reduceMax", axes: "wc" }, reduce64(x, ["c", "w"], (numbers) => Math.max(...numbers))],
    [{ op: "reduceMin", axes: "chw" }, reduce64(x, ["c", "h", "w"], (numbers) => Math.min(...numbers))],
    [{ op: "layerNorm" }, normalised64(x, ["c"], 1e-5)],
    [{ op: "layerNorm", axes: "hw", eps: 0.1 }, normalised64(x, ["h", "w"], 0.1)],
    [{ op: "instanceNorm" }, normalised64(x, ["h", "w"], 1e-5)],
    [{ op: "pixelNorm" }, pixelnorm64(x)],
  ])("%j", async (step, expected) => {
    const { value, data } = await run(device, [step], inputs);
    expect([value.shape[0], value.shape[1], value.shape[2], value.channels]).toEqual([
      ...[expected.n, expected.height, expected.width, expected.channels],
    ]);
    expect(worstError(data, expected.data)).toBeLessThan(1e-5);
  });

  it("pow and div, of positive numbers", async () => {
    for (const op of ["pow", "div"] as const) {
      const { data } = await run(device, [{ op, y: "x" }], { x: positive });
      expect(worstError(data, binary64(positive, positive, BINARY64[op]).data)).toBeLessThan(1e-5);
    }
  });

  it("matmul, for each channel", async () => {
    const b = noiseMap(3, [2, 4, 6, 5]);
    const { data } = await run(device, [{ op: "matmul", y: "b" }], { x, b });
    expect(worstError(data, matmul64(x, b).data)).toBeLessThan(1e-5);
  });

  it.each<readonly [Readonly<Record<string, unknown>>, readonly AxisName[], number]>([
    [{ op: "layerNorm", axes: "c" }, ["c"], 5],
    [{ op: "layerNorm", axes: "hw" }, ["h", "w"], 12],
    [{ op: "layerNorm", axes: "chw" }, ["c", "h", "w"], 60],
    [{ op: "instanceNorm" }, ["h", "w"], 5],
  ])("%j with a weight and a bias", async (step, axes, count) => {
    const tensors = { w: [[count], noise(4, count)], b: [[count], noise(5, count)] } as const;
    const plain = normalised64(x, axes, 1e-5);
    const letters = step["op"] === "instanceNorm" ? ["c"] : axes;
    const expected = plain.data.map((v, index) => {
      const [c, pixel] = [index % 5, Math.floor(index / 5) % 12];
      const place = letters.length === 3 ? c * 12 + pixel : letters.includes("c") ? c : pixel;
      return v * tensors.w[1][place]! + tensors.b[1][place]!;
    });
    const { data } = await run(device, [{ ...step, weight: "w", bias: "b" }], inputs, tensors);
    expect(worstError(data, expected)).toBeLessThan(1e-5);
    const { data: unbiased } = await run(device, [{ ...step, weight: "w" }], inputs, tensors);
    expect(worstError(unbiased, expected)).toBeGreaterThan(1e-3);
  });

  it("a constant is that of all images, on either side", async () => {
    const numbers = noise(6, 5);
    const steps = (first: string, second: string) => [
      { op: "constant", tensor: "k", shape: [5, 1, 1], to: "k" },
      { op: "sub", x: first, y: second },
    ];
    const tensors = { k: [[5], numbers] } as const;
    const expected = Float64Array.from(x.data, (v, index) => v - numbers[index % 5]!);
    expect(worstError((await run(device, steps("x", "k"), { x }, tensors)).data, expected)).toBeLessThan(1e-6);
    const { data } = await run(device, steps("k", "x"), { x }, tensors);
    expect(
      worstError(
        data,
        expected.map((v) => -v),
      ),
    ).toBeLessThan(1e-6);
    const both = await run(device, steps("k", "k"), { x }, tensors);
    expect(both.value.shape).toEqual([2, 1, 1, 8]);
  });

  it.each<readonly [Readonly<Record<string, unknown>>, string]>([
    [{ op: "add" }, '"step 0" has no second operands'],
    [{ op: "add", y: "y", value: 1 }, '"step 0" has two second operands'],
    [{ op: "matmul", y: "x" }, "cannot be multiplied"],
  ])("%j is refused", async (step, message) => {
    await expect(run(device, [step], inputs)).rejects.toThrow(ShapeError);
    await expect(run(device, [step], inputs)).rejects.toThrow(message);
  });
});
