import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ShapeError, WeightsError } from "../../src/index.ts";
import { LIST_KEY, listNetwork, parseOperations } from "../../src/networks/operation-list.ts";
import { recognise } from "../../src/networks/segmenters/recognise.ts";
import { Graph } from "../../src/runtime/graph.ts";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";

const WEIGHTS = new URL("../../weights/mosaic-ade20k32/", import.meta.url);

describe("a list of operations", () => {
  const list = async () =>
    String((await openCheckpoint(readFileSync(new URL("segmenter.safetensors", WEIGHTS)))).metadata[LIST_KEY]);
  const changed = async (change: (operations: Record<string, unknown>[]) => void): Promise<string> => {
    const parsed = JSON.parse(await list());
    change(parsed.operations);
    return JSON.stringify(parsed);
  };

  it("is read as it was written", async () => {
    expect(parseOperations(await list()).operations).toHaveLength(86);
  });

  it.each<readonly [string, (operations: Record<string, unknown>[]) => void, RegExp]>([
    [
      "a field that the operation does not have",
      ([first]) => Object.assign(first!, { strid: 2 }),
      /has "strid" at step 0, which conv does not have; did you mean stride/,
    ],
    [
      "an unknown operation",
      ([first]) => Object.assign(first!, { op: "eval" }),
      /unknown operation "eval" at step 0; known are conv, /,
    ],
    [
      "a misspelt operation",
      ([first]) => Object.assign(first!, { op: "convTransposed" }),
      /unknown operation "convTransposed" at step 0; did you mean .*convTranspose/,
    ],
    ["no operation", ([first]) => Object.assign(first!, { op: undefined }), /unknown operation at step 0; known are/],
    ["a name of the prototype", ([first]) => Object.assign(first!, { op: "constructor" }), /unknown operation/],
    ["a result that is not made yet", ([first]) => Object.assign(first!, { x: "later" }), /"later" at step 0 before/],
    ["a result made twice", ([first, second]) => Object.assign(second!, { to: first!["to"] }), /no new name/],
    ["an operation that is no text", ([first]) => Object.assign(first!, { op: ["conv"] }), /unknown operation/],
    ["no operations", (operations) => operations.splice(0), /no operations/],
    [
      "too many operations",
      (all) => all.push(...Array.from({ length: 100_000 }, () => ({ op: "relu" }))),
      /has 100086 operations, more than \d+ in so many bytes/,
    ],
    ["a step that is nothing", (operations) => operations.splice(0, 1, null as never), /unknown operation at step 0/],
    ["a new name that is none", ([first]) => Object.assign(first!, { to: 7 }), /no new name in "to" at step 0/],
    ["a result called input", ([first]) => Object.assign(first!, { to: "input" }), /no new name in "to" at step 0/],
  ])("with %s is refused", async (_, change, message) => {
    const text = await changed(change);
    expect(() => parseOperations(text)).toThrow(WeightsError);
    expect(() => parseOperations(text)).toThrow(message);
  });

  it("whose operations do not fit each other is the file's fault", async () => {
    const file = await openCheckpoint(readFileSync(new URL("segmenter.safetensors", WEIGHTS)));
    const labels = JSON.parse(readFileSync(new URL("labels.json", WEIGHTS), "utf8"));
    const crooked = parseOperations(await changed(([, second]) => Object.assign(second!, { x: "input" })));
    const load = () => recognise({ state: file.tensors, labels, operations: crooked });
    expect(load).toThrow(WeightsError);
    expect(load).toThrow(/list of operations "MOSAIC.* takes 32 channels, but "image" is/);
    expect(() => recognise({ state: new Map(), labels, operations: crooked })).toThrow(/is missing/);
    const uneven = {
      state: file.tensors,
      labels: { ...labels, segsizes: [300] },
      operations: parseOperations(await list()),
    };
    expect(() => recognise(uneven)).toThrow(/do not divide/);
  });

  it.each<readonly [string, Readonly<Record<string, unknown>>, string | undefined]>([
    ["a field too few", { op: "depthwise", x: "input" }, '"filter" at step 0, which is the beginning of tensors'],
    ["a filter that is no text", { op: "conv", x: "input", filter: 1 }, '"filter" at step 0'],
    ["a name that is no text", { op: "maxpool", x: 5 }, '"x" at step 0, which is the name of an earlier result'],
    ["an addend that is no name", { op: "conv", x: "input", filter: "f", add: ["input"] }, '"add" at step 0, which is'],
    ["an addend not made yet", { op: "conv", x: "input", filter: "f", add: "a" }, 'uses "a" at step 0 before'],
    ["an extent not made yet", { op: "resize", x: "input", like: "a" }, 'uses "a" at step 0 before'],
    ["no parts", { op: "concat", parts: [] }, '"parts" at step 0, which is a list of names of earlier results'],
    ["a part that is no text", { op: "concat", parts: ["input", 1] }, '"parts" at step 0'],
    ["parts that are a text", { op: "concat", parts: "input" }, '"parts" at step 0'],
    ["a part not made yet", { op: "concat", parts: ["input", "a"] }, 'uses "a" at step 0 before'],
    ["a stride of 1", { op: "conv", x: "input", filter: "f", stride: 1 }, undefined],
    [
      "a stride of 0",
      { op: "conv", x: "input", filter: "f", stride: 0 },
      '"stride" at step 0, which is a whole number from 1',
    ],
    ["a stride of null", { op: "conv", x: "input", filter: "f", stride: null }, '"stride" at step 0'],
    ["a stride of 1.5", { op: "depthwise", x: "input", filter: "f", stride: 1.5 }, '"stride" at step 0'],
    ["a stride of 65536", { op: "depthwise", x: "input", filter: "f", stride: 65536 }, undefined],
    ["a stride of 65537", { op: "depthwise", x: "input", filter: "f", stride: 65537 }, '"stride" at step 0'],
    ["a dilation of 0", { op: "depthwise", x: "input", filter: "f", dilation: 0 }, '"dilation" at step 0'],
    ["no padding", { op: "conv", x: "input", filter: "f", pad: 0 }, undefined],
    ["TensorFlow's padding", { op: "conv", x: "input", filter: "f", pad: "same" }, undefined],
    ["an unknown padding", { op: "conv", x: "input", filter: "f", pad: "valid" }, '"pad" at step 0, which is a whole'],
    ["a negative padding", { op: "conv", x: "input", filter: "f", pad: -1 }, '"pad" at step 0'],
    ["the last activation", { op: "conv", x: "input", filter: "f", activation: "relu6" }, undefined],
    [
      "an unknown activation",
      { op: "conv", x: "input", filter: "f", activation: "gelu" },
      '"activation" at step 0, which is one of none, leaky, relu, relu6',
    ],
    [
      "an activation of the prototype",
      { op: "conv", x: "input", filter: "f", activation: "valueOf" },
      '"activation" at',
    ],
    ["corners", { op: "resize", x: "input", like: "input", sampling: "corner" }, undefined],
    [
      "an unknown sampling",
      { op: "resize", x: "input", like: "input", sampling: "edge" },
      '"sampling" at step 0, which is one of centre, corner',
    ],
    ["a slice from 0", { op: "slice", x: "input", first: 0, channels: 4 }, undefined],
    ["a slice from nowhere", { op: "slice", x: "input", channels: 4 }, '"first" at step 0'],
    ["an average of nothing", { op: "average", x: "input", size: 0 }, '"size" at step 0'],
  ])("with %s is refused, or read where it is right", (_, step, message) => {
    const text = JSON.stringify({ architecture: "one step", operations: [{ to: "logits", ...step }] });
    const read = () => parseOperations(text);
    if (message === undefined) expect(read().operations).toEqual([{ to: "logits", ...step }]);
    else {
      expect(read).toThrow(WeightsError);
      expect(read).toThrow(message);
    }
  });

  it("has its results for layers, by their names", async () => {
    const { tensors } = await openCheckpoint(readFileSync(new URL("segmenter.safetensors", WEIGHTS)));
    const { layers, append } = listNetwork(parseOperations(await list()), tensors, 256);
    // What is between a convolution and what it takes in is none, nor is the last.
    expect(layers).toHaveLength(85);
    expect(layers.find(({ name }) => name === "encoder.Conv_1")).toEqual({
      name: "encoder.Conv_1",
      channels: 448,
      height: 16,
      width: 16,
    });
    const whole = new Graph("gpu");
    append(whole, 1);
    const rest = new Graph("gpu");
    const { inputs } = append(rest, 1, { from: "encoder.Conv_1" });
    // The decoder reads earlier layers too.
    expect([...inputs.keys()].sort()).toEqual(["encoder.Conv_1", "image"]);
    expect(rest.steps.length).toBeLessThan(whole.steps.length);
  });

  it("has the layers that it names, where it names some", () => {
    const operations = [
      { op: "maxpool", to: "image" },
      { op: "maxpool" },
      { op: "layer", name: "half" },
      { op: "average", size: 2 },
      { op: "relu" },
    ];
    const network = (changed: readonly object[]) =>
      listNetwork(parseOperations(JSON.stringify({ architecture: "pools", operations: changed })), new Map(), 8);
    expect(network(operations).layers).toEqual([{ name: "half", channels: 3, height: 2, width: 2 }]);
    // A result of the input's name is no layer; one of a single place is a vector.
    expect(network(operations.filter(({ op }) => op !== "layer")).layers).toEqual([
      { name: "step 1", channels: 3, height: 2, width: 2 },
      { name: "step 2", channels: 3, height: 1, width: 1, vector: true },
    ]);
    for (const name of ["image", "logits", "half"]) {
      expect(() => network([...operations, { op: "layer", name }])).toThrow(`names two things "${name}"`);
    }
  });

  it("may leave out what the result before is called, and a result that only the next step sees", () => {
    const operations = [{ op: "maxpool" }, { op: "relu", to: "a" }, { op: "tanh" }, { op: "abs", x: "a" }];
    expect(parseOperations(JSON.stringify({ architecture: "short", operations })).operations).toEqual([
      { op: "maxpool", x: "input", to: "step 0" },
      { op: "relu", x: "step 0", to: "a" },
      { op: "tanh", x: "a", to: "step 2" },
      { op: "abs", x: "a", to: "step 3" },
    ]);
  });

  it.each([
    ["{", /is not JSON/],
    ["null", /no architecture or no operations/],
    ['{ "operations": [{ "op": "maxpool", "x": "input", "to": "a" }] }', /no architecture/],
    ['{ "architecture": "none" }', /no operations/],
    ['{ "architecture": "", "sampling": "edge", "operations": [1] }', /unknown sampling.* one of centre, corner/],
  ])("that is %s is refused", (text, message) => {
    expect(() => parseOperations(text)).toThrow(WeightsError);
    expect(() => parseOperations(text)).toThrow(message);
  });

  it("makes what its last step makes, of no more elements than a device binds", () => {
    const pooled = { op: "maxpool", x: "input", to: "half" };
    const text = JSON.stringify({
      architecture: "pooling",
      operations: [pooled, { ...pooled, x: "half", to: "quarter" }],
    });
    const network = listNetwork(parseOperations(text), new Map(), 32);
    const run = (batch: number, extent: number) => {
      const graph = new Graph("gpu");
      const inputs = new Map([["image", graph.map("image", batch, extent, extent, 3)]]);
      return network.append(graph, batch, { inputs }).outputs.get("logits")!.shape;
    };
    expect(run(2, 32)).toEqual([2, 8, 8, 4]);
    // 2²⁷ elements are 5,793² pixels of four: one pooling later.
    expect(run(3, 11_584)).toEqual([3, 2_896, 2_896, 4]);
    expect(() => run(1, 11_590)).toThrow(ShapeError);
    expect(() => run(1, 11_590)).toThrow('"half" would be [1,5795,5795,4]');
  });
});
