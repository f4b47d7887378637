import { CONV, type ConvOptions, convBy } from "../kernels/conv/conv.ts";
import type { Filter } from "../kernels/conv/filter.ts";
import type { Way } from "../kernels/conv/ways.ts";
import { simplified } from "../kernels/conv/window.ts";
import { applyComposed, DENSE_EDIT } from "../kernels/edit/dense.ts";
import { PICTURE, type PictureOptions, picture } from "../kernels/maps/picture.ts";
import { CLAMP, clamp, PIXELNORM, pixelnorm } from "../kernels/maps/pointwise.ts";
import { UNARY, type Unary, unary } from "../kernels/maps/unary.ts";
import type { Graph, Operation, Value } from "../runtime/graph.ts";

// Tests: test/models/windows.test.ts

/** Rows, or columns, of a map: from the first to before the end. */
export interface Span {
  readonly first: number;
  readonly end: number;
}

/** How an operation is computed for a part of its output alone, to the bits of the whole. */
export interface WindowRule {
  /** What of the output may have other bits when these rows of an input have. */
  changed(span: Span): Span;
  /** What of its inputs these rows of the output are made of. */
  needed(span: Span): Span;
  /** Windows of its output begin and end at multiples of this. */
  readonly step: number;
  /** Rows that `append` makes too many on each side, which are not right. */
  readonly margin: number;
  /**
   * It reads no neighbours and makes zero of zero: where another operation reads its output beyond
   * the map, there are the zeros of that one's padding. It is computed again where it is read.
   */
  readonly passing: boolean;
  /** On windows of its inputs. */
  append(graph: Graph, inputs: readonly (Value | undefined)[]): Value;
}

const same = (span: Span): Span => span;
const POINT = { changed: same, needed: same, step: 1, margin: 0 } as const;

/** The rule of an operation, if it has one: no rule has what every pixel depends on. */
export function windowRule({ kind, attributes, inputs: [x], output }: Operation): WindowRule | undefined {
  switch (kind) {
    case CONV:
      return convRule(attributes as Parameters<typeof convRule>[0]);
    case PIXELNORM:
      return { ...POINT, passing: true, append: (graph, [x]) => pixelnorm(graph, x!) };
    case DENSE_EDIT:
      return { ...POINT, passing: true, append: (graph, [x, composed]) => applyComposed(graph, x!, composed!) };
    case CLAMP: {
      const { bound } = attributes as { readonly bound: number };
      return { ...POINT, passing: true, append: (graph, [x]) => clamp(graph, x!, bound) };
    }
    case UNARY: {
      const { fn, a, b } = attributes as Unary;
      return { ...POINT, passing: false, append: (graph, [x]) => unary(graph, x!, fn, a, b) };
    }
    case PICTURE: {
      // A crop's corner is the map's, but what it leaves out is not there to be pasted.
      if (`${x!.shape.slice(0, 3)}` !== `${output.shape.slice(0, 3)}`) return undefined;
      const { range } = attributes as Required<PictureOptions>;
      return { ...POINT, passing: false, append: (graph, [x]) => picture(graph, x!, { range }) };
    }
    default:
      return undefined;
  }
}

/** Outputs along each axis of a tile of Winograd's. */
const TILES: Readonly<Record<Way["algorithm"], number>> = { direct: 1, taps: 1, winograd2: 2, winograd4: 4 };

/**
 * A convolution of stride 1, by the kernels and in the way of the whole. It reads its own zeros
 * from the window, which has those of the map's padding in it.
 */
function convRule({
  filter,
  options,
  way,
}: {
  readonly filter: Filter;
  readonly options: ConvOptions;
  readonly way: Way;
}): WindowRule | undefined {
  const kernel = simplified(filter.kernel);
  const dilation = simplified(options.dilation ?? 1);
  if (typeof kernel !== "number" || typeof dilation !== "number" || simplified(options.stride ?? 1) !== 1) {
    return undefined;
  }
  if (options.upsample) {
    // Rows 2 i and 2 i + 1 are made of i − 1, i and i + 1. All of it on the window's own pixels:
    // the outermost of these have neighbours that are not in it.
    return {
      changed: ({ first, end }) => ({ first: 2 * first - 1, end: 2 * end + 1 }),
      needed: ({ first, end }) => ({ first: first / 2 - 1, end: end / 2 + 1 }),
      step: 2,
      margin: 2,
      passing: false,
      append: (graph, [x]) => convBy(way, graph, x!, filter, options),
    };
  }
  const reach = (kernel - 1) * dilation;
  const pad = options.pad === "same" ? reach >> 1 : simplified(options.pad ?? 0);
  // A residual is read where the output is, whose windows are other ones than those of x.
  if (typeof pad !== "number" || options.residual) return undefined;
  const tile = TILES[way.algorithm];
  return {
    changed: ({ first, end }) =>
      tile === 1
        ? { first: first + pad - reach, end: end + pad }
        : { first: beforeTile(first, tile), end: -beforeTile(-end, tile) },
    needed: ({ first, end }) => ({ first: first - pad, end: end - pad + reach }),
    step: tile,
    margin: 0,
    passing: false,
    append: (graph, [x]) => convBy(way, graph, x!, filter, { ...options, pad: 0 }),
  };
}

/**
 * The first row of Winograd's tiles that has other bits when rows from `first` on have. All of a
 * tile's outputs are sums of what is made of its inner inputs, to which the outermost ones add
 * nothing but to the output beside them: only where `first` begins a tile it is one row above.
 */
const beforeTile = (first: number, tile: number): number =>
  first % tile === 0 ? first - 1 : Math.floor(first / tile) * tile;
