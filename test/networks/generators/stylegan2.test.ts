import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CheckpointTensor, type Device, Generator } from "../../../src/index.ts";
import type { GeneratorOptions } from "../../../src/networks/generators/family.ts";
import { recogniseGenerator } from "../../../src/networks/generators/recognise.ts";
import { averageOf, ESTIMATED } from "../../../src/networks/generators/stylegan-mapping.ts";
import { adaNames } from "../../../src/networks/generators/stylegan2-names.ts";
import type { Network } from "../../../src/networks/network.ts";
import type { State } from "../../../src/networks/state.ts";
import { padded } from "../../../src/runtime/graph.ts";
import { RandomState } from "../../../src/weights/random.ts";
import { requestDevice } from "../../gpu.ts";
import {
  bytesOfFixture,
  fixture,
  type Golden,
  golden,
  type Ran,
  ran,
  slopeAlongGradient,
  worstOfRange,
} from "./goldens.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

/** What containers of a network may differ by from its golden, of the golden's range. */
const TOLERANCE = 2e-5;

const network = async (file: string, options: GeneratorOptions = {}): Promise<Network> =>
  recogniseGenerator(await fixture(file), options);

/** Containers of a golden, and what has to be said of them. */
const FILES: readonly (readonly [golden: string, containers: readonly string[], options?: GeneratorOptions])[] = [
  ["stylegan2-skip", [".safetensors", "-ada.pkl", "-ada-protocol3.pkl", "-tf.pkl", "-rosinality.pt"]],
  ["stylegan2-orig", [".safetensors", "-ada.pkl", "-tf.pkl"]],
  ["stylegan2-resnet-clamp1", [".safetensors"], { convClamp: 1 }],
  ["stylegan2-resnet-clamp1", ["-ada.pkl", "-ada-protocol3.pkl", "-tf.pkl"]],
  ["stylegan2-skip-conditional", [".safetensors", "-ada.pkl", "-ada-protocol3.pkl", "-tf5.pkl"]],
  ["stylegan2-skip-conditional-tf", [".pkl"]],
];

describe.each(
  FILES.flatMap(([name, containers, options]) => containers.map((end) => [name + end, name, options] as const)),
)("%s", (file, name, options) => {
  const CASES = [
    ["psi1.", {}],
    ["psi0.7.", { truncation: 0.7 }],
    ["psi0.7.nonoise.", { truncation: 0.7, noise: "none" }],
    ["psi0.7.cutoff3.", { truncation: 0.7, cutoff: 3 }],
  ] as const;

  it("makes the golden's images, layers and styles", async () => {
    const expected = await golden(name);
    for (const [prefix, how] of CASES) {
      const image = expected.get(`${prefix}image.f64`);
      if (!image) continue;
      const made = await ran(device, await network(file, { ...options, ...how }), {}, expected);
      expect(worstOfRange(made.outputs.get("raw")!, image), prefix).toBeLessThan(TOLERANCE);
      expect(worstOfRange(made.layers.get("w")!, expected.get("psi1.w.f64")!)).toBeLessThan(TOLERANCE);
      if (prefix === "psi0.7.") compareLayers(made, expected);
    }
  });
});

/** Every layer and style that a golden holds. */
function compareLayers({ layers }: Ran, expected: ReadonlyMap<string, Golden>): void {
  let compared = 0;
  for (const [key, value] of expected) {
    const [, style, edge, part] = /^psi0\.7\.(style\.)?b(\d+)\.(\w+)\.f64$/.exec(key) ?? [];
    if (!edge) continue;
    const index = 2 * Math.log2(Number(edge)) - (part === "conv0" ? 5 : 4);
    const layer = style ? `style.b${edge}.${part}` : `layer${index + 2}`;
    expect(worstOfRange(layers.get(layer)!, value), `${layer}: ${key}`).toBeLessThan(TOLERANCE);
    compared += 1;
  }
  expect(compared).toBeGreaterThanOrEqual(7);
  // Of w+ every row is the truncated w.
  const w = expected.get("psi0.7.w.f64")!;
  const rows = layers.get("w+")!; // [n, c, rows, 1]
  const [count, [n = 1, c = 1]] = [rows.length / w.data.length, w.shape];
  for (let row = 0; row < count; row += 1) {
    const own = Float32Array.from({ length: n * c }, (_, at) => rows[at * count + row]!);
    expect(worstOfRange(own, w), `row ${row}`).toBeLessThan(TOLERANCE);
  }
}

