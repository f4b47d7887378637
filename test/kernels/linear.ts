// What linear kernels are held to, for the tests of each of them.
import { afterAll, expect } from "vitest";
import { type Linear, TOLERANCE, unpack, worstUnit } from "./reference.ts";

const units = new Map<string, number>();
afterAll(() => {
  for (const [kernel, unit] of units) console.log(`${kernel}: worst error ${unit.toFixed(2)} ε·Σ|terms|`);
});

/** The worst unit of a stored map, kept for the report. */
export function measure(kernel: string, stored: Float32Array, expected: Linear): number {
  const unit = worstUnit(unpack(stored, expected.channels), expected);
  units.set(kernel, Math.max(unit, units.get(kernel) ?? 0));
  return unit;
}

/** Within the tolerance of linear kernels. */
export const expectLinear = (kernel: string, stored: Float32Array, expected: Linear): void =>
  expect(measure(kernel, stored, expected)).toBeLessThan(TOLERANCE);
