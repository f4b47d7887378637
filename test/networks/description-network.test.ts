import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WeightsError } from "../../src/errors.ts";
import { gradient } from "../../src/gradient/gradient.ts";
import { Generator } from "../../src/models/generator.ts";
import { parseDescription } from "../../src/networks/description.ts";
import { describedNetwork } from "../../src/networks/description-network.ts";
import type { Device } from "../../src/runtime/device.ts";
import { Graph } from "../../src/runtime/graph.ts";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { writeSafetensors } from "../../src/weights/safetensors.ts";
import { requestDevice, toNchw } from "../gpu.ts";
import { Bench, noise, worstError } from "../kernels/reference.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

/** A small conditional network of tiles: 5 numbers and one of 3 classes make 7 kinds of tiles. */
const DESCRIPTION = {
  architecture: "small level generator",
  z: 5,
  classes: ["plain", "hills", "cave"],
  image: [7, 6, 6],
  range: "tiles",
  crop: [5, 6],
  labels: ["sky", "ground"],
  operations: [
    { op: "concatEmbedding", table: "table", order: "label,z" },
    { op: "linear", weight: "l.weight", bias: "l.bias" },
    { op: "batchNorm", name: "n", eps: 0.8 },
    { op: "layer", name: "dense" },
    { op: "relu" },
    { op: "reshape", shape: [6, 3, 3] },
    { op: "layer", name: "first" },
    { op: "upsampleNearest2" },
    { op: "conv", weight: "c", pad: 1 },
    { op: "leakyRelu", slope: 0.2 },
    { op: "layer", name: "second" },
    { op: "convTranspose", weight: "t", pad: 1 },
    { op: "output", fn: "sigmoid" },
  ],
};
const SHAPES = {
  table: [3, 2],
  "l.weight": [54, 7],
  "l.bias": [54],
  "n.weight": [54],
  "n.bias": [54],
  "n.running_mean": [54],
  "n.running_var": [54],
  c: [5, 6, 3, 3],
  t: [5, 7, 3, 3],
} as const;
type Name = keyof typeof SHAPES;

const tensors = Object.fromEntries(
  Object.entries(SHAPES).map(([name, shape], index) => {
    const count = shape.reduce((product, extent) => product * extent, 1);
    const data = noise(index + 1, count).map((v) => (name === "n.running_var" ? v + 1.5 : v));
    return [name, { dtype: "float32", shape, data } as const];
  }),
);
const numbers = (name: Name): Float32Array => tensors[name]!.data;

/** The same in double precision, layer by layer: [c][h][w] of one image. */
function exact(z: ArrayLike<number>, label: number): ReadonlyMap<string, Float64Array> {
  const input = [...numbers("table").subarray(2 * label, 2 * label + 2), ...Array.from(z)];
  const dense = Float64Array.from({ length: 54 }, (_, o) => {
    const sum = input.reduce((total, v, i) => total + v * numbers("l.weight")[7 * o + i]!, numbers("l.bias")[o]!);
    const scale = numbers("n.weight")[o]! / Math.sqrt(numbers("n.running_var")[o]! + 0.8);
    return (sum - numbers("n.running_mean")[o]!) * scale + numbers("n.bias")[o]!;
  });
  const first = dense.map((v) => Math.max(v, 0));
  /** Both convolutions see 6×6, with a border of zeros. */
  const convolved = (
    inputs: number,
    outputs: number,
    x: (c: number, h: number, w: number) => number,
    weight: (o: number, i: number, tap: number) => number,
  ) =>
    Float64Array.from({ length: outputs * 36 }, (_, at) => {
      const [o, row, column] = [Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6];
      let sum = 0;
      for (let i = 0; i < inputs; i += 1) {
        for (let tap = 0; tap < 9; tap += 1) {
          const [h, w] = [row + Math.floor(tap / 3) - 1, column + (tap % 3) - 1];
          if (h >= 0 && h < 6 && w >= 0 && w < 6) sum += x(i, h, w) * weight(o, i, tap);
        }
      }
      return sum;
    });
  const second = convolved(
    6,
    5,
    (c, h, w) => first[9 * c + 3 * (h >> 1) + (w >> 1)]!,
    (o, i, tap) => numbers("c")[(o * 6 + i) * 9 + tap]!,
  ).map((v) => (v < 0 ? 0.2 * v : v));
  // A transposed convolution is one with its taps the other way round.
  const image = convolved(
    5,
    7,
    (c, h, w) => second[36 * c + 6 * h + w]!,
    (o, i, tap) => numbers("t")[(i * 7 + o) * 9 + 8 - tap]!,
  ).map((v) => 1 / (1 + Math.exp(-v)));
  return new Map([
    ["dense", dense],
    ["first", first],
    ["second", second],
    ["raw", image],
  ]);
}