describe("its description", () => {
  it("names Bau's layers, w and styles", async () => {
    const { architecture, inputs, layers, outputs } = await network("stylegan2-skip-conditional.safetensors");
    expect(architecture).toBe("StyleGAN2");
    expect(inputs).toEqual([
      { name: "z", height: 1, width: 1, channels: 16, draw: "normal-by-seed" },
      { name: "label", height: 1, width: 1, channels: 3, draw: "class" },
    ]);
    const maps = layers.filter(({ vector }) => !vector);
    expect(maps.map(({ name, channels, height }) => [name, channels, height])).toEqual([
      ["layer2", 24, 4],
      ["layer3", 24, 8],
      ["layer4", 24, 8],
      ["layer5", 16, 16],
      ["layer6", 16, 16],
      ["layer7", 8, 32],
      ["layer8", 8, 32],
    ]);
    const vectors = layers.filter(({ vector }) => vector);
    expect(vectors.slice(0, 4).map(({ name, channels, height, width }) => [name, channels, height, width])).toEqual([
      ["w", 16, 1, 1],
      ["w+", 16, 8, 1],
      ["style.b4.conv1", 24, 1, 1],
      ["style.b4.torgb", 24, 1, 1],
    ]);
    expect(vectors).toHaveLength(2 + 7 + 4);
    expect(outputs).toMatchObject([
      { name: "image", kind: "image", height: 32, width: 32 },
      { name: "raw", kind: "raw", channels: 3, range: "-1..1" },
    ]);
  });

  it("has no inputs but z without classes", async () => {
    expect((await network("stylegan2-orig-tf.pkl")).inputs.map(({ name }) => name)).toEqual(["z"]);
  });
});

const EVERY = ["stylegan2-skip-conditional-ada.pkl", "stylegan2-resnet-clamp1-tf.pkl"] as const;

describe.each(EVERY)("parts of %s", (file) => {
  const name = file.replace(/-(ada|tf)\.pkl$/, "");

  it("are the whole run's from any layer on, and up to any", async () => {
    const expected = await golden(name);
    const whole = await ran(device, await network(file), {}, expected);
    const made = await network(file);
    for (const { name: layer } of made.layers) {
      const given = new Map([[layer, whole.stored.get(layer)!]]);
      const rest = await ran(device, made, { from: layer, given }, expected);
      expect(rest.outputs.get("raw"), `from ${layer}`).toEqual(whole.outputs.get("raw"));
      const start = await ran(device, made, { until: layer }, expected);
      expect(start.outputs.size).toBe(0);
      expect(start.layers.get(layer), `until ${layer}`).toEqual(whole.layers.get(layer));
    }
  });

  it("edited layers act through all that reads them", async () => {
    const expected = await golden(name);
    const made = await network(file);
    using generator = await Generator.load(bytesOfFixture(file), { device });
    const z = generator.sample({ size: 2, seed: 3 });
    const whole = await generator.forward(z, { retain: made.layers.map((layer) => layer.name) });
    const plain = await whole.image.read();
    for (const { name: layer, channels } of made.layers.filter(({ name }) => !name.startsWith("w"))) {
      const edit = { layer, units: [1], value: 3 };
      using run = await generator.forward(z, { edits: [edit] });
      const image = await run.image.read();
      expect(image, layer).not.toEqual(plain);
      const features = await whole.layers.get(layer)!.read();
      const stored = padded(channels);
      const given = new Map([[layer, features.map((v, at) => (at % stored === 1 ? 3 : v))]]);
      const rows = new Map([
        ["z", { shape: [2, 16], data: rowsOfSample(z, generator.rowSize, 0, 16) }],
        ["c", { shape: [2, 3], data: rowsOfSample(z, generator.rowSize, 16, 3) }],
      ]);
      const rest = await ran(device, made, { from: layer, given }, rows);
      expect(worstOfRange(image, { shape: [], data: rest.stored.get("image")! }), layer).toBeLessThan(1e-6);
    }
    expect(expected.size).toBeGreaterThan(0);
    whole.dispose();
  });
});

