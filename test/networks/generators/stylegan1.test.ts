import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Device } from "../../../src/index.ts";
import type { GeneratorOptions } from "../../../src/networks/generators/family.ts";
import { recogniseGenerator } from "../../../src/networks/generators/recognise.ts";
import { fusedOf } from "../../../src/networks/generators/stylegan1-names.ts";
import type { Network } from "../../../src/networks/network.ts";
import { requestDevice } from "../../gpu.ts";
import { fixture, type Golden, golden, ran, slopeAlongGradient, worstOfRange } from "./goldens.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

/** What a file may differ by from its golden, of the golden's range. */
const TOLERANCE = 2e-5;

const network = async (file: string, options: GeneratorOptions = {}): Promise<Network> =>
  recogniseGenerator(await fixture(file), options);

describe("a StyleGAN of TensorFlow", () => {
  it.each<readonly [string, string, GeneratorOptions]>([
    ["stylegan1-tf.pkl", "psi1.image", {}],
    ["stylegan1-tf.pkl", "psi0.7.image", { truncation: 0.7 }],
    ["stylegan1-tf.pkl", "psi0.7.cutoff3.image", { truncation: 0.7, cutoff: 3 }],
    ["stylegan1-fused-tf.pkl", "psi0.7.fused.image", { truncation: 0.7 }],
  ])("%s makes the golden's %s", async (file, image, options) => {
    const expected = await golden("stylegan1");
    const { outputs, layers } = await ran(device, await network(file, options), {}, expected);
    expect(worstOfRange(outputs.get("raw")!, expected.get(`${image}.f64`)!)).toBeLessThan(TOLERANCE);
    expect(worstOfRange(layers.get("w")!, expected.get("psi1.w.f64")!)).toBeLessThan(TOLERANCE);
  });

  it("has the golden's layers", async () => {
    const expected = await golden("stylegan1");
    const { layers } = await ran(device, await network("stylegan1-tf.pkl", { truncation: 0.7 }), {}, expected);
    let compared = 0;
    for (const [key, value] of expected) {
      const [, edge, part] = /^psi0\.7\.b(\d+)\.(\w+)\.f64$/.exec(key) ?? [];
      if (!edge) continue;
      const second = part === "conv1" || part === "conv" ? 1 : 0;
      const layer = `layer${2 * Math.log2(Number(edge) / 4) + second + 1}`;
      expect(worstOfRange(layers.get(layer)!, value), `${layer}: ${key}`).toBeLessThan(TOLERANCE);
      compared += 1;
    }
    expect(compared).toBe(7);
  });

  it("describes itself", async () => {
    const { architecture, inputs, layers } = await network("stylegan1-tf.pkl");
    expect(architecture).toBe("StyleGAN");
    expect(inputs).toEqual([{ name: "z", height: 1, width: 1, channels: 16, draw: "normal-by-seed" }]);
    expect(
      layers.filter(({ vector }) => !vector).map(({ name, channels, height }) => [name, channels, height]),
    ).toEqual([
      ["layer1", 24, 4],
      ["layer2", 24, 4],
      ["layer3", 24, 8],
      ["layer4", 24, 8],
      ["layer5", 16, 16],
      ["layer6", 16, 16],
      ["layer7", 8, 32],
      ["layer8", 8, 32],
    ]);
    expect(layers.filter(({ vector }) => vector).map(({ name, channels, height }) => [name, channels, height])).toEqual(
      [
        ["w", 16, 1],
        ["w+", 16, 8],
        ["style.b4.const", 48, 1],
        ["style.b4.conv", 48, 1],
        ["style.b8.conv0", 48, 1],
        ["style.b8.conv1", 48, 1],
        ["style.b16.conv0", 32, 1],
        ["style.b16.conv1", 32, 1],
        ["style.b32.conv0", 16, 1],
        ["style.b32.conv1", 16, 1],
      ],
    );
  });

  it("parts are the whole run's from any layer on, and up to any", async () => {
    const expected = await golden("stylegan1");
    const made = await network("stylegan1-tf.pkl");
    const whole = await ran(device, made, {}, expected);
    for (const { name: layer } of made.layers) {
      const given = new Map([[layer, whole.stored.get(layer)!]]);
      const rest = await ran(device, made, { from: layer, given }, expected);
      expect(rest.outputs.get("raw"), `from ${layer}`).toEqual(whole.outputs.get("raw"));
      const start = await ran(device, made, { until: layer }, expected);
      expect(start.layers.get(layer), `until ${layer}`).toEqual(whole.layers.get(layer));
    }
  });

  it("fuses upsampling from 128 pixels on, unless the file says otherwise", () => {
    const sizes = (said: readonly (readonly [string, boolean | string])[]) =>
      [64, 128, 256].map(fusedOf(new Map(said)));
    expect(sizes([])).toEqual([false, true, true]);
    expect(sizes([["static_kwargs.fused_scale", "auto"]])).toEqual([false, true, true]);
    expect(sizes([["static_kwargs.fused_scale", true]])).toEqual([true, true, true]);
    expect(sizes([["static_kwargs.fused_scale", false]])).toEqual([false, false, false]);
  });

  it("clamps images when asked", async () => {
    const expected = await golden("stylegan1");
    const raw = (await ran(device, await network("stylegan1-tf.pkl", { clamp: true }), {}, expected)).outputs.get(
      "raw",
    )!;
    expect([Math.min(...raw), Math.max(...raw)]).toEqual([-1, 1]);
  });

  it("has a gradient by z that is its slope", async () => {
    const { slope, length } = await slopeAlongGradient(device, await network("stylegan1-tf.pkl"));
    // Between the two points some activations turn, at leaky ReLU's kink.
    expect(Math.abs(slope / length - 1)).toBeLessThan(0.01);
  });

  it("noise can be left out, or be of a seed", async () => {
    const expected = await golden("stylegan1");
    const images: Float32Array[] = [];
    for (const noise of ["const", "none", 1, 2] as const) {
      const { outputs } = await ran(device, await network("stylegan1-tf.pkl", { noise }), {}, expected);
      for (const other of images) expect(outputs.get("raw")).not.toEqual(other);
      images.push(outputs.get("raw")!);
    }
  });
});

