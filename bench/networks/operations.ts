/** Batch, height, width, channels. */
export type Shape = readonly [n: number, height: number, width: number, channels: number];

/** A map between two operations. */
export interface Value {
  readonly shape: Shape;
}

/** Zeros around a map. */
export type Padding = readonly [top: number, left: number, bottom: number, right: number];

/** LeakyReLU's slope for negative numbers. */
export const SLOPE = 0.2;
export type Activation = "none" | "relu" | "leaky";

type Numbers = Float32Array<ArrayBuffer>;

/** What an operation does; its shapes are those of its inputs and outputs. */
export type Work =
  /** x / sqrt(mean over channels of x² + 1e-8) */
  | { readonly op: "pixelnorm" }
  /** ×2 by nearest neighbour */
  | { readonly op: "upsample" }
  /** [n, 1, 1, in] → LeakyReLU(x · weight + bias) as [n, 4, 4, out]; weight is [in][16 · out]. */
  | { readonly op: "dense"; readonly weight: Numbers; readonly bias: Numbers }
  /** [n, 1, 1, in] → x · weight + bias as [n, 1, 1, out], LeakyReLU or not; weight is [in][out]. */
  | ({ readonly op: "linear"; readonly activation: "none" | "leaky" } & Linear)
  /** [1, h, w, c] that is learned. */
  | { readonly op: "constant"; readonly values: Numbers }
  | ({ readonly op: "styled" } & Styled)
  /** A modulated 1×1 convolution of x, and with a third input that one upsampled by `FIR` added. */
  | { readonly op: "torgb"; readonly weight: Numbers; readonly bias: Numbers; readonly style: Linear }
  | ({ readonly op: "conv" } & Convolution)
  | { readonly op: "add"; readonly activation: Activation }
  /** Side by side in channels. */
  | { readonly op: "concat" }
  /** Equal parts in channels. */
  | { readonly op: "split" }
  /**
   * Bilinear. Pixels are sampled at their centres or, as TensorFlow 1 did, at their corners: src =
   * dst · in / out.
   */
  | { readonly op: "resize"; readonly sampling: Sampling }
  /** 3×3, stride 2, padded by 1 */
  | { readonly op: "maxpool" }
  /** size × size, as many apart */
  | { readonly op: "avgpool"; readonly size: number }
  /**
   * y[p, q] = Σ matrix[p, i] · matrix[q, j] · x[i, j] for every channel: a separable pooling.
   * Matrix is [out][in].
   */
  | { readonly op: "matrixpool"; readonly matrix: Numbers }
  | ({ readonly op: "count" } & Counting)
  /**
   * Interpolated order statistics of every channel over all else, as [1, 1, positions, channels].
   */
  | { readonly op: "quantiles"; readonly positions: readonly Position[] }
  /** features [n, h, w, c] · (1 − x) for x [1, 1, 1, c] */
  | { readonly op: "edit"; readonly features: Numbers }
  /** Softmax over channels at one of them, as [n, h, w, 1]. */
  | { readonly op: "probability"; readonly channel: number };

export type Sampling = "half-pixel" | "corner";

/**
 * Joint counts of channels and concepts: on how many of a concept's pixels a channel exceeds a
 * level, its map [1, h, w, channels] resized to size × size (half-pixel). Makes [1, levels,
 * concepts, channels].
 */
export interface Counting {
  readonly size: number;
  /** Ascending, [levels][channels] */
  readonly levels: Numbers;
  readonly concepts: number;
  /** Each pixel's concept, from 0 on. */
  readonly labels: Uint32Array;
}

/** Between the sorted samples `low` and `low + 1`, `weight` of the way. */
export interface Position {
  readonly low: number;
  readonly weight: number;
}

export interface Linear {
  /** [in][out] */
  readonly weight: Numbers;
  readonly bias: Numbers;
}

/**
 * StyleGAN2's layer of x and w: x · s, a 3×3 convolution or, upsampling, a transposed one of stride
 * 2 and `FIR` behind it; √2 / sqrt(Σ (s · weight)² + 1e-8); plus √2 (noise + bias); LeakyReLU.
 */
export interface Styled {
  readonly up: boolean;
  /** [out][in][3][3] */
  readonly weight: Numbers;
  readonly bias: Numbers;
  /** s of w */
  readonly style: Linear;
  /** [h][w] of the result */
  readonly noise: Numbers;
}

