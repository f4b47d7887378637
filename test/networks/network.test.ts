import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Device, Generator, openCheckpoint, WeightsError, writeSafetensors } from "../../src/index.ts";
import { conv } from "../../src/kernels/conv/conv.ts";
import { tileColors } from "../../src/kernels/maps/picture.ts";
import { filterOf } from "../../src/networks/filters.ts";
import type { GeneratorFamily } from "../../src/networks/generators/family.ts";
import { recogniseGenerator } from "../../src/networks/generators/recognise.ts";
import { type Build, type Network, networkOf } from "../../src/networks/network.ts";
import type { State } from "../../src/networks/state.ts";
import { Graph } from "../../src/runtime/graph.ts";
import { requestDevice } from "../gpu.ts";

// An architecture as somebody would add it, and what it then has without having written any of it.

/**
 * One pixel high: z to eight channels, to eight, to colours, with a bridge from the first layer to
 * the image.
 */
const BRIDGE: GeneratorFamily = {
  name: "a bridge",
  keys: ["first.weight"],
  options: [],
  network: ({ tensors }) => networkOf({ name: "Bridge", build, ignored: (key) => key === "steps" }, tensors),
};

function build({ graph, state, input, layer, output }: Build): void {
  const channels = state.get("first.weight")?.shape[1] ?? 1;
  const z = input({ name: "z", height: 1, width: 1, channels, draw: "normal" });
  const first = layer("first", () =>
    conv(graph, z(), filterOf(state, "first", undefined, { into: channels, kernel: 1 })),
  );
  const second = layer("second", () =>
    conv(graph, first(), filterOf(state, "second", undefined, { into: first().channels, kernel: 1 }), {
      activation: "relu",
    }),
  );
  output("image", "image", () => {
    const rgb = filterOf(state, "rgb", undefined, { into: second().channels, kernel: 1, bias: true });
    return conv(graph, second(), rgb, { residual: conv(graph, first(), { ...rgb, label: "bridge" }) });
  });
}

const SHAPES = {
  "first.weight": [8, 4, 1, 1],
  "second.weight": [8, 8, 1, 1],
  "rgb.weight": [3, 8, 1, 1],
  "rgb.bias": [3],
};

async function stateOf(shapes: Readonly<Record<string, readonly number[]>>): Promise<State> {
  const tensors = Object.entries(shapes).map(([key, shape], k) => {
    const count = shape.reduce((product, extent) => product * extent, 1);
    return [
      key,
      { dtype: "float32", shape, data: Float32Array.from({ length: count }, (_, i) => Math.sin(i + k)) },
    ] as const;
  });
  return (await openCheckpoint(writeSafetensors(Object.fromEntries(tensors)))).tensors;
}

const recognise = (state: State): Network => recogniseGenerator({ tensors: state }, {}, [BRIDGE]);

