import { describe, expect, test } from "vitest";
import { fold, type Input, isFoldable } from "../../../src/networks/onnx/fold.ts";
import { Budget, integers, literal, ofTensor } from "../../../src/networks/onnx/known.ts";
import { type OnnxModel, readOnnx } from "../../../src/networks/onnx/read.ts";
import { memorySource } from "../../../src/weights/bytes.ts";
import { model, type NodeLine, TYPE, tensor } from "./encode.ts";
import { casesOf, tensorsOf, testdata, worstOf } from "./testdata.ts";

const read = (file: Uint8Array): Promise<OnnxModel> => readOnnx(memorySource(file, "net.onnx"));

/** All that is known of a model when these are. */
async function run({ nodes, initializers, opsets }: OnnxModel, given: Readonly<Record<string, Input>> = {}) {
  const values = new Map<string, Input>(Object.entries(given));
  const folding = { budget: new Budget(1000), opset: opsets.get("") ?? 1 };
  for (const [name, weight] of initializers) values.set(name, ofTensor(weight, folding.budget));
  for (const node of nodes) {
    const inputs = node.inputs.map((name) => (name === "" ? undefined : values.get(name)));
    const made = await fold(node, inputs, folding);
    for (const [i, name] of node.outputs.entries()) values.set(name, made?.[i]);
  }
  return values;
}

const numbers = async (value: Input): Promise<number[] | undefined> =>
  value && "numbers" in value ? [...(await value.numbers())] : undefined;

/** What one node makes of known values. */
async function one(line: NodeLine, given: Readonly<Record<string, Input>>): Promise<readonly [unknown, unknown]> {
  const made = (await run(await read(model({ nodes: [line] })), given)).get(line[2][0]!);
  return [made?.shape, await numbers(made)];
}

test("a shape is known though its numbers are not, and what follows from it", async () => {
  // PyTorch's x.view(x.size(0), -1, 2): the shape is put together from the input's.
  const file = model({
    nodes: [
      ["Shape", ["x"], ["shape"]],
      ["Constant", [], ["zero"], { value: { tensor: tensor("", [], [0], TYPE.int64) } }],
      ["Gather", ["shape", "zero"], ["n"]],
      ["Unsqueeze", ["n", "axes"], ["n1"]],
      ["Concat", ["n1", "rest"], ["target"], { axis: 0 }],
      ["Reshape", ["x", "target"], ["y"]],
    ],
    weights: [tensor("axes", [1], [0], TYPE.int64), tensor("rest", [2], [-1, 2], TYPE.int64)],
  });
  const values = await run(await read(file), { x: { shape: [3, 4, 5], type: TYPE.float } });
  expect(await numbers(values.get("target"))).toEqual([3, -1, 2]);
  expect(values.get("y")).toBe(undefined);
});

test("whole numbers are divided as such, floats rounded to theirs", async () => {
  const whole = { a: integers([7, -7]), b: integers([2, 2]) };
  expect(await one(["Div", ["a", "b"], ["y"]], whole)).toEqual([[2], [3, -3]]);
  const floats = { a: literal([0.1], [1], TYPE.float), b: literal([10], [1], TYPE.float) };
  // 0.1 as float32 is more than a tenth: in double precision the product would be 1.0000000149.
  expect(await one(["Mul", ["a", "b"], ["y"]], floats)).toEqual([[1], [1]]);
  const bytes = { a: literal([200], [1], TYPE.uint8), b: literal([100], [1], TYPE.uint8) };
  expect(await one(["Add", ["a", "b"], ["y"]], bytes)).toEqual([[1], [44]]);
});

test("8-bit weights with a zero point, for all or for each channel", async () => {
  const x = literal([0, 10, 128, 255], [2, 2], TYPE.uint8);
  const all = { x, scale: literal([0.5], [], TYPE.float), zero: literal([128], [], TYPE.uint8) };
  expect(await one(["DequantizeLinear", ["x", "scale", "zero"], ["y"]], all)).toEqual([
    [2, 2],
    [-64, -59, 0, 63.5],
  ]);
  const each = { x, scale: literal([0.5, 2], [2], TYPE.float), zero: literal([0, 128], [2], TYPE.uint8) };
  const line: NodeLine = ["DequantizeLinear", ["x", "scale", "zero"], ["y"], { axis: 0 }];
  expect(await one(line, each)).toEqual([
    [2, 2],
    [0, 5, 0, 254],
  ]);
});

