import type { Device } from "../../src/runtime/device.ts";
import { type Extent, elements, fold, padded } from "../../src/runtime/graph.ts";
import { Bench, type Map64, noiseMap, random, unpack } from "./reference.ts";

/**
 * Bilinear with half-pixel centres and clamped borders, one invocation an activation: what kernels
 * must find on the fly.
 */
const UPSAMPLE = {
  name: "upsample",
  params: { units: "u32", height: "u32", width: "u32", rows: "u32", columns: "u32", total: "u32" },
  bindings: { x: "read", y: "read_write" },
  source: /* wgsl */ `
struct Params { units: u32, height: u32, width: u32, rows: u32, columns: u32, total: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * 64u;
  if (at >= params.total) { return; }
  let unit = at % params.units;
  let grid = vec2u(params.rows, params.columns);
  let pixel = vec2u(at / params.units / params.columns, at / params.units) % grid;
  let image = at / params.units / params.columns / params.rows;
  let extent = vec2f(f32(params.height), f32(params.width));
  let source = clamp((vec2f(pixel) + 0.5) * extent / vec2f(grid) - 0.5, vec2f(), extent - 1.0);
  let lo = vec2u(source);
  let hi = min(lo + 1u, vec2u(extent) - 1u);
  let f = source - vec2f(lo);
  let top = (image * params.height + lo.x) * params.width;
  let bottom = (image * params.height + hi.x) * params.width;
  let above = mix(x[(top + lo.y) * params.units + unit], x[(top + hi.y) * params.units + unit], f.y);
  let below = mix(x[(bottom + lo.y) * params.units + unit], x[(bottom + hi.y) * params.units + unit], f.y);
  y[at] = mix(above, below, f.x);
}`,
} as const;

/**
 * The maps on a grid (of so many rows and columns, or a square one) as the GPU has them, to compare
 * what follows exactly.
 */
export async function upsampled(device: Device, all: Map64, grid: number | Extent): Promise<Map64> {
  const [rows, columns] = typeof grid === "number" ? [grid, grid] : grid;
  const { n, height, width, channels } = all;
  const bench = new Bench(device);
  const y = bench.graph.map("y", n, rows, columns, channels);
  const total = elements(y.shape);
  const params = { units: padded(channels), height, width, rows, columns, total };
  bench.graph.step(UPSAMPLE, { x: bench.map(all), y }, params, fold(Math.ceil(total / 64)));
  const [stored] = await bench.run(y);
  return { ...all, height: rows, width: columns, data: Float64Array.from(unpack(stored, channels)) };
}

/** One unit's activations. */
export const ofUnit = (map: Map64, unit: number): Float64Array =>
  map.data.filter((_, index) => index % map.channels === unit);

/**
 * Units that each try something: noise, many ties, negatives, zeros of both signs, a constant, many
 * magnitudes.
 */
export function mixed([n, height, width]: readonly [number, number, number]): Map64 {
  const map = noiseMap(3, [n, height, width, 6]);
  const next = random(4);
  const pick = (values: readonly number[]) => values[Math.floor(next() * values.length)]!;
  map.data.forEach((value, index) => {
    const kinds = [
      value,
      pick([-1, 0.5, 2]),
      value - 3,
      pick([0, -0, 0.25, -0.25, 0, -0]),
      -1.5,
      value * 10 ** (60 * next() - 30),
    ];
    map.data[index] = Math.fround(kinds[index % 6]!);
  });
  return map;
}