describe("an architecture", () => {
  it("has inputs, layers and outputs of the shapes that it makes", async () => {
    const { architecture, inputs, layers, outputs } = recognise(await stateOf({ ...SHAPES, steps: [1] }));
    expect(architecture).toBe("Bridge");
    expect(inputs).toEqual([{ name: "z", height: 1, width: 1, channels: 4, draw: "normal" }]);
    expect(layers).toEqual(["first", "second"].map((name) => ({ name, channels: 8, height: 1, width: 1 })));
    const image = { layer: undefined, channels: 3, height: 1, width: 1 };
    expect(outputs).toEqual([
      { name: "image", kind: "image", ...image },
      { name: "raw", kind: "raw", ...image, range: "-1..1" },
    ]);
  });

  it.each(["model.", "net.generator."])("is known where all names begin with %s", async (prefix) => {
    const named = (before: string) =>
      stateOf(Object.fromEntries(Object.entries(SHAPES).map(([k, v]) => [before + k, v])));
    const { architecture, state } = recognise(await named(prefix));
    expect([architecture, [...state.keys()]]).toEqual(["Bridge", Object.keys(SHAPES).sort()]);
    const others = new Map([...(await named(prefix)), ...(await stateOf({ "other.weight": [1] }))]);
    expect(() => recognise(others)).toThrow(/a network of 3 convolutions, not a bridge/);
  });

  it("computes what is reached from what is wanted, and no more", async () => {
    const network = recognise(await stateOf(SHAPES));
    const part = (options: Parameters<Network["append"]>[2]) => {
      const graph = new Graph("gpu");
      const { inputs, layers, outputs } = network.append(graph, 2, options);
      return {
        steps: graph.steps.length,
        inputs: [...inputs.keys()],
        layers: [...layers.keys()],
        outputs: [...outputs.keys()],
      };
    };
    expect(part({})).toEqual({ steps: 4, inputs: ["z"], layers: ["first", "second"], outputs: ["image", "raw"] });
    expect(part({ until: "first" })).toEqual({ steps: 1, inputs: ["z"], layers: ["first"], outputs: [] });
    expect(part({ from: "first" })).toEqual({
      steps: 3,
      inputs: ["first"],
      layers: ["first", "second"],
      outputs: ["image", "raw"],
    });
    // The bridge still needs the first layer, and so z.
    expect(part({ from: "second" })).toMatchObject({ steps: 3, inputs: ["second", "z"] });
    expect(part({ outputs: new Set() })).toMatchObject({ steps: 0 });
    expect(() => part({ until: "third" })).toThrow(/no layer "third".*first, second/);
  });

  it.each([
    ["a missing tensor", { ...SHAPES, "second.weight": undefined }, /weights of a Bridge\. Missing: second\.weight\./],
    ["a missing bias", { ...SHAPES, "rgb.bias": undefined }, /Missing: rgb\.bias\./],
    ["another shape", { ...SHAPES, "second.weight": [8, 8, 3, 3] }, /second\.weight is \[8,8,3,3\], not \[8,8,1,1\]/],
    ["one too many", { ...SHAPES, "third.weight": [1] }, /Unexpected: third\.weight/],
    [
      "another network's",
      { "conv.weight": [1] },
      /^This is a single tensor \[1\], not a bridge \(it holds conv\.weight\)/,
    ],
    [
      "parts that are generators",
      { "one.init.init.0.weight": [1], "two.generator.gen_z.weight": [1], "three.conv.weight": [1] },
      /^The file holds several generators: "one" \(a FastGAN generator\), "two" \(a BigGAN generator \(Hugging Face\)\)\./,
    ],
    [
      "a part that is one",
      { "one.layer1.conv.weight": [1], "one.output_4x4.conv.weight": [1], "two.conv.weight": [1] },
      /^The file holds a generator among other things: "one" \(a Progressive GAN generator \(gandissect\)\)\./,
    ],
  ])("tells of %s", async (_, shapes, message) => {
    const known = Object.entries(shapes).filter((entry): entry is [string, number[]] => entry[1] !== undefined);
    const state = await stateOf(Object.fromEntries(known));
    expect(() => recognise(state)).toThrow(WeightsError);
    expect(() => recognise(state)).toThrow(message);
  });
});

