import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { lower } from "../../../src/networks/onnx/lower.ts";
import { OPERATORS, operatorsOf } from "../../../src/networks/onnx/operators.ts";
import { readOnnx } from "../../../src/networks/onnx/read.ts";
import { memorySource } from "../../../src/weights/bytes.ts";
import { type ModelParts, model, type NodeLine, TYPE, tensor } from "./encode.ts";

/** The list of a model with an input x of this shape and an output y. */
async function listOf(parts: ModelParts, shape: readonly (number | string)[] = [1, 8, 6, 5]) {
  const file = model({ inputs: { x: shape }, outputs: ["y"], ...parts });
  return lower(await readOnnx(memorySource(file, "net.onnx")), { size: file.length });
}

/** The steps of one node. */
const stepsOf = async (line: NodeLine, { shape, ...parts }: ModelParts & { readonly shape?: readonly number[] } = {}) =>
  (await listOf({ nodes: [line], ...parts }, shape)).steps;

const weight = (name: string, shape: readonly number[]) =>
  tensor(name, shape, new Array(shape.reduce((a, b) => a * b, 1)).fill(0.5));
const ints = (name: string, ...values: readonly number[]) => tensor(name, [values.length], values, TYPE.int64);

describe("a network", () => {
  const nodes: readonly NodeLine[] = [
    ["Constant", [], ["shape"], { value: { tensor: tensor("", [4], [-1, 8, 1, 1], TYPE.int64) } }],
    ["Reshape", ["z", "shape"], ["map"]],
    ["ConvTranspose", ["map", "first.weight", "first.bias"], ["a"], { strides: [1, 1], kernel_shape: [4, 4] }],
    ["BatchNormalization", ["a", "g", "b", "m", "v"], ["n"], { epsilon: { float: 0.25 } }],
    ["Relu", ["n"], ["r"]],
    ["Conv", ["r", "last.weight"], ["c"], { pads: [1, 1, 1, 1] }],
    ["Tanh", ["c"], ["y"]],
  ];
  const weights = [
    weight("first.weight", [8, 4, 4, 4]),
    weight("first.bias", [4]),
    ...["g", "b", "m", "v"].map((name) => weight(name, [4])),
    weight("last.weight", [3, 4, 3, 3]),
    weight("unused", [1]),
  ];
  const load = async () => {
    const file = model({ nodes, weights, inputs: { z: ["n", 8] }, outputs: ["y"] });
    return lower(await readOnnx(memorySource(file, "net.onnx")), { size: file.length });
  };

  test("of which thousands of nodes arrange one result takes time in proportion to them", async () => {
    const many = Array.from({ length: 5000 }, (_, i) => `y${i}`);
    const { steps } = await listOf({
      nodes: [
        ["Transpose", ["x"], ["turned"], { perm: [0, 2, 3, 1] }],
        ...many.map((name): NodeLine => ["Reshape", ["turned", "shape"], [name]]),
        ["Sum", many, ["y"]],
      ],
      weights: [ints("shape", 1, 5, 8, 6)],
    });
    const names = steps.map(({ to }) => to);
    expect(names.filter((name) => name.startsWith("x.arranged")).length).toBeGreaterThanOrEqual(5000);
    expect(new Set(names).size).toBe(names.length);
  });

  test("is a list of operations on the file's own weights", async () => {
    const { steps, state, inputs, outputs } = await load();
    expect(inputs).toEqual([{ name: "z", extents: [8, 1, 1] }]);
    expect(steps).toEqual([
      {
        op: "convTranspose",
        x: "z",
        weight: "first.weight",
        bias: "first.bias",
        stride: [1, 1],
        dilation: [1, 1],
        pad: [0, 0, 0, 0],
        groups: 1,
        outputPad: [0, 0],
        to: "a",
      },
      { op: "batchNorm", x: "a", weight: "g", bias: "b", mean: "m", variance: "v", eps: 0.25, to: "n" },
      { op: "relu", x: "n", to: "r" },
      { op: "layer", x: "r", name: "r", to: "r.1" },
      {
        op: "conv",
        x: "r.1",
        weight: "last.weight",
        stride: [1, 1],
        dilation: [1, 1],
        pad: [1, 1, 1, 1],
        groups: 1,
        to: "c",
      },
      { op: "tanh", x: "c", to: "y" },
    ]);
    expect(outputs[0]).toMatchObject({ name: "y", value: { result: "y", shape: [1, 3, 4, 4], extents: [3, 4, 4] } });
    // What no step names is left aside.
    expect([...state.keys()].sort()).toEqual(["b", "first.bias", "first.weight", "g", "last.weight", "m", "v"]);
    expect([...(await state.get("first.bias")!.read())]).toEqual([0.5, 0.5, 0.5, 0.5]);
  });

  test("may choose by class", async () => {
    const parts: ModelParts = {
      nodes: [
        ["Gather", ["table", "label"], ["e"]],
        ["Concat", ["x", "e"], ["c"], { axis: -1 }],
        ["Gemm", ["c", "w", "b"], ["y"], { transB: 1 }],
      ],
      weights: [weight("table", [4, 3]), weight("w", [7, 8]), weight("b", [7])],
      inputs: { x: ["n", 5], label: ["n"] },
      types: { label: TYPE.int64 },
    };
    const { inputs, steps } = await listOf(parts);
    expect(inputs).toEqual([
      { name: "x", extents: [5, 1, 1] },
      { name: "label", extents: [4, 1, 1], classes: 4 },
    ]);
    expect(steps).toEqual([
      { op: "embedding", x: "label", table: "table", to: "e" },
      { op: "concat", parts: ["x", "e"], axis: "c", to: "c" },
      { op: "linear", x: "c", weight: "w", bias: "b", to: "y" },
    ]);
  });
});