const open = (given: Parameters<typeof writeSafetensors>[0]) => openCheckpoint(writeSafetensors(given));

describe("the network of a description", () => {
  it("has its inputs, its layers and its picture", async () => {
    const network = describedNetwork(parseDescription(DESCRIPTION), await open({ ...tensors, unasked: tensors["c"]! }));
    expect(network.architecture).toBe("small level generator");
    expect(network.inputs).toEqual([
      { name: "z", height: 1, width: 1, channels: 5, draw: "normal" },
      { name: "label", height: 1, width: 1, channels: 3, draw: "class", classes: ["plain", "hills", "cave"] },
    ]);
    expect(network.layers).toEqual([
      { name: "dense", channels: 54, height: 1, width: 1, vector: true },
      { name: "first", channels: 6, height: 3, width: 3 },
      { name: "second", channels: 5, height: 6, width: 6 },
    ]);
    expect(network.outputs.find(({ kind }) => kind === "raw")).toMatchObject({
      ...{ channels: 7, height: 6, width: 6, range: "tiles", crop: [5, 6], labels: ["sky", "ground"] },
    });
  });

  it("makes what its operations say, layer by layer, and edits reach the image", async () => {
    using generator = await Generator.define(describedNetwork(parseDescription(DESCRIPTION), await open(tensors)), {
      device,
    });
    const z = noise(77, 10);
    const rows = Float32Array.from([...z.subarray(0, 5), 0, 0, 1, ...z.subarray(5), 1, 0, 0]);
    const names = ["dense", "first", "second"];
    const plan = await generator.compile({ batch: 2, retain: names, editable: ["first"], raw: true });
    plan.run(rows);
    const all = [exact(z.subarray(0, 5), 2), exact(z.subarray(5), 0)];
    for (const name of [...names, "raw"]) {
      const tensor = name === "raw" ? plan.raw! : plan.layers.get(name)!;
      const channels = name === "raw" ? 7 : generator.layer(name).channels;
      const expected = all.flatMap((image) => [...image.get(name)!]);
      expect(worstError(toNchw(await tensor.read(), tensor.shape, channels), expected), name).toBeLessThan(2e-6);
    }
    const before = await plan.raw!.read();
    plan.setEdit({ layer: "first", units: [0, 1, 2, 3, 4, 5] });
    plan.run(rows);
    // Without features all that is left is sigmoid(0).
    const after = await plan.raw!.read();
    expect(new Set(toNchw(after, plan.raw!.shape, 7))).toEqual(new Set([0.5]));
    expect(before).not.toEqual(after);
    plan.dispose();
  });

  it("has a gradient by z, through all of its operations", async () => {
    const network = describedNetwork(parseDescription(DESCRIPTION), await open(tensors));
    const bench = new Bench(device);
    const [z, label] = [noise(78, 5), Float64Array.of(0, 1, 0)];
    const vector = (data: ArrayLike<number>) => ({
      n: 1,
      height: 1,
      width: 1,
      channels: data.length,
      data: Float64Array.from(data),
    });
    const given = new Map([
      ["z", bench.map(vector(z), "z")],
      ["label", bench.map(vector(label), "label")],
    ]);
    const { outputs } = network.append(bench.graph, 1, { inputs: given });
    const [dz] = gradient(bench.graph, outputs.get("raw")!, [given.get("z")!]);
    bench.graph.parameters.forEach((parameter, index) => {
      const sources = parameter.sources.map((name) => numbers(name as Name));
      bench.graph.parameters[index] = { ...parameter, pack: () => parameter.pack(sources) };
    });
    const [stored] = await bench.run(dz!);
    const sum = (row: Float64Array) =>
      exact(row, 1)
        .get("raw")!
        .reduce((total, v) => total + v, 0);
    const expected = Float64Array.from(z, (_, at) => {
      const moved = (by: number) => sum(Float64Array.from(z, (v, index) => (index === at ? v + by : v)));
      return (moved(1e-6) - moved(-1e-6)) / 2e-6;
    });
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.1);
    expect(worstError(stored.slice(0, 5), expected)).toBeLessThan(1e-4);
  });

  it("takes names of the whole file before those of the entry that was taken", async () => {
    const renamed = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`G.${name}`, tensor]));
    const whole = parseDescription(JSON.parse(JSON.stringify(DESCRIPTION).replaceAll('"c"', '"G.c"')));
    const entry = (await open(tensors)).tensors;
    const network = describedNetwork(whole, { tensors: entry, all: (await open(renamed)).all });
    expect(network.state.get("G.c")!.name).toBe("G.c");
    expect(() => describedNetwork(whole, { tensors: entry })).toThrow(/Missing: G\.c/);
    const both = { tensors: entry, all: new Map([["c", network.state.get("G.c")!]]) };
    expect(describedNetwork(parseDescription(DESCRIPTION), both).state.get("c")!.name).toBe("G.c");
  });

  it.each<readonly [string, Partial<Record<keyof typeof DESCRIPTION, unknown>>, RegExp]>([
    ["makes other extents than it says", { image: [7, 6, 5] }, /makes images of \[7,6,6\], not \[7,6,5\]/],
    ["does not fit together", { operations: [{ op: "reshape", shape: [7, 6, 6] }] }, /"z" \[5,1,1\] cannot have the/],
    [
      "names tensors that are not there or do not fit, all of them",
      {
        operations: [
          { op: "linear", weight: "gone" },
          { op: "linear", weight: "c" },
        ],
      },
      /These are not the weights of the small level generator.*Missing: gone.*|"c" is \[5,6,3,3\] and no matrix/,
    ],
  ])("that %s is a WeightsError", async (_, change, message) => {
    const file = await open(tensors);
    const crop = { crop: null, labels: null };
    const build = () => describedNetwork(parseDescription({ ...DESCRIPTION, ...crop, ...change }), file);
    expect(build).toThrow(WeightsError);
    expect(build).toThrow(message);
  });

  it("that misspells one tensor is told that one, and the near one, and nothing that follows from it", async () => {
    const file = await open(tensors);
    const misspelt = (from: string, to: string) => () =>
      describedNetwork(parseDescription(JSON.parse(JSON.stringify(DESCRIPTION).replace(from, to))), file);
    const said = "These are not the weights of the small level generator.";
    expect(misspelt('"l.weight"', '"l.weigth"')).toThrow(
      `${said} Missing: l.weigth (there is l.weight). Check that the file`,
    );
    expect(misspelt('"c"', '"cc"')).toThrow(`${said} Missing: cc (there is c). Check`);
    expect(misspelt('"name":"n"', '"name":"nn"')).toThrow(
      /Missing: nn\.running_mean \(there is n\.running_mean\), nn\.running_var \(there is n\.running_var\)\. Check/,
    );
    expect(misspelt('"table":"table"', '"table":"xyz"')).toThrow(/Missing: xyz\. Check/);
  });
});

describe("a long description", () => {
  /** A chain of so many steps, every other a layer. */
  const long = (count: number) =>
    describedNetwork(
      parseDescription({
        z: 4,
        image: [4, 1, 1],
        range: "tiles",
        operations: Array.from({ length: count }, (_, i) =>
          i % 2 === 0 ? { op: "leakyRelu", slope: 0.5 } : { op: "layer", name: `layer ${i}` },
        ),
      }),
      { tensors: new Map() },
    );

  it("is as deep as it says, and so are its parts", () => {
    const network = long(8000);
    expect(network.layers).toHaveLength(4000);
    const whole = new Graph("gpu");
    network.append(whole, 1);
    expect(whole.operations.length).toBeGreaterThanOrEqual(4000);
    const part = new Graph("gpu");
    const { inputs } = network.append(part, 1, { from: "layer 101", until: "layer 111" });
    expect([...inputs.keys()]).toEqual(["layer 101"]);
    expect(part.operations).toHaveLength(5);
  });
});
