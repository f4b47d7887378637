import {
  type Activation,
  type Counting,
  interpolation,
  isStyle,
  type Operation,
  SLOPE,
} from "../networks/operations.ts";

/**
 * What is used of jax-js. Arrays are owned: passing one gives it away, `ref` is another reference
 * to pass.
 */
export interface Jax {
  init(...devices: string[]): Promise<readonly string[]>;
  defaultDevice(device: string): string;
  getWebGPUDevice(): GPUDevice;
  jit(work: Work): Work & { dispose(): void };
  grad(work: Work): Work;
  readonly numpy: {
    array(values: Float32Array | Int32Array, options: { readonly shape: readonly number[] }): JaxArray;
    concatenate(parts: readonly JaxArray[], axis: number): JaxArray;
    split(x: JaxArray, parts: number, axis: number): JaxArray[];
    repeat(x: JaxArray, times: number, axis: number): JaxArray;
    pad(x: JaxArray, width: readonly (readonly [number, number])[]): JaxArray;
    mean(x: JaxArray, axis?: number, options?: { readonly keepdims: boolean }): JaxArray;
    sum(x: JaxArray, axis: number, options: { readonly keepdims: boolean }): JaxArray;
    max(x: JaxArray): JaxArray;
    sqrt(x: JaxArray): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    greater(a: JaxArray, b: JaxArray): JaxArray;
    sort(x: JaxArray, axis: number): JaxArray;
    take(x: JaxArray, indices: JaxArray, axis: number): JaxArray;
    readonly float32: string;
  };
  readonly lax: {
    convGeneralDilated(
      x: JaxArray,
      filter: JaxArray,
      strides: readonly number[],
      padding: readonly (readonly [number, number])[],
      options: { readonly rhsDilation: readonly number[]; readonly featureGroupCount: number },
    ): JaxArray;
    reduceWindow(
      x: JaxArray,
      reduce: (x: JaxArray) => JaxArray,
      window: readonly number[],
      strides: readonly number[],
    ): JaxArray;
  };
  readonly nn: {
    relu(x: JaxArray): JaxArray;
    leakyRelu(x: JaxArray, slope: number): JaxArray;
    softmax(x: JaxArray, axis: number): JaxArray;
  };
}
type Work = (x: JaxArray, weights: readonly (readonly JaxArray[])[]) => JaxArray;

export interface JaxArray {
  readonly ref: JaxArray;
  add(other: JaxArray | number): JaxArray;
  sub(other: JaxArray | number): JaxArray;
  mul(other: JaxArray | number): JaxArray;
  div(other: JaxArray | number): JaxArray;
  astype(dtype: string): JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  transpose(order: readonly number[]): JaxArray;
  blockUntilReady(): Promise<unknown>;
  data(): Promise<ArrayLike<number>>;
  dispose(): void;
}