describe("what operators mean", () => {
  test("transposed convolutions to a shape cut the surplus at the start, with SAME_UPPER at the end", async () => {
    const shaped = async (attributes: NodeLine[3]) => {
      const parts = { shape: [1, 2, 3, 3], weights: [weight("w", [2, 1, 3, 3])] };
      const [step] = await stepsOf(["ConvTranspose", ["x", "w"], ["y"], { strides: [2, 2], ...attributes }], parts);
      return [step!["pad"], step!["outputPad"]];
    };
    expect(await shaped({ output_shape: [6, 6] })).toEqual([
      [1, 1, 0, 0],
      [0, 0],
    ]);
    expect(await shaped({ output_shape: [6, 6], auto_pad: "SAME_UPPER" })).toEqual([
      [0, 0, 1, 1],
      [0, 0],
    ]);
    expect(await shaped({ output_shape: [1, 1, 6, 6], auto_pad: "SAME_LOWER" })).toEqual([
      [1, 1, 0, 0],
      [0, 0],
    ]);
    expect(await shaped({ auto_pad: "SAME_UPPER" })).toEqual([
      [0, 0, 1, 1],
      [0, 0],
    ]);
    // More than there is: added behind.
    expect(await shaped({ output_shape: [8, 7] })).toEqual([
      [0, 0, 0, 0],
      [1, 0],
    ]);
    expect(await shaped({ output_padding: [1, 1], pads: [1, 0, 1, 2] })).toEqual([
      [1, 0, 1, 2],
      [1, 1],
    ]);
  });

  test("a last window that would begin in the padding is left out", async () => {
    const pooled = async (shape: readonly number[], attributes: NodeLine[3]) => {
      const file: ModelParts = {
        nodes: [["MaxPool", ["x"], ["y"], { kernel_shape: [2, 2], strides: [2, 2], ...attributes }]],
      };
      return (await listOf(file, shape)).outputs[0]!.value.shape;
    };
    expect(await pooled([1, 1, 5, 5], {})).toEqual([1, 1, 2, 2]);
    expect(await pooled([1, 1, 5, 5], { ceil_mode: 1 })).toEqual([1, 1, 3, 3]);
    expect(await pooled([1, 1, 4, 4], { ceil_mode: 1, pads: [0, 0, 1, 1] })).toEqual([1, 1, 2, 2]);
    expect(await pooled([1, 1, 5, 5], { auto_pad: "SAME_LOWER" })).toEqual([1, 1, 3, 3]);
  });

  test("softmax before version 13 is over all axes from its own on", async () => {
    const over = async (opset: number, attributes: NodeLine[3] = {}) =>
      (await stepsOf(["Softmax", ["x"], ["y"], attributes], { opset })).map(({ op, axis }) => [op, axis]);
    expect(await over(12)).toEqual([["softmax", "chw"]]);
    expect(await over(12, { axis: 2 })).toEqual([["softmax", "hw"]]);
    expect(await over(13)).toEqual([["softmax", "w"]]);
    expect(await over(13, { axis: 1 })).toEqual([["softmax", "c"]]);
  });

  test("defaults of activations are ONNX's", async () => {
    const fields = async (operator: string) => (await stepsOf([operator, ["x"], ["y"]]))[0];
    expect(await fields("HardSigmoid")).toMatchObject({ slope: 0.2, offset: 0.5 });
    expect(await fields("LeakyRelu")).toMatchObject({ slope: 0.01 });
    expect(await fields("Selu")).toMatchObject({ alpha: 1.6732632423543772, gamma: 1.0507009873554805 });
  });

  test("what is resized, whichever version says so", async () => {
    const scales = tensor("s", [4], [1, 1, 2, 1.5]);
    const [eleven] = await stepsOf(["Resize", ["x", "", "s"], ["y"], { mode: "linear" }], { weights: [scales] });
    const common = { height: 12, width: 7, mode: "linear", scales: [2, 1.5] };
    expect(eleven).toMatchObject({ ...common, coordinates: "half_pixel" });
    const [ten] = await stepsOf(["Resize", ["x", "s"], ["y"], { mode: "linear" }], { weights: [scales], opset: 10 });
    expect(ten).toMatchObject({ ...common, coordinates: "asymmetric", nearest: "floor" });
    const [nine] = await stepsOf(["Upsample", ["x", "s"], ["y"], { mode: "linear" }], { weights: [scales], opset: 9 });
    expect(nine).toMatchObject({ ...common, coordinates: "asymmetric" });
    const line: NodeLine = ["Resize", ["x", "", "", "n"], ["y"], { coordinate_transformation_mode: "align_corners" }];
    const [sized] = await stepsOf(line, { weights: [ints("n", 1, 8, 9, 10)] });
    expect(sized).toMatchObject({ height: 9, width: 10, scales: [1.5, 2], coordinates: "align_corners" });
    const last: NodeLine = ["Resize", ["x", "", "s"], ["y"], { axes: [2, 3] }];
    const [eighteen] = await stepsOf(last, { weights: [tensor("s", [2], [2, 1.5])], opset: 18 });
    expect(eighteen).toMatchObject({ height: 12, width: 7, scales: [2, 1.5] });
  });

  test("powers that are products or roots are those", async () => {
    const power = async (value: number) =>
      (await stepsOf(["Pow", ["x", "p"], ["y"]], { weights: [tensor("p", [], [value])] })).map(({ op }) => op);
    expect([await power(2), await power(3), await power(0.5), await power(-1), await power(1.5)]).toEqual([
      ["mul"],
      ["mul", "mul"],
      ["sqrt"],
      ["reciprocal"],
      ["pow"],
    ]);
  });

  test("8-bit weights are read as what they stand for", async () => {
    const parts: ModelParts = {
      nodes: [
        ["DequantizeLinear", ["q", "s", "zero"], ["w"], { axis: 0 }],
        ["Conv", ["x", "w"], ["y"]],
      ],
      weights: [
        tensor("q", [2, 1, 1, 1], [130, 1], TYPE.uint8),
        tensor("s", [2], [0.5, 2]),
        tensor("zero", [2], [128, 0], TYPE.uint8),
      ],
    };
    const { steps, state } = await listOf(parts, [1, 1, 2, 2]);
    expect([...(await state.get(steps[0]!["weight"] as string)!.read())]).toEqual([1, 2]);
  });
});

