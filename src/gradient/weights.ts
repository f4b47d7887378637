import { UsageError } from "../errors.ts";
import type { ConvOptions } from "../kernels/conv/conv.ts";
import { DEMODULATE, type Demodulation } from "../kernels/conv/demodulate.ts";
import { DEPTHWISE } from "../kernels/conv/depthwise.ts";
import type { Filter } from "../kernels/conv/filter.ts";
import { GROUPED } from "../kernels/conv/grouped.ts";
import { CONV_TRANSPOSE } from "../kernels/conv/transposed.ts";
import { UPCONV } from "../kernels/conv/upconv.ts";
import { area, axesOf, both } from "../kernels/conv/window.ts";
import sumKernel from "../kernels/generated/sum.wgsl.ts";
import weightBack from "../kernels/generated/weight-back.wgsl.ts";
import { lanes } from "../kernels/lanes.ts";
import { elements, type Graph, type Operation, padded, type Value } from "../runtime/graph.ts";

// Tests: test/gradient/conv.test.ts, test/gradient/scenes64.test.ts

/** What is told of a convolution on the way back. */
export interface WeightGradient {
  /** The convolution's filter, as it was appended. */
  readonly filter: Filter;
  /**
   * [taps, in, out], channels padded to fours: by the weights as they convolve, times their scale.
   */
  readonly gradient: Value;
}

/** Operations whose weights have no rule. */
const UNKNOWN_WEIGHTS: ReadonlySet<unknown> = new Set([DEPTHWISE, GROUPED, CONV_TRANSPOSE, UPCONV]);

/**
 * @throws UsageError for an operation whose weights have no rule, and for a demodulation: its
 *   factors are made of the convolution's weights too (Karras et al., CVPR 2020, eq. 3), from the
 *   style and not from the map, so that the way back would tell a part of their gradient as all.
 */
export function checkWeights({ kind, output, attributes }: Operation): void {
  const demodulated = kind === DEMODULATE && (attributes as Demodulation).d !== undefined;
  if (!demodulated && !UNKNOWN_WEIGHTS.has(kind)) return;
  throw new UsageError(
    demodulated
      ? `There is no gradient by the weights before "${output.label}", which "${kind.name}" divides by their norms.`
      : `There is no gradient by the weights of "${output.label}", which "${kind.name}" computes.`,
    "Leave `weights` out, or take the gradient by something behind it.",
  );
}

/**
 * Pixels that one invocation adds up at the least; more where parts would be larger than `PARTS`.
 */
const PIXELS = 256;
/** Bytes of all parts. */
const PARTS = 64 * 2 ** 20;

/**
 * Appends the gradient of a convolution by its weights, times their scale: [taps, in, out],
 * channels padded to fours. `dz` is the gradient by its output before the activation.
 */
export function weightGradient(graph: Graph, x: Value, dz: Value, filter: Filter, options: ConvOptions): Value {
  const { label, inChannels, outChannels, kernel } = filter;
  const { upsample = false, ...window } = options;
  const [n = 1, outHeight = 1, outWidth = 1] = dz.shape;
  const [, inHeight = 1, inWidth = 1] = x.shape;
  const scale = upsample ? 2 : 1;
  const [down, across] = axesOf([scale * inHeight, scale * inWidth], kernel, window);
  const [inVectors, outVectors, taps] = [padded(inChannels) / 4, padded(outChannels) / 4, area(kernel)];
  const shape = [taps, 4 * inVectors, 4 * outVectors];
  const pixels = n * outHeight * outWidth;
  const size = Math.max(PIXELS, Math.ceil((4 * elements(shape) * pixels) / PARTS));
  const count = Math.ceil(pixels / size);
  const parts = graph.value(`${label}.weight.parts`, [count, ...shape]);
  const total = count * taps * inVectors * outVectors;
  graph.step(
    weightBack,
    { x, dy: dz, parts },
    {
      ...{ inVectors, inHeight, inWidth, outVectors, outHeight, outWidth, taps, kernelWidth: both(kernel)[1] },
      ...{ strideDown: down.stride, strideAcross: across.stride },
      ...{ dilationDown: down.dilation, dilationAcross: across.dilation },
      ...{ padTop: down.before, padLeft: across.before, pixels, size, total },
    },
    lanes(total),
    { choices: { UPSAMPLE: upsample } },
  );
  const sum = graph.value(`${label}.weight.gradient`, shape, "f32", outChannels);
  const vectors = elements(shape) / 4;
  graph.step(sumKernel, { x: parts, y: sum }, { parts: count, total: vectors }, lanes(vectors));
  return sum;
}
