import { ShapeError } from "../../errors.ts";
import { elements, type Graph, type OperationKind, padded, type Value } from "../../runtime/graph.ts";
import inverseRootKernel from "../generated/inverse-root.wgsl.ts";
import modulateKernel from "../generated/modulate.wgsl.ts";
import truncateKernel from "../generated/truncate.wgsl.ts";
import { lanes } from "../lanes.ts";

/**
 * Maps, or one map for all images, by factors of each image's channels, plus summands: the three
 * inputs.
 */
export const MODULATE: OperationKind<undefined> = { name: "modulate" };
/** gain / √x */
export const INVERSE_ROOT: OperationKind<{ readonly gain: number }> = { name: "inverse root" };
/** Rows psi w + rest of each image's w; its inputs are w, psi and the rest. */
export const TRUNCATE: OperationKind<undefined> = { name: "truncate" };

/**
 * y = x s, or x s + shift: x [n, h, w, c], or [1, h, w, c] of which every image is made, by s and
 * shift [n, 1, 1, c].
 */
export function modulate(graph: Graph, x: Value, s: Value, shift?: Value): Value {
  const [images = 1, height = 1, width = 1, stored = 4] = x.shape;
  const [n = 1] = s.shape;
  for (const { label, shape, channels } of shift ? [s, shift] : [s]) {
    const fits = shape.join() === `${n},1,1,${stored}` && channels === x.channels;
    if (fits && (images === n || images === 1)) continue;
    throw new ShapeError(
      `"${label}" [${shape}] cannot modulate "${x.label}" [${x.shape}].`,
      "Give one number for every image's channel.",
    );
  }
  const y = graph.map(`${x.label}.modulated`, n, height, width, x.channels);
  const total = elements(y.shape) / 4;
  const params = { vectors: stored / 4, pixels: height * width, copied: images === n ? 1 : 0, total };
  graph.step(modulateKernel, { x, s, shift: shift ?? s, y }, params, lanes(total), {
    choices: { SHIFT: shift !== undefined },
  });
  graph.record(MODULATE, [x, s, shift], y, undefined);
  return y;
}

/** y = gain / √x of x > 0; 0 becomes 0. */
export function inverseRoot(graph: Graph, x: Value, gain: number): Value {
  const y = graph.value(`${x.label}.root`, x.shape, "f32", x.channels);
  const total = elements(x.shape) / 4;
  graph.step(inverseRootKernel, { x, y }, { gain, total }, lanes(total));
  graph.record(INVERSE_ROOT, [x], y, { gain });
  return y;
}

/**
 * The truncation trick: [n, rows, 1, c], whose row r is psi_r w + rest_r of w [n, 1, 1, c].
 * @param psi [rows]
 * @param rest [rows, c], padded
 */
export function truncate(graph: Graph, label: string, w: Value, psi: Value, rest: Value): Value {
  const [n = 1] = w.shape;
  const [rows = 1] = psi.shape;
  if (elements(w.shape) !== n * padded(w.channels) || rest.shape.join() !== `${rows},${padded(w.channels)}`) {
    throw new ShapeError(
      `"${w.label}" [${w.shape}] cannot be truncated with the averages [${rest.shape}].`,
      "Give a vector for each image, and as many numbers for each row.",
    );
  }
  const y = graph.map(label, n, rows, 1, w.channels);
  const total = elements(y.shape) / 4;
  graph.step(truncateKernel, { w, psi, rest, y }, { vectors: padded(w.channels) / 4, rows, total }, lanes(total));
  graph.record(TRUNCATE, [w, psi, rest], y, undefined);
  return y;
}