describe("where values lie", () => {
  test("transposing and reshaping costs nothing where the memory is the same", async () => {
    // Tokens of pixels and back, as vision transformers have them.
    const nodes: readonly NodeLine[] = [
      ["Reshape", ["x", "tokens"], ["a"]],
      ["Transpose", ["a"], ["b"], { perm: [0, 2, 1] }],
      ["MatMul", ["b", "w"], ["c"]],
      ["Add", ["c", "bias"], ["d"]],
      ["Transpose", ["d"], ["e"], { perm: [0, 2, 1] }],
      ["Reshape", ["e", "map"], ["y"]],
    ];
    const weights = [
      ints("tokens", 1, 8, -1),
      ints("map", 1, 4, 6, 5),
      tensor("w", [8, 4], [...new Array(32).keys()]),
      weight("bias", [4]),
    ];
    const { steps, state, outputs } = await listOf({ nodes, weights });
    expect(steps).toEqual([{ op: "conv", x: "x", weight: "w.rows", bias: "bias", to: "d" }]);
    expect(state.get("w.rows")!.shape).toEqual([4, 8, 1, 1]);
    expect([...(await state.get("w.rows")!.read())].slice(0, 9)).toEqual([0, 4, 8, 12, 16, 20, 24, 28, 1]);
    expect(outputs[0]!.value).toMatchObject({ shape: [1, 4, 6, 5], order: [1, 2, 3], extents: [4, 6, 5] });
  });

  test("an output is channels, rows and columns", async () => {
    const nodes: readonly NodeLine[] = [["Transpose", ["x"], ["y"], { perm: [0, 3, 1, 2] }]];
    const { steps, outputs } = await listOf({ nodes }, [1, 6, 5, 3]);
    expect(steps.map(({ op }) => op)).toEqual(["reshape", "transpose", "reshape"]);
    expect(outputs[0]!.value.extents).toEqual([3, 6, 5]);
  });
});

