import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UNARY_FUNCTIONS, type UnaryFunction, unary } from "../../../src/kernels/maps/unary.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { requestDevice } from "../../gpu.ts";
import { Bench, EPSILON, type Map64, noise, unpack } from "../reference.ts";
import { erfc, FUNCTIONS, PARAMETERS } from "./functions.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const NAMES = Object.keys(UNARY_FUNCTIONS) as UnaryFunction[];
/** Defined above zero only, or not there. */
const POSITIVE: readonly UnaryFunction[] = ["sqrt", "log"];
/** Without bound, and so not asked for at the ends. */
const STEEP: readonly UnaryFunction[] = ["exp", "reciprocal"];
const ENDS = [0, 1e-30, 1e-12, 1e-6, 1e-3, 8.9, 9.1, 20, 86, 88, 100, 1e4, 1e15, 1e30];

/** Five channels, so that three of every eight are padding. */
function inputs(fn: UnaryFunction): Map64 {
  const ends = STEEP.includes(fn) ? [] : ENDS;
  const spread = [...noise(7, 900)].flatMap((v) => [v, 4 * v, 20 * v]);
  const all = [...ends, ...ends.map((v) => -v), ...spread, 0.5, 1.5, 2.5, -0.5, -1.5];
  while (all.length % 5 !== 0) all.push(1);
  const data = Float64Array.from(all, (v) => Math.fround(POSITIVE.includes(fn) ? Math.abs(v) + 1e-3 : v || 0));
  return { n: 1, height: 1, width: data.length / 5, channels: 5, data };
}

/**
 * Errors in units of what rounding x and y comes to, ε (|y| + |x f'(x)|); below 1e-30 a float32 may
 * have lost its digits.
 */
function worstOf(fn: UnaryFunction, x: Map64, actual: ArrayLike<number>): number {
  const [a, b] = PARAMETERS[fn] ?? [0, 0];
  const f = (v: number) => FUNCTIONS[fn](v, a, b);
  let worst = 0;
  x.data.forEach((v, index) => {
    const step = 1e-5 * Math.max(1e-3, Math.abs(v));
    const slope = (f(v + step) - f(v - step)) / (2 * step);
    const jumps = ["sign", "floor", "ceil", "round", "thresholdedRelu"].includes(fn);
    const unit = Math.abs(f(v)) + (jumps ? 0 : Math.abs(v * slope));
    const error = Math.abs(actual[index]! - f(v)) / (EPSILON * unit + 1e-30);
    if (!(error <= worst)) worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
  });
  return worst;
}

const units: string[] = [];
afterAll(() => console.log(`worst errors in ε (|y| + |x f'(x)|): ${units.join(", ")}`));

describe("a function of every element", () => {
  test.each(NAMES)("%s, at its ends too, with zeros in the padding", async (fn) => {
    const x = inputs(fn);
    const bench = new Bench(device);
    const [y] = await bench.run(unary(bench.graph, bench.map(x), fn, ...(PARAMETERS[fn] ?? [])));
    const worst = worstOf(fn, x, unpack(y, 5));
    units.push(`${fn} ${worst.toFixed(1)}`);
    expect(worst).toBeLessThan(16);
  });

  test("is compared with functions that are right themselves", () => {
    // Abramowitz and Stegun, table 7.1; and erfc(5) by Wolfram's functions site.
    expect(FUNCTIONS.erf(0.5, 0, 0)).toBeCloseTo(0.5204998778, 10);
    expect(FUNCTIONS.erf(-2, 0, 0)).toBeCloseTo(-0.995322265, 10);
    expect(erfc(5) / 1.5374597944280349e-12).toBeCloseTo(1, 10);
    expect([2.5, 3.5, -0.5, -1.5, 1.2].map((v) => FUNCTIONS.round(v, 0, 0))).toEqual([2, 4, -0, -2, 1]);
  });
});
