// Filters of any kernel, stride, dilation and padding, and their numbers.
import type { Activation } from "../../../src/kernels/conv/activation.ts";
import type { ConvOptions } from "../../../src/kernels/conv/conv.ts";
import type { Filter } from "../../../src/kernels/conv/filter.ts";
import { area, type Padding, type Pair } from "../../../src/kernels/conv/window.ts";
import { type Conv64, type Extents, noise } from "../reference.ts";

/** A learned filter's numbers: [out][in][k][k], a scale that is no power of two, and a bias. */
export interface Numbers {
  readonly weight: Float32Array;
  readonly scale: Float32Array;
  readonly bias: Float32Array;
}

export const numbers = (inChannels: number, outChannels: number, kernel: Pair): Numbers => ({
  weight: noise(2, outChannels * inChannels * area(kernel)),
  scale: noise(3, outChannels).map((s) => s + 1.5),
  bias: noise(4, outChannels),
});

export const filterOf = (
  { weight, scale, bias }: Numbers,
  extents: Pick<Filter, "inChannels" | "outChannels" | "kernel">,
): Filter => ({
  label: "y",
  ...extents,
  weight: { sources: [], of: () => weight },
  scale: { sources: [], of: () => scale },
  bias: { sources: [], of: () => bias },
});

export interface Case {
  readonly name: string;
  readonly x: Extents;
  readonly out: number;
  readonly kernel: Pair;
  readonly stride?: Pair;
  readonly dilation?: Pair;
  readonly pad?: Padding | "same";
  readonly activation?: Activation;
}

/** A case's options, as a convolution and as its definition take them. */
export const optionsOf = ({ stride = 1, dilation = 1, pad = 0, activation = "none" }: Case) =>
  ({ stride, dilation, pad, activation }) satisfies ConvOptions & Partial<Conv64>;