/** StyleGAN2's filter, along one axis. */
export const FIR = [1 / 4, 3 / 4, 3 / 4, 1 / 4] as const;

export interface Convolution {
  /**
   * [out][in / groups][kernel][kernel]; a batch norm that follows is folded into it and the bias.
   */
  readonly weight: Numbers;
  readonly bias: Numbers;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** 1, or as many as channels: then each is convolved by itself. */
  readonly groups: number;
  readonly pad: Padding;
  readonly activation: Activation;
}

export type Operation = Work & { readonly inputs: readonly Value[]; readonly outputs: readonly Value[] };

/** StyleGAN2's operations, which only some peers are told of. */
export type Style = Extract<Operation, { op: "linear" | "constant" | "styled" | "torgb" }>;

export const isStyle = (operation: Operation): operation is Style =>
  ["linear", "constant", "styled", "torgb"].includes(operation.op);

/** A network in nobody's format: what each library is given to build its own from. */
export interface Network {
  readonly input: Value;
  readonly output: Value;
  /** In an order in which they can be computed. */
  readonly operations: readonly Operation[];
  /** Operations of the layers as written, however a library computes them. */
  readonly flops: number;
  /** Not the output is wanted, but the gradient of its mean by the input. */
  readonly gradient: boolean;
}

/** The padding with which a convolution of odd kernel keeps the size, up to its stride. */
export const evenly = (kernel: number): Padding => {
  const pad = (kernel - 1) / 2;
  return [pad, pad, pad, pad];
};

/** Writes a network down, one call an operation. */
export class NetworkBuilder {
  readonly input: Value;
  readonly #operations: Operation[] = [];
  #flops = 0;

  constructor(input: Shape) {
    this.input = { shape: input };
  }

  pixelnorm = (x: Value): Value => this.#append({ op: "pixelnorm" }, [x], x.shape);

  upsample(x: Value): Value {
    const [n, height, width, channels] = x.shape;
    return this.#append({ op: "upsample" }, [x], [n, 2 * height, 2 * width, channels]);
  }

  dense(x: Value, weight: Numbers, bias: Numbers): Value {
    const [n] = x.shape;
    this.#flops += 2 * n * weight.length;
    return this.#append({ op: "dense", weight, bias }, [x], [n, 4, 4, bias.length / 16]);
  }

  linear(x: Value, linear: Linear, activation: "none" | "leaky"): Value {
    const [n] = x.shape;
    this.#flops += 2 * n * linear.weight.length;
    return this.#append({ op: "linear", ...linear, activation }, [x], [n, 1, 1, linear.bias.length]);
  }

  constant = (values: Numbers, shape: Shape): Value => this.#append({ op: "constant", values }, [], shape);

  styled(x: Value, w: Value, options: Styled): Value {
    const [n] = w.shape;
    const [, height, width] = x.shape;
    this.#flops += 2 * n * (height * width * options.weight.length + options.style.weight.length);
    const scale = options.up ? 2 : 1;
    return this.#append({ op: "styled", ...options }, [x, w], [n, scale * height, scale * width, options.bias.length]);
  }

  torgb(x: Value, w: Value, image: Value | undefined, options: Pick<Styled, "weight" | "bias" | "style">): Value {
    const [n, height, width] = x.shape;
    this.#flops += 2 * n * (height * width * options.weight.length + options.style.weight.length);
    return this.#append({ op: "torgb", ...options }, image ? [x, w, image] : [x, w], [n, height, width, 3]);
  }

  conv(x: Value, options: Pick<Convolution, "weight" | "bias"> & Partial<Convolution>): Value {
    const { weight, bias, stride = 1, dilation = 1, groups = 1, activation = "none" } = options;
    const [n, height, width, channels] = x.shape;
    const kernel = Math.sqrt((weight.length * groups) / (channels * bias.length));
    if (!Number.isInteger(kernel)) throw new Error(`${weight.length} weights are no filter of ${channels} channels.`);
    const { pad = evenly(kernel) } = options;
    const [top, left, bottom, right] = pad;
    const extent = (size: number): number => Math.floor((size - dilation * (kernel - 1) - 1) / stride) + 1;
    const shape: Shape = [n, extent(height + top + bottom), extent(width + left + right), bias.length];
    this.#flops += 2 * n * shape[1] * shape[2] * weight.length;
    return this.#append({ op: "conv", weight, bias, kernel, stride, dilation, groups, pad, activation }, [x], shape);
  }

