import { describe, expect, test } from "vitest";
import { readOnnx } from "../../../src/networks/onnx/read.ts";
import { memorySource } from "../../../src/weights/bytes.ts";
import type { Source } from "../../../src/weights/source.ts";
import { bytes, float, int, message, model, packed, TYPE, tensor, text, varint } from "./encode.ts";
import { casesOf, KINDS, testdata } from "./testdata.ts";

const read = (file: Uint8Array) => readOnnx(memorySource(file, "net.onnx"));
/** A model whose only weight is this TensorProto. */
const withTensor = (...fields: readonly Uint8Array[]) => Uint8Array.from(message(7, message(5, ...fields)));
const numbersOf = async (...fields: readonly Uint8Array[]) => [
  ...(await (await read(withTensor(...fields))).initializers.get("w")!.numbers()),
];

describe("a model", () => {
  test("has nodes with attributes, weights, inputs and outputs", async () => {
    const file = model({
      nodes: [
        ["Conv", ["x", "w", ""], ["y"], { strides: [2, 2], auto_pad: "SAME_UPPER", group: 1 }],
        ["LeakyRelu", ["y"], ["z"], { alpha: { float: 0.25 } }],
        ["Constant", [], ["c"], { value: { tensor: tensor("", [2], [-1, 2 ** 40], TYPE.int64) } }],
        ["Upsample", ["z", "c"], ["u"], { scales: { floats: [1, 2] } }],
      ],
      weights: [tensor("w", [1, 3, 1, 1], [1, 2.5, -3])],
      inputs: { x: ["batch", 3, 4, 5], w: [1, 3, 1, 1] },
      outputs: ["u"],
      opset: 13,
    });
    const { nodes, initializers, inputs, outputs, opsets, producer } = await read(file);
    expect(producer).toBe("test");
    expect([...opsets]).toEqual([["", 13]]);
    expect(nodes.map(({ name, operator, inputs, outputs }) => [name, operator, inputs, outputs])).toEqual([
      ["/Conv/y", "Conv", ["x", "w", ""], ["y"]],
      ["/LeakyRelu/z", "LeakyRelu", ["y"], ["z"]],
      ["/Constant/c", "Constant", [], ["c"]],
      ["/Upsample/u", "Upsample", ["z", "c"], ["u"]],
    ]);
    expect([...nodes[0]!.attributes]).toEqual([
      ["strides", { kind: "ints", value: [2, 2] }],
      ["auto_pad", { kind: "string", value: "SAME_UPPER" }],
      ["group", { kind: "int", value: 1 }],
    ]);
    expect(nodes[1]!.attributes.get("alpha")).toEqual({ kind: "float", value: 0.25 });
    expect(nodes[3]!.attributes.get("scales")).toEqual({ kind: "floats", value: [1, 2] });
    const value = nodes[2]!.attributes.get("value")!;
    expect(value.kind === "tensor" && [...(await value.value.numbers())]).toEqual([-1, 2 ** 40]);
    // An initialiser that is also listed as an input is none.
    expect(inputs).toEqual([{ name: "x", type: 1, shape: ["batch", 3, 4, 5] }]);
    expect(outputs.map(({ name }) => name)).toEqual(["u"]);
    const weight = initializers.get("w")!;
    expect([weight.shape, weight.dtype, [...(await weight.read())]]).toEqual([[1, 3, 1, 1], "float32", [1, 2.5, -3]]);
  });

  test("leaves weights where they are", async () => {
    const file = model({ weights: [tensor("w", [2 ** 20], [...new Array(2 ** 20).keys()])] });
    let most = 0;
    const source: Source = {
      name: "net.onnx",
      size: file.length,
      read: async (start, end) => {
        most = Math.max(most, end - start);
        return file.subarray(start, end);
      },
    };
    const { initializers } = await readOnnx(source);
    expect(most).toBeLessThanOrEqual(2 ** 16);
    expect((await initializers.get("w")!.read())[2 ** 20 - 1]).toBe(2 ** 20 - 1);
  });

  test("may leave out zeros, types and names, and have fields of another kind", async () => {
    const node = message(
      1,
      text(2, "y"),
      message(5, text(1, "axis"), int(20, 2)),
      message(5, text(1, "perm"), packed(8, [1, 0])),
      message(5, text(1, "then_branch"), message(6, text(2, "inner")), int(20, 5)),
      int(99, 3),
    );
    const { nodes } = await read(Uint8Array.from(message(7, node, text(77, "new"))));
    expect(nodes[0]!.name).toBe("y");
    expect([...nodes[0]!.attributes]).toEqual([
      ["axis", { kind: "int", value: 0 }],
      ["perm", { kind: "ints", value: [1, 0] }],
      ["then_branch", { kind: "unread" }],
    ]);
  });
});

