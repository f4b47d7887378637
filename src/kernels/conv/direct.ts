import { bytesOf, elements, type Graph, padded } from "../../runtime/graph.ts";
import sum from "../generated/conv-sum.wgsl.ts";
import { lanes } from "../lanes.ts";
import { ACTIVATIONS, type Activation } from "./activation.ts";
import { type Filter, packed } from "./filter.ts";
import type { Operands } from "./operands.ts";
import { chunk, tileStep } from "./product.ts";
import type { ConvShape, Way } from "./ways.ts";
import { windowParams } from "./window.ts";

// Tests: test/kernels/conv/conv.test.ts, test/kernels/conv/transposed.test.ts

/** How weights are laid out for the sum, [phase][tap][in][out], and how their name ends. */
export interface Layout {
  readonly suffix: string;
  readonly pack: Parameters<typeof packed>[1];
}

/** The sum over taps and channels; of what makes 2×2 outputs of every pixel, in four phases. */
export function direct(
  graph: Graph,
  { x, y, bias, residual }: Operands,
  filter: Filter,
  { tile, split }: Way,
  shape: ConvShape & { readonly axes: Parameters<typeof windowParams>[0]; readonly activation: Activation },
  { suffix, pack }: Layout,
): void {
  const { height, width, outHeight, outWidth, inChannels, outChannels, upsample } = shape;
  const { label } = filter;
  const [n = 1] = x.shape;
  const taps = shape.axes[0].kernel * shape.axes[1].kernel;
  const phases = upsample ? 4 : 1;
  const weight = graph.weights(
    `${label}.weight${suffix}`,
    [phases, taps, padded(inChannels), padded(outChannels)],
    [...filter.weight.sources, ...filter.scale.sources],
    packed(filter, pack),
  );
  const outVectors = padded(outChannels) / 4;
  const walked = upsample ? { height, width } : { height: outHeight, width: outWidth };
  const flags = { residual: residual ? 1 : 0, activation: ACTIVATIONS[shape.activation] };
  const images = split > 1 ? chunk(n, (split * bytesOf(y)) / n) : n;
  for (let first = 0; first < n; first += images) {
    const count = Math.min(images, n - first);
    const pixels = count * walked.height * walked.width;
    const outputs = count * outHeight * outWidth;
    const to = split > 1 ? graph.value(`${label}.parts`, [split, outputs, 4 * outVectors]) : y;
    tileStep(
      graph,
      tile,
      { x, weight, bias, residual: residual ?? bias, y: to },
      {
        first: first * walked.height * walked.width,
        pixels,
        ...walked,
        inHeight: height,
        inWidth: width,
        inVectors: padded(inChannels) / 4,
        outVectors,
        ...windowParams(shape.axes),
        scale: upsample ? 2 : 1,
        xStride: 0,
        yStride: outputs,
        split,
        ...(split > 1 ? { biased: 0, residual: 0, activation: 0 } : { biased: 1, ...flags }),
      },
      phases * split,
      2 * pixels * phases * taps * inChannels * outChannels,
    );
    if (split === 1) continue;
    const total = outputs * outVectors;
    const from = (first * elements(y.shape)) / n / 4;
    graph.step(
      sum,
      { parts: to, bias, residual: residual ?? bias, y },
      { split, vectors: outVectors, first: from, total, ...flags },
      lanes(total),
    );
  }
}
