import { existsSync, readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { loadGenerator, loadSegmenter } from "../../../src/load.ts";
import type { Network } from "../../../src/networks/network.ts";
import { onnxGenerator } from "../../../src/networks/onnx/generator.ts";
import { readOnnx } from "../../../src/networks/onnx/read.ts";
import { onnxSegmenter } from "../../../src/networks/onnx/segmenter.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { Tensor } from "../../../src/runtime/tensor.ts";
import { memorySource } from "../../../src/weights/bytes.ts";
import { openSafetensors } from "../../../src/weights/safetensors.ts";
import { requestDevice, toNchw } from "../../gpu.ts";
import { worstError } from "../../kernels/reference.ts";
import { type ModelParts, model, type NodeLine, TYPE, tensor } from "./encode.ts";
import { run } from "./run.ts";
import { worstOf } from "./testdata.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

/** Exports of PyTorch 1.13 and what PyTorch computes (scripts/golden/onnx_exports.py). */
const GOLDEN = new URL("../../golden/onnx/", import.meta.url);
const open = (path: URL) => memorySource(Uint8Array.from(readFileSync(path)), path.pathname.split("/").at(-1));
const numbersOf = async (path: URL) => {
  const { tensors } = await openSafetensors(open(path));
  return { tensors, read: async (name: string) => Float64Array.from(await tensors.get(name)!.read()) };
};

const rawOf = ({ outputs }: Network) => outputs.find(({ kind }) => kind === "raw");

/** A one at the place of each of these. */
const chosen = (classes: ArrayLike<number>, of: number): Float32Array => {
  const rows = new Float32Array(classes.length * of);
  for (let i = 0; i < classes.length; i += 1) rows[i * of + classes[i]!] = 1;
  return rows;
};

test.each(readdirSync(GOLDEN).filter((name) => name.endsWith(".onnx")))("%s is what PyTorch computes", async (name) => {
  const { tensors, read } = await numbersOf(new URL(`${name.split("-")[0]}.safetensors`, GOLDEN));
  const inputs = new Map<string, ArrayLike<number>>();
  for (const key of tensors.keys()) {
    if (key !== "y") inputs.set(key, key === "label" ? chosen(await read(key), 4) : await read(key));
  }
  const made = await run(device, await readOnnx(open(new URL(name, GOLDEN))), inputs, 2);
  const wanted = await read("y");
  expect(worstOf(made.get("y")!.values, wanted)).toBeLessThan(5e-6);
});

describe("a generator", () => {
  test("has z, classes, layers by their names, and a range", async () => {
    const network = await onnxGenerator(open(new URL("conditional-17.onnx", GOLDEN)));
    expect(network.architecture).toBe("ONNX network (pytorch 1.13.0)");
    expect(network.inputs).toEqual([
      { name: "z", height: 1, width: 1, channels: 5, draw: "normal" },
      { name: "label", height: 1, width: 1, channels: 4, draw: "class" },
    ]);
    expect(network.layers).toEqual([{ name: "/net/net.3/Softplus_output_0", channels: 4, height: 4, width: 4 }]);
    expect(rawOf(network)).toMatchObject({ height: 2, width: 2, range: "0..1" });
    const other = await onnxGenerator(open(new URL("dcgan-11.onnx", GOLDEN)), {
      network: JSON.stringify({ range: "tiles", crop: [4, 4] }),
    });
    expect(rawOf(other)).toMatchObject({ range: "tiles", crop: [4, 4] });
    expect(other.inputs.map(({ name }) => name)).toEqual(["z"]);
  });

  test.each<[string, ModelParts, RegExp]>([
    ["two inputs", { nodes: [["Add", ["x", "b"], ["y"]]], inputs: { x: [1, 4], b: [1, 4] } }, /its inputs are x, b/],
    [
      "an image as input",
      { nodes: [["Relu", ["x"], ["y"]]], inputs: { x: [1, 3, 4, 4] } },
      /its input "x" is no vector/,
    ],
    ["no image", { nodes: [["Relu", ["x"], ["y"]]], inputs: { x: ["n", 4] } }, /it makes \[1,4\]/],
  ])("that has %s is none", async (_, parts, why) => {
    const source = memorySource(model({ outputs: ["y"], ...parts }), "net.onnx");
    await expect(onnxGenerator(source)).rejects.toThrow(why);
  });

  test("may call its class anything", async () => {
    const parts: ModelParts = {
      nodes: [
        ["Gather", ["table", "y_class"], ["row"]],
        ["Mul", ["noise", "row"], ["product"]],
        ["Reshape", ["product", "shape"], ["y"]],
      ],
      weights: [tensor("table", [2, 4], [1, 2, 3, 4, 5, 6, 7, 8]), tensor("shape", [4], [-1, 1, 2, 2], TYPE.int64)],
      inputs: { noise: [1, 4], y_class: [1] },
      outputs: ["y"],
      types: { y_class: TYPE.int64 },
    };
    const generator = await loadGenerator(memorySource(model(parts), "net.onnx"), { device });
    const plan = await generator.compile({ batch: 2, raw: true });
    plan.run(Float32Array.of(1, 1, 1, 1, 1, 0, 1, 10, 100, 1000, 0, 1));
    const { shape } = plan.raw!;
    expect([...toNchw(await plan.raw!.read(), shape, 1)]).toEqual([1, 2, 3, 4, 5, 60, 700, 8000]);
    plan.dispose();
    generator.dispose();
  });

  test("is told what its file does not say, and that is checked", async () => {
    const source = open(new URL("conditional-17.onnx", GOLDEN));
    await expect(onnxGenerator(source, { network: '{"range":"0-1"}' })).rejects.toThrow('no proper "range"');
    await expect(onnxGenerator(source, { network: '{"classes":["cat"]}' })).rejects.toThrow("it has 4 classes, not 1");
    await expect(onnxGenerator(source, { network: "dcgan" })).rejects.toThrow('no network "dcgan"');
    await expect(onnxGenerator(source, { network: '{"z":5}' })).rejects.toThrow(
      'says "z", which an ONNX file says itself',
    );
    await expect(onnxGenerator(source, { network: '{"rang":5}' })).rejects.toThrow("did you mean range");
    for (const nothing of ["null", "[1]", "7", '"dcgan"']) {
      const refused = expect(onnxGenerator(source, { network: nothing })).rejects;
      await refused.toThrow(UsageError);
      await refused.toThrow(`An ONNX file is no network "${nothing}"`);
    }
    const endless = onnxGenerator(source, { network: "x".repeat(1e6) });
    await expect(endless).rejects.toThrow(`no network "${"x".repeat(40)}…"`);
    const marked = await onnxGenerator(source, { network: '\uFEFF{"range":"tiles"}' });
    expect(rawOf(marked)).toMatchObject({ range: "tiles" });
    await expect(onnxGenerator(source, { truncation: 0.5 })).rejects.toThrow("has no `truncation`");
    const named = await onnxGenerator(source, { network: '{"classes":["a","b","c","d"]}' });
    expect(named.inputs[1]).toMatchObject({ classes: ["a", "b", "c", "d"] });
  });
});

/** Real generators, exported from the state dicts beside them. */
const WILD = new URL("../../../../shared/models/wild/", import.meta.url);
const EXPORTS = [
  ["hongo-cwgangp-mnist-opset17", "hongo-cwgangp-mnist", ["/rest/rest.6/Relu_output_0", "/rest/rest.10/Relu_output_0"]],
  ["ryhan-dcgan-digits-opset11", "ryhan-dcgan-digits", ["/3/Relu_output_0", "/6/Relu_output_0", "/9/Relu_output_0"]],
  ["ryhan-dcgan-digits-opset17", "ryhan-dcgan-digits", ["/3/Relu_output_0", "/6/Relu_output_0", "/9/Relu_output_0"]],
  ["schrum-mario-w11-32-opset11", "schrum-mario-w11-32", ["/3/Relu_output_0", "/6/Relu_output_0", "/9/Relu_output_0"]],
] as const;

test.each(EXPORTS)("%s makes what the state dict makes", async (file, golden, layers) => {
  if (!existsSync(WILD)) {
    console.log(`${file}.onnx is not here: it is not tried`);
    return;
  }
  const { tensors, read } = await numbersOf(new URL(`${golden}.golden.safetensors`, WILD));
  const generator = await loadGenerator(open(new URL(`onnx/${file}.onnx`, WILD)), { device });
  expect(generator.layers.map(({ name }) => name)).toEqual(layers);
  const z = await read("z");
  const label = tensors.has("labels") ? chosen(await read("labels"), 10) : undefined;
  const batch = z.length / generator.zSize;
  const rows = new Float32Array(batch * generator.rowSize);
  for (let i = 0; i < batch; i += 1) {
    rows.set(z.subarray(i * generator.zSize, (i + 1) * generator.zSize), i * generator.rowSize);
    if (label) rows.set(label.subarray(i * 10, (i + 1) * 10), i * generator.rowSize + generator.zSize);
  }
  const plan = await generator.compile({ batch, retain: layers, raw: true });
  plan.run(rows);
  const of = async (value: Tensor<"f32">, channels: number) => toNchw(await value.read(), value.shape, channels);
  const image = await read(tensors.has("image.f64") ? "image.f64" : "image.f32");
  expect(
    worstError(await of(plan.raw!, generator.network.outputs.find(({ kind }) => kind === "raw")!.channels), image),
  ).toBeLessThan(1e-4);
  // Their own numbering begins where an activation is; hongo's first layer has none.
  const first = 4 - layers.length;
  for (const [i, layer] of layers.entries()) {
    const key = `layer${first + i}`;
    const wanted = await read(tensors.has(`${key}.f64`) ? `${key}.f64` : `${key}.f32`);
    expect(worstError(await of(plan.layers.get(layer)!, generator.layer(layer).channels), wanted), layer).toBeLessThan(
      1e-4,
    );
  }
  plan.dispose();
  generator.dispose();
});

describe("a segmenter", () => {
  // Brightness of red against that of blue, exported with the choice of the larger.
  const nodes: readonly NodeLine[] = [
    ["Conv", ["x", "w"], ["scores"]],
    ["ArgMax", ["scores"], ["places"], { axis: 1 }],
    ["Cast", ["places"], ["y"], { to: TYPE.int32 }],
  ];
  const weights = [tensor("w", [3, 3, 1, 1], [0, 0, 0, 1, 0, -1, -1, 0, 1])];
  const two = {
    imageformat: { mean: [0.5, 0.5, 0.5], stdev: [0.5, 0.5, 0.5] },
    categories: [{ name: "colour" }],
    labels: ["-", "red", "blue"].map((name) => ({ name, category: "colour" })),
  };
  const file = (parts: ModelParts) => memorySource(model({ nodes, weights, outputs: ["y"], ...parts }), "net.onnx");

  test("that chooses the largest itself gives its scores", async () => {
    const source = file({ inputs: { x: ["n", 3, "h", "w"] } });
    const network = await onnxSegmenter(source, two, { segsizes: [32] });
    expect([network.segsizes, network.labels.map(({ name }) => name)]).toEqual([[32], ["-", "red", "blue"]]);
    const segmenter = await loadSegmenter({ weights: source, labels: two }, { device, segsizes: [32] });
    const pixels = new Float32Array(32 * 32 * 4);
    for (let p = 0; p < 32 * 32; p += 1) pixels.set(p % 32 < 16 ? [1, -1, -1, 0] : [-1, -1, 1, 0], 4 * p);
    const image = Tensor.from(device, "image", [1, 32, 32, 4], "f32", pixels);
    const plan = await segmenter.compile(image, 32);
    plan.run();
    const seen = await plan.labels.read();
    expect([seen[5], seen[25]]).toEqual([1, 2]);
    plan.dispose();
    image.dispose();
    segmenter.dispose();
  });

  test.each<[string, ModelParts, readonly number[] | undefined, RegExp]>([
    ["no image", { inputs: { x: ["n", 3] } }, undefined, /its inputs are x \[n,3\]/],
    ["several sizes", { inputs: { x: ["n", 3, "h", "w"] } }, [32, 64], /prepared for one size/],
    ["images that are not square", { inputs: { x: [1, 3, 32, 48] } }, undefined, /it takes images of 32×48/],
    ["a size that is not its own", { inputs: { x: [1, 3, 32, 32] } }, [64], /takes images of 32×32, not 64/],
    [
      "another number of labels",
      { inputs: { x: [1, 3, 32, 32] }, weights: [tensor("w", [2, 3, 1, 1], [1, 2, 3, 4, 5, 6])] },
      undefined,
      /names 3 labels, but the network has 2/,
    ],
  ])("with %s is refused", async (_, parts, sizes, why) => {
    await expect(onnxSegmenter(file(parts), two, sizes && { segsizes: sizes })).rejects.toThrow(why);
  });
});
