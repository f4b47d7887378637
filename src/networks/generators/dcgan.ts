import { WeightsError } from "../../errors.ts";
import type { Attributes } from "../../weights/tensor.ts";
import type { Description } from "../description.ts";
import type { State } from "../state.ts";

// Tests: test/networks/generators/dcgan.test.ts

/** A transposed convolution of a file, with the batch norm behind it where there is one. */
interface Block {
  readonly weight: string;
  readonly bias: string | undefined;
  readonly norm: string | undefined;
  readonly into: number;
  readonly out: number;
  readonly stride: number;
  readonly pad: number;
  readonly eps: number;
}

/** What a DCGAN is taken to be where its tensors do not say. */
const ASSUMED =
  "the first transposed convolution with stride 1 and no padding, the others with stride 2 and padding 1, batch norms with eps 1e-5, ReLU between, tanh at the end";
/** What is left of that where its modules say how they were made. */
const ASSUMED_OF_MODULES = "its modules in the order in which they were made, ReLU between, tanh at the end";

/** What is assumed of a file: whole modules say how their convolutions and norms were made. */
export const assumedOf = (attributes: Attributes): string =>
  [...attributes.keys()].some((name) => name.endsWith(".output_padding.0")) ? ASSUMED_OF_MODULES : ASSUMED;

const NONE: Attributes = new Map();

/**
 * A DCGAN as a description (Radford et al. 2016; PyTorch's examples and tutorial, and what students
 * made of them): transposed convolutions of 4×4, each but the last with a batch norm. Kernels and
 * widths are the file's, strides, paddings and eps too where its modules were saved; else they are
 * assumed, as activations are. Undefined for a file whose tensors are anything else.
 */
export function dcganOf(tensors: State, attributes = NONE): Description | undefined {
  const blocks = blocksOf(tensors, attributes);
  if (!blocks) return undefined;
  const [first] = blocks;
  const channels = blocks.at(-1)!.out;
  const edge = blocks.reduce((extent, { stride, pad }) => (extent - 1) * stride - 2 * pad + 4, 1);
  return {
    architecture: "DCGAN",
    z: first!.into,
    image: [channels, edge, edge],
    range: "-1..1",
    operations: blocks.flatMap(({ weight, bias, norm, stride, pad, eps }, index): Description["operations"] => {
      const before = index === 0 ? "start" : `layer${index}`;
      const convolved = {
        op: "convTranspose" as const,
        x: before,
        to: `c${index + 1}`,
        weight,
        ...(bias !== undefined && { bias }),
        stride,
        pad,
      };
      const start = { op: "reshape" as const, x: "z", to: "start", shape: [first!.into, 1, 1] as const };
      const head = index === 0 ? [start, convolved] : [convolved];
      if (index === blocks.length - 1) return [...head, { op: "output", x: convolved.to, to: "made", fn: "tanh" }];
      const normed = { op: "batchNorm" as const, x: convolved.to, to: `n${index + 1}`, name: norm!, eps };
      const name = `layer${index + 1}`;
      return [
        ...head,
        ...(norm === undefined ? [] : [normed]),
        { op: "relu", x: norm === undefined ? convolved.to : normed.to, to: `r${index + 1}` },
        { op: "layer", x: `r${index + 1}`, to: name, name },
      ];
    }),
  };
}

/**
 * The same where it was asked for.
 * @throws WeightsError where the file is none.
 */
export function dcgan(tensors: State, attributes = NONE): Description {
  const found = dcganOf(tensors, attributes);
  if (found) return found;
  const holds = [...tensors.keys()].slice(0, 6).map((name) => `${name} [${shapeOf(tensors, name) ?? "?"}]`);
  throw new WeightsError(
    "weights-shape",
    `The file is no DCGAN: not all of it are transposed convolutions [in][out][4][4] and batch norms (it holds ${holds.join(", ")}).`,
    "Describe the network in a JSON file, see docs/generators.md.",
  );
}

/** Transposed convolutions of the largest: 4 × 2⁸ pixels. */
const MOST = 9;

/** Undefined where there is none, or where it is made by what is not known. */
function shapeOf(tensors: State, name: string): readonly number[] | undefined {
  try {
    return tensors.get(name)?.shape;
  } catch {
    return undefined;
  }
}

function blocksOf(tensors: State, attributes: Attributes): Block[] | undefined {
  const names = [...tensors.keys()];
  const weights = names.filter((name) => shapeOf(tensors, name)?.length === 4);
  if (weights.length < 2 || weights.length > MOST) return undefined;
  const used = new Set<string>(names.filter((name) => /(^|\.)num_batches_tracked$/.test(name)));
  const blocks = weights.map((weight, index): Block | undefined => {
    const [into = 0, out = 0, height, width] = shapeOf(tensors, weight)!;
    if (height !== 4 || width !== 4 || !weight.endsWith(".weight")) return undefined;
    const next = weights[index + 1];
    const between = names.slice(names.indexOf(weight), next === undefined ? undefined : names.indexOf(next));
    const key = weight.slice(0, -".weight".length);
    const bias = tensors.has(`${key}.bias`) ? `${key}.bias` : undefined;
    const mean = between.find((name) => name.endsWith(".running_mean"));
    const norm = mean?.slice(0, -".running_mean".length);
    const affine = norm !== undefined && (tensors.has(`${norm}.weight`) || tensors.has(`${norm}.bias`));
    const statistics = [...(affine ? ["weight", "bias"] : []), "running_mean", "running_var"];
    const parts = norm === undefined ? [] : statistics.map((part) => `${norm}.${part}`);
    if (!parts.every((part) => shapeOf(tensors, part)?.join() === `${out}`)) return undefined;
    for (const name of [weight, ...(bias === undefined ? [] : [bias]), ...parts]) used.add(name);
    const said = (name: string, otherwise: number): number => {
      const value = attributes.get(name);
      return typeof value === "number" ? value : otherwise;
    };
    const [stride, pad] = [said(`${key}.stride.0`, index === 0 ? 1 : 2), said(`${key}.padding.0`, index === 0 ? 0 : 1)];
    if (said(`${key}.stride.1`, stride) !== stride || said(`${key}.padding.1`, pad) !== pad) return undefined;
    return { weight, bias, norm, into, out, stride, pad, eps: said(`${norm}.eps`, 1e-5) };
  });
  const all = blocks.filter((block) => block !== undefined);
  const chained = all.every(({ into }, index) => index === 0 || into === all[index - 1]!.out);
  const last = all.at(-1);
  const pictured = last !== undefined && last.norm === undefined && [1, 3, 4].includes(last.out);
  const whole = all.length === blocks.length && used.size === names.length;
  return all.length >= 2 && chained && pictured && whole ? all : undefined;
}
