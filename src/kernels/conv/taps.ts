import { type Graph, padded } from "../../runtime/graph.ts";
import tapsKernel from "../generated/taps.wgsl.ts";
import { lanes } from "../lanes.ts";
import { ACTIVATIONS, type Activation } from "./activation.ts";
import { type Filter, packColumns, packed } from "./filter.ts";
import type { Operands } from "./operands.ts";
import { chunk, product } from "./product.ts";
import { type ConvShape, tapsBytes, type Way } from "./ways.ts";

// Tests: test/kernels/conv/conv.test.ts

/**
 * y = activation(conv3×3(upsample2(x)) + bias): all taps' products at x's resolution, then nine of
 * them summed per output. That is 2.25 instead of 4 multiply-adds per output.
 */
export function taps(
  graph: Graph,
  { x, y, bias }: Operands,
  filter: Filter,
  { tile }: Way,
  shape: ConvShape,
  activation: Activation,
): void {
  const { height, width, inChannels, outChannels } = shape;
  const { label } = filter;
  const [n = 1] = x.shape;
  const rows = padded(inChannels);
  const vectors = padded(outChannels) / 4;
  const weight = graph.weights(
    `${label}.weight.taps`,
    [rows, 9, 4 * vectors],
    [...filter.weight.sources, ...filter.scale.sources],
    packed(filter, packColumns),
  );
  const images = chunk(n, tapsBytes(shape));
  for (let first = 0; first < n; first += images) {
    const pixels = Math.min(images, n - first) * height * width;
    const t = graph.value(`${label}.taps`, [pixels, 9, 4 * vectors]);
    product(
      graph,
      tile,
      { x, weight, y: t },
      { first: first * height * width, rows: pixels, inVectors: rows / 4, outVectors: 9 * vectors },
      2 * 9 * pixels * inChannels * outChannels,
    );
    const total = pixels * vectors;
    graph.step(tapsKernel, { t, bias, y }, { height, width, vectors, first, total }, lanes(total), {
      choices: { ACTIVATION: ACTIVATIONS[activation] },
    });
  }
}
