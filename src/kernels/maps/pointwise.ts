import { ShapeError } from "../../errors.ts";
import { elements, type Graph, type OperationKind, type Value } from "../../runtime/graph.ts";
import bytesKernel from "../generated/bytes.wgsl.ts";
import clampKernel from "../generated/clamp.wgsl.ts";
import pixelnormKernel from "../generated/pixelnorm.wgsl.ts";
import { lanes } from "../lanes.ts";

/** Operations of their one input alone. */
export const PIXELNORM: OperationKind<undefined> = { name: "pixelnorm" };
/** To ± a bound. */
export const CLAMP: OperationKind<{ readonly bound: number }> = { name: "clamp" };

/** Pixelwise normalisation of x [n, h, w, c] over its channels (Karras et al. 2018, §4.2). */
export function pixelnorm(graph: Graph, x: Value): Value {
  const y = graph.value(`${x.label}.normed`, x.shape, "f32", x.channels);
  const vectors = x.shape.at(-1)! / 4;
  const pixels = elements(x.shape) / (4 * vectors);
  graph.step(pixelnormKernel, { x, y }, { pixels, vectors, channels: x.channels }, lanes(pixels));
  graph.record(PIXELNORM, [x], y, undefined);
  return y;
}

/** y = clamp(x, −bound, bound). */
export function clamp(graph: Graph, x: Value, bound = 1): Value {
  const y = graph.value(`${x.label}.clamped`, x.shape, "f32", x.channels);
  const total = elements(x.shape) / 4;
  graph.step(clampKernel, { x, y }, { bound, total }, lanes(total));
  graph.record(CLAMP, [x], y, { bound });
  return y;
}

/** An image [n, h, w, 3] in [−1,1] as packed RGBA bytes, one u32 a pixel: [n, h, w]. */
export function bytes(graph: Graph, x: Value): Value {
  if (x.channels !== 3)
    throw new ShapeError(
      `Only an RGB image becomes bytes; "${x.label}" is [${x.shape}].`,
      "Give a map of three channels.",
    );
  const rgba = graph.value(`${x.label}.rgba`, x.shape.slice(0, -1), "u32");
  const total = elements(rgba.shape);
  graph.step(bytesKernel, { x, rgba }, { total }, lanes(total));
  return rgba;
}
