import { type Activation, isStyle, kronecker, type Operation, SLOPE } from "../networks/operations.ts";
import { count, quantiles } from "./tfjs-statistics.ts";
import { style } from "./tfjs-style.ts";

/** What is used of TensorFlow.js; its own declarations contradict the WebGPU types of today. */
export interface Tfjs {
  readonly version_core: string;
  env(): { set(flag: string, value: boolean | number): void };
  setBackend(name: string): Promise<boolean>;
  backend(): {
    readonly device: GPUDevice;
    /** Null where everything is submitted. */
    readonly commandEncoder: GPUCommandEncoder | null;
    endComputePassEncoder(): void;
    submitQueue(): void;
  };
  tidy(work: () => Tensor): Tensor;
  tensor(values: Float32Array | Int32Array, shape: readonly number[], dtype?: "float32" | "int32"): Tensor;
  add(a: Tensor, b: Tensor | number): Tensor;
  sub(a: Tensor, b: Tensor): Tensor;
  mul(a: Tensor, b: Tensor): Tensor;
  greater(a: Tensor, b: Tensor): Tensor;
  cast(x: Tensor, dtype: "float32"): Tensor;
  transpose(x: Tensor, order: readonly number[]): Tensor;
  gather(x: Tensor, indices: Tensor, axis: number): Tensor;
  topk(x: Tensor, k: number, sorted: boolean): { readonly values: Tensor };
  lowerBound(sorted: Tensor, values: Tensor): Tensor;
  denseBincount(x: Tensor, weights: Tensor, size: number): Tensor;
  mean(x: Tensor, axis: number, keepDims: boolean): Tensor;
  rsqrt(x: Tensor): Tensor;
  square(x: Tensor): Tensor;
  relu(x: Tensor): Tensor;
  reshape(x: Tensor, shape: readonly number[]): Tensor;
  concat(parts: readonly Tensor[], axis: number): Tensor;
  split(x: Tensor, parts: number, axis: number): readonly Tensor[];
  matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
  softmax(x: Tensor): Tensor;
  slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor;
  leakyRelu(x: Tensor, alpha: number): Tensor;
  tile(x: Tensor, times: readonly number[]): Tensor;
  step(x: Tensor, slope: number): Tensor;
  fill(shape: readonly number[], value: number): Tensor;
  conv2dTranspose(x: Tensor, filter: Tensor, shape: readonly number[], strides: number, pad: Padding): Tensor;
  grad(work: (x: Tensor) => Tensor): (x: Tensor, dy: Tensor) => Tensor;
  customGrad(work: (x: Tensor, save: (tensors: readonly Tensor[]) => void) => Differentiable): (x: Tensor) => Tensor;
  engine(): { runKernel(name: string, inputs: object, attributes: object): Tensor };
  maxPool(x: Tensor, size: number, strides: number, pad: number): Tensor;
  avgPool(x: Tensor, size: number, strides: number, pad: "valid"): Tensor;
  readonly image: {
    resizeNearestNeighbor(x: Tensor, size: readonly [number, number]): Tensor;
    resizeBilinear(
      x: Tensor,
      size: readonly [number, number],
      alignCorners: boolean,
      halfPixelCenters: boolean,
    ): Tensor;
  };
  readonly fused: {
    conv2d(options: Fused & Convolution): Tensor;
    depthwiseConv2d(options: Fused & Convolution): Tensor;
    matMul(options: Fused & { a: Tensor; b: Tensor }): Tensor;
  };
}
interface Fused {
  bias: Tensor;
  activation: "leakyrelu" | "relu" | "linear";
  leakyreluAlpha: number;
}
/** Before and after in each dimension. */
export type Padding = readonly (readonly [number, number])[];
interface Convolution {
  x: Tensor;
  filter: Tensor;
  strides: number;
  dilations: number;
  pad: Padding;
}
interface Differentiable {
  readonly value: Tensor;
  readonly gradFunc: (dy: Tensor, saved: readonly Tensor[]) => Tensor;
}
export interface Tensor {
  readonly shape: readonly number[];
  data(): Promise<Float32Array>;
  dispose(): void;
}

/** An operation with its weights on the GPU. */
export interface Step {
  readonly weights: readonly Tensor[];
  apply(inputs: readonly Tensor[]): readonly Tensor[];
}

