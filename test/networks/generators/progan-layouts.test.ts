import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Device } from "../../../src/index.ts";
import type { GeneratorOptions } from "../../../src/networks/generators/family.ts";
import { recogniseGenerator } from "../../../src/networks/generators/recognise.ts";
import type { Attribute } from "../../../src/weights/tensor.ts";
import { requestDevice } from "../../gpu.ts";
import { fixture, golden, ran, worstOfRange } from "./goldens.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

/** float32 against float64, of the range of what is expected (the issue's bound is 2e-5). */
const CLOSE = 1e-5;

/** A file, its golden, the golden's image that it makes, with which options. */
const FILES: readonly (readonly [file: string, golden: string, image: string, options?: GeneratorOptions])[] = [
  ["pgan-fused-gandissect.pth", "pgan-fused", "lod0.image"],
  ["pgan-fused-tf.pkl", "pgan-fused", "lod0.image"],
  ["pgan-fused-tf.pkl", "pgan-fused", "lod0.25.image", { lod: 0.25 }],
  ["pgan-fused-tf.pkl", "pgan-fused", "lod1.image", { lod: 1 }],
  ["pgan-fused-tf-lod1.5.pkl", "pgan-fused", "lod1.5.image"],
  ["pgan-fused-tf-lod1.5.pkl", "pgan-fused", "lod0.image", { lod: 0 }],
  ["pgan-fused-ganzoo.pth", "pgan-fused", "lod0.image"],
  ["pgan-fused-ganzoo-alpha.pth", "pgan-fused", "lod0.25.image"],
  ["pgan-fused-ganzoo-positions.pth", "pgan-fused", "positions.image"],
  ["pgan-unfused-tf.pkl", "pgan-unfused", "lod0.image"],
  ["pgan-unfused-tf.pkl", "pgan-unfused", "lod1.5.image", { lod: 1.5 }],
  ["pgan-unfused-theano.pkl", "pgan-unfused", "lod0.image"],
  ["pgan-unfused-theano.pkl", "pgan-unfused", "lod1.5.image", { lod: 1.5 }],
  ["pgan-labels-tf.pkl", "pgan-labels", "lod0.image"],
  ["pgan-grey-gandissect.pth", "pgan-grey", "lod0.image"],
  ["pgan-rgba-gandissect.pth", "pgan-rgba", "lod0.image"],
  ["ablation-wgangp.pth", "ablation-wgangp", "image"],
  ["ablation-wgangp.pth", "ablation-wgangp", "linear.image", { clamp: false }],
  ["ablation-minibatch.pth", "ablation-minibatch", "image"],
  ["ablation-minibatch.pth", "ablation-minibatch", "linear.image", { clamp: false }],
  ["ablation-pixelnorm.pth", "ablation-pixelnorm", "image"],
  ["ablation-pixelnorm.pth", "ablation-pixelnorm", "ends.image", { pixelNorm: "ends" }],
];

const NAMED = FILES.map(([file, name, image, options = {}]) => ({ file, name, image, options }));

describe.each(NAMED)("$file: $image of $name, $options", ({ file, name, image, options }) => {
  it("is the golden's, its layers too", async () => {
    const network = recogniseGenerator(await fixture(file), options);
    const expected = await golden(name);
    const { outputs, layers } = await ran(device, network, {}, expected);
    expect(worstOfRange(outputs.get("raw")!, expected.get(`${image}.f64`)!), "image").toBeLessThan(CLOSE);
    // What moves the image moves some layers: the golden has them as they are without.
    if (options.pixelNorm || image === "positions.image") return;
    // Layers of larger images than the one that a growing network makes are not run.
    const kept = [...expected.keys()].filter((key) => layers.has(key.slice(0, -".f64".length)));
    expect(kept.length).toBeGreaterThan(1);
    for (const key of kept) {
      expect(worstOfRange(layers.get(key.slice(0, -".f64".length))!, expected.get(key)!), key).toBeLessThan(CLOSE);
    }
  });
});

