import { ShapeError } from "../../errors.ts";
import { elements, type Graph, type OperationKind, type Value } from "../../runtime/graph.ts";
import { axesOf, both, type Padding, type Pair, type Axis as WindowAxis, windowParams } from "../conv/window.ts";
import poolKernel from "../generated/pool-max.wgsl.ts";
import { lanes } from "../lanes.ts";
import { type Axis, separable, type Tap } from "./separable.ts";

// Tests: test/kernels/maps/sampling.test.ts

/** How a window moves over a map. */
export interface Pooling {
  readonly size: Pair;
  readonly stride: Pair;
  readonly dilation?: Pair;
  readonly pad?: Padding;
  /** Windows may begin on the map and end beyond it and its padding. */
  readonly ceil?: boolean;
}

/** Max pooling of any window. */
export const POOL_MAX: OperationKind<Pooling> = { name: "max pooling" };

/**
 * Outputs of a window along an axis; one that begins behind the map and its padding before is none.
 */
function outputs({ extent, before, after, reach, stride, out }: WindowAxis, ceil: boolean): number {
  if (!ceil) return out;
  const most = Math.ceil((extent + before + after - reach) / stride) + 1;
  return (most - 1) * stride >= extent + before ? most - 1 : most;
}

/** The window along each axis, with its outputs. @throws ShapeError where none fits. */
export function windowOf(x: Value, { size, ceil = false, ...moves }: Pooling): readonly [WindowAxis, WindowAxis] {
  const [, height = 1, width = 1] = x.shape;
  const axes = axesOf([height, width], size, moves).map((axis) => ({ ...axis, out: outputs(axis, ceil) }));
  if (axes.every(({ out }) => out >= 1)) return axes as unknown as readonly [WindowAxis, WindowAxis];
  throw new ShapeError(
    `"${x.label}" [${x.shape}] is smaller than a window of ${both(size).join("×")}.`,
    "Give it a smaller window, or more padding.",
  );
}

/** Max pooling of x [n, h, w, c]. */
export function poolMax(graph: Graph, x: Value, pooling: Pooling): Value {
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const axes = windowOf(x, pooling);
  const [outHeight, outWidth] = [axes[0].out, axes[1].out];
  const y = graph.map(`${x.label}.pooled`, n, outHeight, outWidth, x.channels);
  const total = elements(y.shape) / 4;
  graph.step(
    poolKernel,
    { x, y },
    { vectors: stored / 4, inHeight, inWidth, outHeight, outWidth, ...windowParams(axes), total },
    lanes(total),
  );
  graph.record(POOL_MAX, [x], y, pooling);
  return y;
}

/**
 * Average pooling of x [n, h, w, c]: by the pixels that a window sees, or `countPad` by those of
 * padding too.
 */
export function poolAverage(graph: Graph, x: Value, pooling: Pooling & { readonly countPad?: boolean }): Value {
  const [rows, columns] = windowOf(x, pooling).map((axis): Axis => {
    const { extent, kernel, stride, dilation, before, after, out } = axis;
    const taps = Array.from({ length: out }, (_, to) => {
      const places = Array.from({ length: kernel }, (_, k) => to * stride + k * dilation - before);
      const seen = places.filter((place) => place >= 0 && place < extent);
      // What lies beyond the padding, as it may with `ceil`, is never counted.
      const counted = places.filter((place) => place < extent + after).length;
      const weight = 1 / (pooling.countPad ? counted : seen.length);
      return seen.map((place): Tap => [place, weight]);
    });
    return { inputs: extent, taps };
  }) as [Axis, Axis];
  return separable(graph, x, rows, columns);
}
