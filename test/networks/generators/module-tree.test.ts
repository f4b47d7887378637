// The files sequential.pth and author.pth are PyTorch's own (scripts/golden/pickles.py); others are
// written here as what is read of such a file: tensors, and attributes in the modules' order.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Device, loadGenerator, openCheckpoint, writeSafetensors } from "../../../src/index.ts";
import type { Description } from "../../../src/networks/description.ts";
import { recogniseGenerator } from "../../../src/networks/generators/recognise.ts";
import { requestDevice, toNchw } from "../../gpu.ts";
import { noise, worstError } from "../../kernels/reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const golden = (name: string) => readFileSync(new URL(`../../golden/pickles/${name}`, import.meta.url));

/** [c, h, w] in double precision. */
interface Map64 {
  readonly shape: readonly [number, number, number];
  readonly data: Float64Array;
}
const mapOf = (shape: Map64["shape"], at: (c: number, y: number, x: number) => number): Map64 => {
  const [channels, height, width] = shape;
  const data = new Float64Array(channels * height * width);
  for (let i = 0; i < data.length; i += 1) {
    data[i] = at(Math.floor(i / height / width), Math.floor(i / width) % height, i % width);
  }
  return { shape, data };
};
const value = ({ shape: [, height, width], data }: Map64, c: number, y: number, x: number): number =>
  y >= 0 && x >= 0 && y < height && x < width ? data[(c * height + y) * width + x]! : 0;

/** PyTorch's ConvTranspose2d by its definition, weight [in][out][kh][kw]. */
function transposed64(
  x: Map64,
  weight: Float32Array,
  [, out, kh, kw]: readonly number[],
  [sy, sx]: readonly number[],
  [py, px]: readonly number[],
): Map64 {
  const [into, height, width] = x.shape;
  const shape = [out!, (height - 1) * sy! - 2 * py! + kh!, (width - 1) * sx! - 2 * px! + kw!] as const;
  return mapOf(shape, (o, y, column) => {
    let sum = 0;
    for (let i = 0; i < into; i += 1) {
      for (let a = 0; a < kh!; a += 1) {
        for (let b = 0; b < kw!; b += 1) {
          const [row, left] = [(y + py! - a) / sy!, (column + px! - b) / sx!];
          if (!Number.isInteger(row) || !Number.isInteger(left)) continue;
          sum += value(x, i, row, left) * weight[((i * out! + o) * kh! + a) * kw! + b]!;
        }
      }
    }
    return sum;
  });
}

/** Conv2d of 3×3 with padding 1, by its definition. */
const conv64 = (x: Map64, weight: Float32Array, bias: Float32Array): Map64 => {
  const [into, height, width] = x.shape;
  return mapOf([bias.length, height, width], (o, y, column) => {
    let sum = bias[o]!;
    for (let i = 0; i < into; i += 1) {
      for (let tap = 0; tap < 9; tap += 1) {
        sum += weight[(o * into + i) * 9 + tap]! * value(x, i, y + Math.floor(tap / 3) - 1, column + (tap % 3) - 1);
      }
    }
    return sum;
  });
};
const each = (x: Map64, f: (v: number, c: number) => number): Map64 => ({
  shape: x.shape,
  data: x.data.map((v, i) => f(v, Math.floor(i / x.shape[1] / x.shape[2]))),
});

