import { describe, expect, test } from "vitest";
import { lower } from "../../../src/networks/onnx/lower.ts";
import { readOnnx } from "../../../src/networks/onnx/read.ts";
import { memorySource } from "../../../src/weights/bytes.ts";
import { model, type NodeLine, TYPE, tensor } from "./encode.ts";

/** Numbers that nodes name. */
const NUMBERS = {
  half: 0.5,
  one: 1,
  two: 2,
  three: 3,
  six: 6,
  zero: 0,
  minus: -0.5,
  root2: Math.SQRT2,
  root: Math.SQRT1_2,
  tiny: 1e-8,
  eps: 1e-5,
  tanh: Math.sqrt(2 / Math.PI),
  cube: 0.044715,
};

/** What these nodes become, from x [1, 4, 3, 2] to y. */
async function stepsOf(...nodes: readonly NodeLine[]) {
  const numbers = Object.entries(NUMBERS).map(([name, value]) => tensor(name, [], [value]));
  const weights = [
    ...numbers,
    tensor("w", [2], [1, 2]),
    tensor("b", [2], [3, 4]),
    tensor("axis1", [1], [1], TYPE.int64),
  ];
  const file = model({ nodes, weights, inputs: { x: [1, 4, 3, 2] }, outputs: ["y"] });
  return (await lower(await readOnnx(memorySource(file, "net.onnx")), { size: file.length })).steps;
}
const opsOf = async (...nodes: readonly NodeLine[]) => (await stepsOf(...nodes)).map(({ op }) => op);

const ERF: readonly NodeLine[] = [
  ["Div", ["x", "root2"], ["d"]],
  ["Erf", ["d"], ["e"]],
  ["Add", ["e", "one"], ["q"]],
];

describe("GELU", () => {
  test.each<[string, readonly NodeLine[]]>([
    ["as PyTorch exports it", [...ERF, ["Mul", ["x", "q"], ["m"]], ["Mul", ["m", "half"], ["y"]]]],
    ["with the half first", [...ERF, ["Mul", ["half", "x"], ["h"]], ["Mul", ["h", "q"], ["y"]]]],
    ["with the half on the other side", [...ERF, ["Mul", ["q", "half"], ["h"]], ["Mul", ["x", "h"], ["y"]]]],
    [
      "by a product",
      [["Mul", ["root", "x"], ["d"]], ...ERF.slice(1), ["Mul", ["x", "q"], ["m"]], ["Mul", ["m", "half"], ["y"]]],
    ],
  ])("%s", async (_, nodes) => {
    expect(await stepsOf(...nodes)).toEqual([{ op: "gelu", x: "x", to: "y" }]);
  });

  test("by tanh", async () => {
    const nodes: readonly NodeLine[] = [
      ["Pow", ["x", "three"], ["p"]],
      ["Mul", ["p", "cube"], ["c"]],
      ["Add", ["x", "c"], ["s"]],
      ["Mul", ["s", "tanh"], ["t"]],
      ["Tanh", ["t"], ["h"]],
      ["Add", ["h", "one"], ["q"]],
      ["Mul", ["x", "half"], ["m"]],
      ["Mul", ["m", "q"], ["y"]],
    ];
    expect(await opsOf(...nodes)).toEqual(["geluTanh"]);
  });

  test("is none of another number or value", async () => {
    const ends: readonly NodeLine[] = [
      ["Mul", ["x", "q"], ["m"]],
      ["Mul", ["m", "half"], ["y"]],
    ];
    expect(await opsOf(["Div", ["x", "two"], ["d"]], ...ERF.slice(1), ...ends)).toContain("erf");
    expect(await opsOf(...ERF, ["Mul", ["d", "q"], ["m"]], ["Mul", ["m", "half"], ["y"]])).toContain("erf");
    expect(await opsOf(...ERF, ends[0]!, ["Mul", ["m", "two"], ["y"]])).toContain("erf");
  });
});

