import type { Graph, Value } from "../../runtime/graph.ts";
import type { Learned } from "../conv/filter.ts";
import { axesOf, both, type Padding, type Pair } from "../conv/window.ts";
import { type Fir, fir } from "./fir.ts";

/** A filter that goes down first and then across: the outer product of its taps. */
export interface SeparableFir {
  readonly label: string;
  readonly taps: number;
  /** [taps] */
  readonly along: Learned;
}

export interface UpfirdnOptions {
  /** From pixel to pixel of the map, with zeros between; 1 unless given. */
  readonly up?: Pair;
  /** From output to output; 1 unless given. */
  readonly down?: Pair;
  /** Zeros around the map and those between; negative: so many are cut off. */
  readonly pad?: Padding;
  /** What the filter is multiplied by; 1 unless given. */
  readonly gain?: number;
  /** Correlation instead of convolution, which has the taps the other way round. */
  readonly flip?: boolean;
}

/**
 * `upfirdn2d` of StyleGAN's authors, each channel by itself: zeros between the pixels of x [n, h,
 * w, c], zeros around or a crop, a filter, and of that every so many pixels.
 *
 * @throws ShapeError when nothing is left.
 */
export function upfirdn(
  graph: Graph,
  x: Value,
  filter: Fir | SeparableFir,
  { up = 1, down = 1, pad = 0, gain = 1, flip = false }: UpfirdnOptions = {},
): Value {
  const { label, taps } = filter;
  const kernel = "along" in filter ? filter.along : filter.kernel;
  const factor = "along" in filter ? Math.sqrt(gain) : gain;
  const used = {
    // Parameters are kept by their labels.
    label: `${label}${flip ? "" : ".reversed"}${factor === 1 ? "" : ` × ${factor}`}`,
    kernel: {
      sources: kernel.sources,
      of: (sources: Parameters<Learned["of"]>[0]) => {
        const numbers = Float64Array.from(kernel.of(sources), (tap) => tap * factor);
        return flip ? numbers : numbers.reverse();
      },
    },
  };
  const [, height = 1, width = 1] = x.shape;
  const stretched = [height * both(up)[0], width * both(up)[1]] as const;
  const [vertical, horizontal] = axesOf(stretched, taps, { stride: down, pad });
  const before = [vertical.before, horizontal.before] as const;
  if (!("along" in filter)) {
    return fir(graph, x, { ...used, taps }, [vertical.out, horizontal.out], { up, down, before });
  }
  const column = fir(graph, x, { ...used, taps: [filter.taps, 1] }, [vertical.out, width], {
    up: [both(up)[0], 1],
    down: [both(down)[0], 1],
    before: [before[0], 0],
  });
  return fir(graph, column, { ...used, taps: [1, filter.taps] }, [vertical.out, horizontal.out], {
    up: [1, both(up)[1]],
    down: [1, both(down)[1]],
    before: [0, before[1]],
  });
}
