import { type Graph, padded } from "../../runtime/graph.ts";
import inputKernel from "../generated/winograd-input.wgsl.ts";
import outputKernel from "../generated/winograd-output.wgsl.ts";
import { lanes } from "../lanes.ts";
import { ACTIVATIONS, type Activation } from "./activation.ts";
import { type Filter, packed, packWinograd } from "./filter.ts";
import type { Operands } from "./operands.ts";
import { chunk, product } from "./product.ts";
import { type ConvShape, type Way, winogradBytes } from "./ways.ts";

// Tests: test/kernels/conv/winograd.test.ts, test/kernels/conv/conv.test.ts

/** How software adapters compute a pixel's channels: parts/numbers.wgsl. */
export const ONE_BY_ONE = { NUMBERS: "f32", TURNS: 4 } as const;

/**
 * y = activation(conv3×3(x) + bias + residual) by Winograd's F(2×2, 3×3) or F(4×4, 3×3) (Lavin &
 * Gray, CVPR 2016): transform tiles, 16 or 36 products, transform back. That is 4 or 2.25 instead
 * of 9 multiply-adds per output.
 */
export function winograd(
  graph: Graph,
  { x, y, bias, residual }: Operands,
  filter: Filter,
  { algorithm, tile }: Way,
  shape: ConvShape,
  activation: Activation,
): void {
  const { height, width, outHeight, outWidth, inChannels, outChannels } = shape;
  const outputs = algorithm === "winograd4" ? 4 : 2;
  const batch = (outputs + 2) ** 2;
  const [n = 1] = x.shape;
  const [rows, columns] = [padded(inChannels), padded(outChannels)];
  const weight = graph.weights(
    `${filter.label}.weight.${algorithm}`,
    [batch, rows, columns],
    [...filter.weight.sources, ...filter.scale.sources],
    packed(filter, packWinograd(outputs)),
  );
  const [tileRows, tileColumns] = [Math.ceil(outHeight / outputs), Math.ceil(outWidth / outputs)];
  // One row and column of zeros around, or none: the map is a window of a larger one then.
  const pad = outHeight === height ? 1 : 0;
  const images = chunk(n, winogradBytes(shape, outputs));
  for (let first = 0; first < n; first += images) {
    const tiles = Math.min(images, n - first) * tileRows * tileColumns;
    const grid = { tileRows, tileColumns, tiles, first };
    const choices = { OUTPUTS: outputs, ...(graph.target === "gpu" ? {} : ONE_BY_ONE) };
    const d = graph.value(`${filter.label}.tiles`, [batch, tiles, rows]);
    const m = graph.value(`${filter.label}.products`, [batch, tiles, columns]);
    const inputs = (tiles * rows) / 4;
    const read = { height, width, pad, vectors: rows / 4, total: inputs };
    graph.step(inputKernel, { x, y: d }, { ...grid, ...read }, lanes(inputs), { choices });
    product(
      graph,
      tile,
      { x: d, weight, y: m },
      { rows: tiles, batch, inVectors: rows / 4, outVectors: columns / 4 },
      2 * batch * tiles * inChannels * outChannels,
    );
    const total = (tiles * columns) / 4;
    graph.step(
      outputKernel,
      { m, bias, residual: residual ?? bias, y },
      { ...grid, height: outHeight, width: outWidth, vectors: columns / 4, total },
      lanes(total),
      { choices: { ...choices, ACTIVATION: ACTIVATIONS[activation], RESIDUAL: residual !== undefined } },
    );
  }
}
