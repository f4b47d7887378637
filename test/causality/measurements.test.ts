import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { digest } from "../../src/causality/measurements.ts";
import type { Tensor } from "../../src/runtime/tensor.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

test("a key is the SHA-256 of what was measured, whatever array its numbers are in", async () => {
  expect(await digest([])).toBe(sha256("[]"));
  const what = ["pixels", { layer: "layer4", units: [0, 3, 7], value: [0.5, -2] }];
  expect(await digest(what)).toBe(sha256('["pixels",{"layer":"layer4","units":[0,3,7],"value":[0.5,-2]}]'));
  const typed = ["pixels", { layer: "layer4", units: Uint32Array.of(0, 3, 7), value: Float32Array.of(0.5, -2) }];
  expect(await digest(typed)).toBe(await digest(what));
  expect(await digest(["pixels", { ...(what[1] as object), units: [0, 3, 8] }])).not.toBe(await digest(what));
});

test("what holds features on a GPU has no key", async () => {
  expect(await digest(["pixels", { layer: "layer4", value: { features: {} as Tensor<"f32"> } }])).toBe("");
  expect(await digest(["pixels", { layer: "features" }])).toHaveLength(64);
});