/** Numbers `first`… of each of two rows. */
const rowsOfSample = (rows: Float32Array, size: number, first: number, count: number): Float32Array =>
  Float32Array.from({ length: 2 * count }, (_, at) => rows[Math.floor(at / count) * size + first + (at % count)] ?? 0);

describe("w+", () => {
  it("is started from with rows that differ", async () => {
    const expected = await golden("stylegan2-skip");
    const file = await fixture("stylegan2-skip-tf.pkl");
    const average = await file.tensors.get("dlatent_avg")!.read();
    const w = expected.get("psi1.w.f64")!.data;
    const rows = Float32Array.from({ length: 2 * 8 * 16 }, (_, at) => {
      const [image, row, c] = [Math.floor(at / 128), Math.floor(at / 16) % 8, at % 16];
      const own = w[image * 16 + c]!;
      return row < 3 ? average[c]! + 0.7 * (own - average[c]!) : own;
    });
    // The file's own truncation is before w+.
    const made = recogniseGenerator(file, { truncation: 0.1 });
    const { outputs } = await ran(device, made, { from: "w+", given: new Map([["w+", rows]]) });
    expect(worstOfRange(outputs.get("raw")!, expected.get("psi0.7.cutoff3.image.f64")!)).toBeLessThan(TOLERANCE);
  });

  it("follows w, truncated, where w is started from", async () => {
    const expected = await golden("stylegan2-skip");
    const w = Float32Array.from(expected.get("psi1.w.f64")!.data);
    const made = await network("stylegan2-skip-rosinality.pt", { truncation: 0.7 });
    const { outputs } = await ran(device, made, { from: "w", given: new Map([["w", w]]) });
    expect(worstOfRange(outputs.get("raw")!, expected.get("psi0.7.image.f64")!)).toBeLessThan(TOLERANCE);
  });
});

describe("noise", () => {
  it("of a seed is drawn from one RandomState, map after map", async () => {
    const file = await fixture("stylegan2-skip.safetensors");
    const random = new RandomState(7);
    const tensors = new Map(file.tensors);
    for (let index = 0; index < 7; index += 1) {
      const edge = 2 ** Math.floor((index + 5) / 2);
      const key = `synthesis.b${edge}.conv${index === 0 || index % 2 === 0 ? 1 : 0}.noise_const`;
      const numbers = Float32Array.from(random.standardNormal(edge * edge));
      tensors.set(key, { ...tensors.get(key)!, read: async () => numbers });
    }
    const expected = await golden("stylegan2-skip");
    const image = async (made: Network) => (await ran(device, made, {}, expected)).outputs.get("raw");
    const seeded = await image(recogniseGenerator(file, { noise: 7 }));
    expect(seeded).toEqual(await image(recogniseGenerator({ ...file, tensors })));
    expect(seeded).not.toEqual(await image(recogniseGenerator(file, { noise: 8 })));
  });

  it("is not asked of a file whose network has none", async () => {
    const file = await fixture("stylegan2-skip-ada.pkl");
    const tensors = new Map([...file.tensors].filter(([key]) => !key.includes(".noise_")));
    const attributes = new Map(
      [...file.attributes].map(([key, value]) => [key, key.endsWith("use_noise") ? false : value]),
    );
    const expected = await golden("stylegan2-skip");
    const made = recogniseGenerator({ tensors, attributes }, { truncation: 0.7 });
    const { outputs } = await ran(device, made, {}, expected);
    expect(worstOfRange(outputs.get("raw")!, expected.get("psi0.7.nonoise.image.f64")!)).toBeLessThan(TOLERANCE);
  });
});

/** The same tensors but one. */
const without = (state: State, key: string): State => new Map([...state].filter(([name]) => name !== key));

