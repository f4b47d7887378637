import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UNARY_FUNCTIONS, type UnaryFunction, unary } from "../../src/kernels/maps/unary.ts";
import type { Device } from "../../src/runtime/device.ts";
import { requestDevice } from "../gpu.ts";
import { FUNCTIONS, PARAMETERS } from "../kernels/maps/functions.ts";
import { type Map64, noise } from "../kernels/reference.ts";
import { backward } from "./reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const FLAT: readonly UnaryFunction[] = ["sign", "floor", "ceil", "round"];
const POSITIVE: readonly UnaryFunction[] = ["sqrt", "log", "reciprocal"];
const FAR = [30, 100, 1e10, 1e30];

/** Five channels; where a function is steep, nothing far out. */
function inputs(fn: UnaryFunction): Map64 {
  const far = ["exp", ...POSITIVE].includes(fn) ? [] : [...FAR, ...FAR.map((v) => -v)];
  const all = [...noise(5, 600)].flatMap((v) => [v, 5 * v]).concat(far);
  while (all.length % 5 !== 0) all.push(0.3);
  const data = Float64Array.from(all, (v) => Math.fround(POSITIVE.includes(fn) ? Math.abs(v) + 0.1 : v));
  return { n: 1, height: 1, width: data.length / 5, channels: 5, data };
}

describe("the gradient of a function of every element", () => {
  test.each(Object.keys(UNARY_FUNCTIONS) as UnaryFunction[])("%s is its slope, far out too", async (fn) => {
    const x = inputs(fn);
    const [a, b] = PARAMETERS[fn] ?? [0, 0];
    const { dy, gradients } = await backward(device, "gpu", [x], (graph, [value]) => unary(graph, value!, fn, a, b));
    x.data.forEach((v, index) => {
      const step = 1e-5 * Math.max(1e-2, Math.abs(v));
      const slope = (FUNCTIONS[fn](v + step, a, b) - FUNCTIONS[fn](v - step, a, b)) / (2 * step);
      const expected = FLAT.includes(fn) ? 0 : slope * dy.data[index]!;
      // Central differences are good to seven digits here.
      const error = Math.abs(gradients[0]![index]! - expected);
      expect(error, `${fn}'(${v})`).toBeLessThan(2e-6 * (1 + Math.abs(expected)));
    });
  });
});
