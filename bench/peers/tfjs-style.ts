import { FIR, type Linear, SLOPE, type Style } from "../networks/operations.ts";
import { type Padding, type Step, type Tensor, type Tfjs, tapsFirst, unary } from "./tfjs-network.ts";

/** StyleGAN2's operations: weights are shared by a batch, as ours are. */
export function style(tf: Tfjs, operation: Style): Step {
  switch (operation.op) {
    case "linear": {
      const { apply, weights } = dense(tf, operation, operation.activation);
      return unary(apply, weights);
    }
    case "constant": {
      const values = tf.tensor(operation.values, operation.outputs[0]!.shape);
      return { weights: [values], apply: () => [values] };
    }
    case "styled":
      return styled(tf, operation);
    case "torgb":
      return torgb(tf, operation);
  }
}

function dense(tf: Tfjs, { weight, bias }: Linear, activation: "none" | "leaky") {
  const [inputs, outputs] = [weight.length / bias.length, bias.length];
  const b = tf.tensor(weight, [inputs, outputs]);
  const own = tf.tensor(bias, [outputs]);
  const fused = {
    bias: own,
    activation: activation === "leaky" ? ("leakyrelu" as const) : ("linear" as const),
    leakyreluAlpha: SLOPE,
  };
  return {
    weights: [b, own],
    apply: (x: Tensor): Tensor => {
      const rows = tf.reshape(x, [x.shape[0]!, inputs]);
      return tf.reshape(tf.fused.matMul({ a: rows, b, ...fused }), [x.shape[0]!, 1, 1, outputs]);
    },
  };
}

const NONE: Padding = [
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
];
const ONE: Padding = [
  [0, 0],
  [1, 1],
  [1, 1],
  [0, 0],
];

/** The filter, for every channel, as a convolution of each by itself takes it. */
const fir = (channels: number): Float32Array =>
  Float32Array.from({ length: 16 * channels }, (_, at) => {
    const tap = Math.floor(at / channels);
    return FIR[tap >> 2]! * FIR[tap & 3]!;
  });

function styled(tf: Tfjs, operation: Extract<Style, { op: "styled" }>): Step {
  const { up, weight, bias, noise, outputs } = operation;
  const [, height, width, channels] = operation.inputs[0]!.shape;
  const { shape } = outputs[0]!;
  const out = bias.length;
  const s = dense(tf, operation.style, "none");
  const squares = new Float32Array(channels * out);
  for (let at = 0; at < weight.length; at += 1) {
    const [o, i] = [Math.floor(at / 9 / channels), Math.floor(at / 9) % channels];
    squares[i * out + o]! += weight[at]! ** 2;
  }
  const sums = tf.tensor(squares, [channels, out]);
  // A transposed convolution's filter is [height][width][out][in].
  const taps = up ? tapsFirst(weight, channels * out, 1, 9) : tapsFirst(weight, out, channels, 9);
  const filter = tf.tensor(taps, up ? [3, 3, out, channels] : [3, 3, channels, out]);
  const zeros = tf.tensor(new Float32Array(out), [out]);
  const blur = tf.tensor(fir(out), [4, 4, out, 1]);
  const root = tf.tensor(Float32Array.of(Math.SQRT2), [1]);
  const added = tf.tensor(
    noise.map((v) => v * Math.SQRT2),
    [1, shape[1], shape[2], 1],
  );
  const biases = tf.tensor(
    bias.map((v) => v * Math.SQRT2),
    [1, 1, 1, out],
  );
  const plain = { bias: zeros, strides: 1, dilations: 1, activation: "linear", leakyreluAlpha: SLOPE } as const;
  const batch = shape[0];
  const apply = ([x, w]: readonly Tensor[]): Tensor[] => {
    const factors = s.apply(w!);
    const modulated = tf.mul(x!, factors);
    const conv = (): Tensor => {
      if (!up) return tf.fused.conv2d({ x: modulated, filter, pad: ONE, ...plain });
      const made = [batch, 2 * height + 1, 2 * width + 1, out];
      const y = tf.conv2dTranspose(modulated, filter, made, 2, NONE);
      return tf.fused.depthwiseConv2d({ x: y, filter: blur, pad: ONE, ...plain });
    };
    const rows = tf.square(tf.reshape(factors, [batch, channels]));
    const d = tf.mul(tf.rsqrt(tf.add(tf.matMul(rows, sums), 1e-8)), root);
    const y = tf.mul(conv(), tf.reshape(d, [batch, 1, 1, out]));
    return [tf.leakyRelu(tf.add(tf.add(y, added), biases), SLOPE)];
  };
  return { weights: [...s.weights, sums, filter, zeros, blur, root, added, biases], apply };
}

function torgb(tf: Tfjs, { inputs, weight, bias, style }: Extract<Style, { op: "torgb" }>): Step {
  const [n, height, width, channels] = inputs[0]!.shape;
  const s = dense(tf, style, "none");
  const filter = tf.tensor(tapsFirst(weight, 3, channels, 1), [1, 1, channels, 3]);
  const own = tf.tensor(bias, [3]);
  // Each channel to itself.
  const diagonal = new Float32Array(16 * 9);
  fir(1).forEach((v, tap) => {
    for (let c = 0; c < 3; c += 1) diagonal[tap * 9 + c * 4] = v;
  });
  const blur = tf.tensor(diagonal, [4, 4, 3, 3]);
  const options = {
    bias: own,
    strides: 1,
    dilations: 1,
    activation: "linear",
    leakyreluAlpha: SLOPE,
    pad: NONE,
  } as const;
  const apply = ([x, w, image]: readonly Tensor[]): Tensor[] => {
    const y = tf.fused.conv2d({ x: tf.mul(x!, s.apply(w!)), filter, ...options });
    if (!image) return [y];
    return [tf.add(y, tf.conv2dTranspose(image, blur, [n, height, width, 3], 2, ONE))];
  };
  return { weights: [...s.weights, filter, own, blur], apply };
}
