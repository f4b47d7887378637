import { WeightsError } from "../../errors.ts";
import type { Learned } from "../../kernels/conv/filter.ts";
import { constant } from "../../kernels/conv/filter.ts";
import { learned } from "../filters.ts";
import { need } from "../recording.ts";
import type { State } from "../state.ts";
import type { GeneratorFile } from "./family.ts";

// Tests: test/networks/generators/progan.test.ts,
// test/networks/generators/progan-layouts.test.ts

/** What a convolution learned: y = scale · (weight * x) + bias. */
export interface Convolution {
  /** [out][in][k][k] */
  readonly weight: Learned;
  /** [out] */
  readonly scale: Learned;
  /** [out], or of the first layer also [out · 16], for each of its 4×4 positions. */
  readonly bias: Learned;
}

/** What layers are made of beside their numbers. */
export interface ProganStyle {
  readonly activation: "leaky" | "relu";
  /** Whether the input of layer i, or of the output (0), is normalised pixel by pixel. */
  readonly normed: (i: number) => boolean;
}

/** Where a Progressive GAN's numbers are in a file. */
export interface ProganLayout {
  readonly state: State;
  /** Length of z. */
  readonly zSize: number;
  /** Classes whose one-hot stands behind z; 0 without. */
  readonly classes: number;
  /** Channels at 4×4, 8×8, … */
  readonly widths: readonly number[];
  /** Of images. */
  readonly channels: number;
  /** As the file says; 0 for a network that has grown up. */
  readonly lod: number;
  /** Whether the full size's image alone can be made, as the file has no other `rgb`. */
  readonly single?: boolean;
  /** Where the file says it; as published unless given. */
  readonly style?: ProganStyle;
  /** Layer 1: weight [out][z][4][4], the output's pixels in their order. */
  first(state: State, shape: readonly [out: number, into: number]): Convolution;
  /** Layer i = 2, 3, …: a 3×3 convolution. */
  convolution(state: State, i: number, shape: readonly [out: number, into: number]): Convolution;
  /** The 1×1 convolution that makes the image at 4·2^step pixels; the last is always there. */
  rgb(state: State, step: number, shape: readonly [out: number, into: number]): Convolution;
}

/** Where the number at [out][in][y][x] lies in a file's tensor. */
type At = (o: number, i: number, y: number, x: number) => number;

/** A tensor's numbers in the order [out][in][k][k]. */
export function reordered(
  state: State,
  key: string,
  shape: readonly number[],
  [out, into, kernel]: readonly [out: number, into: number, kernel: number],
  at: At,
): Learned {
  need(state, key, shape);
  return {
    sources: [key],
    of: ([numbers]) => {
      const ordered = new Float32Array(out * into * kernel * kernel);
      let to = 0;
      for (let o = 0; o < out; o += 1) {
        for (let i = 0; i < into; i += 1) {
          for (let y = 0; y < kernel; y += 1) {
            for (let x = 0; x < kernel; x += 1, to += 1) ordered[to] = numbers![at(o, i, y, x)]!;
          }
        }
      }
      return ordered;
    },
  };
}

/** Gains of the equalised learning rate (Karras et al. 2018, §4.1), by the fan in. */
const WIDE = (into: number): number => Math.SQRT2 / 3 / Math.sqrt(into);
const DENSE = (into: number): number => Math.SQRT2 / 4 / Math.sqrt(into);
const LINEAR = (into: number): number => 1 / Math.sqrt(into);

/** How many steps of resolution there are: of each, some tensor tells the channels. */
export function widthsOf(
  state: State,
  keysOf: (step: number) => readonly (readonly [key: string, axis: number])[],
): number[] {
  const widths: number[] = [];
  for (let step = 0; ; step += 1) {
    // of a tensor without that axis it is told that its shape is another
    const [width] = keysOf(step).flatMap(([key, axis]) => {
      const shape = state.get(key)?.shape;
      return shape ? [shape[axis] ?? 1] : [];
    });
    if (width === undefined) return widths;
    widths.push(width);
  }
}