/** Numbers to be put on the GPU once. */
interface Weight {
  readonly values: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** An operation and its weights; `apply` owns what it is given. */
export interface JaxStep {
  readonly weights: readonly Weight[];
  apply(inputs: readonly JaxArray[], weights: readonly JaxArray[]): readonly JaxArray[];
}

/** An operation as jax-js does it; maps are [n, channels, height, width]. */
export function translate(jax: Jax, operation: Operation): JaxStep {
  const { numpy: np, lax, nn } = jax;
  if (isStyle(operation)) throw new Error("No case needs this of jax-js.");
  const [n, height, width, channels] = operation.inputs[0]!.shape;
  const [, outHeight, outWidth, out] = operation.outputs[0]!.shape;
  switch (operation.op) {
    case "pixelnorm":
      return unary((x) => {
        const mean = np.mean(x.ref.mul(x.ref), 1, { keepdims: true });
        return x.div(np.sqrt(mean.add(1e-8)));
      });
    case "upsample":
      return unary((x) => np.repeat(np.repeat(x, 2, 2), 2, 3));
    case "dense": {
      // [in][pixel][out] and [pixel][out], whose rows then are maps with channels first.
      const weight = rowsTurned(operation.weight, channels, out);
      const bias = rowsTurned(operation.bias, 1, out);
      return unary(
        (x, weight, bias) => {
          const y = np.matmul(x.reshape([n, channels]), weight!).add(bias!);
          return nn.leakyRelu(y, SLOPE).reshape([n, out, 4, 4]);
        },
        { values: weight, shape: [channels, 16 * out] },
        { values: bias, shape: [16 * out] },
      );
    }
    case "conv": {
      const { weight, bias, kernel, stride, dilation, groups, pad, activation } = operation;
      const [top, left, bottom, right] = pad;
      const options = { rhsDilation: [dilation, dilation], featureGroupCount: groups };
      const zeros = [[top, bottom] as const, [left, right] as const];
      return unary(
        (x, filter, bias) => {
          const sum = lax.convGeneralDilated(x, filter!, [stride, stride], zeros, options);
          return activate(jax, sum.add(bias!), activation);
        },
        { values: weight, shape: [out, channels / groups, kernel, kernel] },
        { values: bias, shape: [1, out, 1, 1] },
      );
    }
    case "add":
      return { weights: [], apply: ([a, b]) => [activate(jax, a!.add(b!), operation.activation)] };
    case "concat":
      return { weights: [], apply: (parts) => [np.concatenate(parts, 1)] };
    case "split":
      return { weights: [], apply: ([x]) => np.split(x!, operation.outputs.length, 1) };
    case "resize": {
      const down = interpolation(height, outHeight, operation.sampling);
      const across = interpolation(width, outWidth, operation.sampling);
      return unary(
        (x, down, across) => separably(jax, x, down!, across!),
        { values: down, shape: [outHeight, height] },
        { values: across, shape: [outWidth, width] },
      );
    }
    case "maxpool":
      // Behind a ReLU, where zeros are as good as nothing; it pads with nothing else.
      return unary((x) => {
        const padded = np.pad(x, [NONE, NONE, [1, 1], [1, 1]]);
        return lax.reduceWindow(padded, np.max, [1, 1, 3, 3], [1, 1, 2, 2]);
      });
    case "avgpool": {
      const window = [1, 1, operation.size, operation.size];
      return unary((x) => lax.reduceWindow(x, (part) => np.mean(part), window, window));
    }
    case "matrixpool":
      return unary((x, matrix) => separably(jax, x, matrix!.ref, matrix!), {
        values: operation.matrix,
        shape: [outHeight, height],
      });
    case "count":
      return count(jax, operation);
    case "quantiles": {
      const samples = n * height * width;
      const { positions } = operation;
      const at = (offset: number): Weight => ({
        values: Int32Array.from(positions, ({ low }) => Math.min(low + offset, samples - 1)),
        shape: [positions.length],
      });
      return unary(
        (x, low, high, weight) => {
          // A sort takes no view of an array, so something must be computed: what is doubled is
          // halved to the same bits.
          const rows = x.transpose([1, 0, 2, 3]).reshape([channels, samples]).mul(2);
          const sorted = np.sort(rows, 1);
          const a = np.take(sorted.ref, low!, 1).mul(0.5);
          const b = np.take(sorted, high!, 1).mul(0.5);
          const between = b.sub(a.ref).mul(weight!);
          return a.add(between).reshape([1, channels, 1, positions.length]);
        },
        at(0),
        at(1),
        { values: Float32Array.from(positions, ({ weight }) => weight), shape: [1, positions.length] },
      );
    }
    case "edit": {
      const [images] = operation.outputs[0]!.shape;
      const features = { values: operation.features, shape: [images, outHeight, outWidth, out] };
      return unary((x, features) => features!.transpose([0, 3, 1, 2]).mul(x.mul(-1).add(1)), features);
    }
    case "probability": {
      // By a product, because what it makes of the gradient of an index does not compile.
      const one = Float32Array.from({ length: channels }, (_, channel) => Number(channel === operation.channel));
      return unary((x, one) => np.sum(nn.softmax(x, 1).mul(one!), 1, { keepdims: true }), {
        values: one,
        shape: [1, channels, 1, 1],
      });
    }
  }
}

const NONE = [0, 0] as const;

/** An operation of one input. */
const unary = (work: (x: JaxArray, ...weights: JaxArray[]) => JaxArray, ...weights: Weight[]): JaxStep => ({
  weights,
  apply: ([x], arrays) => [work(x!, ...arrays)],
});

function activate({ nn }: Jax, x: JaxArray, activation: Activation): JaxArray {
  if (activation === "none") return x;
  return activation === "relu" ? nn.relu(x) : nn.leakyRelu(x, SLOPE);
}

/**
 * down · x · acrossᵀ of every map. A matrix stands on the right, because from the left its product
 * does not run over maps.
 */
function separably({ numpy: np }: Jax, x: JaxArray, down: JaxArray, across: JaxArray): JaxArray {
  const rows = np.matmul(x, across.transpose([1, 0])).transpose([0, 1, 3, 2]);
  return np.matmul(rows, down.transpose([1, 0])).transpose([0, 1, 3, 2]);
}

/** Rows of [pixel][out] → [out][pixel]. */
function rowsTurned(values: Float32Array, rows: number, out: number): Float32Array {
  const row = values.length / rows;
  return Float32Array.from(values, (_, at) => {
    const [start, inside] = [Math.floor(at / row) * row, at % row];
    const [o, pixel] = [Math.floor(inside / (row / out)), inside % (row / out)];
    return values[start + pixel * out + o]!;
  });
}

/** A product of masks a level: it has no histogram, and no search. */
function count(jax: Jax, operation: Operation & Counting): JaxStep {
  const { numpy: np } = jax;
  const { size, concepts, labels } = operation;
  const [, height, width, channels] = operation.inputs[0]!.shape;
  const [, levels] = operation.outputs[0]!.shape;
  const hot = new Float32Array(size ** 2 * concepts);
  labels.forEach((label, pixel) => {
    hot[pixel * concepts + label] = 1;
  });
  return unary(
    (x, down, across, hot, ladder) => {
      const upsampled = separably(jax, x, down!, across!).reshape([1, channels, size ** 2]);
      const above = np
        .greater(upsampled, ladder!)
        .astype(np.float32)
        .reshape([levels * channels, size ** 2]);
      return np.matmul(above, hot!).reshape([1, levels, channels, concepts]).transpose([0, 2, 1, 3]);
    },
    { values: interpolation(height, size, "half-pixel"), shape: [size, height] },
    { values: interpolation(width, size, "half-pixel"), shape: [size, width] },
    { values: hot, shape: [size ** 2, concepts] },
    { values: operation.levels, shape: [levels, channels, 1] },
  );
}
