import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkedSteps } from "../../../src/networks/operation-list.ts";
import { fused } from "../../../src/networks/operations/fusion.ts";
import type { Device } from "../../../src/runtime/device.ts";
import { requestDevice } from "../../gpu.ts";
import { noise, noiseMap, worstError } from "../../kernels/reference.ts";
import { run, type Tensors } from "./bench.ts";

let device: Device;
beforeAll(async () => {
  device = await requestDevice();
});
afterAll(() => device?.dispose());

const tensors: Tensors = {
  c: [[8, 8, 3, 3], noise(1, 576)],
  l: [[8, 48], noise(2, 384)],
  t: [[8, 8, 2, 2], noise(3, 256)],
  "n.running_mean": [[8], noise(4, 8)],
  "n.running_var": [[8], noise(5, 8).map((v) => v + 1.5)],
};
const x = noiseMap(6, [2, 2, 3, 8]);
const conv = { op: "conv", weight: "c", pad: 1 };
const norm = { op: "batchNorm", name: "n", eps: 0.5 };

describe("a list in fewer steps", () => {
  it.each<
    readonly [string, readonly Readonly<Record<string, unknown>>[], readonly Readonly<Record<string, unknown>>[]]
  >([
    [
      "conv, norm, relu",
      [conv, norm, { op: "relu" }],
      [{ ...conv, norm: { name: "n", eps: 0.5 }, activation: "relu" }],
    ],
    ["relu6", [conv, { op: "relu6" }], [{ ...conv, activation: "relu6" }]],
    ["leaky of 0.2", [conv, { op: "leakyRelu", slope: 0.2 }], [{ ...conv, activation: "leaky" }]],
    ["leaky of another slope", [conv, { op: "leakyRelu" }], [conv, { op: "leakyRelu" }]],
    [
      "transposed",
      [{ op: "convTranspose", weight: "t" }, norm, { op: "relu" }],
      [{ op: "convTranspose", weight: "t", norm: { name: "n", eps: 0.5 }, activation: "relu" }],
    ],
    ["linear", [{ op: "linear", weight: "l" }, { op: "relu" }], [{ op: "linear", weight: "l", activation: "relu" }]],
    ["upsampling", [{ op: "upsampleNearest2" }, conv], [{ ...conv, upsample: true }]],
    [
      "upsampling and all",
      [{ op: "upsampleNearest2" }, conv, norm, { op: "relu" }],
      [{ ...conv, upsample: true, norm: { name: "n", eps: 0.5 }, activation: "relu" }],
    ],
    ["two activations", [conv, { op: "relu" }, { op: "relu6" }], [{ ...conv, activation: "relu" }, { op: "relu6" }]],
    ["a norm behind an activation", [conv, { op: "relu" }, norm], [{ ...conv, activation: "relu" }, norm]],
    ["two norms", [conv, norm, norm], [{ ...conv, norm: { name: "n", eps: 0.5 } }, norm]],
    ["a norm behind a layer", [conv, { op: "layer", name: "a" }, norm], [conv, { op: "layer", name: "a" }, norm]],
    [
      "what something else reads too",
      [
        { ...conv, to: "a" },
        { op: "relu", to: "b" },
        { op: "concat", parts: ["a", "b"] },
      ],
      [
        { ...conv, to: "a" },
        { op: "relu", to: "b" },
        { op: "concat", parts: ["a", "b"] },
      ],
    ],
    [
      "what is read later, with another between",
      [
        { ...conv, to: "a" },
        { ...conv, x: "input", to: "b" },
        { op: "relu", x: "a", to: "c" },
        { op: "concat", parts: ["b", "c"] },
      ],
      [
        { ...conv, x: "input", to: "b" },
        { ...conv, x: "input", to: "c", activation: "relu" },
        { op: "concat", parts: ["b", "c"] },
      ],
    ],
    [
      "a sum before the norm",
      [{ ...conv, add: "input" }, norm, { op: "relu" }],
      [{ ...conv, add: "input" }, norm, { op: "relu" }],
    ],
    [
      "a sum before the activation",
      [{ ...conv, add: "input" }, { op: "relu" }],
      [{ ...conv, add: "input", activation: "relu" }],
    ],
  ])("%s", async (_, written, expected) => {
    const steps = checkedSteps(written, ["input"]);
    const fewer = fused(steps);
    const bare = (step: object) =>
      Object.fromEntries(Object.entries(step).filter(([name]) => name !== "x" && name !== "to"));
    expect(fewer.map(bare)).toEqual(expected.map(bare));
    // A list like any other, which makes the same.
    expect(fewer).toEqual(checkedSteps(fewer, ["input"]));
    const [whole, short] = [
      await run(device, steps, { input: x }, tensors),
      await run(device, fewer, { input: x }, tensors),
    ];
    expect(short.value.shape).toEqual(whole.value.shape);
    expect(worstError(short.data, whole.data)).toBeLessThan(1e-5);
  });

  it("is found in lists as long as files hold", () => {
    const pairs = 50_000;
    const steps = Array.from({ length: pairs }, (_, i) => [
      { op: "conv", weight: "c", x: `b${i - 1}`, to: `a${i}` } as const,
      { op: "relu", x: `a${i}`, to: `b${i}` } as const,
    ]).flat();
    expect(fused(steps)).toHaveLength(pairs);
  });
});
