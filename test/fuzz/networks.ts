import { readdirSync, readFileSync } from "node:fs";
import { bytes as field, int, model, type NodeLine, TYPE, tensor, varint } from "../networks/onnx/encode.ts";
import { bytes } from "../weights/fixtures.ts";
import { joined, type Random } from "./random.ts";

const OPERATORS = [
  "Conv",
  "Relu",
  "Add",
  "Mul",
  "Reshape",
  "Transpose",
  "Concat",
  "Expand",
  "Tile",
  "Pad",
  "Resize",
  "MaxPool",
  "ConvTranspose",
  "Gather",
  "Slice",
  "Shape",
  "ConstantOfShape",
  "Range",
  "MatMul",
  "Softmax",
  "Split",
  "Squeeze",
  "Unsqueeze",
  "Cast",
  "ReduceMean",
  "DepthToSpace",
  "Gemm",
  "Tanh",
  "BatchNormalization",
  "Nothing",
];
const VALUES = ["x", "a", "b", "c", "s", "w", ""];

function node(random: Random): NodeLine {
  const attributes = Object.fromEntries(
    random.some(3, () => [
      random.one([
        "axis",
        "axes",
        "strides",
        "pads",
        "kernel_shape",
        "group",
        "perm",
        "mode",
        "blocksize",
        "split",
        "value",
        "to",
        "output_shape",
      ]),
      random.one([
        random.edge(),
        random.some(6, () => random.edge()),
        random.some(4, () => random.below(4)),
        random.one(["linear", "nearest"]),
      ]),
    ]),
  );
  return [random.one(OPERATORS), random.some(4, () => random.one(VALUES)), [random.one(VALUES)], attributes];
}

/** A field of a message: a number, bytes, or messages in messages. */
function message(random: Random, depth: number): Uint8Array {
  const number = 1 + random.below(21);
  if (depth === 0 || random.chance(0.3))
    return random.chance(0.5) ? int(number, random.edge()) : field(number, random.bytes(random.below(12)));
  if (random.chance(0.05)) return joined(varint(number * 8 + 2), varint(random.edge()), random.bytes(4));
  return field(number, joined(...random.some(6, () => message(random, depth - 1))));
}

/** Seen from the root of the repository, where the fuzzer runs: this file is bundled. */
const GOLDEN = "test/golden/onnx/";
let published: readonly Uint8Array[] | undefined;

/** Graphs of any nodes, messages of any fields, and published networks. */
export function onnx(random: Random): Uint8Array<ArrayBuffer> {
  if (random.chance(0.2)) {
    published ??= readdirSync(GOLDEN)
      .filter((name) => /^(dcgan|unet|conditional).*\.onnx$/.test(name))
      .sort()
      .map((name) => new Uint8Array(readFileSync(GOLDEN + name)));
    return Uint8Array.from(random.one(published));
  }
  if (random.chance(0.3))
    return bytes(int(1, 8), field(7, joined(...random.some(20, () => message(random, 5)))), message(random, 2));
  const weights = random.some(4, () => {
    const numbers = random.some(6, () => (random.chance(0.7) ? random.below(5) : random.edge()));
    return tensor(
      random.one(VALUES),
      random.chance(0.8) ? [numbers.length] : [random.edge(), 1],
      numbers,
      random.one([TYPE.float, TYPE.int64, TYPE.uint8]),
    );
  });
  return model({
    nodes: random.some(random.one([6, 40]), () => node(random)),
    weights,
    inputs: {
      x: random.one([
        [1, 4],
        [1, 4, 1, 1],
        [1, 3, 8, 8],
        [1, 4, "h", "w"],
      ]),
    },
    outputs: [random.one(VALUES)],
    opset: random.one([7, 11, 13, 17, 99]),
  });
}