describe("x times a function of itself", () => {
  test.each<[string, readonly NodeLine[], readonly string[]]>([
    [
      "SiLU",
      [
        ["Sigmoid", ["x"], ["s"]],
        ["Mul", ["s", "x"], ["y"]],
      ],
      ["silu"],
    ],
    [
      "mish",
      [
        ["Softplus", ["x"], ["p"]],
        ["Tanh", ["p"], ["t"]],
        ["Mul", ["x", "t"], ["y"]],
      ],
      ["mish"],
    ],
    [
      "hard swish",
      [
        ["HardSigmoid", ["x"], ["s"], { alpha: { float: 1 / 6 } }],
        ["Mul", ["x", "s"], ["y"]],
      ],
      ["hardSwish"],
    ],
    [
      "hard swish by a clip",
      [
        ["Add", ["x", "three"], ["a"]],
        ["Clip", ["a", "zero", "six"], ["c"]],
        ["Mul", ["x", "c"], ["m"]],
        ["Div", ["m", "six"], ["y"]],
      ],
      ["hardSwish"],
    ],
    [
      "not of the slope 0.2",
      [
        ["HardSigmoid", ["x"], ["s"]],
        ["Mul", ["x", "s"], ["y"]],
      ],
      ["hardSigmoid", "layer", "mul"],
    ],
    [
      "not of another",
      [
        ["Neg", ["x"], ["n"]],
        ["Sigmoid", ["n"], ["s"]],
        ["Mul", ["x", "s"], ["y"]],
      ],
      ["neg", "sigmoid", "layer", "mul"],
    ],
  ])("%s", async (_, nodes, ops) => {
    expect(await opsOf(...nodes)).toEqual(ops);
  });
});

describe("norms", () => {
  const square: readonly NodeLine[] = [
    ["Pow", ["x", "two"], ["p"]],
    ["ReduceMean", ["p"], ["m"], { axes: [1] }],
    ["Add", ["m", "tiny"], ["a"]],
  ];
  test.each<[string, readonly NodeLine[]]>([
    ["of pixels, divided by the root", [...square, ["Sqrt", ["a"], ["r"]], ["Div", ["x", "r"], ["y"]]]],
    [
      "of pixels, times its inverse",
      [...square, ["Sqrt", ["a"], ["r"]], ["Reciprocal", ["r"], ["i"]], ["Mul", ["i", "x"], ["y"]]],
    ],
    ["of pixels, by a power", [...square, ["Pow", ["a", "minus"], ["i"]], ["Mul", ["x", "i"], ["y"]]]],
    [
      "of pixels, of a product, axes as an input",
      [
        ["Mul", ["x", "x"], ["p"]],
        ["ReduceMean", ["p", "axis1"], ["m"]],
        square[2]!,
        ["Sqrt", ["a"], ["r"]],
        ["Div", ["x", "r"], ["y"]],
      ],
    ],
  ])("%s", async (_, nodes) => {
    expect(await stepsOf(...nodes)).toEqual([{ op: "pixelNorm", x: "x", to: "y" }]);
  });

  test("of pixels with another epsilon or axis are what they are", async () => {
    const end: readonly NodeLine[] = [
      ["Sqrt", ["a"], ["r"]],
      ["Div", ["x", "r"], ["y"]],
    ];
    expect(await opsOf(square[0]!, square[1]!, ["Add", ["m", "eps"], ["a"]], ...end)).not.toContain("pixelNorm");
    expect(await opsOf(square[0]!, ["ReduceMean", ["p"], ["m"], { axes: [2] }], square[2]!, ...end)).not.toContain(
      "pixelNorm",
    );
  });

  const centred = (axes: readonly number[]): readonly NodeLine[] => [
    ["ReduceMean", ["x"], ["mean"], { axes }],
    ["Sub", ["x", "mean"], ["d"]],
    ["Pow", ["d", "two"], ["p"]],
    ["ReduceMean", ["p"], ["m"], { axes }],
    ["Add", ["m", "eps"], ["a"]],
    ["Sqrt", ["a"], ["r"]],
    ["Div", ["d", "r"], ["n"]],
  ];
  test("of layers, with weight and bias", async () => {
    const ends: readonly NodeLine[] = [
      ["Mul", ["n", "w"], ["s"]],
      ["Add", ["s", "b"], ["y"]],
    ];
    const steps = await stepsOf(...centred([-1]), ...ends);
    expect(steps.map(({ op }) => op)).toEqual(["layerNorm", "constant", "mul", "constant", "add"]);
    expect(steps[0]).toMatchObject({ axes: "w", eps: Math.fround(1e-5) });
    // Of channels, as ConvNeXt has it, the weights are the norm's own.
    const channels = await stepsOf(...centred([1]), ["Identity", ["n"], ["y"]]);
    expect(channels).toMatchObject([{ op: "layerNorm", axes: "c" }]);
  });

  test("of different axes are none", async () => {
    const [mean, ...rest] = centred([1]);
    const steps = await opsOf(["ReduceMean", ["x"], ["mean"], { axes: [2] }], ...rest, ["Identity", ["n"], ["y"]]);
    expect([mean![0], ...steps]).not.toContain("layerNorm");
  });
});
