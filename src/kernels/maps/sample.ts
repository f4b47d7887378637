import type { Graph, Value } from "../../runtime/graph.ts";
import { type Axis, separable, type Tap } from "./separable.ts";

// Tests: test/kernels/maps/sampling.test.ts

/** Where an output stands among the inputs of an axis (ONNX Resize-13). */
export const COORDINATES = {
  half_pixel: true,
  pytorch_half_pixel: true,
  tf_half_pixel_for_nn: true,
  asymmetric: true,
  align_corners: true,
  tf_crop_and_resize: true,
} as const;
/** Which input is the nearest. */
export const ROUNDING = { round_prefer_floor: true, round_prefer_ceil: true, floor: true, ceil: true } as const;
export const INTERPOLATION = { nearest: true, linear: true, cubic: true } as const;

/** How a map is resized. */
export interface Resampling {
  readonly mode: keyof typeof INTERPOLATION;
  readonly coordinates: keyof typeof COORDINATES;
  readonly rounding: keyof typeof ROUNDING;
  /** Coefficient of the cubic polynomial (Keys 1981): −0.75 in PyTorch, −0.5 in TensorFlow. */
  readonly cubic: number;
  /** Inputs beyond the edge weigh nothing, instead of being the last. */
  readonly excludeOutside: boolean;
  /** What stands beyond the map with tf_crop_and_resize. */
  readonly value: number;
}

interface Extent {
  readonly inputs: number;
  readonly outputs: number;
  /** Outputs to one input; as the extents have it unless given. */
  readonly scale: number;
  /** Of the axis, from 0 to 1, that is resized with tf_crop_and_resize. */
  readonly from: number;
  readonly to: number;
}

/** The place of output t among the inputs; the first is at 0. */
function place(t: number, { inputs, outputs, scale, from, to }: Extent, how: Resampling["coordinates"]): number {
  switch (how) {
    case "half_pixel":
      return (t + 0.5) / scale - 0.5;
    case "pytorch_half_pixel":
      return outputs > 1 ? (t + 0.5) / scale - 0.5 : 0;
    case "tf_half_pixel_for_nn":
      return (t + 0.5) / scale;
    case "asymmetric":
      return t / scale;
    case "align_corners":
      return outputs > 1 ? (t * (inputs - 1)) / (outputs - 1) : 0;
    case "tf_crop_and_resize":
      if (outputs === 1) return ((from + to) * (inputs - 1)) / 2;
      return from * (inputs - 1) + (t * (to - from) * (inputs - 1)) / (outputs - 1);
  }
}

function nearest(at: number, rounding: Resampling["rounding"]): number {
  if (rounding === "floor") return Math.floor(at);
  if (rounding === "ceil") return Math.ceil(at);
  return rounding === "round_prefer_floor" ? Math.ceil(at - 0.5) : Math.floor(at + 0.5);
}

/** Keys' cubic convolution at a distance. */
function keys(distance: number, a: number): number {
  const d = Math.abs(distance);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((d - 5) * d + 8) * d * a - 4 * a : 0;
}

/** The taps of a place before the map's edges are thought of. */
function tapsAt(at: number, { mode, rounding, cubic }: Resampling): Tap[] {
  const low = Math.floor(at);
  if (mode === "nearest") return [[nearest(at, rounding), 1]];
  if (mode === "linear") {
    return [
      [low, 1 - (at - low)],
      [low + 1, at - low],
    ];
  }
  return [-1, 0, 1, 2].map((k): Tap => [low + k, keys(at - (low + k), cubic)]);
}

/** The table of one axis. */
export function resampled(extent: Extent, how: Resampling): Axis {
  const { inputs, outputs } = extent;
  const taps = Array.from({ length: outputs }, (_, t): Tap[] => {
    const at = place(t, extent, how.coordinates);
    if (how.coordinates === "tf_crop_and_resize" && (at < 0 || at > inputs - 1)) return [];
    const sums = new Map<number, number>();
    for (const [from, weight] of tapsAt(at, how)) {
      const beyond = from < 0 || from >= inputs;
      if (weight === 0 || (beyond && how.excludeOutside)) continue;
      const held = Math.min(inputs - 1, Math.max(0, from));
      sums.set(held, (sums.get(held) ?? 0) + weight);
    }
    const whole = how.excludeOutside ? [...sums.values()].reduce((sum, weight) => sum + weight, 0) : 1;
    return [...sums].map(([from, weight]) => [from, weight / whole]);
  });
  return { inputs, taps };
}

/**
 * x [n, h, w, c] resized to height × width, as ONNX's Resize does.
 * @param scales Outputs to one input, down and across; as the extents have it unless given.
 * @param roi The part [top, left, bottom, right] that is resized, from 0 to 1.
 */
export function sample(
  graph: Graph,
  x: Value,
  [height, width]: readonly [number, number],
  how: Resampling,
  scales: readonly [number, number] | undefined,
  roi: readonly [number, number, number, number] = [0, 0, 1, 1],
): Value {
  const [rows, columns] = [height, width].map((outputs, axis) => {
    const inputs = x.shape[1 + axis]!;
    const scale = scales?.[axis] ?? outputs / inputs;
    return resampled({ inputs, outputs, scale, from: roi[axis]!, to: roi[axis + 2]! }, how);
  }) as [Axis, Axis];
  return separable(graph, x, rows, columns, how.value);
}
