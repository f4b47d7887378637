import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { describeShapes, describeTensors } from "../../../src/networks/generators/telltales.ts";
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
    ["pgan-unfused-theano.pkl", "an NVIDIA Progressive GAN generator (Theano)"],
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

  it.each<[what: string | undefined, entry: string, ...names: string[]]>([
    ["a discriminator", "netD", "main.0.weight"],
    ["a discriminator", "models.discriminator", "main.0.weight"],
    ["the state of an optimiser", "state", "0.exp_avg", "0.exp_avg_sq"],
    ["a lucidrains stylegan2-pytorch generator", "GAN.GE", "initial_block", "blocks.0.conv1.weight"],
    ["a rosinality StyleGAN generator", "g_running.generator", "progression.0.conv1.weight"],
    [undefined, "netG", "main.0.weight"],
  ])("%s, by the name of the part %s", (what, entry, ...tensors) => expect(describeTensors(tensors, entry)).toBe(what));
});

describe("what a file is, by the shapes of its tensors", () => {
  const stateOf = (shapes: Readonly<Record<string, readonly number[]>>) =>
    new Map(
      Object.entries(shapes).map(([name, shape]) => [
        name,
        { name, dtype: "float32" as const, shape, read: async () => new Float32Array() },
      ]),
    );
  it.each<[what: string, shapes: Readonly<Record<string, readonly number[]>>]>([
    ["a network of 2 convolutions, 1 batch norm", { a: [3, 4, 4, 4], b: [4, 4, 3, 3], "n.running_mean": [4] }],
    ["a network of 2 matrices", { a: [3, 4], b: [4, 4], c: [4] }],
    ["a list of 2 tensors, which have no names", { 0: [3], 1: [4] }],
    ["a single tensor [3,4,5]", { tensor: [3, 4, 5] }],
    ["a file of 2 tensors", { a: [3], b: [4] }],
  ])("%s", (what, shapes) => expect(describeShapes(stateOf(shapes))).toBe(what));

  it("also where a tensor is made by what is not known", () => {
    const state = stateOf({ a: [3, 4, 4, 4], b: [3, 4] });
    const damaged = {
      ...state.get("b")!,
      get shape(): readonly number[] {
        throw new Error("unknown");
      },
    };
    expect(describeShapes(new Map([...state, ["b", damaged]]))).toBe("a network of 1 convolution");
  });
});
