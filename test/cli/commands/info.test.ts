import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { built } from "../../built.ts";
import { model, TYPE, tensor } from "../../networks/onnx/encode.ts";
import { GOLDEN, run } from "../ganatomy.ts";

let home: string;
beforeAll(async () => {
  await built();
  home = await mkdtemp(join(tmpdir(), "ganatomy-info-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const onnx = (name: string): string => join(GOLDEN, "onnx", `${name}.onnx`);

test("info of an ONNX generator tells its operators, layers and cost", async () => {
  const { status, stdout } = await run(["info", onnx("dcgan-17"), "--json"]);
  expect(status).toBe(0);
  const [told] = JSON.parse(stdout);
  expect(told.facts.container).toBe("onnx");
  expect(told.facts.operators).toMatch(/ConvTranspose ×\d+, .*Tanh/);
  expect(told.facts).not.toHaveProperty("not known");
  expect(told.facts.layers).toMatch(/LeakyRelu_output_0 7@4×6/);
  expect(told.cost.flops).toBeGreaterThan(0);
});

test("info of one in which nothing is a layer says so", async () => {
  const file = model({
    nodes: [
      ["Reshape", ["z", "shape"], ["map"]],
      ["Tanh", ["map"], ["image"]],
    ],
    weights: [tensor("shape", [4], [0, 3, 4, 4], TYPE.int64)],
    inputs: { z: ["n", 48] },
    outputs: ["image"],
  });
  await writeFile(join(home, "plain.onnx"), file);
  const { status, stdout } = await run(["info", join(home, "plain.onnx")]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/\n +layers +none\n/);
});

test("info of one that cannot be computed tells its operators all the same, then why", async () => {
  const file = model({
    nodes: [
      ["LSTM", ["z"], ["a"]],
      ["Relu", ["a"], ["b"]],
      ["Relu", ["b"], ["c"]],
      ["TopK", ["c"], ["image"]],
    ],
    inputs: { z: ["n", 4] },
    outputs: ["image"],
  });
  await writeFile(join(home, "odd.onnx"), file);
  const { status, stdout, stderr } = await run(["info", join(home, "odd.onnx")]);
  expect(status).toBe(4);
  expect(stdout).toMatch(/^odd: ONNX network/);
  expect(stdout).toMatch(/operators +LSTM, Relu ×2, TopK\n +not known +LSTM, TopK\n/);
  expect(stderr).toMatch(/\(LSTM\) is an operator that is not known here, nor are TopK/);
});

test("info of an ONNX segmenter with labels.json beside it tells its labels and operators", async () => {
  const file = model({
    nodes: [
      ["Conv", ["x", "w"], ["a"]],
      ["Relu", ["a"], ["y"]],
    ],
    weights: [tensor("w", [4, 3, 1, 1], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])],
    inputs: { x: ["n", 3, "h", "w"] },
    outputs: ["y"],
  });
  await mkdir(join(home, "colours"));
  const path = join(home, "colours", "net.onnx");
  await writeFile(path, file);
  const nameless = await run(["info", path]);
  expect([nameless.status, nameless.stderr]).toEqual([4, expect.stringContaining("no labels.json")]);
  await writeFile(join(home, "colours", "labels.json"), JSON.stringify(["a", "b", "c", "d"]));
  const { status, stdout } = await run(["info", path, "--size", "32", "--json"]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)[0].facts).toMatchObject({
    container: "onnx",
    operators: "Conv, Relu",
    input: "32×32",
    labels: 4,
  });
});