describe("while it grows", () => {
  const doubled = ({ data }: Golden, edge: number): Golden => {
    const size = 2 * edge;
    const planes = data.length / edge ** 2;
    return {
      shape: [],
      data: Float64Array.from({ length: planes * size * size }, (_, at) => {
        const [plane, row, column] = [Math.floor(at / size ** 2), Math.floor(at / size) % size, at % size];
        return data[(plane * edge + (row >> 1)) * edge + (column >> 1)]!;
      }),
    };
  };
  /** A level's image at its own size: every so many pixels of the full one. */
  const imageOf = async (lod: number): Promise<Golden> => {
    const expected = await golden("stylegan1");
    const { outputs } = await ran(device, await network("stylegan1-tf.pkl", { lod }), {}, expected);
    return { shape: [], data: outputs.get("raw")! };
  };

  it("earlier images are made larger by nearest neighbours, and mixed", async () => {
    const [full, half, mixed] = [await imageOf(0), await imageOf(1), await imageOf(0.25)];
    const small = Float32Array.from({ length: half.data.length / 4 }, (_, at) => {
      const [plane, row, column] = [Math.floor(at / 256), Math.floor(at / 16) % 16, at % 16];
      return half.data[(plane * 32 + 2 * row) * 32 + 2 * column]!;
    });
    expect(Float32Array.from(half.data)).toEqual(Float32Array.from(doubled({ shape: [], data: small }, 16).data));
    const sum = Float64Array.from(full.data, (v, at) => 0.75 * v + 0.25 * half.data[at]!);
    expect(worstOfRange(Float32Array.from(mixed.data), { shape: [], data: sum })).toBeLessThan(1e-6);
  });

  it("as the file says, unless it is asked for", async () => {
    const file = await fixture("stylegan1-tf.pkl");
    const attributes = new Map([...file.attributes, ["lod", 1] as const]);
    const expected = await golden("stylegan1");
    const { outputs } = await ran(device, recogniseGenerator({ ...file, attributes }), {}, expected);
    expect(outputs.get("raw")).toEqual((await imageOf(1)).data);
    for (const lod of [-1, 3.5, "1" as unknown as number]) {
      expect(() => recogniseGenerator(file, { lod })).toThrow(/no level of detail/);
    }
  });
});

describe("is refused", () => {
  it("when something is missing", async () => {
    const file = await fixture("stylegan1-tf.pkl");
    const tensors = new Map([...file.tensors].filter(([key]) => key !== "synthesis/8x8/Conv1/StyleMod/weight"));
    expect(() => recogniseGenerator({ ...file, tensors })).toThrow(/Missing: synthesis\.8x8\.Conv1\.StyleMod\.weight/);
  });

  it("at sizes that nobody has", async () => {
    const file = await fixture("stylegan1-tf.pkl");
    const tensors = new Map(file.tensors).set("synthesis/2048x2048/Conv1/weight", file.tensors.get("lod")!);
    expect(() => recogniseGenerator({ ...file, tensors })).toThrow(/2048×2048 generator is not supported/);
  });

  it("without an average w only the truncation is guessed at", async () => {
    const file = await fixture("stylegan1-tf.pkl");
    const tensors = new Map([...file.tensors].filter(([key]) => key !== "dlatent_avg"));
    recogniseGenerator({ ...file, tensors });
    expect(file.warnings).toEqual([]);
    recogniseGenerator({ ...file, tensors }, { truncation: 0.5 });
    expect(file.warnings).toEqual([expect.stringMatching(/no average w/)]);
  });
});