const edge = (step: number): number => 4 * 2 ** step;

/**
 * The published PyTorch port's (gandissect, spec §1.1): layerN.conv.weight as a convolution padded
 * by 3 for layer 1, layerN.wscale.b, output_RxR.
 */
export function gandissectLayout({ tensors: state }: Pick<GeneratorFile, "tensors">): ProganLayout {
  // Layers come in pairs of one resolution and width; an odd count means that the file lacks one.
  const widths = widthsOf(state, (step) => [
    [`layer${2 * step + 1}.conv.weight`, 0],
    [`layer${2 * step + 2}.conv.weight`, 0],
  ]);
  const output = `output_${edge(widths.length - 1)}x${edge(widths.length - 1)}`;
  const plain = (from: State, name: string, [out, into]: readonly [number, number], kernel: number, scale: number) => ({
    weight: learned(from, `${name}.conv.weight`, [out, into, kernel, kernel]),
    scale: constant(scale, out),
    bias: learned(from, `${name}.wscale.b`, [out]),
  });
  return {
    state,
    zSize: state.get("layer1.conv.weight")?.shape?.[1] ?? 1,
    classes: 0,
    widths,
    channels: state.get(`${output}.conv.weight`)?.shape?.[0] ?? 3,
    lod: 0,
    single: true,
    first: (from, [out, into]) => ({
      ...plain(from, "layer1", [out, into], 4, DENSE(into)),
      // A 4×4 kernel over a 1×1 input padded by 3 is a dense layer with flipped weights.
      weight: reordered(from, "layer1.conv.weight", [out, into, 4, 4], [out, into, 4], (o, i, y, x) => {
        return (o * into + i) * 16 + 15 - (4 * y + x);
      }),
    }),
    convolution: (from, i, [out, into]) => plain(from, `layer${i}`, [out, into], 3, WIDE(into)),
    rgb: (from, _, [out, into]) => plain(from, output, [out, into], 1, LINEAR(into)),
  };
}

/**
 * NVIDIA's TensorFlow variables (spec generators §3): 4x4/Dense, RxR/Conv0_up (a transposed
 * convolution of the upsampling fused with the kernel, [kh][kw][out][in] and flipped) or RxR/Conv0,
 * RxR/Conv1, ToRGB_lodL.
 */
