import type { State } from "../state.ts";

// Tests: test/networks/generators/telltales.test.ts

/** What a file is by names of tensors that only such files have. All of a row must be there. */
const TELLTALES: readonly (readonly [what: string, ...names: readonly RegExp[]])[] = [
  // NVIDIA's, in PyTorch
  ["an NVIDIA StyleGAN3 generator", /^synthesis\.input\.freqs$/],
  ["an NVIDIA StyleGAN2 generator (PyTorch)", /^synthesis\.b4\.const$/],
  ["an NVIDIA discriminator (PyTorch)", /^b\d+\.fromrgb\.weight$/],
  // NVIDIA's, in TensorFlow
  ["an NVIDIA StyleGAN generator (TensorFlow)", /^synthesis\/4x4\/Const\/StyleMod\/weight$/],
  ["an NVIDIA StyleGAN2 generator (TensorFlow)", /^synthesis\/4x4\/Const\/const$/],
  ["an NVIDIA discriminator (TensorFlow)", /FromRGB/],
  ["an NVIDIA Progressive GAN generator (TensorFlow)", /^4x4\/Dense\/weight$/, /^ToRGB_lod0\/weight$/],
  ["an NVIDIA Progressive GAN generator (Theano)", /^param_values\.0$/],
  // others' StyleGANs
  ["a rosinality StyleGAN2 generator", /^conv1\.conv\.modulation\.weight$/],
  ["a rosinality StyleGAN generator", /^generator\.progression\.0\./],
  ["a rosinality discriminator", /^final_conv\./, /^final_linear\./],
  ["a lucidrains stylegan2-pytorch generator", /(^|\.)GE\.initial_block$/],
  ["a lucidrains lightweight-gan generator", /^((GAN\.)?GE\.)?initial_conv\.0\.weight$/],
  ["an encoder into StyleGAN (pSp, e4e)", /^(encoder\.)?body\.0\.res_layer\./, /^(encoder\.)?styles\.0\.convs\./],
  // others' generators
  ["a FastGAN generator", /^init\.init\.0\.(weight_orig|weight|parametrizations\.)/],
  ["a FastGAN discriminator", /^down_from_big\./],
  ["a BigGAN generator (Hugging Face)", /^generator\.gen_z\./],
  ["a BigGAN generator", /^shared\.weight$/, /^blocks\.0\.0\./],
  ["a GAN zoo Progressive GAN generator", /^formatLayer\.module\.weight$/],
  ["a GAN zoo discriminator", /^decisionLayer\.module\.weight$/],
  ["a GAN zoo DCGAN generator", /^formatLayer\./, /^main\.convTranspose/],
  ["a Progressive GAN generator (gandissect)", /^(layer1|features\.0)\.conv\.weight$/, /^output/],
  ["a CycleGAN or pix2pix generator, which makes images of images", /^model\.\d+\.conv_block\./],
  ["a pix2pix U-Net, which makes images of images", /^model(\.model\.\d+)+\.weight$/],
  // what is no GAN
  ["a latent diffusion model", /^model\.diffusion_model\./],
  ["a diffusion model's U-Net", /^down_blocks\.0\./, /^up_blocks\.0\./],
  ["a VQGAN", /^quantize\.embed/, /^decoder\.conv_in\./],
  ["an autoencoder", /^decoder\.conv_in\./, /^encoder\.conv_in\./],
  ["the state of an optimiser", /^state\.\d+\.(exp_avg|momentum_buffer)$/],
  ["a ResNet, which classifies", /^layer1\.0\.conv1\.weight$/, /^fc\.weight$/],
  ["a VGG, which classifies", /^features\.0\.weight$/, /^classifier\.\d+\.weight$/],
  ["an Inception network, which classifies", /^Mixed_5b\./],
  ["a vision transformer", /(^|\.)blocks\.0\.attn\./],
  ["a SegFormer, which segments", /(^|\.)segformer\./],
  ["a UPerNet or PSPNet, which segments", /(^|\.)ppm(_conv)?\.\d+\./],
  ["a discriminator", /^(net)?(d|disc|discriminator|critic)\./i],
];

/**
 * What a file is, with its article, by the names of its tensors: "a FastGAN generator". Undefined
 * when they tell nothing.
 * @param entry what the part is called that they are in: a "netD" is a discriminator
 */
export function describeTensors(names: Iterable<string>, entry?: string): string | undefined {
  const all = [...names];
  const found = TELLTALES.find(([, ...wanted]) => wanted.every((each) => all.some((name) => each.test(name))))?.[0];
  const part = entry?.split(".").at(-1);
  return found ?? (part === undefined ? undefined : describeTensors(all.map((name) => `${part}.${name}`)));
}

/** The same by their shapes, where names tell nothing: "4 convolutions and 3 batch norms". */
export function describeShapes(tensors: State): string {
  const names = [...tensors.keys()];
  if (names.every((name) => /^\d+$/.test(name))) return `a list of ${names.length} tensors, which have no names`;
  const shapes = names.map((name) => shapeOf(tensors, name));
  if (names.length === 1) return `a single tensor${shapes[0] ? ` [${shapes[0]}]` : ""}`;
  const ranks = shapes.map((shape) => shape?.length);
  const counted: readonly (readonly [count: number, one: string])[] = [
    [ranks.filter((rank) => rank === 4).length, "convolution"],
    [names.filter((name) => /(^|\.)running_mean$/.test(name)).length, "batch norm"],
    [ranks.filter((rank) => rank === 2).length, "matrix"],
  ];
  const parts = counted.flatMap(([count, one]) => (count === 0 ? [] : [`${count} ${count === 1 ? one : plural(one)}`]));
  return parts.length === 0 ? `a file of ${names.length} tensors` : `a network of ${parts.join(", ")}`;
}

const plural = (word: string): string => (word === "matrix" ? "matrices" : `${word}s`);

/** Undefined where a tensor is made by what is not known. */
function shapeOf(tensors: State, name: string): readonly number[] | undefined {
  try {
    return tensors.get(name)?.shape;
  } catch {
    return undefined;
  }
}
