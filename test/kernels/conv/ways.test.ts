import { describe, expect, test } from "vitest";
import { Graph, type Target } from "../../../src/runtime/graph.ts";
import { targetsHere } from "../../gpu.ts";
import { append, type Case, kernelsOf, SEVERAL, tunableOf } from "./convolutions.ts";

const TARGETS = await targetsHere();

describe("the way a convolution runs", () => {
  const names = (graph: Graph): string[] => graph.steps.map(({ kernel }) => kernel.name);
  const shape = (height: number, channels: number, options: Partial<Case> = {}): Case => ({
    name: "",
    x: [1, height, height, channels],
    out: channels,
    kernel: 3,
    pad: 1,
    ...options,
  });
  const up = { upsample: true } as const;
  const point = { kernel: 1, pad: 0 };

  // ProGAN's and UPerNet's layers; what they cost by each way is in the paper's and our tables of
  // multiply-adds.
  test.each<readonly [string, Target, Case, way: string]>([
    ["a first layer", "gpu", shape(1, 512, { kernel: 4, pad: 3 }), "direct 64x64 /16"],
    ["4²", "gpu", shape(4, 512), "direct 64x64 /16"],
    ["8²", "gpu", shape(8, 512), "direct 64x64 /16"],
    ["16²", "gpu", shape(16, 512), "winograd2 64x64"],
    ["32²", "gpu", shape(32, 512), "winograd4 64x64"],
    ["64², 256 channels", "gpu", shape(64, 256), "winograd4 128x128"],
    ["192², 128 channels", "gpu", shape(192, 128), "winograd4 128x128"],
    ["256², 64 channels: its tiles are more than it saves", "gpu", shape(256, 64), "direct 128x64"],
    ["upsampling to 8²", "gpu", shape(4, 512, up), "taps 64x64"],
    ["upsampling to 256²", "gpu", shape(128, 128, { ...up, out: 64 }), "taps 128x128"],
    ["1×1 in a ResNet", "gpu", shape(64, 256, point), "direct 128x64"],
    ["1×1 on a small map", "gpu", shape(16, 512, point), "direct 64x64 /4"],
    ["3×3 without subgroups", "software", shape(64, 64), "winograd4 8x16"],
    ["a large 1×1", "software8", shape(32, 384, { ...point, out: 128 }), "direct 32x16"],
    ["few outputs", "software8", shape(64, 512, { ...point, out: 7 }), "direct 32x8"],
    ["few outputs", "software4", shape(64, 512, { ...point, out: 8 }), "direct 16x8"],
    ["a stride", "software4", shape(64, 64, { stride: 2 }), "direct 16x16"],
    ["3×3", "software8", shape(64, 64), "winograd4 32x16"],
    ["upsampling", "software4", shape(32, 64, up), "taps 16x16"],
  ])("%s on a %s target", (_, target, settings, way) => {
    expect(tunableOf(target, settings)?.ways[0]).toBe(way);
  });

  test("is the tuned one, unless there is none such", () => {
    const settings = shape(16, 36);
    const { name, ways } = tunableOf("gpu", settings)!;
    for (const way of ways) {
      const graph = new Graph("gpu", "f32", new Map([[name, way]]));
      append(graph, settings);
      expect(names(graph)).toEqual(kernelsOf("gpu", way));
    }
    for (const tuned of [[name, "taps 64x64"] as const, [name, ""] as const, [`${name}!`, ways.at(-1)!] as const]) {
      const graph = new Graph("gpu", "f32", new Map([tuned]));
      append(graph, settings);
      expect(names(graph)).toEqual(kernelsOf("gpu", ways[0]!));
    }
  });

  test("does not depend on the batch", () => {
    for (const target of TARGETS) {
      const settings = shape(16, 36);
      const { name, ways } = tunableOf(target, settings)!;
      expect(tunableOf(target, { ...settings, x: [7, 16, 16, 36] })).toMatchObject({ name, ways });
    }
  });

  test.each(SEVERAL)("is tried on a graph of its own: $name", (settings) => {
    for (const target of TARGETS) {
      const { name, ways, alone } = tunableOf(target, settings) ?? {};
      if (!name || !ways || !alone) continue; // one way only
      for (const way of ways) {
        const [whole, tried] = [1, 2].map(() => new Graph(target, "f32", new Map([[name, way]]))) as [Graph, Graph];
        append(whole, settings, 2);
        alone(tried, 2);
        expect([...tried.tunables.keys()]).toEqual([name]);
        expect(tried.steps.map(({ params, grid, choices }) => [params, grid, choices])).toEqual(
          whole.steps.map(({ params, grid, choices }) => [params, grid, choices]),
        );
      }
    }
  });
});

describe("intermediates go by chunks of images that fit a binding:", () => {
  const steps = (settings: Case, way: string) => {
    const tuned = new Map([[tunableOf("gpu", settings)!.name, way]]);
    const graph = new Graph("gpu", "f32", tuned);
    append(graph, settings);
    return graph.steps.map(({ kernel, params }) => [kernel.name, params["first"], params["pixels"] ?? params["tiles"]]);
  };

  test("Winograd's tiles", () => {
    const settings: Case = { name: "", x: [3, 64, 64, 32], out: 512, kernel: 3, pad: 1 };
    expect(steps(settings, "winograd2 64x64")).toEqual([
      ["winograd-input", 0, 2048],
      ["conv-tiled", 0, 2048],
      ["winograd-output", 0, 2048],
      ["winograd-input", 2, 1024],
      ["conv-tiled", 0, 1024],
      ["winograd-output", 2, 1024],
    ]);
  });

  test("taps' products", () => {
    // 9 × 64² × 448 channels × 4 bytes are 66 MB: one image of these fits a chunk, two do not.
    const settings: Case = { name: "", x: [2, 64, 64, 32], out: 448, kernel: 3, pad: 1, upsample: true };
    expect(steps(settings, "taps 64x64")).toEqual([
      ["conv-tiled", 0, 4096],
      ["taps", 0, undefined],
      ["conv-tiled", 4096, 4096],
      ["taps", 1, undefined],
    ]);
  });

  test("parts of sums", () => {
    // 16 parts × 4 × 4 × 512 channels × 4 bytes are ½ MiB: 128 images fit.
    const settings: Case = { name: "", x: [130, 4, 4, 512], out: 512, kernel: 3, pad: 1 };
    expect(steps(settings, "direct 64x64 /16")).toEqual([
      ["conv-tiled", 0, 2048],
      ["conv-sum", 0, undefined],
      ["conv-tiled", 2048, 32],
      ["conv-sum", 128 * 16 * 128, undefined],
    ]);
  });
});
