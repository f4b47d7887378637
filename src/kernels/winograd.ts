import { fold, type Graph, padded, type Value } from "../runtime/graph.ts";
import { ACTIVATIONS, type Activation } from "./activation.ts";
import { type Filter, packed, packWinograd } from "./filter.ts";
import matmul from "./matmul-register.wgsl.ts";
import { lanes } from "./pointwise.ts";
import inputKernel from "./winograd-input.wgsl.ts";
import outputKernel from "./winograd-output.wgsl.ts";

/** Below so many channels the transforms cost what the products save. */
const MIN_CHANNELS = 16;

/** Transformed tiles held at once, in bytes: well below WebGPU's default binding limit of 128 MiB. */
const CHUNK_BYTES = 64 * 2 ** 20;

const imageBytes = ({ inChannels, outChannels }: Filter, height: number, width: number): number =>
  4 * 16 * Math.ceil(height / 2) * Math.ceil(width / 2) * padded(Math.max(inChannels, outChannels));

/**
 * Whether a 3×3 convolution (stride 1, padding 1) runs by Winograd's F(2×2, 3×3): on software adapters, where 16 instead
 * of 36 multiply-adds per tile outweigh the transforms. In float32 it is more exact than a sum of 9 × channels terms.
 */
export const suitsWinograd = (graph: Graph, filter: Filter, height: number, width: number): boolean =>
  graph.target === "software" &&
  Math.min(filter.inChannels, filter.outChannels) >= MIN_CHANNELS &&
  imageBytes(filter, height, width) <= CHUNK_BYTES;

/** y = activation(conv3×3(x) + bias + residual) by F(2×2, 3×3) (Lavin & Gray, CVPR 2016): transform tiles, 16 products, transform back. */
export function winograd(
  graph: Graph,
  values: { readonly x: Value; readonly y: Value; readonly bias: Value; readonly residual?: Value },
  filter: Filter,
  activation: Activation,
): void {
  const { x, y, bias, residual } = values;
  const { label, inChannels, outChannels } = filter;
  const [n = 1, height = 1, width = 1, stored = 4] = x.shape;
  const columns = padded(outChannels);
  const weight = graph.weights(
    `${label}.weight.winograd`,
    [16, stored, columns],
    [...filter.weight.sources, ...filter.scale.sources],
    packed(filter, packWinograd),
  );
  const [tileRows, tileColumns] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const images = Math.max(1, Math.min(n, Math.floor(CHUNK_BYTES / imageBytes(filter, height, width))));
  for (let first = 0; first < n; first += images) {
    const tiles = Math.min(images, n - first) * tileRows * tileColumns;
    const shape = { height, width, tileRows, tileColumns, tiles, first };
    const d = graph.value(`${label}.tiles`, [16, tiles, stored]);
    const m = graph.value(`${label}.products`, [16, tiles, columns]);
    const inputs = (tiles * stored) / 4;
    graph.step(inputKernel, { x, y: d }, { ...shape, vectors: stored / 4, total: inputs }, lanes(inputs));
    const [across, down] = fold(Math.ceil((Math.ceil(tiles / 8) * Math.ceil(columns / 32)) / 4));
    graph.step(
      matmul,
      { x: d, w: weight, y: m },
      { first: 0, rows: tiles, depthVectors: stored / 4, columnVectors: columns / 4 },
      [across, down, 16],
      { choices: { HALF: graph.storage === "f16" }, flops: 2 * 16 * tiles * inChannels * outChannels },
    );
    const outputs = (tiles * columns) / 4;
    graph.step(
      outputKernel,
      { m, bias, residual: residual ?? bias, y },
      { ...shape, vectors: columns / 4, total: outputs },
      lanes(outputs),
      { choices: { ACTIVATION: ACTIVATIONS[activation], RESIDUAL: residual !== undefined } },
    );
  }
}
