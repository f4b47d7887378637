// Convolutions by their shapes: those that are tested in every way in which they can run.
import type { Activation } from "../../../src/kernels/conv/activation.ts";
import { conv } from "../../../src/kernels/conv/conv.ts";
import type { Filter } from "../../../src/kernels/conv/filter.ts";
import { Graph, type Storage, type Target, type Value } from "../../../src/runtime/graph.ts";
import { type Extents, noise, noiseMap } from "../reference.ts";

/** The kernel that multiplies. */
export const KERNELS = {
  software: "conv-register",
  software4: "conv-subgroup",
  software8: "conv-subgroup",
  gpu: "conv-tiled",
} as const;

/** The kernels of a way, by its name. */
export function kernelsOf(target: Target, way: string): string[] {
  if (way.startsWith("winograd")) return ["winograd-input", KERNELS[target], "winograd-output"];
  if (way.startsWith("taps")) return [KERNELS[target], "taps"];
  return way.includes("/") ? [KERNELS[target], "conv-sum"] : [KERNELS[target]];
}

export interface Case {
  readonly name: string;
  readonly x: Extents;
  readonly out: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly pad?: number;
  readonly upsample?: true;
  readonly activation?: Activation;
  readonly residual?: true;
}

// Three combinations of upsampling, activation and residual, no more: each is a pipeline, and a
// software adapter compiles one for seconds.
export const CASES: readonly Case[] = [
  { name: "1×1, 3 to 5 channels", x: [1, 5, 7, 3], out: 5, kernel: 1 },
  { name: "1×1 on one pixel", x: [1, 1, 1, 5], out: 3, kernel: 1 },
  { name: "1×1, stride 2", x: [2, 7, 5, 8], out: 13, kernel: 1, stride: 2 },
  { name: "3×3, 11 to 13 channels", x: [1, 6, 5, 11], out: 13, kernel: 3, pad: 1 },
  { name: "3×3 without padding", x: [1, 5, 4, 3], out: 4, kernel: 3 },
  { name: "3×3, larger than its map", x: [1, 1, 2, 5], out: 5, kernel: 3, pad: 1 },
  { name: "3×3, stride 2, odd extents", x: [2, 9, 7, 5], out: 11, kernel: 3, stride: 2, pad: 1 },
  { name: "3×3, stride 2, even extents", x: [1, 8, 6, 3], out: 3, kernel: 3, stride: 2, pad: 1 },
  { name: "a generator's first layer: 4×4 over a padded pixel", x: [3, 1, 1, 13], out: 11, kernel: 4, pad: 3 },
  { name: "more pixels and channels than a tile", x: [1, 9, 8, 15], out: 70, kernel: 3, pad: 1 },
  { name: "tiles that cross images", x: [3, 5, 5, 11], out: 5, kernel: 3, pad: 1 },
  { name: "residual and relu", x: [3, 5, 3, 13], out: 5, kernel: 3, pad: 1, activation: "relu", residual: true },
  { name: "residual, relu, tiles", x: [1, 9, 9, 17], out: 67, kernel: 1, activation: "relu", residual: true },
  { name: "upsampling and leaky", x: [1, 3, 5, 3], out: 5, kernel: 3, pad: 1, upsample: true, activation: "leaky" },
  { name: "upsampling one pixel", x: [1, 1, 1, 5], out: 3, kernel: 3, pad: 1, upsample: true, activation: "leaky" },
  { name: "upsampling, tiles", x: [3, 5, 5, 13], out: 69, kernel: 3, pad: 1, upsample: true, activation: "leaky" },
  { name: "many channels", x: [1, 9, 8, 69], out: 70, kernel: 3, pad: 1 },
  { name: "many channels, one pixel", x: [1, 1, 1, 32], out: 33, kernel: 3, pad: 1 },
  { name: "many channels, one row", x: [2, 1, 6, 33], out: 32, kernel: 3, pad: 1 },
  {
    name: "upsampling many channels",
    x: [3, 3, 5, 33],
    out: 13,
    kernel: 3,
    pad: 1,
    upsample: true,
    activation: "leaky",
  },
  {
    name: "upsampling many channels of one pixel",
    x: [1, 1, 1, 32],
    out: 5,
    kernel: 3,
    pad: 1,
    upsample: true,
    activation: "leaky",
  },
  {
    name: "many channels, odd extents, residual and relu",
    x: [3, 5, 7, 35],
    out: 37,
    kernel: 3,
    pad: 1,
    activation: "relu",
    residual: true,
  },
];

