import { fold, type Graph, padded, type Value } from "../runtime/graph.ts";
import { ACTIVATIONS, type Activation } from "./activation.ts";
import { type Filter, packColumns, packed } from "./filter.ts";
import matmul from "./matmul-register.wgsl.ts";
import { lanes } from "./pointwise.ts";
import tapsKernel from "./taps.wgsl.ts";

/** Below so many input channels adding the taps up costs what the products save. */
const MIN_CHANNELS = 32;

/** Products held at once, in bytes: well below WebGPU's default binding limit of 128 MiB. */
const CHUNK_BYTES = 64 * 2 ** 20;

const imageBytes = ({ outChannels }: Filter, height: number, width: number): number =>
  4 * 9 * height * width * padded(outChannels);

/** Whether an upsampling and its 3×3 convolution run as taps at low resolution: on software adapters, 9 instead of 16 multiply-adds per input pixel. */
export const suitsTaps = (graph: Graph, filter: Filter, height: number, width: number): boolean =>
  graph.target === "software" && filter.inChannels >= MIN_CHANNELS && imageBytes(filter, height, width) <= CHUNK_BYTES;

/** y = activation(conv3×3(upsample2(x)) + bias): all taps' products at x's resolution, then nine of them summed per output. */
export function taps(
  graph: Graph,
  { x, y, bias }: { readonly x: Value; readonly y: Value; readonly bias: Value },
  filter: Filter,
  activation: Activation,
): void {
  const { label, inChannels, outChannels } = filter;
  const [n = 1, height = 1, width = 1, stored = 4] = x.shape;
  const vectors = padded(outChannels) / 4;
  const weight = graph.weights(
    `${label}.weight.taps`,
    [stored, 9, 4 * vectors],
    [...filter.weight.sources, ...filter.scale.sources],
    packed(filter, packColumns),
  );
  const images = Math.max(1, Math.min(n, Math.floor(CHUNK_BYTES / imageBytes(filter, height, width))));
  for (let first = 0; first < n; first += images) {
    const rows = Math.min(images, n - first) * height * width;
    const t = graph.value(`${label}.taps`, [rows, 9, 4 * vectors]);
    const [across, down] = fold(Math.ceil((Math.ceil(rows / 8) * Math.ceil((9 * vectors) / 8)) / 4));
    graph.step(
      matmul,
      { x, w: weight, y: t },
      { first: first * height * width, rows, depthVectors: stored / 4, columnVectors: 9 * vectors },
      [across, down, 1],
      { choices: { HALF: graph.storage === "f16" }, flops: 2 * 9 * rows * inChannels * outChannels },
    );
    const total = rows * vectors;
    graph.step(tapsKernel, { t, bias, y }, { height, width, vectors, first, total }, lanes(total), {
      choices: { ACTIVATION: ACTIVATIONS[activation] },
    });
  }
}