/** An operation as TensorFlow.js does it best. */
export function translate(tf: Tfjs, operation: Operation): Step {
  if (isStyle(operation)) return style(tf, operation);
  const [n, height, width, channels] = operation.inputs[0]!.shape;
  const { shape } = operation.outputs[0]!;
  const size = [shape[1], shape[2]] as const;
  switch (operation.op) {
    case "pixelnorm":
      return unary((x) => tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), 1e-8))));
    case "upsample":
      return unary((x) => tf.image.resizeNearestNeighbor(x, [2 * height, 2 * width]));
    case "dense": {
      const b = tf.tensor(operation.weight, [channels, operation.bias.length]);
      const fused = { bias: tf.tensor(operation.bias, [operation.bias.length]), ...activation("leaky") };
      return unary(
        (x) => tf.reshape(tf.fused.matMul({ a: tf.reshape(x, [n, channels]), b, ...fused }), shape),
        [b, fused.bias],
      );
    }
    case "conv": {
      const { filter, options, weights } = convolution(tf, operation, channels);
      const run = operation.groups > 1 ? tf.fused.depthwiseConv2d : tf.fused.conv2d;
      return unary((x) => run({ x, filter, ...options }), weights);
    }
    case "add": {
      const act = operation.activation === "relu" ? tf.relu : (x: Tensor) => x;
      return { weights: [], apply: ([a, b]) => [act(tf.add(a!, b!))] };
    }
    case "concat":
      return { weights: [], apply: (parts) => [tf.concat(parts, 3)] };
    case "split":
      return { weights: [], apply: ([x]) => tf.split(x!, operation.outputs.length, 3) };
    case "resize":
      return unary((x) => tf.image.resizeBilinear(x, size, false, operation.sampling === "half-pixel"));
    case "maxpool":
      return unary((x) => tf.maxPool(x, 3, 2, 1));
    case "avgpool":
      return unary((x) => tf.avgPool(x, operation.size, operation.size, "valid"));
    case "matrixpool": {
      const matrix = tf.tensor(kronecker(operation.matrix, height), [1, shape[1] * shape[2], height * width]);
      return unary((x) => tf.reshape(tf.matMul(matrix, tf.reshape(x, [n, height * width, channels])), shape), [matrix]);
    }
    case "count":
      return count(tf, operation);
    case "quantiles":
      return quantiles(tf, operation);
    case "edit": {
      const features = tf.tensor(operation.features, shape);
      const one = tf.tensor(Float32Array.of(1), [1]);
      return unary((x) => tf.mul(features, tf.sub(one, x)), [features, one]);
    }
    case "probability":
      return unary((x) => tf.slice(tf.softmax(x), [0, 0, 0, operation.channel], shape));
  }
}

/** An operation of one input. */
export const unary = (work: (x: Tensor) => Tensor, weights: readonly Tensor[] = []): Step => ({
  weights,
  apply: ([x]) => [work(x!)],
});

/** A convolution's numbers and how TensorFlow.js is told of it. */
export function convolution(tf: Tfjs, operation: Extract<Operation, { op: "conv" }>, channels: number) {
  const { weight, kernel, stride, dilation, groups, pad } = operation;
  const [top, left, bottom, right] = pad;
  const out = operation.bias.length;
  const depthwise = groups > 1;
  const taps = kernel ** 2;
  // [out][in][tap] → [tap][in][out]; a depthwise filter [channel][1][tap] → [tap][channel][1]
  // likewise.
  const filter = depthwise
    ? tf.tensor(tapsFirst(weight, 1, out, taps), [kernel, kernel, channels, 1])
    : tf.tensor(tapsFirst(weight, out, channels, taps), [kernel, kernel, channels, out]);
  const options = {
    bias: tf.tensor(operation.bias, [out]),
    strides: stride,
    dilations: dilation,
    pad: [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    ...activation(operation.activation),
  } as const;
  return { filter, options, weights: [filter, options.bias] };
}

const NAMES = { none: "linear", relu: "relu", leaky: "leakyrelu" } as const;
const activation = (name: Activation) => ({ activation: NAMES[name], leakyreluAlpha: SLOPE }) as const;

/** [out][in][tap] → [tap][in][out] */
export function tapsFirst(weight: Float32Array, out: number, inputs: number, taps: number): Float32Array {
  const filter = new Float32Array(weight.length);
  for (let o = 0; o < out; o += 1) {
    for (let i = 0; i < inputs; i += 1) {
      for (let t = 0; t < taps; t += 1) filter[(t * inputs + i) * out + o] = weight[(o * inputs + i) * taps + t]!;
    }
  }
  return filter;
}