describe("a file of NVIDIA's Theano code", () => {
  const told = async (attributes: Readonly<Record<string, Attribute>>) => {
    const file = await fixture("pgan-unfused-theano.pkl");
    return { ...file, attributes: new Map([...file.attributes, ...Object.entries(attributes)]) };
  };

  it("is the average, as large as it has grown, and made as it says", async () => {
    const file = await fixture("pgan-unfused-theano.pkl");
    expect(file.attributes.get("toplevel_params.cur_lod")).toBe(0);
    const expected = await golden("pgan-unfused");
    const grown = await ran(device, recogniseGenerator(await told({ "toplevel_params.cur_lod": 1.5 })), {}, expected);
    expect(worstOfRange(grown.outputs.get("raw")!, expected.get("lod1.5.image.f64")!)).toBeLessThan(CLOSE);
    for (const other of ["use_leakyrelu", "use_pixelnorm", "normalize_latents"]) {
      const network = recogniseGenerator(await told({ [`build_func_spec.${other}`]: false }));
      const { outputs } = await ran(device, network, {}, expected);
      expect(worstOfRange(outputs.get("raw")!, expected.get("lod0.image.f64")!), other).toBeGreaterThan(0.01);
    }
  });

  it.each<[what: string, attributes: Readonly<Record<string, Attribute>>, message: RegExp]>([
    [
      "a discriminator",
      { "build_func_spec.func": "D_paper" },
      /This is a network "D_paper" of .*, a discriminator, not/,
    ],
    [
      "another network",
      { "build_func_spec.func": "G_mnist_mode_recovery" },
      /network "G_mnist_mode_recovery" of NVIDIA's/,
    ],
    ["one with labels", { "build_func_spec.label_size": 10 }, /made with label_size, which is not known/],
    [
      "arrays in another order",
      { "build_func_spec.use_wscale": false },
      /Mis-shaped: G1a\.b is \[\], not \[24\],.* Unexpected: param_values\.24,/,
    ],
  ])("refuses %s", async (_, attributes, message) => {
    const file = await told(attributes);
    expect(() => recogniseGenerator(file)).toThrow(message);
  });
});

it("has the layers of the size that it makes", async () => {
  const grown = recogniseGenerator(await fixture("pgan-fused-tf-lod1.5.pkl"));
  expect(grown.layers.map(({ name }) => name)).toEqual([...[1, 2, 3, 4, 5, 6].map((i) => `layer${i}`), "output_32x32"]);
  // their tensors are checked all the same
  const file = await fixture("pgan-fused-tf-lod1.5.pkl");
  const tensors = new Map([...file.tensors].filter(([name]) => name !== "32x32/Conv1/bias"));
  expect(() => recogniseGenerator({ ...file, tensors })).toThrow(/Missing: 32x32\/Conv1\/bias/);
});

it("says what a file does not tell, and what a family does not have", async () => {
  const file = await fixture("ablation-pixelnorm.pth");
  recogniseGenerator(file);
  expect(file.warnings).toEqual([expect.stringMatching(/normalised everywhere .* `pixelNorm` "ends"/)]);
  const told = await fixture("ablation-pixelnorm.pth");
  recogniseGenerator(told, { pixelNorm: "everywhere" });
  expect(told.warnings).toEqual([]);
  const plain = await fixture("pgan-fused-gandissect.pth");
  expect(() => recogniseGenerator(plain, { truncation: 0.7 })).toThrow(
    /The file is a Progressive GAN generator, which has no `truncation`\./,
  );
  const grown = await fixture("pgan-fused-tf.pkl");
  const all = /Give one from 0, the full size, to \d, 4×4 pixels\./;
  expect(() => recogniseGenerator(grown, { lod: 9 })).toThrow(all);
  // The port's files have the last size's image alone: no weights are missing.
  expect(() => recogniseGenerator(plain, { lod: 1 })).toThrow(/no level of detail 1\. Leave `lod` out/);
  for (const lod of [4, -1, Number.NaN, "1" as unknown as number]) {
    expect(() => recogniseGenerator(plain, { lod })).toThrow(/no level of detail/);
  }
  expect(() => recogniseGenerator(told, { pixelNorm: "end" as never })).toThrow(/no `pixelNorm` "end"/);
  const batchNorm = await fixture("ablation-wgangp.pth");
  expect(() => recogniseGenerator(batchNorm, { pixelNorm: "ends" })).toThrow(/no `pixelNorm` to choose/);
  const labelled = await fixture("pgan-labels-tf.pkl");
  for (const size of [-1, 1.5, 19, "three"]) {
    const attributes = new Map([...labelled.attributes, ["static_kwargs.label_size", size] as const]);
    expect(() => recogniseGenerator({ ...labelled, attributes })).toThrow(/19 inputs cannot have/);
  }
});
