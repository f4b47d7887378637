// Gradients in double precision, from nothing but the operations' own definitions.

import { gradient } from "../../src/gradient/gradient.ts";
import type { Device } from "../../src/runtime/device.ts";
import type { Graph, Target, Value } from "../../src/runtime/graph.ts";
import { targetsHere } from "../gpu.ts";
import { Bench, type Extents, type Linear, type Map64, noiseMap, unpack, zeros } from "../kernels/reference.ts";

export const TARGETS = await targetsHere(["software", "gpu"]);

export const extentsOf = ({ n, height, width, channels }: Map64): Extents => [n, height, width, channels];

/**
 * Aᵀ dy of a linear y = A x, one column of A after the other: A is applied to every unit vector.
 * What is rounded on the way forward is rounded on the way back.
 */
export function adjoint64(x: Extents, dy: Map64, forward: (x: Map64) => Linear): Linear {
  const dx = zeros(x);
  const unit = zeros(x);
  dx.data.forEach((_, at) => {
    unit.data[at] = 1;
    const column = forward(unit);
    unit.data[at] = 0;
    column.data.forEach((v, to) => {
      dx.data[at]! += v * dy.data[to]!;
      dx.terms[at]! += Math.max(Math.abs(v), column.terms[to]!) * Math.abs(dy.data[to]!);
    });
  });
  return dx;
}

/** The gradient of Σ dy · y by x, by central differences. */
export function differences64(x: Map64, dy: ArrayLike<number>, forward: (x: Map64) => ArrayLike<number>): Float64Array {
  const step = 1e-5;
  const moved = { ...x, data: x.data.slice() };
  return x.data.map((v, at) => {
    const sum = (value: number): number => {
      moved.data[at] = value;
      const y = forward(moved);
      let total = 0;
      for (let to = 0; to < y.length; to += 1) total += y[to]! * dy[to]!;
      return total;
    };
    const slope = (sum(v + step) - sum(v - step)) / (2 * step);
    moved.data[at] = v;
    return slope;
  });
}

/**
 * Runs y = build(x…) and its gradients by the inputs for random dy, on every kind of target; dy as
 * the GPU had it comes along.
 */
export async function backward(
  device: Device,
  target: Target,
  inputs: readonly Map64[],
  build: (graph: Graph, inputs: readonly Value[]) => Value,
): Promise<{ readonly dy: Map64; readonly gradients: readonly Float32Array[] }> {
  const bench = new Bench(device, target);
  const values = inputs.map((map, index) => bench.map(map, `x${index}`));
  const y = build(bench.graph, values);
  const [n = 1, height = 1, width = 1] = y.shape;
  const dy = noiseMap(99, [n, height, width, y.channels]);
  const seed = bench.map(dy, "seed");
  const gradients = gradient(bench.graph, y, values, { seed });
  const stored = await bench.run(...gradients);
  return { dy, gradients: stored.map((data, index) => unpack(data, gradients[index]!.channels)) };
}
