import { type Case, type Layer, SLOPE } from "../cases.ts";
import type { Contestant, Runner } from "../contest.ts";

/** What is used of TensorFlow.js; its own declarations contradict the WebGPU types of today. */
interface Tfjs {
  readonly version_core: string;
  env(): { set(flag: string, value: boolean | number): void };
  setBackend(name: string): Promise<boolean>;
  backend(): { readonly device: GPUDevice; endComputePassEncoder(): void; submitQueue(): void };
  tidy(work: () => Tensor): Tensor;
  tensor(values: Float32Array, shape: readonly number[]): Tensor;
  add(a: Tensor, b: number): Tensor;
  mul(a: Tensor, b: Tensor): Tensor;
  mean(x: Tensor, axis: number, keepDims: boolean): Tensor;
  rsqrt(x: Tensor): Tensor;
  square(x: Tensor): Tensor;
  reshape(x: Tensor, shape: readonly number[]): Tensor;
  readonly image: { resizeNearestNeighbor(x: Tensor, size: readonly [number, number]): Tensor };
  readonly fused: {
    conv2d(options: Fused & { x: Tensor; filter: Tensor; strides: number; pad: "same" }): Tensor;
    matMul(options: Fused & { a: Tensor; b: Tensor }): Tensor;
  };
}
interface Fused {
  bias: Tensor;
  activation: "leakyrelu" | "linear";
  leakyreluAlpha: number;
}
interface Tensor {
  readonly shape: readonly number[];
  data(): Promise<Float32Array>;
  dispose(): void;
}

/** The address at which run.mjs serves @tensorflow/tfjs-core with its WebGPU backend. */
const LIBRARY = "/tfjs.js";

/** TensorFlow.js on WebGPU: convolutions fused with bias and LeakyReLU, every op on the GPU. */
export async function tfjs(): Promise<Contestant> {
  const tf: Tfjs = await import(LIBRARY);
  tf.env().set("WEBGPU_CPU_FORWARD", false); // it would compute small tensors on the CPU
  if (!(await tf.setBackend("webgpu"))) throw new Error("TensorFlow.js has no WebGPU.");
  return { name: "tfjs", device: tf.backend().device, prepare: async (network) => prepare(tf, network) };
}

function prepare(tf: Tfjs, network: Case): Runner {
  const x = tf.tensor(network.input, network.inputShape);
  const steps = network.layers.map((layer) => step(tf, layer));
  let y: Tensor | undefined;
  return {
    run: () => {
      y?.dispose();
      y = tf.tidy(() => steps.reduce((value, { apply }) => apply(value), x));
      // It holds dispatches back to submit many at once.
      tf.backend().endComputePassEncoder();
      tf.backend().submitQueue();
    },
    output: () => y!.data(),
    dispose: () => {
      for (const tensor of [x, y, ...steps.flatMap(({ weights }) => weights)]) tensor?.dispose();
    },
  };
}

interface Step {
  readonly weights: readonly Tensor[];
  apply(x: Tensor): Tensor;
}

function step(tf: Tfjs, layer: Layer): Step {
  switch (layer.op) {
    case "pixelnorm":
      return {
        weights: [],
        apply: (x) => tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), 1e-8))),
      };
    case "upsample":
      return {
        weights: [],
        apply: (x) => tf.image.resizeNearestNeighbor(x, [2 * x.shape[1]!, 2 * x.shape[2]!]),
      };
    case "dense": {
      const b = tf.tensor(layer.weight, [layer.in, 16 * layer.out]);
      const fused: Fused = { bias: tf.tensor(layer.bias, [16 * layer.out]), ...activation(true) };
      const apply = (x: Tensor): Tensor => {
        const a = tf.reshape(x, [x.shape[0]!, layer.in]);
        return tf.reshape(tf.fused.matMul({ a, b, ...fused }), [x.shape[0]!, 4, 4, layer.out]);
      };
      return { weights: [b, fused.bias], apply };
    }
    case "conv": {
      const { kernel } = layer;
      const filter = tf.tensor(tapsFirst(layer), [kernel, kernel, layer.in, layer.out]);
      const fused: Fused = { bias: tf.tensor(layer.bias, [layer.out]), ...activation(layer.leaky) };
      const apply = (x: Tensor): Tensor => tf.fused.conv2d({ x, filter, strides: 1, pad: "same", ...fused });
      return { weights: [filter, fused.bias], apply };
    }
  }
}

const activation = (leaky: boolean) =>
  ({ activation: leaky ? "leakyrelu" : "linear", leakyreluAlpha: SLOPE }) as const satisfies Partial<Fused>;

/** [out][in][tap] → [tap][in][out] */
function tapsFirst(layer: Extract<Layer, { op: "conv" }>): Float32Array {
  const taps = layer.kernel ** 2;
  const filter = new Float32Array(layer.weight.length);
  for (let o = 0; o < layer.out; o += 1) {
    for (let i = 0; i < layer.in; i += 1) {
      for (let t = 0; t < taps; t += 1) {
        filter[(t * layer.in + i) * layer.out + o] = layer.weight[(o * layer.in + i) * taps + t]!;
      }
    }
  }
  return filter;
}
