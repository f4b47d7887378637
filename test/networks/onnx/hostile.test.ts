import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { GanatomyError } from "../../../src/errors.ts";
import { onnxGenerator } from "../../../src/networks/onnx/generator.ts";
import { lower } from "../../../src/networks/onnx/lower.ts";
import { readOnnx } from "../../../src/networks/onnx/read.ts";
import { memorySource } from "../../../src/weights/bytes.ts";
import { random } from "../../kernels/reference.ts";
import { model, type NodeLine, TYPE, tensor } from "./encode.ts";

const GOLDEN = new URL("../../golden/onnx/", import.meta.url);
const files = readdirSync(GOLDEN).filter((name) => name.endsWith(".onnx"));

test("files damaged at random are refused with a typed error, or read", async () => {
  const next = random(1);
  const strange: string[] = [];
  let refused = 0;
  for (let i = 0; i < 600; i += 1) {
    const name = files[i % files.length]!;
    const bytes = Uint8Array.from(readFileSync(new URL(name, GOLDEN)));
    // Where nodes and shapes are, more than among weights.
    for (let flips = 0; flips < 3; flips += 1) bytes[Math.floor(next() ** 2 * bytes.length)] = Math.floor(next() * 256);
    const source = memorySource(bytes, name);
    try {
      if (/gan|conditional/.test(name)) await onnxGenerator(source);
      else await lower(await readOnnx(source), { size: source.size });
    } catch (error) {
      refused += 1;
      if (!(error instanceof GanatomyError)) strange.push(`${i} ${name}: ${error}`);
      else expect(error.message).not.toMatch(/undefined|\[object|NaN/);
    }
  }
  expect(strange).toEqual([]);
  expect(refused).toBeGreaterThan(100);
});

const ints = (name: string, ...values: readonly number[]) => tensor(name, [values.length], values, TYPE.int64);
const HUGE = 2 ** 40;

test.each<[NodeLine, readonly Uint8Array[]]>([
  [["Expand", ["x", "s"], ["y"]], [ints("s", 1, 4, HUGE, HUGE)]],
  [["Expand", ["x", "s"], ["y"]], [ints("s", 1, 4, -3, 1)]],
  [["Tile", ["x", "s"], ["y"]], [ints("s", 1, HUGE, HUGE, 1)]],
  [["Pad", ["x", "s"], ["y"]], [ints("s", 0, 0, HUGE, 0, 0, 0, 0, 0)]],
  [["Pad", ["x", "s"], ["y"]], [ints("s", 0, 0, -9, 0, 0, 0, 0, 0)]],
  [["Resize", ["x", "", "", "s"], ["y"]], [ints("s", 1, 4, HUGE, HUGE)]],
  [["Resize", ["x", "", "f"], ["y"]], [tensor("f", [4], [1, 1, Number.NaN, 1e30])]],
  [["MaxPool", ["x"], ["y"], { kernel_shape: [1, 1], strides: [0, 0] }], []],
  [["MaxPool", ["x"], ["y"], { kernel_shape: [9, 9] }], []],
  [["ConvTranspose", ["x", "w"], ["y"], { strides: [HUGE, 1] }], [tensor("w", [4, 1, 1, 1], [1, 2, 3, 4])]],
  [["MaxPool", ["x"], ["y"], { kernel_shape: [1, 1], pads: [0, 0, HUGE, HUGE] }], []],
  [["ConvTranspose", ["x", "w"], ["y"], { output_shape: [HUGE, 1] }], [tensor("w", [4, 1, 1, 1], [1, 2, 3, 4])]],
  [["DepthToSpace", ["x"], ["y"], { blocksize: 0 }], []],
  [["Split", ["x"], ["y", "z"], { axis: 1, split: [-1, 5] }], []],
  [["Reshape", ["x", "s"], ["y"]], [ints("s", -1, -1)]],
])("%j asks for too much or for nothing, and is refused by its name", async (line, weights) => {
  const file = model({ nodes: [line], weights, inputs: { x: [1, 4, 1, 1] }, outputs: ["y"], opset: 11 });
  const lowered = lower(await readOnnx(memorySource(file, "net.onnx")), { size: file.length });
  await expect(lowered).rejects.toMatchObject({
    code: "weights-format",
    message: expect.stringContaining(`(${line[0]})`),
  });
});
