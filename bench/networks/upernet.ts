import { prroiBins } from "../../src/kernels/maps/resample.ts";
import type { State } from "../../src/networks/state.ts";
import { type Activation, type Network, NetworkBuilder, type Value } from "./operations.ts";

/** PyTorch's BatchNorm2d default. */
const EPSILON = 1e-5;
/** Bins a side of the pyramid pooling. */
const POOL_SCALES = [1, 2, 3, 6] as const;

type Unit = (x: Value, key: string, norm: string, options?: { stride?: number; activation?: Activation }) => Value;

/**
 * A UPerNet with a bottleneck encoder (Xiao et al. 2018): from the preprocessed image to the object
 * head's logits.
 */
export async function upernet(state: State, extent: number, batch = 1): Promise<Network> {
  const builder = new NetworkBuilder([batch, extent, extent, 3]);
  return builder.network(await appendUpernet(builder, state, builder.input));
}

/** Appends the segmenter to a network: the object head's logits of the preprocessed images x. */
export async function appendUpernet(builder: NetworkBuilder, state: State, x: Value): Promise<Value> {
  const tensors = new Map<string, Float32Array<ArrayBuffer>>();
  for (const [key, tensor] of state) tensors.set(key, (await tensor.read()) as Float32Array<ArrayBuffer>);
  const unit: Unit = (x, key, norm, { stride = 1, activation = "relu" } = {}) =>
    builder.conv(x, { ...folded(tensors, key, norm), stride, activation });
  return decoder(builder, unit, tensors, encoder(builder, unit, tensors, x));
}

/** A convolution and the batch norm after it as one convolution. */
export function folded(tensors: ReadonlyMap<string, Float32Array>, key: string, norm: string) {
  const [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map(
    (name) => tensors.get(`${norm}.${name}`)!,
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const scale = Float64Array.from(gamma, (value, o) => value / Math.sqrt(variance[o]! + EPSILON));
  const weight = tensors.get(`${key}.weight`)!;
  const row = weight.length / scale.length;
  const scaled = new Float32Array(weight.length);
  for (let at = 0; at < weight.length; at += 1) scaled[at] = weight[at]! * scale[Math.floor(at / row)]!;
  return {
    weight: scaled,
    bias: Float32Array.from(beta, (value, o) => value - mean[o]! * scale[o]!),
  };
}

/** C2…C5: the residual encoder's stages. */
function encoder(builder: NetworkBuilder, unit: Unit, tensors: ReadonlyMap<string, unknown>, input: Value): Value[] {
  let x = input;
  for (const i of [1, 2, 3]) x = unit(x, `encoder.conv${i}`, `encoder.bn${i}`, { stride: i === 1 ? 2 : 1 });
  x = builder.maxpool(x);
  return [1, 2, 3, 4].map((stage) => {
    for (let block = 0; tensors.has(`encoder.layer${stage}.${block}.conv1.weight`); block += 1) {
      const key = `encoder.layer${stage}.${block}`;
      const stride = stage > 1 && block === 0 ? 2 : 1;
      const shortcut =
        block === 0 ? unit(x, `${key}.downsample.0`, `${key}.downsample.1`, { stride, activation: "none" }) : x;
      const narrow = unit(x, `${key}.conv1`, `${key}.bn1`);
      const filtered = unit(narrow, `${key}.conv2`, `${key}.bn2`, { stride });
      x = builder.add(unit(filtered, `${key}.conv3`, `${key}.bn3`, { activation: "none" }), shortcut, "relu");
    }
    return x;
  });
}

/** Pyramid pooling, the feature pyramid, the fusion of its levels and the head. */
function decoder(
  builder: NetworkBuilder,
  unit: Unit,
  tensors: ReadonlyMap<string, Float32Array<ArrayBuffer>>,
  stages: readonly Value[],
): Value {
  const layer = (x: Value, name: string): Value => unit(x, `decoder.${name}.0`, `decoder.${name}.1`);
  const alike = (x: Value, { shape: [, height, width] }: Value): Value =>
    x.shape[1] === height && x.shape[2] === width ? x : builder.resize(x, height, width);
  const top = stages[3]!;
  const pyramid = POOL_SCALES.map((size, i) => {
    const bins = Float32Array.from(prroiBins(top.shape[1], size));
    return layer(alike(builder.matrixpool(top, bins), top), `ppm_conv.${i}`);
  });
  let f = layer(builder.concat([top, ...pyramid]), "ppm_last_conv");
  const levels = [f];
  for (const i of [2, 1, 0]) {
    const lateral = layer(stages[i]!, `fpn_in.${i}`);
    f = builder.add(alike(f, lateral), lateral);
    levels.unshift(layer(f, `fpn_out.${i}.0`));
  }
  const fused = layer(builder.concat(levels.map((level) => alike(level, levels[0]!))), "conv_fusion");
  const head = "decoder.object_head.1";
  return builder.conv(layer(fused, "object_head.0"), {
    weight: tensors.get(`${head}.weight`)!,
    bias: tensors.get(`${head}.bias`)!,
  });
}
