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
 */
export function describeTensors(names: Iterable<string>): string | undefined {
  const all = [...names];
  return TELLTALES.find(([, ...wanted]) => wanted.every((each) => all.some((name) => each.test(name))))?.[0];
}