export function tensorflowLayout({ tensors: state, attributes }: GeneratorFile): ProganLayout {
  const widths = widthsOf(state, (step) => {
    const size = `${edge(step)}x${edge(step)}`;
    return [
      [`${size}/Conv1/weight`, 3],
      [`${size}/Conv/weight`, 3],
      [`${size}/Conv1/bias`, 0],
    ];
  });
  const labels = attributes.get("static_kwargs.label_size") ?? 0;
  const inputs = state.get("4x4/Dense/weight")?.shape?.[0] ?? 1;
  if (typeof labels !== "number" || !Number.isInteger(labels) || labels < 0 || labels >= inputs) {
    throw new WeightsError(
      "weights-format",
      `A generator of ${inputs} inputs cannot have ${String(labels).slice(0, 40)} labels among them.`,
      "Check that the file is complete.",
    );
  }
  const top = widths.length - 1;
  const taken = (from: State, name: string, [out, into]: readonly [number, number], kernel: number, scale: number) => ({
    weight: reordered(from, `${name}/weight`, [kernel, kernel, into, out], [out, into, kernel], (o, i, y, x) => {
      return ((y * kernel + x) * into + i) * out + o;
    }),
    scale: constant(scale, out),
    bias: learned(from, `${name}/bias`, [out]),
  });
  return {
    state,
    zSize: inputs - labels,
    classes: labels,
    widths,
    channels: state.get("ToRGB_lod0/weight")?.shape?.[3] ?? 3,
    lod: Number(attributes.get("lod") ?? 0),
    first: (from, [out, into]) => ({
      // Columns are (channel, row, column).
      weight: reordered(from, "4x4/Dense/weight", [into, 16 * out], [out, into, 4], (o, i, y, x) => {
        return i * 16 * out + o * 16 + 4 * y + x;
      }),
      scale: constant(DENSE(into), out),
      bias: learned(from, "4x4/Dense/bias", [out]),
    }),
    convolution(from, i, [out, into]) {
      const size = `${edge(Math.floor((i - 1) / 2))}x${edge(Math.floor((i - 1) / 2))}`;
      if (i === 2) return taken(from, "4x4/Conv", [out, into], 3, WIDE(into));
      if (i % 2 === 0) return taken(from, `${size}/Conv1`, [out, into], 3, WIDE(into));
      const fused = `${size}/Conv0_up`;
      if (!from.has(`${fused}/weight`)) return taken(from, `${size}/Conv0`, [out, into], 3, WIDE(into));
      return {
        weight: reordered(from, `${fused}/weight`, [3, 3, out, into], [out, into, 3], (o, channel, y, x) => {
          return (((2 - y) * 3 + (2 - x)) * out + o) * into + channel;
        }),
        scale: constant(WIDE(into), out),
        bias: learned(from, `${fused}/bias`, [out]),
      };
    },
    rgb: (from, step, [out, into]) => taken(from, `ToRGB_lod${top - step}`, [out, into], 1, LINEAR(into)),
  };
}

/**
 * The GAN zoo's (torch hub; spec generators §3): every gain √(2 / fan in) multiplies the bias too,
 * and the first layer has a bias for each of its positions.
 */
export function zooLayout({ tensors: state, attributes }: GeneratorFile): ProganLayout {
  const widths = widthsOf(state, (step) => {
    return step === 0
      ? [["groupScale0.0.module.weight", 0]]
      : [
          [`scaleLayers.${step - 1}.1.module.weight`, 0],
          [`scaleLayers.${step - 1}.0.module.weight`, 0],
        ];
  });
  const scaled = (from: State, name: string, count: number, gain: number): Learned => {
    const bias = learned(from, `${name}.bias`, [count]);
    return { sources: bias.sources, of: ([b]) => Float64Array.from(b!, (value) => value * gain) };
  };
  const plain = (from: State, name: string, [out, into]: readonly [number, number], kernel: number): Convolution => {
    const gain = Math.sqrt(2 / (kernel * kernel * into));
    return {
      weight: learned(from, `${name}.weight`, [out, into, kernel, kernel]),
      scale: constant(gain, out),
      bias: scaled(from, `${name}`, out, gain),
    };
  };
  return {
    state,
    zSize: state.get("formatLayer.module.weight")?.shape?.[1] ?? 1,
    classes: 0,
    widths,
    channels: state.get(`toRGBLayers.${widths.length - 1}.module.weight`)?.shape?.[0] ?? 3,
    // alpha is how much of the last but one size's image is mixed in.
    lod: Number(attributes.get("config.alpha") ?? 0),
    first: (from, [out, into]) => ({
      weight: reordered(from, "formatLayer.module.weight", [16 * out, into], [out, into, 4], (o, i, y, x) => {
        return (o * 16 + 4 * y + x) * into + i;
      }),
      scale: constant(Math.sqrt(2 / into), out),
      bias: scaled(from, "formatLayer.module", 16 * out, Math.sqrt(2 / into)),
    }),
    convolution(from, i, shape) {
      const step = Math.floor((i - 1) / 2);
      const name = i === 2 ? "groupScale0.0.module" : `scaleLayers.${step - 1}.${(i - 1) % 2}.module`;
      return plain(from, name, shape, 3);
    },
    rgb: (from, step, shape) => plain(from, `toRGBLayers.${step}.module`, shape, 1),
  };
}