describe("refused, and the node is named", () => {
  const x = integers([1, 2, 3]);
  test.each<[NodeLine, Readonly<Record<string, Input>>, string]>([
    [["Reshape", ["x", "s"], ["y"]], { x, s: integers([2, 2]) }, "cannot make [2,2] of [3]"],
    [["Gather", ["x", "i"], ["y"]], { x, i: integers([3]) }, "takes element 3 of 3"],
    [["Add", ["x", "i"], ["y"]], { x, i: integers([1, 2]) }, "inputs of [3] and [2], which do not fit"],
    [["Concat", ["x", "i"], ["y"], { axis: 1 }], { x, i: x }, "has no axis 1 of 1"],
    [["Concat", ["x", "i"], ["y"], { axis: "0" }], { x, i: x }, 'has "axis" of the kind string, not int'],
    [["Squeeze", ["x", "i"], ["y"]], { x, i: integers([0]) }, "cannot take axis 0 out of [3]"],
    [["Range", ["a", "a", "z"], ["y"]], { a: literal([1], [], 7), z: literal([0], [], 7) }, "counts from 1 to 1 by 0"],
    [["Neg", [""], ["y"]], {}, "has no input 0"],
    [["Transpose", ["x"], ["y"], { perm: [1] }], { x }, "has no axis 1 of 1"],
    [["Slice", ["x", "a", "a", "a", "z"], ["y"]], { x, a: integers([0]), z: integers([0]) }, "has a step of 0"],
  ])("%s", async (line, given, why) => {
    const error = expect.objectContaining({ code: "weights-format", message: expect.stringContaining(why) });
    await expect(one(line, given)).rejects.toEqual(error);
    await expect(one(line, given)).rejects.toThrow(`Node "/${line[0]}/y" (${line[0]})`);
  });

  test("more than a file of its size should ask for", async () => {
    const huge = { s: integers([2 ** 13, 2 ** 13]) };
    const made = await run(await read(model({ nodes: [["ConstantOfShape", ["s"], ["y"]]] })), huge);
    await expect(numbers(made.get("y"))).rejects.toThrow("take more than 16809216 elements to compute");
    // Doubled a thousand times: computed again for each that asks, it would never end.
    const nodes = Array.from({ length: 60 }, (_, i): NodeLine => ["Add", [`y${i}`, `y${i}`], [`y${i + 1}`]]);
    const large = {
      y0: (
        await run(await read(model({ nodes: [["ConstantOfShape", ["s"], ["y"]]] })), { s: integers([2 ** 17]) })
      ).get("y"),
    };
    const doubled = await run(await read(model({ nodes })), large);
    await expect(numbers(doubled.get("y60"))).rejects.toThrow("elements to compute");
    const long = Array.from({ length: 1001 }, (_, i): NodeLine => ["Neg", [`y${i}`], [`y${i + 1}`]]);
    await expect(run(await read(model({ nodes: long })), large)).rejects.toThrow("more than 1000 steps");
  });
});

/** Node tests whose data is not what their model says, or that this reader has no type for. */
const ASIDE = /STRING|BFLOAT16|^identity_(opt|sequence)/;
/** Bodies of functions in which pi is 3.1415. */
const COARSE = /window/;

test("libonnx-testdata's node tests of what is folded", async () => {
  const data = testdata();
  if (!data) return;
  let passed = 0;
  const wrong: string[] = [];
  for (const { name, model: file, sets } of casesOf(data, "node")) {
    const told = await read(file);
    const known = ({ operator }: { operator: string }): boolean => isFoldable(operator);
    if (!told.nodes.every(known) || ASIDE.test(name)) continue;
    for (const { inputs, outputs } of sets) {
      try {
        const given = await tensorsOf(inputs);
        const made = await run(told, Object.fromEntries(told.inputs.map(({ name }, i) => [name, given[i]])));
        for (const [i, wanted] of (await tensorsOf(outputs)).entries()) {
          const ours = made.get(told.outputs[i]!.name);
          expect([ours?.shape, ours?.type]).toEqual([wanted.shape, wanted.type]);
          expect(worstOf((await numbers(ours))!, await wanted.numbers())).toBeLessThan(COARSE.test(name) ? 1e-4 : 1e-6);
        }
        passed += 1;
      } catch (error) {
        wrong.push(`${name}: ${(error as Error).message.slice(0, 150)}`);
      }
    }
  }
  console.log(`${passed} of ${passed + wrong.length} node tests of libonnx-testdata pass before the network runs`);
  expect(wrong).toEqual([]);
  expect(passed).toBeGreaterThan(150);
});

test("many small results of one large weight are too much", async () => {
  const large = 2 ** 18;
  const small = (times: number) =>
    model({
      nodes: Array.from({ length: times }, (_, i): NodeLine => ["Gather", ["w", "first"], [`y${i}`]]),
      weights: [
        tensor("w", [large], new Array<number>(large).fill(1), TYPE.int8),
        tensor("first", [1], [0], TYPE.int64),
      ],
    });
  expect(await numbers((await run(await read(small(3)))).get("y2"))).toEqual([1]);
  await expect(read(small(100)).then((file) => run(file))).rejects.toThrow("elements to compute");
});