describe("modules that PyTorch saved", () => {
  // Variances are among the numbers −8…8 there, as nobody's are; these are in their place.
  it.each(["sequential.pth", "sequential-legacy.pth", "author.pth"])(
    "%s is what they say of themselves",
    async (name) => {
      const { tensors, attributes } = await openCheckpoint(golden(name));
      const before = name === "author.pth" ? "main." : "";
      const state = new Map<string, { dtype: "float32"; shape: readonly number[]; data: Float32Array }>();
      for (const [key, tensor] of tensors) {
        if (tensor.shape.length === 0) continue;
        const data = Float32Array.from(await tensor.read(), (v) => (key.endsWith("running_var") ? v + 9 : v) / 8);
        state.set(key, { dtype: "float32", shape: tensor.shape, data });
      }
      const at = (key: string): Float32Array => state.get(before + key)!.data;
      const metadata = { "ganatomy.attributes": JSON.stringify(Object.fromEntries(attributes)) };
      const file = writeSafetensors(Object.fromEntries(state), metadata);
      const warnings: string[] = [];
      using generator = await loadGenerator(file, { device, onWarning: (message) => void warnings.push(message) });
      // The whole model is a Sequential, of which nothing is assumed, or is in a class of
      // somebody's.
      expect(warnings).toEqual(
        name === "author.pth"
          ? [expect.stringMatching(/DCGAN_G.*are the file's.*models\.dcgan\.DCGAN_G calls its parts once each/)]
          : [],
      );
      expect([generator.zSize, generator.height, generator.width]).toEqual([4, 4, 6]);
      expect(generator.hiddenLayers).toEqual([{ name: "layer1", channels: 6, height: 2, width: 3 }]);

      const z = generator.sample({ size: 1, seed: 5 });
      using run = await generator.forward(z, { retain: ["layer1"] });
      const start: Map64 = { shape: [4, 1, 1], data: Float64Array.from(z) };
      const first = transposed64(start, at("0.weight"), [4, 6, 4, 3], [2, 2], [1, 0]);
      const [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((part) =>
        at(`1.${part}`),
      );
      const normed = each(first, (v, c) => ((v - mean![c]!) / Math.sqrt(variance![c]! + 0.8)) * gamma![c]! + beta![c]!);
      const layer1 = each(normed, (v) => (v < 0 ? 0.2 * v : v));
      const [channels, height, width] = layer1.shape;
      const twice = mapOf([channels, 2 * height, 2 * width], (c, y, x) => value(layer1, c, y >> 1, x >> 1));
      const image = each(conv64(twice, at("4.weight"), at("4.bias")), Math.tanh);
      for (const [expected, tensor] of [
        [layer1, run.layers.get("layer1")!],
        [image, run.image],
      ] as const) {
        const ours = toNchw(await tensor.read(), tensor.shape, expected.shape[0]);
        expect(worstError(ours, expected.data)).toBeLessThan(1e-5);
      }
      // as PyTorch wrote it, too
      expect(recogniseGenerator({ tensors, attributes }).layers).toEqual(generator.network.layers);
    },
  );

  it("TorchScript does not say how they were made", async () => {
    const { tensors, attributes } = await openCheckpoint(golden("script.pt"));
    expect(attributes.get("0.__class__")).toBe("torch.nn.modules.conv.ConvTranspose2d");
    expect(() => recogniseGenerator({ tensors, attributes })).toThrow(/not a .*generator.*Describe the network/);
  });
});

type Kept = Record<string, number | string | boolean | null>;
const box = (path: string, name = "torch.nn.modules.container.Sequential"): Kept => ({
  [`${path}.__class__`.replace(/^\./, "")]: name,
});
const leaf = (path: string, name: string, says: Kept = {}): Kept => ({
  [`${path}.__class__`]: `torch.nn.modules.${name}`,
  ...Object.fromEntries(Object.entries(says).map(([key, each]) => [`${path}.${key}`, each])),
});
const pairs = (said: Readonly<Record<string, number>>): Kept =>
  Object.fromEntries(
    Object.entries(said).flatMap(([key, v]) => [
      [`${key}.0`, v],
      [`${key}.1`, v],
    ]),
  );
const convolution = (
  path: string,
  kind: string,
  into: number,
  out: number,
  said: Readonly<Record<string, number>> = {},
): Kept => ({
  ...leaf(path, `conv.${kind}`, { in_channels: into, out_channels: out, groups: 1, padding_mode: "zeros" }),
  ...Object.fromEntries(
    Object.entries(pairs({ stride: 1, padding: 0, dilation: 1, output_padding: 0, ...said })).map(([key, v]) => [
      `${path}.${key}`,
      v,
    ]),
  ),
});
const norm = (path: string, features: number, eps: number, kind = "BatchNorm2d"): Kept =>
  leaf(path, `batchnorm.${kind}`, { num_features: features, eps, momentum: 0.1, affine: true });

function fileOf(shapes: Readonly<Record<string, readonly number[]>>, ...kept: readonly Kept[]) {
  const tensors = Object.entries(shapes).map(([name, shape], i) => {
    const data = noise(
      i,
      shape.reduce((product, extent) => product * extent, 1),
    );
    return [
      name,
      { dtype: "float32" as const, shape, data: Float32Array.from(data, (v) => (name.endsWith("var") ? v + 1.5 : v)) },
    ] as const;
  });
  return writeSafetensors(Object.fromEntries(tensors), {
    "ganatomy.attributes": JSON.stringify(Object.assign({}, ...kept)),
  });
}
const normShapes = (path: string, width: number) =>
  Object.fromEntries(["weight", "bias", "running_mean", "running_var"].map((part) => [`${path}.${part}`, [width]]));

async function networkOf(file: Uint8Array) {
  const { tensors, attributes } = await openCheckpoint(file);
  const warnings: string[] = [];
  const network = recogniseGenerator({ tensors, attributes, onWarning: (message) => void warnings.push(message) });
  return { network, warnings, operations: (network.description as Description).operations as readonly object[] };
}

describe("modules", () => {
  it("of a Linear and maps behind it, as students write them", async () => {
    // PyTorch-GAN's: view() between the two is in code; its norm has eps 0.8
    const { network, warnings, operations } = await networkOf(
      fileOf(
        {
          "l1.0.weight": [36, 5],
          "l1.0.bias": [36],
          ...normShapes("conv.0", 4),
          "conv.3.weight": [3, 4, 3, 3],
          "conv.3.bias": [3],
        },
        box("", "models.Generator"),
        box("l1"),
        leaf("l1.0", "linear.Linear", { in_features: 5, out_features: 36 }),
        box("conv"),
        norm("conv.0", 4, 0.8),
        leaf("conv.1", "dropout.Dropout2d", { p: 0.5 }),
        leaf("conv.2", "upsampling.Upsample", { scale_factor: 2, mode: "bilinear", align_corners: null }),
        convolution("conv.3", "Conv2d", 4, 3, { padding: 1 }),
      ),
    );
    expect(operations.map((step) => ("op" in step ? step.op : ""))).toEqual([
      "linear",
      "reshape",
      "batchNorm",
      "resample",
      "conv",
      "output",
    ]);
    expect(operations[1]).toMatchObject({ shape: [4, 3, 3] });
    expect(operations[2]).toMatchObject({ name: "conv.0", eps: 0.8 });
    expect(operations[3]).toMatchObject({ height: 6, width: 6, mode: "linear", coordinates: "half_pixel" });
    expect(network.outputs[0]).toMatchObject({ height: 6, width: 6 });
    expect(warnings.join()).toMatch(/models\.Generator calls.*l1\.0 makes \[4,3,3\] of its 36 numbers.*range −1…1/);
  });

  it("of other kinds", async () => {
    const { operations, warnings } = await networkOf(
      fileOf(
        {
          "0.weight": [36, 5],
          ...normShapes("1", 36),
          "4.weight": [4, 2, 4, 4],
          "7.weight": [4, 2, 1, 1],
          "7.bias": [4],
        },
        box(""),
        leaf("0", "linear.Linear", { in_features: 5, out_features: 36 }),
        norm("1", 36, 1e-3, "BatchNorm1d"),
        leaf("2", "activation.ELU", { alpha: 0.5 }),
        leaf("3", "flatten.Unflatten", {
          dim: 1,
          "unflattened_size.0": 4,
          "unflattened_size.1": 3,
          "unflattened_size.2": 3,
        }),
        convolution("4", "ConvTranspose2d", 4, 2, { stride: 2, padding: 2, output_padding: 1 }),
        leaf("5", "activation.ReLU", { inplace: true }),
        leaf("6", "upsampling.Upsample", { scale_factor: 3, mode: "nearest" }),
        convolution("7", "Conv2d", 2, 4),
        leaf("8", "pixelshuffle.PixelShuffle", { upscale_factor: 2 }),
        leaf("9", "activation.Sigmoid"),
      ),
    );
    expect(operations).toMatchObject([
      { op: "linear", weight: "0.weight" },
      { op: "batchNorm", name: "1", eps: 1e-3 },
      { op: "elu", alpha: 0.5 },
      { op: "reshape", shape: [4, 3, 3] },
      { op: "convTranspose", stride: [2, 2], pad: [2, 2, 2, 2], outputPad: [1, 1] },
      { op: "relu" },
      { op: "layer", name: "layer1" },
      { op: "resample", height: 15, width: 15, mode: "nearest", coordinates: "asymmetric", nearest: "floor" },
      { op: "conv", bias: "7.bias" },
      { op: "depthToSpace", block: 2, mode: "CRD" },
      { op: "output", fn: "sigmoid" },
    ]);
    expect(operations[0]).not.toHaveProperty("bias");
    expect(warnings).toEqual([]);
  });

  const up = { "main.0.weight": [6, 3, 4, 4] };
  const first = convolution("main.0", "ConvTranspose2d", 6, 3);
  it.each<[string, readonly Kept[], Readonly<Record<string, readonly number[]>>, RegExp]>([
    [
      "an unknown one",
      [box(""), box("main"), first, leaf("main.1", "sparse.Embedding", { num_embeddings: 3 })],
      up,
      /among them is a torch\.nn\.modules\.sparse\.Embedding \("main\.1"\)/,
    ],
    [
      "one of somebody's",
      [box(""), box("main"), first, { "main.1.__class__": "noise.Gaussian" }],
      up,
      /among them is a noise\.Gaussian/,
    ],
    [
      "a norm without statistics",
      [box(""), box("main"), first, norm("main.1", 3, 1e-5)],
      up,
      /what the BatchNorm2d "main\.1" does is not in the file/,
    ],
    [
      "padding that is none of ours",
      [box(""), box("main"), { ...first, "main.0.padding_mode": "reflect" }],
      up,
      /ConvTranspose2d "main\.0" does is not in the file/,
    ],
    [
      "a part upsampling",
      [box(""), box("main"), first, leaf("main.1", "upsampling.Upsample", { scale_factor: 1.5, mode: "nearest" })],
      up,
      /Upsample "main\.1"/,
    ],
    [
      "shuffling that does not go",
      [box(""), box("main"), first, leaf("main.1", "pixelshuffle.PixelShuffle", { upscale_factor: 2 })],
      up,
      /would make \[0\.75, 8, 8\]/,
    ],
    [
      "no picture",
      [box(""), box("main"), convolution("main.0", "ConvTranspose2d", 6, 5)],
      { "main.0.weight": [6, 5, 4, 4] },
      /what they make, \[5, 4, 4\], is no picture/,
    ],
    [
      "one number",
      [box(""), leaf("0", "linear.Linear", { in_features: 4, out_features: 1 })],
      { "0.weight": [1, 4] },
      /\[1, 1, 1\], is no picture/,
    ],
    [
      "a discriminator",
      [box(""), convolution("0", "Conv2d", 3, 8)],
      { "0.weight": [8, 3, 4, 4] },
      /begin with a convolution, as a discriminator's/,
    ],
    [
      "an order in code",
      [
        box("", "models.G"),
        convolution("a", "ConvTranspose2d", 6, 3),
        leaf("act", "activation.LeakyReLU", { negative_slope: 0.2 }),
      ],
      up,
      /order is in the code of models\.G/,
    ],
  ])("that make %s are refused with the reason", async (_, kept, shapes, said) => {
    await expect(networkOf(fileOf(shapes, ...kept))).rejects.toThrow(said);
  });

  it("of a DCGAN that calls them by code of its own say strides, paddings and eps", async () => {
    const shapes = { "a.weight": [6, 8, 4, 4], ...normShapes("b", 8), "c.weight": [8, 3, 4, 4] };
    const kept = [
      box("", "models.G"),
      convolution("a", "ConvTranspose2d", 6, 8, { stride: 2 }),
      norm("b", 8, 0.8),
      leaf("relu", "activation.ReLU"),
      convolution("c", "ConvTranspose2d", 8, 3, { stride: 4, padding: 2 }),
      leaf("tanh", "activation.Tanh"),
    ];
    const { operations, network, warnings } = await networkOf(fileOf(shapes, ...kept));
    expect(operations.filter((step) => "op" in step && step.op !== "layer")).toMatchObject([
      { op: "reshape" },
      { op: "convTranspose", stride: 2, pad: 0 },
      { op: "batchNorm", name: "b", eps: 0.8 },
      { op: "relu" },
      { op: "convTranspose", stride: 4, pad: 2 },
      { op: "output", fn: "tanh" },
    ]);
    expect(network.outputs[0]).toMatchObject({ height: 12, width: 12 });
    expect(warnings).toEqual([
      expect.stringMatching(/DCGAN: its modules in the order in which they were made, ReLU between/),
    ]);
    expect(warnings[0]).not.toMatch(/1e-5|stride/);
    const { tensors, attributes } = await openCheckpoint(fileOf(shapes, ...kept));
    const named = recogniseGenerator({ tensors, attributes }, { network: "dcgan" });
    expect(named.description).toEqual(network.description);
  });

  it("without factors in their norms", async () => {
    const { "b.weight": _w, "b.bias": _b, ...statistics } = normShapes("b", 8);
    const { operations } = await networkOf(
      fileOf({ "a.weight": [6, 8, 4, 4], ...statistics, "c.weight": [8, 3, 4, 4] }),
    );
    expect(operations[2]).toMatchObject({ op: "batchNorm", name: "b" });
  });
});
