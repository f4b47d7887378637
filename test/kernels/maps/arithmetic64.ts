// What combines numbers, in double precision and from its definition.
import type { AxisName } from "../../../src/kernels/maps/layout.ts";
import { at, type Extents, each, type Linear, type Map64, zeros } from "../reference.ts";

export const BINARY64 = {
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
  div: (a: number, b: number) => a / b,
  pow: (a: number, b: number) => a ** b,
  min: Math.min,
  max: Math.max,
  prelu: (a: number, b: number) => (a > 0 ? a : a * b),
} as const;

/** f(a, b) with extents of 1 repeated. */
export function binary64(a: Map64, b: Map64, fn: (a: number, b: number) => number): Map64 {
  const y = zeros([
    Math.max(a.n, b.n),
    Math.max(a.height, b.height),
    Math.max(a.width, b.width),
    Math.max(a.channels, b.channels),
  ]);
  const of = (x: Map64, i: number, row: number, column: number, c: number): number =>
    x.data[
      at(
        x,
        Math.min(i, x.n - 1),
        Math.min(row, x.height - 1),
        Math.min(column, x.width - 1),
        Math.min(c, x.channels - 1),
      )
    ]!;
  each(y, (i, row, column, c, to) => {
    y.data[to] = fn(of(a, i, row, column, c), of(b, i, row, column, c));
  });
  return y;
}

/** Numbers along these axes, by where they are gathered. */
export function along64(
  x: Map64,
  axes: readonly AxisName[],
): { readonly extents: Extents; readonly groups: number[][] } {
  const extents: Extents = [
    x.n,
    axes.includes("h") ? 1 : x.height,
    axes.includes("w") ? 1 : x.width,
    axes.includes("c") ? 1 : x.channels,
  ];
  const y = zeros(extents);
  const groups: number[][] = Array.from({ length: y.data.length }, () => []);
  each(x, (i, row, column, c, from) => {
    const place = (letter: AxisName, index: number): number => (axes.includes(letter) ? 0 : index);
    groups[at(y, i, place("h", row), place("w", column), place("c", c))]!.push(from);
  });
  return { extents, groups };
}

/** A number for each group of numbers along these axes. */
export function reduce64(x: Map64, axes: readonly AxisName[], reduce: (numbers: number[]) => number): Linear {
  const { extents, groups } = along64(x, axes);
  const y = zeros(extents);
  groups.forEach((group, to) => {
    const numbers = group.map((from) => x.data[from]!);
    y.data[to] = reduce(numbers);
    y.terms[to] = reduce(numbers.map(Math.abs));
  });
  return y;
}

export const total = (numbers: readonly number[]): number => numbers.reduce((sum, v) => sum + v, 0);

export function softmax64(x: Map64, axes: readonly AxisName[], log: boolean): Map64 {
  const y = zeros([x.n, x.height, x.width, x.channels]);
  for (const group of along64(x, axes).groups) {
    const most = Math.max(...group.map((from) => x.data[from]!));
    const sum = total(group.map((from) => Math.exp(x.data[from]! - most)));
    for (const from of group) {
      const v = x.data[from]! - most - Math.log(sum);
      y.data[from] = log ? v : Math.exp(v);
    }
  }
  return y;
}

/** [n, h, k, c] · [n, k, w, c]. */
export function matmul64(a: Map64, b: Map64): Linear {
  const y = zeros([Math.max(a.n, b.n), a.height, b.width, Math.max(a.channels, b.channels)]);
  each(y, (i, row, column, c, to) => {
    for (let k = 0; k < a.width; k += 1) {
      const left = a.data[at(a, Math.min(i, a.n - 1), row, k, Math.min(c, a.channels - 1))]!;
      const term = left * b.data[at(b, Math.min(i, b.n - 1), k, column, Math.min(c, b.channels - 1))]!;
      y.data[to]! += term;
      y.terms[to]! += Math.abs(term);
    }
  });
  return y;
}

/** (x − mean) / √(variance + eps). */
export function normalised64(x: Map64, axes: readonly AxisName[], eps: number): Map64 {
  const y = zeros([x.n, x.height, x.width, x.channels]);
  for (const group of along64(x, axes).groups) {
    const numbers = group.map((from) => x.data[from]!);
    const mean = total(numbers) / numbers.length;
    const variance = total(numbers.map((v) => (v - mean) ** 2)) / numbers.length;
    for (const from of group) y.data[from] = (x.data[from]! - mean) / Math.sqrt(variance + eps);
  }
  return y;
}