describe("a generator of it", () => {
  let device: Device;
  beforeAll(async () => {
    device = await requestDevice();
  });
  afterAll(() => device?.dispose());

  it("is refused where its input is no vector, which would be filled in part", async () => {
    const wide = ({ input, output }: Build) => {
      const z = input({ name: "z", height: 1, width: 4, channels: 4, draw: "normal" });
      output("image", "image", z);
    };
    const network = networkOf({ name: "Wide", build: wide }, await stateOf({}));
    await expect(Generator.define(network, { device })).rejects.toThrow(/Wide has an input "z" of 4×1/);
  });

  it("has inputs side by side, pictures of its crop, and vectors that are no maps", async () => {
    // 2 × 3 pixels of one channel in 0…1, of z and a class, through a vector.
    const tall = ({ graph, state, input, layer, output }: Build) => {
      const z = input({ name: "z", height: 1, width: 1, channels: 3, draw: "normal" });
      const label = input({ name: "label", height: 1, width: 1, channels: 2, draw: "class" });
      const filter = (key: string) => filterOf(state, key, undefined, { kernel: 1 });
      const w = layer("w", () => conv(graph, z(), filter("z"), { residual: conv(graph, label(), filter("label")) }), {
        vector: true,
      });
      const map = layer("map", () => {
        const pixels = conv(graph, w(), filter("pixels"), { residual: conv(graph, label(), filter("again")) });
        return graph.view(pixels, "map", [pixels.shape[0]!, 2, 3, 4], 4);
      });
      const picture = { range: "0..1", crop: [2, 2] } as const;
      output("image", "image", () => conv(graph, map(), filter("grey")), picture);
    };
    const shapes = {
      "z.weight": [4, 3, 1, 1],
      "label.weight": [4, 2, 1, 1],
      "pixels.weight": [24, 4, 1, 1],
      "again.weight": [24, 2, 1, 1],
      "grey.weight": [1, 4, 1, 1],
    };
    const network = networkOf({ name: "Tall", build: tall }, await stateOf(shapes));
    expect(network.outputs).toMatchObject([
      { name: "image", kind: "image", channels: 3, height: 2, width: 2 },
      { name: "raw", kind: "raw", channels: 1, height: 2, width: 3, range: "0..1", crop: [2, 2] },
    ]);
    using generator = await Generator.define(network, { device, classes: [1] });
    expect(generator).toMatchObject({ zSize: 3, rowSize: 5, height: 2, width: 2, classes: ["0", "1"] });
    expect(generator.layers.map(({ name }) => name)).toEqual(["w", "map"]);
    expect(generator.hiddenLayers.map(({ name }) => name)).toEqual(["map"]);
    const rows = generator.sample({ size: 2, seed: 1 });
    expect([...rows.subarray(3, 5)]).toEqual([0, 1]);

    using whole = await generator.compile({ batch: 2, retain: ["w", "map"], raw: true });
    whole.run(rows);
    expect(whole.image!.shape).toEqual([2, 2, 2, 4]);
    expect(whole.raw!.shape).toEqual([2, 2, 3, 4]);
    const image = await whole.image!.read();
    const [grey] = await whole.raw!.read();
    for (const v of image.subarray(0, 3)) expect(v).toBeCloseTo(2 * grey! - 1, 5);

    // The class matters behind w too, so a part needs it beside w.
    using part = await generator.compile({ batch: 2, from: "w", inputs: whole.behind("w") });
    expect([...part.inputs.keys()].toSorted()).toEqual(["label", "w"]);
    part.run();
    expect(await part.image!.read()).toEqual(image);
    await expect(generator.compile({ batch: 2, from: "w" })).rejects.toThrow(/From "w" on the network needs label too/);
    // Seen as tiles, a lone one is the first everywhere.
    const build = (parts: Build): void =>
      tall({ ...parts, output: (name, kind, make) => parts.output(name, kind, make, { range: "tiles" }) });
    const tiles = networkOf({ name: "Tiles", build }, await stateOf(shapes));
    using level = await Generator.define(tiles, { device });
    using run = await level.forward(level.sample({ size: 1, seed: 1 }));
    expect((await run.image.read()).subarray(4, 8)).toEqual(tileColors(1));
    // Another class makes another image, and nobody's class is nothing.
    const other = rows.slice();
    other.set([1, 0], 3);
    whole.run(other);
    expect((await whole.image!.read()).subarray(0, 16)).not.toEqual(image.subarray(0, 16));
    expect(() => whole.run(rows.subarray(1))).toThrow(/z and label has 9 numbers; at most 2 rows of 5 fit/);
  });

  it("runs, retains, edits, and starts at a layer with the same bits", async () => {
    using generator = await Generator.define(recognise(await stateOf(SHAPES)), { device });
    const z = generator.sample({ size: 2, seed: 1 });
    using whole = await generator.forward(z, { retain: ["first", "second"] });
    const image = await whole.image.read();
    using rest = await generator.compile({
      batch: 2,
      from: "first",
      inputs: whole.layers,
      editable: ["second"],
    });
    rest.run();
    expect(await rest.image!.read()).toEqual(image);
    rest.setEdit({ layer: "second", units: "all" });
    rest.run();
    expect(await rest.image!.read()).not.toEqual(image);
    await expect(generator.compile({ batch: 2, from: "second" })).rejects.toThrow(
      /From "second" on the network needs z too/,
    );
  });
});
