import { ShapeError } from "../errors.ts";
import { fold, type Graph, padded, type Sources, type Value } from "../runtime/graph.ts";
import register from "./conv-register.wgsl.ts";
import tiled from "./conv-tiled.wgsl.ts";

/** What is applied to a convolution's sum; `leaky` is LeakyReLU with slope 0.2. */
export type Activation = "none" | "leaky" | "relu";
const ACTIVATIONS: Readonly<Record<Activation, number>> = { none: 0, leaky: 1, relu: 2 };

/** Numbers computed from checkpoint tensors. */
export interface Learned {
  readonly sources: readonly string[];
  readonly of: (sources: Sources) => ArrayLike<number>;
}

/** A convolution's learned part. */
export interface Filter {
  readonly label: string;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  /** [out][in][k][k] */
  readonly weight: Learned;
  /** [out]: multiplies the weight; an equalised learning rate's constant or a folded batch norm. */
  readonly scale: Learned;
  /** [out] */
  readonly bias: Learned;
}

export interface ConvOptions {
  readonly stride?: number;
  readonly pad?: number;
  /** Upsample ×2 by nearest neighbour first (3×3 only). */
  readonly upsample?: boolean;
  readonly activation?: Activation;
  /** Added before the activation. */
  readonly residual?: Value;
}

/** y = activation(conv(x) + bias + residual) over x [n, h, w, in], with zero padding. */
export function conv(graph: Graph, x: Value, filter: Filter, options: ConvOptions = {}): Value {
  const { stride = 1, pad = 0, upsample = false, activation = "none", residual } = options;
  const { label, kernel, inChannels, outChannels } = filter;
  const [n = 0, height = 0, width = 0, stored = 0] = x.shape;
  if (x.channels !== inChannels || stored !== padded(inChannels)) {
    throw new ShapeError(`"${label}" takes ${inChannels} channels, but "${x.label}" is [${x.shape}].`);
  }
  if (upsample && (kernel !== 3 || pad !== 1 || stride !== 1)) {
    throw new ShapeError(`"${label}": only a 3×3 convolution with padding 1 can follow an upsampling.`);
  }
  const outHeight = upsample ? 2 * height : Math.floor((height + 2 * pad - kernel) / stride) + 1;
  const outWidth = upsample ? 2 * width : Math.floor((width + 2 * pad - kernel) / stride) + 1;
  const y = graph.map(label, n, outHeight, outWidth, outChannels);
  if (residual && residual.shape.join() !== y.shape.join()) {
    throw new ShapeError(
      `"${label}" makes [${y.shape}], to which "${residual.label}" [${residual.shape}] cannot be added.`,
    );
  }

  const taps = upsample ? 2 : kernel;
  const phases = upsample ? 4 : 1;
  const weight = graph.parameter(
    `${label}.weight${upsample ? ".phases" : ""}`,
    [phases, taps * taps, stored, padded(outChannels)],
    [...filter.weight.sources, ...filter.scale.sources],
    (sources) => {
      const split = filter.weight.sources.length;
      const values = filter.weight.of(sources.slice(0, split));
      const scale = filter.scale.of(sources.slice(split));
      return upsample ? packPhases(values, scale, filter) : packTaps(values, scale, filter);
    },
  );
  const bias = graph.parameter(`${label}.bias`, [padded(outChannels)], filter.bias.sources, (sources) => {
    const values = new Float32Array(padded(outChannels));
    values.set(filter.bias.of(sources));
    return values;
  });

  const walked = upsample ? [height, width] : [outHeight, outWidth];
  const pixels = n * walked[0]! * walked[1]!;
  const outVectors = padded(outChannels) / 4;
  const groups =
    graph.target === "software"
      ? Math.ceil((Math.ceil(pixels / 8) * Math.ceil(outVectors / 4)) / 4)
      : Math.ceil(pixels / 64) * Math.ceil(outVectors / 16);
  const [columns, rows] = fold(groups);
  graph.step(
    graph.target === "software" ? register : tiled,
    { x, weight, bias, residual: residual ?? bias, y },
    {
      pixels,
      height: walked[0]!,
      width: walked[1]!,
      inHeight: height,
      inWidth: width,
      inVectors: stored / 4,
      outVectors,
      kernel: taps,
      stride,
      pad,
    },
    [columns, rows, phases],
    {
      choices: { SCALE: upsample ? 2 : 1, ACTIVATION: ACTIVATIONS[activation], RESIDUAL: residual !== undefined },
      flops: 2 * pixels * phases * taps * taps * inChannels * outChannels,
    },
  );
  return y;
}

type Extents = Pick<Filter, "inChannels" | "outChannels" | "kernel">;

/** [out][in][k][k] → [tap][in][out], channels padded with zeros. */
function packTaps(
  weight: ArrayLike<number>,
  scale: ArrayLike<number>,
  { inChannels, outChannels, kernel }: Extents,
): Float32Array {
  const taps = kernel * kernel;
  const rows = padded(inChannels);
  const columns = padded(outChannels);
  const packed = new Float32Array(taps * rows * columns);
  for (let o = 0; o < outChannels; o += 1) {
    const factor = scale[o]!;
    for (let i = 0; i < inChannels; i += 1) {
      const from = (o * inChannels + i) * taps;
      for (let t = 0; t < taps; t += 1) packed[(t * rows + i) * columns + o] = weight[from + t]! * factor;
    }
  }
  return packed;
}

/** Which of a 3-tap kernel's rows (or columns) fall on the same input pixel: [output parity][tap of the 2-tap kernel]. */
const MERGED = [
  [[0], [1, 2]],
  [[0, 1], [2]],
] as const;

/**
 * Nearest ×2 upsampling makes neighbouring taps read the same input pixel, so each output parity sees a 2×2 kernel of
 * summed taps: even rows add taps {0} and {1,2}, odd rows {0,1} and {2} (tkarras/progressive_growing_of_gans does the
 * same as a transposed convolution). 4 instead of 9 multiply-adds per output.
 */
function packPhases(
  weight: ArrayLike<number>,
  scale: ArrayLike<number>,
  { inChannels, outChannels }: Extents,
): Float32Array {
  const rows = padded(inChannels);
  const columns = padded(outChannels);
  const packed = new Float32Array(16 * rows * columns);
  for (let phase = 0; phase < 4; phase += 1) {
    for (let tap = 0; tap < 4; tap += 1) {
      const ys = MERGED[phase >> 1]![tap >> 1]!;
      const xs = MERGED[phase & 1]![tap & 1]!;
      for (let o = 0; o < outChannels; o += 1) {
        for (let i = 0; i < inChannels; i += 1) {
          let sum = 0;
          for (const ky of ys) for (const kx of xs) sum += weight[((o * inChannels + i) * 3 + ky) * 3 + kx]!;
          packed[((phase * 4 + tap) * rows + i) * columns + o] = sum * scale[o]!;
        }
      }
    }
  }
  return packed;
}
