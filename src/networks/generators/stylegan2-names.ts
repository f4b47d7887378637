import type { CheckpointTensor } from "../../weights/tensor.ts";
import type { State } from "../state.ts";

// Tests: test/networks/generators/stylegan2.test.ts

/** A tensor of another shape, whose numbers are computed when they are read. */
export function changed(
  tensor: CheckpointTensor,
  shape: readonly number[],
  change: (numbers: Float32Array) => Float32Array = (numbers) => numbers,
): CheckpointTensor {
  return { ...tensor, shape, read: async (options) => change(await tensor.read(options)) };
}

/** [in][out] → [out][in] */
export function transposed(tensor: CheckpointTensor): CheckpointTensor {
  const [rows = 1, columns = 1] = tensor.shape;
  return changed(tensor, [columns, rows], (numbers) =>
    numbers.map((_, at) => numbers[(at % rows) * columns + Math.floor(at / rows)]!),
  );
}

/** [k][k][in][out] → [out][in][k][k], with `flip` the taps the other way round. */
export function filterFirst(tensor: CheckpointTensor, flip: boolean): CheckpointTensor {
  const [height = 1, width = 1, inputs = 1, outputs = 1] = tensor.shape;
  const taps = height * width;
  return changed(tensor, [outputs, inputs, height, width], (numbers) =>
    numbers.map((_, at) => {
      const tap = at % taps;
      const i = Math.floor(at / taps) % inputs;
      const o = Math.floor(at / (taps * inputs));
      return numbers[((flip ? taps - 1 - tap : tap) * inputs + i) * outputs + o]!;
    }),
  );
}

/** The numbers times a factor, plus a summand. */
const linear = (tensor: CheckpointTensor, factor: number, summand: number): CheckpointTensor =>
  changed(tensor, tensor.shape, (numbers) => numbers.map((value) => value * factor + summand));

/** Without the first `count` extents, which are 1, or with all as one number where none is left. */
export const without = (tensor: CheckpointTensor, count: number): CheckpointTensor =>
  changed(tensor, tensor.shape.slice(count));

/** Where the convolution that reads noise map K is: `b8.conv0`. */
const convOf = (index: number): string =>
  index === 0 ? "b4.conv1" : `b${2 ** Math.floor((index + 5) / 2)}.conv${(index + 1) % 2}`;

type Renamed = readonly [name: string, tensor: CheckpointTensor];

const TF_LAYERS: Readonly<Record<string, string>> = {
  Conv: "conv1",
  Conv0_up: "conv0",
  Conv1: "conv1",
  ToRGB: "torgb",
  Skip: "skip",
};

/** By ADA's names a tensor of TensorFlow's StyleGAN2s. */
function fromTensorFlow(key: string, tensor: CheckpointTensor): Renamed | undefined {
  if (key === "dlatent_avg") return ["mapping.w_avg", tensor];
  if (key === "synthesis/4x4/Const/const") return ["synthesis.b4.const", without(tensor, 1)];
  const [, layer, name] = /^mapping\/(Dense\d+|LabelConcat|LabelEmbed)\/(\w+)$/.exec(key) ?? [];
  if (layer && name) {
    const to = layer.replace("Dense", "fc").replace("LabelConcat", "concat").replace("LabelEmbed", "embed");
    return [`mapping.${to}.${name}`, name === "weight" && to !== "concat" ? transposed(tensor) : tensor];
  }
  const noise = /^synthesis\/noise(\d+)$/.exec(key)?.[1];
  if (noise !== undefined) return [`synthesis.${convOf(Number(noise))}.noise_const`, without(tensor, 2)];
  const [, edge, part = "", what = ""] = /^synthesis\/(\d+)x\1\/(\w+)\/(\w+)$/.exec(key) ?? [];
  const to = TF_LAYERS[part];
  if (edge === undefined || to === undefined) return undefined;
  const prefix = `synthesis.b${edge}.${to}`;
  if (what === "weight") return [`${prefix}.weight`, filterFirst(tensor, to === "conv0" || to === "skip")];
  if (what === "mod_weight") return [`${prefix}.affine.weight`, transposed(tensor)];
  // It is stored as what is added to one.
  if (what === "mod_bias") return [`${prefix}.affine.bias`, linear(tensor, 1, 1)];
  return [`${prefix}.${what}`, tensor];
}

/** Where a module of rosinality's generator is by ADA's names. */
function placeOf(module: string): string | undefined {
  if (module === "conv1") return convOf(0);
  if (module === "to_rgb1") return "b4.torgb";
  const [, list, index] = /^(convs|to_rgbs)\.(\d+)$/.exec(module) ?? [];
  if (list === "convs") return convOf(Number(index) + 1);
  return list && `b${2 ** (Number(index) + 3)}.torgb`;
}

/** By ADA's names a tensor of rosinality's port, whose filters are stored times four. */
function fromRosinality(key: string, tensor: CheckpointTensor): Renamed | undefined {
  if (key === "latent_avg") return ["mapping.w_avg", tensor];
  if (key === "input.input") return ["synthesis.b4.const", without(tensor, 1)];
  const [, dense, name] = /^style\.(\d+)\.(weight|bias)$/.exec(key) ?? [];
  if (dense) return [`mapping.fc${Number(dense) - 1}.${name}`, tensor];
  const noise = /^noises\.noise_(\d+)$/.exec(key)?.[1];
  if (noise !== undefined) return [`synthesis.${convOf(Number(noise))}.noise_const`, without(tensor, 2)];
  const [, module = "", what] = /^(conv1|to_rgb1|convs\.\d+|to_rgbs\.\d+)\.(.+)$/.exec(key) ?? [];
  const place = placeOf(module);
  if (!place) return undefined;
  const prefix = `synthesis.${place}`;
  switch (what) {
    case "conv.weight":
      return [`${prefix}.weight`, without(tensor, 1)];
    case "conv.modulation.weight":
    case "conv.modulation.bias":
      return [`${prefix}.affine.${what.slice("conv.modulation.".length)}`, tensor];
    case "conv.blur.kernel":
      return [`${prefix}.resample_filter`, linear(tensor, 1 / 4, 0)];
    case "upsample.kernel":
      return [`${prefix.replace(/\.torgb$/, "")}.resample_filter`, linear(tensor, 1 / 4, 0)];
    case "noise.weight":
      return [`${prefix}.noise_strength`, without(tensor, 1)];
    case "activate.bias":
      return [`${prefix}.bias`, tensor];
    case "bias":
      return [`${prefix}.bias`, changed(tensor, [tensor.shape[1] ?? 1])];
    default:
      return undefined;
  }
}

/**
 * A StyleGAN2's tensors by the names and in the layouts of NVIDIA's PyTorch files, whoever wrote
 * them; what has no such name keeps its own.
 */
export function adaNames(state: State): State {
  if (state.has("synthesis.b4.const")) return state;
  const renamed = state.has("input.input") ? fromRosinality : fromTensorFlow;
  return new Map(Array.from(state, ([key, tensor]) => renamed(key, tensor) ?? [key, tensor]));
}
