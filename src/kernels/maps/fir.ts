import { ShapeError } from "../../errors.ts";
import { elements, type Graph, type OperationKind, type Value } from "../../runtime/graph.ts";
import type { Learned } from "../conv/filter.ts";
import { area, both, type Pair } from "../conv/window.ts";
import firKernel from "../generated/fir.wgsl.ts";
import { lanes } from "../lanes.ts";

/** A finite impulse response filter, the same for every channel. */
export interface Fir {
  /** Its name in the graph: the same label stands for the same numbers everywhere. */
  readonly label: string;
  /** Along each axis. */
  readonly taps: Pair;
  /** [taps down][taps across], as a correlation. */
  readonly kernel: Learned;
}

/**
 * How a filter moves: over x with `up` − 1 zeros between its pixels and `before` above and to the
 * left of them (negative: so many are left out), from one output to the next by `down`.
 */
export interface FirMove {
  readonly up: Pair;
  readonly down: Pair;
  readonly before: Pair;
}

/** x filtered, plus the second input, if there is one. */
export const FIR: OperationKind<{ readonly filter: Fir; readonly move: FirMove }> = { name: "fir" };

/** A filter's numbers on the device. */
export const firParameter = (graph: Graph, { label, taps, kernel }: Fir): Value =>
  graph.parameter(`${label}.fir`, [area(taps)], kernel.sources, (sources) => Float32Array.from(kernel.of(sources)));

/** The filter with its taps the other way round. */
export const reversedFir = ({ label, taps, kernel }: Fir): Fir => ({
  label: `${label}.reversed`,
  taps,
  kernel: { sources: kernel.sources, of: (sources) => Array.from(kernel.of(sources)).reverse() },
});

/**
 * x [n, h, w, c] filtered to `height` × `width`, with zeros around as far as the outputs reach,
 * plus `addend`: upsampling for `up` 2, a blur for 1, downsampling for `down` 2.
 * @throws ShapeError for an addend of another shape.
 */
export function fir(
  graph: Graph,
  x: Value,
  filter: Fir,
  [height, width]: readonly [height: number, width: number],
  {
    addend,
    ...move
  }: FirMove & {
    /** Added to the result, of whose shape it is; nothing unless given. */
    readonly addend?: Value | undefined;
  },
): Value {
  const [n = 1, inHeight = 1, inWidth = 1, stored = 4] = x.shape;
  const y = graph.map(`${x.label}.${filter.label}`, n, height, width, x.channels);
  if (addend && addend.shape.join() !== y.shape.join()) {
    throw new ShapeError(
      `Filtered "${x.label}" is [${y.shape}], to which "${addend.label}" [${addend.shape}] cannot be added.`,
      "Give an addend of the result's shape.",
    );
  }
  const [[tapsDown, tapsAcross], [upDown, upAcross]] = [both(filter.taps), both(move.up)];
  const [[stepDown, stepAcross], [top, left]] = [both(move.down), both(move.before)];
  const extents = { inHeight, inWidth, outHeight: height, outWidth: width };
  const total = elements(y.shape) / 4;
  graph.step(
    firKernel,
    { x, kernel: firParameter(graph, filter), addend: addend ?? x, y },
    {
      ...{ vectors: stored / 4, ...extents, tapsDown, tapsAcross, upDown, upAcross, stepDown, stepAcross },
      ...{ top, left, total },
    },
    lanes(total),
    { choices: { ADD: addend !== undefined } },
  );
  graph.record(FIR, [x, addend], y, { filter, move });
  return y;
}
