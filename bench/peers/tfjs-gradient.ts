import { interpolation, type Operation, SLOPE } from "../networks/operations.ts";
import { convolution, type Step, type Tfjs, translate, unary } from "./tfjs-network.ts";

/**
 * An operation that TensorFlow.js differentiates: `translate`'s, but for those whose gradient is
 * missing, wrong or slow.
 */
export function differentiable(tf: Tfjs, operation: Operation): Step {
  switch (operation.op) {
    case "conv":
      return convolve(tf, operation);
    case "upsample":
      return upsample(tf, operation);
    case "resize":
      return resize(tf, operation);
    default:
      return translate(tf, operation);
  }
}

/**
 * Fused with bias and activation as ever. While it differentiates, TensorFlow.js takes such a
 * convolution apart, and of a fused one it also makes the gradients by filter and bias, which
 * nobody wants.
 */
function convolve(tf: Tfjs, operation: Extract<Operation, { op: "conv" }>): Step {
  const [x] = operation.inputs;
  if (operation.dilation > 1 || operation.groups > 1) throw new Error("No case needs this gradient of TensorFlow.js.");
  const { filter, options, weights } = convolution(tf, operation, x!.shape[3]);
  const { strides, pad } = options;
  const attributes = { ...options, dataFormat: "NHWC" };
  const slope = operation.activation === "leaky" ? SLOPE : 0;
  const run = tf.customGrad((x, save) => {
    const y = tf.engine().runKernel("FusedConv2D", { x, filter, bias: options.bias }, attributes);
    save([y]);
    return {
      value: y,
      gradFunc: (dy, [y]) => {
        const inner = operation.activation === "none" ? dy : tf.mul(dy, tf.step(y!, slope));
        return tf.conv2dTranspose(inner, filter, x.shape, strides, pad);
      },
    };
  });
  return unary(run, weights);
}

/** Back, four neighbours are added up, which TensorFlow.js looks for among many more. */
function upsample(tf: Tfjs, operation: Operation): Step {
  const step = translate(tf, operation);
  const four = tf.tensor(Float32Array.of(4), [1]);
  const run = tf.customGrad((x) => ({
    value: step.apply([x])[0]!,
    gradFunc: (dy) => tf.mul(tf.avgPool(dy, 2, 2, "valid"), four),
  }));
  return unary(run, [four]);
}

/**
 * TensorFlow.js's gradient knows no half-pixel centres: back, the transposed matrix of each axis.
 */
function resize(tf: Tfjs, operation: Extract<Operation, { op: "resize" }>): Step {
  const step = translate(tf, operation);
  if (operation.sampling !== "half-pixel") throw new Error("No case needs this gradient of TensorFlow.js.");
  const [n, height, width, channels] = operation.inputs[0]!.shape;
  const [, outHeight, outWidth] = operation.outputs[0]!.shape;
  const down = tf.tensor(interpolation(height, outHeight, "half-pixel"), [1, outHeight, height]);
  const across = tf.tensor(interpolation(width, outWidth, "half-pixel"), [1, outWidth, width]);
  const run = tf.customGrad((x) => ({
    value: step.apply([x])[0]!,
    gradFunc: (dy) => {
      const rows = tf.matMul(across, tf.reshape(dy, [n * outHeight, outWidth, channels]), true);
      const all = tf.matMul(down, tf.reshape(rows, [n, outHeight, width * channels]), true);
      return tf.reshape(all, [n, height, width, channels]);
    },
  }));
  return unary(run, [down, across]);
}