describe("what a file does not say", () => {
  it.each(["stylegan2-skip-ada.pkl", "stylegan2-skip-conditional-ada.pkl", "stylegan2-skip-conditional-tf.pkl"])(
    "the average w of %s is estimated, and that is said",
    async (name) => {
      const file = await fixture(name);
      const key = file.tensors.has("dlatent_avg") ? "dlatent_avg" : "mapping.w_avg";
      const tensors = without(file.tensors, key);
      const made = recogniseGenerator({ ...file, tensors }, { truncation: 0.7 });
      expect(file.warnings).toEqual([expect.stringMatching(/no average w.* 1,000 latents/)]);
      const state = adaNames(tensors);
      const average = averageOf(state, { layers: 2, rate: 0.01, gain: Math.SQRT2, biasGain: Math.SQRT2 });
      const sources = await Promise.all(average.sources.map((source) => state.get(source)!.read()));
      const random = new RandomState(0);
      const z = Float32Array.from(random.standardNormal(16 * ESTIMATED));
      const classes = made.inputs[1]?.channels ?? 0;
      const c = Float32Array.from({ length: classes * ESTIMATED }, (_, at) =>
        Math.floor(at / classes) % classes === at % classes ? 1 : 0,
      );
      const rows = new Map([
        ["z", { shape: [ESTIMATED, 16], data: z }],
        ["c", { shape: [ESTIMATED, classes], data: c }],
      ]);
      const { layers } = await ran(device, made, { until: "w", n: ESTIMATED }, rows);
      const w = layers.get("w")!;
      const mean = Float64Array.from({ length: 16 }, (_, at) => {
        let sum = 0;
        for (let image = 0; image < ESTIMATED; image += 1) sum += w[image * 16 + at]!;
        return sum / ESTIMATED;
      });
      expect(worstOfRange(Float32Array.from(average.of(sources)), { shape: [16], data: mean })).toBeLessThan(1e-5);
    },
  );

  it("the average is not missed where nothing is truncated", async () => {
    const file = await fixture("stylegan2-skip-ada.pkl");
    recogniseGenerator({ ...file, tensors: without(file.tensors, "mapping.w_avg") });
    expect(file.warnings).toEqual([]);
  });

  it("a clamp may be lost, which is said unless one is given", async () => {
    for (const name of ["stylegan2-resnet-clamp1.safetensors", "stylegan2-skip-rosinality.pt"]) {
      const file = await fixture(name);
      recogniseGenerator(file);
      expect(file.warnings).toEqual([expect.stringMatching(/clamped in training.*`convClamp`/)]);
      for (const convClamp of [0, 256]) recogniseGenerator(file, { convClamp });
      expect(file.warnings).toHaveLength(1);
    }
    for (const name of ["stylegan2-resnet-clamp1-ada.pkl", "stylegan2-skip-tf.pkl", "stylegan2-resnet-clamp1-tf.pkl"]) {
      const file = await fixture(name);
      recogniseGenerator(file);
      expect(file.warnings, name).toEqual([]);
    }
  });

  it("a clamp of 0 is none, whatever the file says", async () => {
    const expected = await golden("stylegan2-resnet-clamp1");
    const image = async (file: string, convClamp: number) => {
      const made = await ran(device, await network(file, { convClamp }), {}, expected);
      return { shape: [], data: made.outputs.get("raw")! };
    };
    const free = await image("stylegan2-resnet-clamp1.safetensors", 1e6);
    expect(worstOfRange((await image("stylegan2-resnet-clamp1-ada.pkl", 0)).data, free)).toBeLessThan(1e-6);
    expect(worstOfRange(free.data, expected.get("psi1.image.f64")!)).toBeGreaterThan(0.1);
  });
});

it("clamps images when asked", async () => {
  const expected = await golden("stylegan2-skip");
  const { outputs } = await ran(device, await network("stylegan2-skip-tf.pkl", { clamp: true }), {}, expected);
  const raw = outputs.get("raw")!;
  expect([Math.min(...raw), Math.max(...raw)]).toEqual([-1, 1]);
});

