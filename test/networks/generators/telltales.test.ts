import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { describeTensors } from "../../../src/networks/generators/telltales.ts";
import { openCheckpoint } from "../../../src/weights/checkpoint.ts";

describe("what a file is, by the names of its tensors", () => {
  const file = async (name: string, key?: string) => {
    const path = new URL(`../../golden/generators/${name}`, import.meta.url);
    return describeTensors((await openCheckpoint(readFileSync(path), { key })).tensors.keys());
  };
  const files: [name: string, what: string, key?: string][] = [
    ["stylegan2-skip-ada.pkl", "an NVIDIA StyleGAN2 generator (PyTorch)"],
    ["stylegan2-orig.safetensors", "an NVIDIA StyleGAN2 generator (PyTorch)"],
    ["stylegan2-skip-ada.pkl", "an NVIDIA discriminator (PyTorch)", "D"],
    ["stylegan2-skip-tf.pkl", "an NVIDIA StyleGAN2 generator (TensorFlow)"],
    ["stylegan2-skip-tf.pkl", "an NVIDIA discriminator (TensorFlow)", "D"],
    ["stylegan1-tf.pkl", "an NVIDIA StyleGAN generator (TensorFlow)"],
    ["pgan-unfused-tf.pkl", "an NVIDIA Progressive GAN generator (TensorFlow)"],
    ["stylegan2-skip-rosinality.pt", "a rosinality StyleGAN2 generator"],
    ["stylegan2-skip-rosinality.pt", "a rosinality discriminator", "d"],
    ["stylegan2-skip-rosinality.pt", "the state of an optimiser", "g_optim"],
    ["pgan-fused-ganzoo.pth", "a GAN zoo Progressive GAN generator"],
    ["pgan-fused-ganzoo.pth", "a GAN zoo discriminator", "netD"],
    ["pgan-grey-gandissect.pth", "a Progressive GAN generator (gandissect)"],
    ["ablation-wgangp.pth", "a Progressive GAN generator (gandissect)"],
  ];
  it.each(files)("%s is %s", async (name, what, key) => expect(await file(name, key)).toBe(what));

  const names: [what: string | undefined, ...names: string[]][] = [
    ["an NVIDIA StyleGAN3 generator", "synthesis.input.freqs", "synthesis.L0_36_512.weight", "mapping.fc0.weight"],
    ["a lucidrains stylegan2-pytorch generator", "SE.net.0.weight", "GE.initial_block", "GE.blocks.0.conv1.weight"],
    ["a lucidrains lightweight-gan generator", "initial_conv.0.weight", "layers.0.0.0.weight"],
    ["a FastGAN generator", "init.init.0.weight_orig", "feat_8.1.weight_orig"],
    ["a FastGAN generator", "init.init.0.parametrizations.weight.original", "feat_8.1.weight"],
    ["a BigGAN generator (Hugging Face)", "embeddings.weight", "generator.gen_z.weight_orig"],
    ["a BigGAN generator", "shared.weight", "linear.weight", "blocks.0.0.conv1.weight"],
    [
      "a latent diffusion model",
      "model.diffusion_model.input_blocks.0.0.weight",
      "first_stage_model.decoder.conv_in.weight",
    ],
    ["a ResNet, which classifies", "conv1.weight", "layer1.0.conv1.weight", "fc.weight"],
    ["a discriminator", "discriminator.0.weight"],
    [undefined, "main.0.weight", "main.1.running_mean"],
    [undefined],
  ];
  it.each(names)("%s", (what, ...tensors) => expect(describeTensors(tensors)).toBe(what));
});
