import { ShapeError } from "../../errors.ts";
import { elements, type Graph, type OperationKind, type Value } from "../../runtime/graph.ts";
import demodulateKernel from "../generated/demodulate.wgsl.ts";
import { lanes } from "../lanes.ts";

/** What StyleGAN does to a convolution's sums; all that is not given is left out. */
export interface Demodulation {
  /** Factors of each image's channels [n, 1, 1, c]. */
  readonly d?: Value | undefined;
  /** [c], padded */
  readonly bias: Value;
  /** A map [pixels] that is added to every channel, by the channel's strength [c], padded. */
  readonly noise?: { readonly map: Value; readonly strength: Value } | undefined;
  /** Leaky ReLU with slope 0.2. */
  readonly leaky?: boolean;
  /** Results are clamped to ± this. */
  readonly bound?: number | undefined;
}

/** clamp(leaky(x d + bias + noise)); its inputs are x and d. */
export const DEMODULATE: OperationKind<Demodulation> = { name: "demodulate" };

/** What a kernel is specialised to. */
export const choicesOf = ({ d, noise, leaky = false, bound }: Demodulation) => ({
  SCALED: d !== undefined,
  NOISE: noise !== undefined,
  LEAKY: leaky,
  CLAMPED: bound !== undefined,
});

/** What a kernel binds; what it does not read is the bias. */
export const bindingsOf = ({ d, bias, noise }: Demodulation) => ({
  d: d ?? bias,
  bias,
  noise: noise?.map ?? bias,
  strength: noise?.strength ?? bias,
});

/** @throws ShapeError when not all fits a map. */
export function checkDemodulation({ d, bias, noise }: Demodulation, y: Value): void {
  const [n = 1, height = 1, width = 1, stored = 4] = y.shape;
  const fits =
    (!d || elements(d.shape) === n * stored) &&
    elements(bias.shape) === stored &&
    (!noise || (elements(noise.map.shape) === height * width && elements(noise.strength.shape) === stored));
  if (fits) return;
  throw new ShapeError(
    `"${y.label}" [${y.shape}] cannot be demodulated: a factor, a bias or noise is of another size.`,
    "Give a factor for each image's channel, a bias for each channel, and noise for each pixel.",
  );
}

/** y = clamp(leaky(x d + bias + noise)) of x [n, h, w, c]. */
export function demodulate(graph: Graph, label: string, x: Value, demodulation: Demodulation): Value {
  const [, height = 1, width = 1, stored = 4] = x.shape;
  const y = graph.value(label, x.shape, "f32", x.channels);
  checkDemodulation(demodulation, y);
  const total = elements(x.shape) / 4;
  graph.step(
    demodulateKernel,
    { x, ...bindingsOf(demodulation), y },
    { vectors: stored / 4, pixels: height * width, bound: demodulation.bound ?? 0, total },
    lanes(total),
    { choices: choicesOf(demodulation) },
  );
  graph.record(DEMODULATE, [x, demodulation.d], y, demodulation);
  return y;
}
