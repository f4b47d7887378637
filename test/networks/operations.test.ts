import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ShapeError } from "../../src/index.ts";
import { ACTIVATIONS } from "../../src/kernels/conv/activation.ts";
import { conv } from "../../src/kernels/conv/conv.ts";
import { depthwise } from "../../src/kernels/conv/depthwise.ts";
import { average, concat, maxpool, resize, resizeAdd, slice } from "../../src/kernels/maps/resample.ts";
import { type UnaryFunction, unary } from "../../src/kernels/maps/unary.ts";
import { filterOf } from "../../src/networks/filters.ts";
import { checkedSteps, parseOperations } from "../../src/networks/operation-list.ts";
import { append, OPERATIONS, type Operation } from "../../src/networks/operations.ts";
import { Graph, type Value } from "../../src/runtime/graph.ts";
import { openCheckpoint } from "../../src/weights/checkpoint.ts";
import { writeSafetensors } from "../../src/weights/safetensors.ts";

const zeros = (shape: readonly number[]) =>
  ({
    dtype: "float32",
    shape,
    data: new Float32Array(shape.reduce((product, extent) => product * extent, 1)),
  }) as const;
const { tensors: state } = await openCheckpoint(
  writeSafetensors({
    "full.weight": zeros([4, 8, 3, 3]),
    "full.bias": zeros([4]),
    "each.weight": zeros([8, 1, 3, 3]),
  }),
);

/**
 * A graph with the result of a step, or of what a function appends by hand, of x, of `half` of its
 * extents and of four channels y.
 */
function appended(make: Operation | ((graph: Graph, of: Readonly<Record<"x" | "half" | "y", Value>>) => Value)) {
  const graph = new Graph("gpu");
  const values = {
    x: graph.map("x", 2, 12, 8, 8),
    half: graph.map("half", 2, 6, 4, 8),
    y: graph.map("y", 2, 12, 8, 4),
  };
  const of = (name: string) => values[name as keyof typeof values];
  const result =
    typeof make === "function" ? make(graph, values) : append(make, { graph, state, of, constantOf: of, batch: 2 });
  const { steps, operations, parameters } = graph;
  // All but functions, which are made anew for every filter.
  return JSON.parse(JSON.stringify({ steps, operations, parameters, result }));
}

describe("an operation of a list appends what the call of its name does", () => {
  const full = filterOf(state, "full");
  const each = { ...filterOf(state, "each"), inChannels: 8 };
  const plain = { stride: 1, dilation: 1, pad: 0, activation: "none" } as const;
  const all = { stride: 2, dilation: 3, pad: "same", activation: "relu6" } as const;

  it.each<readonly [string, Operation, Exclude<Parameters<typeof appended>[0], Operation>]>([
    ["conv", { op: "conv", x: "x", to: "z", filter: "full" }, (graph, { x }) => conv(graph, x, full, plain)],
    [
      "conv with all",
      { op: "conv", x: "x", to: "z", filter: "full", ...all },
      (graph, { x }) => conv(graph, x, full, all),
    ],
    [
      "conv and a sum",
      { op: "conv", x: "x", to: "z", filter: "full", pad: 1, add: "y" },
      (graph, { x, y }) => conv(graph, x, full, { ...plain, pad: 1, residual: y }),
    ],
    [
      "depthwise",
      { op: "depthwise", x: "x", to: "z", filter: "each" },
      (graph, { x }) => depthwise(graph, x, each, plain),
    ],
    [
      "depthwise with all",
      { op: "depthwise", x: "x", to: "z", filter: "each", ...all },
      (graph, { x }) => depthwise(graph, x, each, all),
    ],
    ["resize", { op: "resize", x: "x", to: "z", like: "half" }, (graph, { x }) => resize(graph, x, 6, 4, "centre")],
    [
      "resize from corners",
      { op: "resize", x: "half", to: "z", like: "x", sampling: "corner" },
      (graph, { half }) => resize(graph, half, 12, 8, "corner"),
    ],
    [
      "resize and a sum",
      { op: "resize", x: "half", to: "z", like: "y", add: "x" },
      (graph, { x, half }) => resizeAdd(graph, half, x, "centre"),
    ],
    [
      "resize from corners and a sum",
      { op: "resize", x: "half", to: "z", like: "y", add: "x", sampling: "corner" },
      (graph, { x, half }) => resizeAdd(graph, half, x, "corner"),
    ],
    [
      "concat",
      { op: "concat", parts: ["half", "x", "y"], to: "z" },
      (graph, { x, half, y }) => concat(graph, "z", [half, x, y], 6, 4),
    ],
    ["slice", { op: "slice", x: "x", to: "z", first: 4, channels: 4 }, (graph, { x }) => slice(graph, x, 4, 4)],
    ["average", { op: "average", x: "x", to: "z", size: 4 }, (graph, { x }) => average(graph, x, 3, 2)],
    ["maxpool", { op: "maxpool", x: "x", to: "z" }, (graph, { x }) => maxpool(graph, x)],
  ])("%s", (_, step, byHand) => expect(appended(step)).toEqual(appended(byHand)));

  it.each<readonly [string, Operation, string]>([
    [
      "an addend of another height",
      { op: "resize", x: "x", to: "z", like: "x", add: "half" },
      '"z" is resized like "x", which "half" does not fit',
    ],
    [
      "an average that does not divide",
      { op: "average", x: "x", to: "z", size: 8 },
      '"z" averages 8×8 pixels, which do not divide 12×8',
    ],
    ["one that does not divide the width", { op: "average", x: "x", to: "z", size: 3 }, "which do not divide 12×8"],
  ])("%s is a ShapeError", (_, step, message) => {
    expect(() => appended(step)).toThrow(ShapeError);
    expect(() => appended(step)).toThrow(message);
  });
});