describe("refused, with the node's name and operator", () => {
  const w = [weight("w", [4, 8, 3, 3])];
  test.each<[NodeLine, ModelParts & { readonly shape?: readonly number[] }, RegExp]>([
    [["NonMaxSuppression", ["x"], ["y"]], {}, /is an operator that is not known here\. Known are .*Conv/],
    [["Conv", ["x", "x"], ["y"]], {}, /has a weight, "x", that the network computes/],
    [["Conv", ["x", "w"], ["y"]], { weights: w, shape: [1, 3, 6, 5] }, /takes 8 channels, but is given 3/],
    [["Conv", ["x", "w"], ["y"]], { weights: w, shape: [4, 8, 6, 5] }, /\[4,8,6,5\], not \[1, channels.*batch size/],
    [["Conv", ["x", "w"], ["y"]], { weights: [weight("w", [4, 8, 3, 3, 3])] }, /has a weight of \[4,8,3,3,3\]/],
    [["Conv", ["x", "gone"], ["y"]], {}, /takes "gone", which nothing makes before it/],
    [["MaxPool", ["x"], ["y", "places"], { kernel_shape: [2, 2] }], {}, /gives the places of the largest/],
    [["Reshape", ["x", "x"], ["y"]], {}, /takes "x", which changes with the network's inputs/],
    [["Cast", ["x"], ["y"], { to: TYPE.int64 }], {}, /makes whole numbers of what the network computes/],
    [["Resize", ["x", "", "s"], ["y"]], { weights: [tensor("s", [4], [1, 2, 1, 1])] }, /resizes channels/],
    [["Pad", ["x", "p"], ["y"], { mode: "wrap" }], { weights: [ints("p", 0, 0, 1, 1, 0, 0, 1, 1)] }, /pads by "wrap"/],
    [["Gather", ["x", "i"], ["y"], { axis: 1 }], { weights: [ints("i", 9)] }, /takes elements 9 of 8/],
  ])("%j", async (line, parts, why) => {
    const error = await stepsOf(line, parts).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error).toMatchObject({ code: "weights-format" });
    expect(error!.message).toContain(`Node "/${line[0]}/y" (${line[0]}) `);
    expect(error!.message).toMatch(why);
  });

  test("operators of others' domains, and networks without what they need", async () => {
    const told = await readOnnx(
      memorySource(model({ nodes: [["Relu", ["x"], ["y"]]], inputs: { x: [1, 2] }, outputs: ["y"] }), "n"),
    );
    const foreign = { ...told, nodes: told.nodes.map((node) => ({ ...node, domain: "com.microsoft" })) };
    await expect(lower(foreign, { size: 100 })).rejects.toThrow("is an operator that is not known here");
    await expect(listOf({ nodes: [["Relu", ["x"], ["y"]]] }, [1, 3, "height", 5])).rejects.toThrow(
      'axis 2 of its input "x" is open',
    );
    await expect(listOf({ nodes: [["Relu", ["x"], ["y"]]], outputs: ["z"] })).rejects.toThrow(
      '"z" does not depend on its inputs',
    );
    await expect(listOf({ nodes: [["Relu", ["x"], ["y"]]], types: { x: TYPE.int64 } })).rejects.toThrow(
      "chooses no row of a table",
    );
  });
});

test("all operators that are not known are told at once", async () => {
  const nodes: readonly NodeLine[] = [
    ["LSTM", ["x"], ["a"]],
    ["TopK", ["a"], ["b"]],
    ["LSTM", ["b"], ["y"]],
    ["NonZero", ["x"], ["unused"]],
  ];
  await expect(listOf({ nodes })).rejects.toThrow(
    'Node "/LSTM/a" (LSTM) is an operator that is not known here, nor are TopK.',
  );
});

test("what is only computed before is refused in the network", async () => {
  const refused = 'Node "/Not/y" (Not) is computed before the network runs only';
  await expect(listOf({ nodes: [["Not", ["x"], ["y"]]] })).rejects.toThrow(refused);
});

test("the operators that outputs depend on are told, and which of them are not known", () => {
  const node = (operator: string, input: string, output: string, domain = "") => ({
    name: output,
    operator,
    domain,
    inputs: [input],
    outputs: [output],
    attributes: new Map(),
  });
  const nodes = [
    node("Relu", "x", "a"),
    node("Relu", "a", "b"),
    node("Shape", "b", "c"),
    node("Relu", "c", "d", "com.example"),
    node("LSTM", "x", "unused"),
  ];
  expect(operatorsOf({ nodes, outputs: [{ name: "d", type: 1, shape: undefined }] })).toEqual([
    { operator: "Relu", nodes: 2, known: true },
    { operator: "Shape", nodes: 1, known: true },
    { operator: "com.example.Relu", nodes: 1, known: false },
  ]);
});

test("docs/onnx.md names every operator", () => {
  const docs = readFileSync(new URL("../../../docs/onnx.md", import.meta.url), "utf8");
  const [before, after] = docs.split("Before the network runs") as [string, string];
  expect(Object.keys(OPERATORS).filter((name) => !new RegExp(`\\b${name}\\b`).test(before))).toEqual([]);
  const words = after.match(/\b[A-Z][A-Za-z]+\b/g)!;
  expect(["ConstantOfShape", "DequantizeLinear", "Where"].filter((name) => !words.includes(name))).toEqual([]);
});

test("names that are ours alone are none of ONNX's", async () => {
  await expect(listOf({ nodes: [["PixelNorm", ["x"], ["y"]]] })).rejects.toThrow(
    "is an operator that is not known here",
  );
});