  add = (a: Value, b: Value, activation: Activation = "none"): Value =>
    this.#append({ op: "add", activation }, [a, b], a.shape);

  concat(parts: readonly Value[]): Value {
    const [n, height, width] = parts[0]!.shape;
    const channels = parts.reduce((sum, { shape }) => sum + shape[3], 0);
    return this.#append({ op: "concat" }, parts, [n, height, width, channels]);
  }

  split(x: Value, parts: number): readonly Value[] {
    const [n, height, width, channels] = x.shape;
    const outputs = Array.from({ length: parts }, () => ({ shape: [n, height, width, channels / parts] as const }));
    this.#operations.push({ op: "split", inputs: [x], outputs });
    return outputs;
  }

  resize(x: Value, height: number, width: number, sampling: Sampling = "half-pixel"): Value {
    return this.#append({ op: "resize", sampling }, [x], [x.shape[0], height, width, x.shape[3]]);
  }

  maxpool(x: Value): Value {
    const [n, height, width, channels] = x.shape;
    return this.#append({ op: "maxpool" }, [x], [n, Math.ceil(height / 2), Math.ceil(width / 2), channels]);
  }

  avgpool(x: Value, size: number): Value {
    const [n, height, width, channels] = x.shape;
    return this.#append(
      { op: "avgpool", size },
      [x],
      [n, Math.floor(height / size), Math.floor(width / size), channels],
    );
  }

  matrixpool(x: Value, matrix: Numbers): Value {
    const [n, height, , channels] = x.shape;
    const size = matrix.length / height;
    return this.#append({ op: "matrixpool", matrix }, [x], [n, size, size, channels]);
  }

  /**
   * Six operations a sample to interpolate it and two comparisons to find its level next to its
   * neighbour's.
   */
  count(x: Value, options: Counting): Value {
    const [, , , channels] = x.shape;
    this.#flops += 8 * options.size ** 2 * channels;
    const levels = options.levels.length / channels;
    return this.#append({ op: "count", ...options }, [x], [1, levels, options.concepts, channels]);
  }

  /** No floating-point operation, however sorted. */
  quantiles = (x: Value, positions: readonly Position[]): Value =>
    this.#append({ op: "quantiles", positions }, [x], [1, 1, positions.length, x.shape[3]]);

  edit = (x: Value, features: Numbers, shape: Shape): Value => this.#append({ op: "edit", features }, [x], shape);

  probability(x: Value, channel: number): Value {
    const [n, height, width] = x.shape;
    return this.#append({ op: "probability", channel }, [x], [n, height, width, 1]);
  }

  /** The network that ends in this value. */
  network(output: Value): Network {
    return { input: this.input, output, operations: this.#operations, flops: this.#flops, gradient: false };
  }

  /**
   * The same and its way back: a layer's gradient by its input takes as many operations as the
   * layer.
   */
  gradient(output: Value): Network {
    return { ...this.network(output), flops: 2 * this.#flops, gradient: true };
  }

  #append(work: Work, inputs: readonly Value[], shape: Shape): Value {
    const output = { shape };
    this.#operations.push({ ...work, inputs, outputs: [output] });
    return output;
  }
}

/**
 * matrix ⊗ matrix, [out²][in²]: a matrixpool as one matrix of pixels, which libraries multiply at
 * once.
 */
export function kronecker(matrix: Numbers, extent: number): Numbers {
  const size = matrix.length / extent;
  return Float32Array.from({ length: matrix.length ** 2 }, (_, at) => {
    const [out, pixel] = [Math.floor(at / extent ** 2), at % extent ** 2];
    const [p, i] = [Math.floor(out / size), Math.floor(pixel / extent)];
    return matrix[p * extent + i]! * matrix[(out % size) * extent + (pixel % extent)]!;
  });
}

/** [size][extent]: what every output of a bilinear resizing has of every input of its axis. */
export function interpolation(extent: number, size: number, sampling: Sampling): Float32Array<ArrayBuffer> {
  const matrix = new Float32Array(size * extent);
  const centre = sampling === "corner" ? 0 : 0.5;
  for (let out = 0; out < size; out += 1) {
    const at = Math.max(0, ((out + centre) * extent) / size - centre);
    const low = Math.floor(at);
    matrix[out * extent + low]! += 1 - (at - low);
    matrix[out * extent + Math.min(low + 1, extent - 1)]! += at - low;
  }
  return matrix;
}