it("a block's filter is a true convolution's", async () => {
  const file = await fixture("stylegan2-skip.safetensors");
  const tensors = new Map(file.tensors);
  // Of one constant image, that of 16 pixels, the filter makes the whole one.
  const bias = Float32Array.of(0.5, -1, 2);
  for (const edge of [4, 8, 16, 32]) {
    const key = (what: string) => `synthesis.b${edge}.torgb.${what}`;
    const zeros = (name: string) => {
      const { shape } = tensors.get(name)!;
      const numbers = name.endsWith(".bias") && edge === 16 ? bias : new Float32Array(shape.reduce((a, b) => a * b));
      tensors.set(name, { ...tensors.get(name)!, read: async () => numbers });
    };
    zeros(key("weight"));
    zeros(key("bias"));
  }
  const taps = [1, 2, 4, 8].map((v) => v / 15);
  const filter = Float32Array.from(taps.flatMap((a) => taps.map((b) => a * b)));
  tensors.set("synthesis.b32.resample_filter", {
    ...tensors.get("synthesis.b32.resample_filter")!,
    read: async () => filter,
  });
  const { outputs } = await ran(device, recogniseGenerator({ ...file, tensors }), {}, await golden("stylegan2-skip"));
  const raw = outputs.get("raw")!;
  // The top left pixel meets one pixel, by the filter's second tap; those inside two, by the first
  // and the third or the second and the fourth.
  const corner = 4 * (2 / 15) ** 2;
  const inside = 4 * ((2 + 8) / 15) ** 2;
  bias.forEach((value, c) => {
    expect(raw[c * 1024]).toBeCloseTo(corner * value, 5);
    expect(raw[c * 1024 + 2 * 32 + 2]).toBeCloseTo(inside * value, 5);
  });
});

describe("is refused", () => {
  it.each<readonly [string, GeneratorOptions, RegExp]>([
    ["a truncation", { truncation: Number.NaN }, /`truncation` of NaN/],
    ["a cutoff", { cutoff: 1.5 }, /`cutoff` of 1.5/],
    ["noise", { noise: "some" as never }, /no noise "some"/],
    ["a seed of noise", { noise: -1 }, /no noise -1/],
    ["a clamp", { convClamp: -2 }, /clamped to ± -2/],
    ["a level of detail", { lod: 1 }, /has no `lod`.*`truncation`, `cutoff`, `noise`, `convClamp`/],
  ])("%s that makes no sense", async (_, options, message) => {
    await expect(network("stylegan2-skip-ada.pkl", options)).rejects.toThrow(message);
  });

  it.each<readonly [string, (state: Map<string, CheckpointTensor>) => void, RegExp]>([
    ["without a filter", (state) => state.delete("synthesis.b8.conv0.weight"), /Missing: synthesis\.b8\.conv0\.weight/],
    [
      "without a block's ToRGB",
      (state) => state.delete("synthesis.b16.torgb.weight"),
      /Missing: synthesis\.b16\.torgb/,
    ],
    [
      "with another style",
      (state) => state.set("synthesis.b8.conv1.affine.weight", state.get("synthesis.b4.const")!),
      /synthesis\.b8\.conv1\.affine\.weight is \[24,4,4\], not \[24,16\]/,
    ],
    ["with something else", (state) => state.set("more", state.get("synthesis.b4.const")!), /Unexpected: more/],
    [
      "of 2048 pixels",
      (state) => state.set("synthesis.b2048.conv1.weight", state.get("synthesis.b32.conv1.weight")!),
      /2048×2048 generator is not supported/,
    ],
  ])("a file %s", async (_, change, message) => {
    const file = await fixture("stylegan2-skip.safetensors");
    const tensors = new Map(file.tensors);
    change(tensors);
    expect(() => recogniseGenerator({ ...file, tensors })).toThrow(message);
  });

  it("another activation", async () => {
    const { tensors } = await fixture("stylegan2-skip-ada.pkl");
    const attributes = new Map([["synthesis.b8.conv0.activation", "swish"]]);
    expect(() => recogniseGenerator({ tensors, attributes })).toThrow(/conv0\.activation is swish/);
  });
});

describe("gradients", () => {
  it.each(["stylegan2-skip-conditional-ada.pkl", "stylegan2-resnet-clamp1-tf.pkl", "stylegan2-orig-tf.pkl"])(
    "of an image of %s by its z are its slope",
    async (file) => {
      const made = await network(file);
      const { slope, length } = await slopeAlongGradient(device, made);
      // Between the two points some activations turn, at leaky ReLU's kink and the clamp's.
      expect(Math.abs(slope / length - 1)).toBeLessThan(0.01);
    },
  );
});
