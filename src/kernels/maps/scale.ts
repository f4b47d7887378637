import { elements, type Graph, type OperationKind, padded, type Value } from "../../runtime/graph.ts";
import type { Learned } from "../conv/filter.ts";
import scaleKernel from "../generated/scale.wgsl.ts";
import { lanes } from "../lanes.ts";

interface Scale {
  /** [c] */
  readonly scale: Value;
}
export const SCALE: OperationKind<Scale> = { name: "scale" };

/** A number for each channel, zero in padding. */
const perChannel = (graph: Graph, label: string, channels: number, { sources, of }: Learned): Value =>
  graph.parameter(label, [padded(channels)], sources, (read) => {
    const numbers = new Float32Array(padded(channels));
    numbers.set(of(read));
    return numbers;
  });

/** y = scale x + shift with numbers for each channel of x [n, h, w, c]; `label` names them. */
export function scale(graph: Graph, x: Value, label: string, by: Learned, shift: Learned): Value {
  const factor = perChannel(graph, `${label}.scale`, x.channels, by);
  const addend = perChannel(graph, `${label}.shift`, x.channels, shift);
  const y = graph.value(label, x.shape, "f32", x.channels);
  scaleStep(graph, x, y, factor, addend);
  graph.record(SCALE, [x], y, { scale: factor });
  return y;
}

/** y = scale x, and shift added to it where there is one. */
export function scaleStep(graph: Graph, x: Value, y: Value, factor: Value, shift?: Value): void {
  const total = elements(x.shape) / 4;
  const bindings = { x, scale: factor, shift: shift ?? factor, y };
  graph.step(scaleKernel, bindings, { vectors: x.shape.at(-1)! / 4, total }, lanes(total), {
    choices: { SHIFT: shift !== undefined },
  });
}