describe("numbers", () => {
  const w = (type: number, ...shape: readonly number[]) => [int(2, type), text(8, "w"), ...shape.map((n) => int(1, n))];

  test("are read from fields of their type", async () => {
    expect(await numbersOf(...w(TYPE.float, 2), float(4, 1.5), float(4, -2))).toEqual([1.5, -2]);
    expect(await numbersOf(...w(TYPE.int64, 3), packed(7, [-1, 5, 2n ** 62n]))).toEqual([-1, 5, 2 ** 62]);
    expect(await numbersOf(...w(TYPE.int8, 2), packed(5, [-128, 127]))).toEqual([-128, 127]);
    // Halves as their bits: 1 and −2.
    expect(await numbersOf(...w(TYPE.float16, 2), packed(5, [0x3c00, 0xc000]))).toEqual([1, -2]);
    expect(await numbersOf(...w(16, 1), packed(5, [0x3fc0]))).toEqual([1.5]);
    expect(await numbersOf(...w(13, 1), packed(11, [2n ** 64n - 2n ** 11n]))).toEqual([2 ** 64 - 2 ** 11]);
    expect(await numbersOf(...w(TYPE.float, 0))).toEqual([]);
  });

  test("that do not fit their shape are refused", async () => {
    for (const fields of [
      [...w(TYPE.float, 3), bytes(9, new Uint8Array(8))],
      [...w(TYPE.int64, 3), packed(7, [1, 2])],
      [...w(TYPE.int64, 2), packed(7, [1, 2, 3])],
      [...w(TYPE.int64, 2), packed(7, [1, 2]), bytes(9, new Uint8Array(16))],
    ]) {
      await expect(numbersOf(...fields)).rejects.toThrow(/^net.onnx is no ONNX model, or is damaged: tensor "w"/);
    }
    await expect(numbersOf(...w(TYPE.float, -1))).rejects.toMatchObject({ code: "weights-shape" });
  });

  test("of other types are refused when they are asked for", async () => {
    const { initializers } = await read(withTensor(...w(8, 1), text(6, "hello")));
    await expect(initializers.get("w")!.numbers()).rejects.toThrow('Tensor "w" is of string, which is not read.');
  });

  test("in another file are refused, and the file is named", async () => {
    const entry = (key: string, value: string) => message(13, text(1, key), text(2, value));
    const file = withTensor(...w(TYPE.float, 2), entry("location", "net.onnx.data"), entry("offset", "0"), int(14, 1));
    await expect(read(file)).rejects.toMatchObject({
      code: "weights-format",
      message: expect.stringMatching(/Tensor "w" of net.onnx is kept in another file, "net.onnx.data".*one file/s),
    });
  });
});

describe("what is no model", () => {
  test.each([
    ["text", new TextEncoder().encode("hello, world")],
    ["no graph", int(1, 8)],
    ["a length beyond the end", Uint8Array.from([0x3a, 0xff, 0xff, 0x03])],
    ["a negative length", Uint8Array.from([0x3a, ...varint(-1)])],
    ["an endless varint", new Uint8Array(40).fill(0xff)],
    ["a group", Uint8Array.from([0x3b, 0x3c])],
    ["field 0", Uint8Array.from([0x00, 0x01])],
    ["a float cut off", Uint8Array.from(message(7, message(1, message(5, [0x15, 0x00]))))],
    ["a name that is a number", message(7, message(1, int(1, 5)))],
  ])("%s is refused", async (_, file) => {
    await expect(read(file)).rejects.toMatchObject({
      code: "weights-format",
      message: expect.stringContaining("net.onnx is no ONNX model, or is damaged"),
    });
  });

  test("every cut of a file is refused or read, and nothing hangs", async () => {
    const file = model({
      nodes: [["Conv", ["x", "w"], ["y"], { strides: [2, 2], auto_pad: "SAME_UPPER" }]],
      weights: [tensor("w", [1, 3, 1, 1], [1, 2.5, -3])],
      inputs: { x: ["batch", 3, 4, 5] },
    });
    for (let length = 0; length < file.length; length += 1) {
      await read(file.slice(0, length)).catch((error) => expect(error.code).toMatch(/^weights-/));
    }
    for (let at = 0; at < file.length; at += 1) {
      const broken = file.with(at, file[at]! ^ 0x55);
      await read(broken).catch((error) => expect(error.code).toMatch(/^weights-/));
    }
  });

  test("a million empty nodes or fields are too many, and a text of megabytes is none", async () => {
    const empty = (field: number): Uint8Array =>
      new Uint8Array(2 ** 21).map((_, at) => (at % 2 === 0 ? 8 * field + 2 : 0));
    await expect(read(Uint8Array.from(bytes(7, empty(1))))).rejects.toThrow("more than 16384 nodes and weights in so");
    await expect(read(Uint8Array.from(bytes(7, empty(2))))).rejects.toThrow("more than 655360 fields");
    await expect(read(Uint8Array.from(bytes(2, new Uint8Array(2 ** 22 + 1))))).rejects.toThrow("a text or a list");
  });
});

test("every model of libonnx-testdata is read", async () => {
  const data = testdata();
  if (!data) return;
  let models = 0;
  for (const kind of KINDS) {
    for (const { name, model } of casesOf(data, kind)) {
      const { nodes } = await readOnnx(memorySource(model, name));
      expect(nodes.length, name).toBeGreaterThan(0);
      models += 1;
    }
  }
  console.log(`${models} models of libonnx-testdata were read`);
  expect(models).toBeGreaterThan(1000);
});