describe("a function of every element", () => {
  it.each<readonly [Operation, ...([UnaryFunction] | [UnaryFunction, number] | [UnaryFunction, number, number])]>([
    [{ op: "relu", x: "x", to: "z" }, "relu"],
    [{ op: "relu6", x: "x", to: "z" }, "clip", 0, 6],
    [{ op: "leakyRelu", x: "x", to: "z" }, "leakyRelu", 0.01],
    [{ op: "leakyRelu", x: "x", to: "z", slope: 0.2 }, "leakyRelu", 0.2],
    [{ op: "tanh", x: "x", to: "z" }, "tanh"],
    [{ op: "sigmoid", x: "x", to: "z" }, "sigmoid"],
    [{ op: "silu", x: "x", to: "z" }, "silu"],
    [{ op: "softplus", x: "x", to: "z" }, "softplus"],
    [{ op: "softsign", x: "x", to: "z" }, "softsign"],
    [{ op: "gelu", x: "x", to: "z" }, "gelu"],
    [{ op: "geluTanh", x: "x", to: "z" }, "geluTanh"],
    [{ op: "hardSigmoid", x: "x", to: "z" }, "hardSigmoid", 0.2, 0.5],
    [{ op: "hardSigmoid", x: "x", to: "z", slope: 0.25, offset: 0.4 }, "hardSigmoid", 0.25, 0.4],
    [{ op: "hardSwish", x: "x", to: "z" }, "hardSwish"],
    [{ op: "mish", x: "x", to: "z" }, "mish"],
    [{ op: "elu", x: "x", to: "z" }, "elu", 1, 1],
    [{ op: "elu", x: "x", to: "z", alpha: 2 }, "elu", 2, 1],
    [{ op: "selu", x: "x", to: "z" }, "elu", 1.6732632423543772, 1.0507009873554805],
    [{ op: "selu", x: "x", to: "z", alpha: 2, gamma: 3 }, "elu", 2, 3],
    [{ op: "celu", x: "x", to: "z", alpha: 2 }, "celu", 2],
    [{ op: "celu", x: "x", to: "z" }, "celu", 1],
    [{ op: "clip", x: "x", to: "z", least: -1, most: 2 }, "clip", -1, 2],
    [{ op: "clip", x: "x", to: "z", most: 2 }, "clip", -3.4028234663852886e38, 2],
    [{ op: "clip", x: "x", to: "z", least: 1 }, "clip", 1, 3.4028234663852886e38],
    [{ op: "thresholdedRelu", x: "x", to: "z" }, "thresholdedRelu", 1],
    [{ op: "thresholdedRelu", x: "x", to: "z", alpha: 0.5 }, "thresholdedRelu", 0.5],
    [{ op: "abs", x: "x", to: "z" }, "abs"],
    [{ op: "neg", x: "x", to: "z" }, "neg"],
    [{ op: "sqrt", x: "x", to: "z" }, "sqrt"],
    [{ op: "exp", x: "x", to: "z" }, "exp"],
    [{ op: "log", x: "x", to: "z" }, "log"],
    [{ op: "erf", x: "x", to: "z" }, "erf"],
    [{ op: "reciprocal", x: "x", to: "z" }, "reciprocal"],
    [{ op: "sign", x: "x", to: "z" }, "sign"],
    [{ op: "floor", x: "x", to: "z" }, "floor"],
    [{ op: "ceil", x: "x", to: "z" }, "ceil"],
    [{ op: "round", x: "x", to: "z" }, "round"],
  ])("%j is %s", (step, fn, a = 0, b = 0) =>
    expect(appended(step)).toEqual(appended((graph, { x }) => unary(graph, x, fn, a, b))),
  );
});

describe("docs/operations.md", () => {
  const text = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");

  it("lists every operation with all its fields, those that may be left out behind the others", () => {
    const rows = [...text.matchAll(/^\| `(\w+)` \| (.*?) \|/gm)].map(([, op, fields]) => [op, fields]);
    const expected = Object.entries(OPERATIONS).map(([op, { fields }]) => {
      const names = (left: boolean) =>
        Object.entries(fields)
          .filter(([, field]) => (field.optional ?? false) === left)
          .map(([name]) => name);
      const parts = [names(false), names(true)].filter((part) => part.length > 0);
      return [op, parts.map((part) => `\`${part.join(" ")}\``).join("; ")];
    });
    expect(rows).toEqual(expected);
  });

  it.each([
    ["activation", Object.keys(ACTIVATIONS)],
    ["sampling", ["centre", "corner"]],
    ["pad", ["same"]],
  ])("names what `%s` may be", (field, names) => {
    const sentence = new RegExp(`\`${field}\`: (.*?)\\. `).exec(`${text.replaceAll("\n", " ")} `)?.[1] ?? "";
    for (const name of names) expect(sentence).toContain(name);
  });

  it("shows a list that is one", () => {
    const [list = ""] = /```json\n(.*?)```/s.exec(text)!.slice(1);
    expect(checkedSteps(JSON.parse(list), ["input"]).map(({ op }) => op)).toEqual(["conv", "conv"]);
    const segmenters = readFileSync(new URL("../../docs/segmenters.md", import.meta.url), "utf8");
    const [whole = ""] = /^## Lists of operations\n.*?```json\n(.*?)```/ms.exec(segmenters)!.slice(1);
    expect(parseOperations(whole).operations).toHaveLength(2);
  });
});
