import { ShapeError } from "../../errors.ts";
import { type Graph, type OperationKind, padded, type Value } from "../../runtime/graph.ts";
import upconvKernel from "../generated/upconv.wgsl.ts";
import { lanes } from "../lanes.ts";
import { type Fir, firParameter } from "../maps/fir.ts";
import { bindingsOf, checkDemodulation, choicesOf, type Demodulation } from "./demodulate.ts";
import { type Filter, packColumns, packed } from "./filter.ts";
import { CHUNK_BYTES, product } from "./product.ts";
import { nameOf, tapWaysOf } from "./ways.ts";

/** A transposed convolution of stride 2, filtered and demodulated; its inputs are x and d. */
export const UPCONV: OperationKind<{
  readonly filter: Filter;
  readonly fir: Fir;
  readonly demodulation: Demodulation;
}> = { name: "upconv" };

/** Rows of pixels that are computed at once, and those that their products come from. */
interface Strip {
  readonly start: number;
  readonly end: number;
  readonly first: number;
  readonly last: number;
}

/**
 * Whole images, as many as fit in `most` rows, or strips of one image, whose neighbouring rows are
 * computed twice.
 */
export function stripsOf(images: number, height: number, most: number): Strip[] {
  const strips: Strip[] = [];
  if (most >= height) {
    const step = Math.floor(most / height) * height;
    for (let first = 0; first < images * height; first += step) {
      const last = Math.min(first + step, images * height);
      strips.push({ start: first, end: last, first, last });
    }
    return strips;
  }
  const step = Math.max(1, most - 2);
  for (let image = 0; image < images; image += 1) {
    const [top, bottom] = [image * height, (image + 1) * height];
    for (let first = top; first < bottom; first += step) {
      const last = Math.min(first + step, bottom);
      strips.push({ start: Math.max(top, first - 1), end: Math.min(bottom, last + 1), first, last });
    }
  }
  return strips;
}

/**
 * A 3×3 transposed convolution of stride 2 without padding of x [n, h, w, in], which has 2 h + 1
 * rows, a 4×4 filter over that with a zero around, and StyleGAN's demodulation: [n, 2 h, 2 w, out].
 * The filter's bias is not used.
 *
 * Mixing channels comes first, at x's resolution: 9 multiply-adds for each input, as many as the
 * transposed convolution has, where the two filters folded into one of 6×6 taps would have 36. What
 * follows adds 49 of the products up for 2×2 outputs, without writing the 2 h + 1 rows down.
 */
export function upconv(graph: Graph, x: Value, filter: Filter, fir: Fir, demodulation: Demodulation): Value {
  const { label, kernel, inChannels, outChannels } = filter;
  const [n = 1, height = 1, width = 1] = x.shape;
  if (x.channels !== inChannels || kernel !== 3 || fir.taps !== 4) {
    throw new ShapeError(
      `"${label}" (${kernel}×${kernel} of ${inChannels} channels, then ${fir.taps}×${fir.taps}) cannot upsample "${x.label}" [${x.shape}].`,
      "Give a 3×3 kernel of the map's channels, and a filter of 4×4 taps.",
    );
  }
  const y = graph.map(label, n, 2 * height, 2 * width, outChannels);
  checkDemodulation(demodulation, y);
  const [rows, vectors] = [padded(inChannels), padded(outChannels) / 4];
  const weight = graph.weights(
    `${label}.weight.taps`,
    [rows, 9, 4 * vectors],
    [...filter.weight.sources, ...filter.scale.sources],
    packed(filter, packColumns),
  );
  const shape = { height, width, outHeight: 2 * height, outWidth: 2 * width, inChannels, outChannels, kernel };
  const options = { stride: 2, dilation: 1, pad: 0, upsample: true, residual: false };
  const name = `${nameOf({ ...shape, ...options }, graph.storage)} filtered`;
  const { tile } = graph.choose(name, tapWaysOf(graph, { ...shape, ...options }), (other, images) => {
    alone(other, images, filter, fir, [height, width]);
  });
  const taps = firParameter(graph, fir);
  const bytes = 4 * 9 * width * 4 * vectors;
  for (const { start, end, first, last } of stripsOf(n, height, Math.floor(CHUNK_BYTES / bytes))) {
    const pixels = (end - start) * width;
    const t = graph.value(`${label}.taps`, [pixels, 9, 4 * vectors]);
    product(
      graph,
      tile,
      { x, weight, y: t },
      { first: start * width, rows: pixels, inVectors: rows / 4, outVectors: 9 * vectors },
      2 * 9 * pixels * inChannels * outChannels,
    );
    const total = (last - first) * width * vectors;
    const bound = demodulation.bound ?? 0;
    graph.step(
      upconvKernel,
      { t, fir: taps, ...bindingsOf(demodulation), y },
      { height, width, vectors, start: start * width, first: first * width, bound, total },
      lanes(total),
      { choices: choicesOf(demodulation) },
    );
  }
  graph.record(UPCONV, [x, demodulation.d], y, { filter, fir, demodulation });
  return y;
}

/** The operation on a map of its own, demodulated as is usual. */
function alone(
  graph: Graph,
  images: number,
  filter: Filter,
  fir: Fir,
  [height, width]: readonly [number, number],
): void {
  const { inChannels, outChannels } = filter;
  const bias = graph.value("bias", [padded(outChannels)]);
  const d = graph.map("d", images, 1, 1, outChannels);
  upconv(graph, graph.map("x", images, height, width, inChannels), filter, fir, { d, bias, leaky: true });
}
