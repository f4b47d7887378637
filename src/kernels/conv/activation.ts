// Tests: test/kernels/conv/conv.test.ts, test/kernels/conv/conv-options.test.ts

/**
 * What is applied to a convolution's sum; `leaky` is LeakyReLU with slope 0.2, `relu6` stops at 6.
 */
export type Activation = "none" | "leaky" | "relu" | "relu6";

/** The kernels' constant ACTIVATION. */
export const ACTIVATIONS: Readonly<Record<Activation, number>> = { none: 0, leaky: 1, relu: 2, relu6: 3 };
