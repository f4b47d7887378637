import { UsageError } from "../../errors.ts";
import type { Learned } from "../../kernels/conv/filter.ts";
import { constant } from "../../kernels/conv/filter.ts";
import { warn } from "../../names.ts";
import { learned } from "../filters.ts";
import type { Network } from "../network.ts";
import type { State } from "../state.ts";
import type { GeneratorFamily, GeneratorFile, GeneratorOptions } from "./family.ts";
import { proganNetwork } from "./progan.ts";
import type { Convolution, ProganLayout, ProganStyle } from "./progan-layouts.ts";

// Tests: test/networks/generators/progan-layouts.test.ts

/** PyTorch's BatchNorm2d default. */
const EPSILON = 1e-5;

/** What a file's layers have behind their convolutions, by tensors that only they have. */
const KINDS = [
  ["batch norm", "norm.running_mean"],
  ["stored scale", "wscale.scale"],
  ["bias", "conv.bias"],
] as const;
type Kind = (typeof KINDS)[number][0];

/**
 * The generators of Progressive GAN's ablation study that GAN Dissection compares (Karras et al.
 * 2018, table 1; Bau et al. 2019, fig. 7; spec diagnosis §B): batch norm and ReLU (WGAN-GP,
 * progressive training, small minibatch), biases (minibatch statistics), or a stored scale
 * (equalised learning rate, pixelwise normalisation). Images end in a hard tanh.
 */
export const PROGAN_ABLATION: GeneratorFamily = {
  name: "a generator of Progressive GAN's ablation study",
  keys: KINDS.map(([, key]) => `features.0.${key}`),
  options: ["clamp", "pixelNorm"],
  network,
};

function network({ tensors, onWarning }: GeneratorFile, options: GeneratorOptions): Network {
  const [kind] = KINDS.find(([, key]) => tensors.has(`features.0.${key}`))!;
  const { pixelNorm = "everywhere", clamp = true } = options;
  if (pixelNorm !== "everywhere" && pixelNorm !== "ends") {
    throw new UsageError(`There is no \`pixelNorm\` "${String(pixelNorm)}".`, 'Give "everywhere" or "ends".');
  }
  if (kind !== "stored scale" && options.pixelNorm !== undefined) {
    throw new UsageError(
      "The file says itself where it is normalised, so there is no `pixelNorm` to choose.",
      "Leave it out.",
    );
  }
  if (kind === "stored scale" && options.pixelNorm === undefined) {
    warn(
      onWarning,
      'Layers are taken to be normalised everywhere (pixelwise normalisation); with equalised learning rate alone only z and the output are, which the file does not tell: `pixelNorm` "ends".',
    );
  }
  const ends = kind === "bias" || pixelNorm === "ends";
  const style: ProganStyle = {
    activation: kind === "batch norm" ? "relu" : "leaky",
    normed: (i) => {
      if (kind === "batch norm") return false;
      if (i === 0) return kind === "stored scale";
      return i === 1 || !ends;
    },
  };
  return proganNetwork(layoutOf(tensors, kind), style, { clamp });
}

function layoutOf(state: State, kind: Kind): ProganLayout {
  const widths: number[] = [];
  for (let k = 0; state.has(`features.${k}.conv.weight`) || state.has(`features.${k + 1}.conv.weight`); k += 2) {
    widths.push((state.get(`features.${k}.conv.weight`) ?? state.get(`features.${k + 1}.conv.weight`))!.shape[0]!);
  }
  const behind = (from: State, name: string, out: number, last: boolean): Omit<Convolution, "weight"> => {
    if (kind === "batch norm" && !last) return batchNorm(from, `${name}.norm`, out);
    if (kind !== "stored scale") return { scale: constant(1, out), bias: learned(from, `${name}.conv.bias`, [out]) };
    const { sources } = learned(from, `${name}.wscale.scale`, [1]);
    return {
      scale: { sources, of: ([scale]) => new Float64Array(out).fill(scale![0]!) },
      bias: learned(from, `${name}.wscale.b`, [out]),
    };
  };
  const plain = (from: State, name: string, [out, into]: readonly [number, number], kernel: number): Convolution => ({
    weight: learned(from, `${name}.conv.weight`, [out, into, kernel, kernel]),
    ...behind(from, name, out, name === "output"),
  });
  return {
    state,
    zSize: state.get("features.0.conv.weight")?.shape?.[1] ?? 1,
    classes: 0,
    widths,
    channels: state.get("output.conv.weight")?.shape?.[0] ?? 3,
    lod: 0,
    single: true,
    first(from, shape) {
      const { weight, ...rest } = plain(from, "features.0", shape, 4);
      // A convolution over one pixel padded by 3, as the published port's.
      const of: Learned["of"] = (arrays) => {
        const stored = weight.of(arrays);
        return new Float32Array(stored).map((_, at) => stored[at - (at % 16) + 15 - (at % 16)]!);
      };
      return { weight: { sources: weight.sources, of }, ...rest };
    },
    convolution: (from, i, shape) => plain(from, `features.${i - 1}`, shape, 3),
    rgb: (from, _, shape) => plain(from, "output", shape, 1),
  };
}

/** A batch norm's running statistics as a scale and a bias. */
function batchNorm(state: State, name: string, out: number): Omit<Convolution, "weight"> {
  const [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((key) => {
    return learned(state, `${name}.${key}`, [out]).sources[0]!;
  }) as [string, string, string, string];
  return {
    scale: {
      sources: [gamma, variance],
      of: ([g, v]) => Float64Array.from(g!, (value, o) => value / Math.sqrt(v![o]! + EPSILON)),
    },
    bias: {
      sources: [gamma, beta, mean, variance],
      of: ([g, b, m, v]) =>
        Float64Array.from(b!, (value, o) => value - (m![o]! * g![o]!) / Math.sqrt(v![o]! + EPSILON)),
    },
  };
}