/**
 * Cases with more ways than one, by which all ways have their turn: every algorithm on every tile,
 * whole and in parts.
 */
export const SEVERAL: readonly Case[] = [
  { name: "3×3", x: [1, 17, 16, 20], out: 130, kernel: 3, pad: 1, activation: "leaky" },
  { name: "3×3, images", x: [3, 5, 7, 36], out: 20, kernel: 3, pad: 1, activation: "relu", residual: true },
  { name: "1×1", x: [1, 12, 11, 130], out: 130, kernel: 1, activation: "relu6", residual: true },
  { name: "1×1, images", x: [3, 5, 3, 130], out: 5, kernel: 1 },
  { name: "upsampling", x: [1, 12, 11, 36], out: 20, kernel: 3, pad: 1, upsample: true, activation: "leaky" },
  { name: "upsampling, images", x: [3, 3, 5, 36], out: 3, kernel: 3, pad: 1, upsample: true },
];

/** A case's numbers; the scale is no power of two, so that folding it into the weights rounds. */
export function numbers({ x, out, kernel, pad = 0, stride = 1, upsample, residual }: Case) {
  const extent = (size: number) => (upsample ? 2 * size : Math.floor((size + 2 * pad - kernel) / stride) + 1);
  return {
    input: noiseMap(1, x),
    weight: noise(2, out * x[3] * kernel ** 2),
    scale: noise(3, out).map((s) => s + 1.5),
    bias: noise(4, out),
    residual: residual ? noiseMap(5, [x[0], extent(x[1]), extent(x[2]), out]) : undefined,
  };
}

export type Numbers = ReturnType<typeof numbers>;

/** Weights that float16 holds exactly, and so it does sums of them: 64ths between ±½. */
export const exactly = (given: Numbers): Numbers => ({
  ...given,
  weight: given.weight.map((w) => Math.round(32 * w) / 64),
  scale: given.scale.map((_, index) => [1, 0.5, 2][index % 3]!),
});

export const filterOf = ({ x, out, kernel }: Case, { weight, scale, bias }: Numbers): Filter => ({
  label: "y",
  inChannels: x[3],
  outChannels: out,
  kernel,
  weight: { sources: [], of: () => weight },
  scale: { sources: [], of: () => scale },
  bias: { sources: [], of: () => bias },
});

/** A case without its numbers, appended to a graph. */
export function append(graph: Graph, settings: Case, images = settings.x[0]): Value {
  const { x, stride = 1, pad = 0, upsample = false, activation = "none" } = settings;
  const [, height, width, channels] = x;
  const { residual: addend } = numbers({ ...settings, x: [1, height, width, 1] });
  // As many numbers as matter here: none is looked at.
  const filter = filterOf(settings, numbers({ name: "", x: [1, 1, 1, 1], out: 1, kernel: 1 }));
  const options = { stride, pad, upsample, activation };
  const added = addend && { residual: graph.map("residual", images, addend.height, addend.width, addend.channels) };
  return conv(graph, graph.map("x", images, height, width, channels), filter, { ...options, ...added });
}

/**
 * The name of a case's shape, and of the ways in which it can run; undefined if there is but one.
 */
export function tunableOf(target: Target, settings: Case, storage?: Storage) {
  const graph = new Graph(target, storage);
  append(graph, settings);
  const [[name, tunable] = []] = graph.tunables;
  return name === undefined || !tunable ? undefined : { name, ...tunable };
}
